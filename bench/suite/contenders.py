"""Which contenders there are here, and the environment that each one's process gets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from suite.process import Process

NAMES = {"ours": "ours", "openmp": "C + OpenMP, same loops, gcc",
         "clang": "C + OpenMP, same loops, clang", "best": "C + OpenMP, best", "naive": "our naive engine",
         "pocl": "PoCL", "intel": "Intel OpenCL", "numba": "numba"}


def pocl() -> str | None:
    """PoCL's library as the system's ICD file names it."""
    for file in sorted(Path("/etc/OpenCL/vendors").glob("*pocl*.icd")):
        return file.read_text().strip()
    return None


def intel() -> str | None:
    """Intel's library in this environment (pip install intel-opencl-rt intel-cmplr-lib-rt)."""
    path = Path(sys.prefix) / "lib" / "libintelocl.so"
    return str(path) if path.exists() else None


def clang() -> str | None:
    """The newest clang that has its OpenMP library."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("clang", *(f"clang-{version}" for version in range(22, 13, -1))):
            path = shutil.which(name)
            command = [path or "", "-fopenmp", "-shared", "-fPIC", "-xc", "/dev/null", "-o", f"{folder}/empty.so"]
            if path and subprocess.run(command, capture_output=True).returncode == 0:
                return path
    return None


def processes(small: bool, cache: str, clock: str = "wall") -> tuple[Process, list[Process], dict[str, str]]:
    """(ours, the others, why a contender is not here by name); ours compile into the folder `cache`.

    By the clock `cpu` all have one thread, and processor time counts.
    """
    threads = "1" if clock == "cpu" else str(len(os.sched_getaffinity(0)))
    # A thread that spins after its last region would take the time of the contender that is measured next.
    openmp = {"OMP_NUM_THREADS": threads, "GOMP_SPINCOUNT": "20000", "OMP_DYNAMIC": "false",
              "KMP_BLOCKTIME": "1"}
    device = {"COMPATLAYER_CACHE_DIR": cache, "COMPATLAYER_WORKERS": threads}
    one = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    opencl = {"POCL_MAX_PTHREAD_COUNT": threads, "CL_CONFIG_CPU_TBB_NUM_WORKERS": threads}
    absent: dict[str, str] = {}
    others = [*(Process(kind, {**one, **openmp}, small, False, clock) for kind in ("openmp", "best")),
              Process("naive", {**one, **device, "COMPATLAYER_ENGINE": "naive"}, small, True, clock)]
    compiler = clang()
    if compiler is None:
        absent["clang"] = "apt-get install clang-15 libomp-15-dev"
    else:
        others.insert(1, Process("clang", {**one, **openmp, "COMPATLAYER_BENCH_CC": compiler}, small, False, clock))
    for kind, library, how in (("pocl", pocl(), "apt-get install pocl-opencl-icd ocl-icd-libopencl1"),
                               ("intel", intel(), "pip install intel-opencl-rt intel-cmplr-lib-rt")):
        if library is None:
            absent[kind] = how
        else:
            others.append(Process(kind, {**one, **opencl, "COMPATLAYER_BENCH_OPENCL": library}, small, False,
                                  clock))
    others.append(Process("numba", {**one, "NUMBA_NUM_THREADS": threads}, small, False, clock))
    return Process("ours", {**one, **device}, small, True, clock), others, absent
