"""The runtime library from C: what compiled programs call, symbols, nulls, what is not supported, and CUDA 12's ABI."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest
from c_compiler import compile_c
from compiled import build

from compatlayer.api.forwarding import FORWARDS
from compatlayer.api.library import CUDART
from compatlayer.launcher import libraries

PROGRAM = Path(__file__).with_name("runtime_program.c").read_text()


def run_c(target: Path, source: str, library: str, *arguments: str) -> str:
    """Compile a C program against our headers and `library`, and run it; its output."""
    folder = libraries.FOLDER
    include = Path(libraries.PACKAGE).parents[1] / "include"
    if not include.is_dir():
        include = Path(libraries.PACKAGE) / "include"
    compile_c(source, target, "-I", str(include), "-L", folder, f"-l:{library}", "-l:libcuda.so.1", "-lpthread",
              f"-Wl,-rpath,{folder}", "-Wl,--allow-shlib-undefined")
    done = subprocess.run([str(target), *arguments], capture_output=True, text=True, timeout=60,
                          env=os.environ | {"COMPATLAYER_PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("library", ["libcudart.so.13", "libcudart.so.12"])
def test_a_compiled_program(tmp_path: Path, library: str) -> None:
    """Registration, <<<>>>, symbols, graphs with symbols: all that needs the host half of a program."""
    code = tmp_path / "code.cubin"
    code.write_bytes(build())
    source = f"#define LIBRARY {library[-2:]}\n" + PROGRAM
    assert run_c(tmp_path / "program", source, library, str(code)).split() == ["all", "good"]


NULLS = """
import ctypes, sys
import compatlayer
compatlayer.install()
library = ctypes.CDLL(sys.argv[1])
count = ctypes.c_int()
assert library.cudaGetDeviceCount(ctypes.byref(count)) == 0
zero = [ctypes.c_void_p(0)] * 12
for name in sys.argv[2:]:
    function = getattr(library, name)
    function.restype = ctypes.c_int
    print(name, function(*zero), flush=True)
"""
# With zeros for everything these have nothing to refuse, or something else to say.
FINE = {
    "cudaCtxResetPersistingL2Cache", "cudaDeviceGetCacheConfig", "cudaDeviceReset", "cudaDeviceSetCacheConfig",
    "cudaDeviceSetSharedMemConfig", "cudaDeviceSynchronize", "cudaFree", "cudaFreeArray", "cudaFreeHost",
    "cudaFreeMipmappedArray", "cudaGetLastError", "cudaPeekAtLastError", "cudaInitDevice", "cudaProfilerStart",
    "cudaProfilerStop", "cudaSetDevice", "cudaSetDeviceFlags", "cudaSetValidDevices", "cudaStreamQuery",
    "cudaStreamSynchronize", "cudaDeviceGraphMemTrim", "cudaDeviceGetStreamPriorityRange", "cudaDeviceSetLimit",
    "cudaFreeAsync", "cudaStreamCopyAttributes",
}
# Their parameters are structures by value, or they answer something else than a code.
OTHERS = {"cudaCreateChannelDesc", "cudaGetErrorName", "cudaGetErrorString", "cudaLaunchKernel", "cudaMemset3D",
          "cudaLaunchCooperativeKernel", "cudaMemset3DAsync", "cudaIpcOpenEventHandle", "cudaIpcOpenMemHandle",
          "cudaEGLStreamProducerPresentFrame", "cudaMalloc3D", "cudaMalloc3DArray", "cudaMallocMipmappedArray"}


def exported(library: str) -> list[str]:
    from compatlayer._native import ffi, lib

    names = {ffi.string(lib.cpl_slot_name(CUDART.number, index)).decode()
             for index in range(lib.cpl_slot_count(CUDART.number))}
    loaded = ctypes.CDLL(library)
    names |= set(CUDART.renamed[library]) if library in CUDART.renamed else set()
    return sorted(name for name in names if name.startswith("cuda") and hasattr(loaded, name))


@pytest.mark.parametrize("library", ["libcudart.so.13", "libcudart.so.12"])
def test_zeros_for_everything(library: str) -> None:
    """No function crashes, and none that must write somewhere reports success."""
    names = [name for name in exported(library) if name not in OTHERS]
    assert len(names) > 340
    done = subprocess.run([sys.executable, "-c", NULLS, library, *names], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr[-2000:]
    answers = {name: int(status) for name, status in (line.split() for line in done.stdout.splitlines())}
    assert set(answers) == set(names)
    good = sorted(name for name, status in answers.items() if status == 0)
    assert [name for name in good if name not in FINE and not _takes_no_bytes(name)] == []
    assert 999 not in answers.values()


def _takes_no_bytes(name: str) -> bool:
    """Copies and fills of 0 bytes, waits for nothing."""
    return name.startswith(("cudaMemcpy", "cudaMemset"))


def test_what_the_driver_does_not_support_is_not_supported_here() -> None:
    from compatlayer.api.reasons import REASONS

    library = ctypes.CDLL("libcudart.so.13")
    zero = [ctypes.c_void_p(0)] * 10
    for name, driver in FORWARDS.items():
        if driver not in REASONS:
            continue
        assert getattr(library, name)(*zero) == 801, name
        assert library.cudaGetLastError() == 801, name


def test_names_of_cuda_12() -> None:
    twelve, thirteen = ctypes.CDLL("libcudart.so.12"), ctypes.CDLL("libcudart.so.13")
    own = ("cudaGetDeviceProperties_v2", "cudaMemAdvise_v2", "cudaStreamGetCaptureInfo_v3", "cudaGraphAddNode_v2")
    for name in own:
        assert hasattr(twelve, name) and not hasattr(thirteen, name)
    assert not any(name.endswith(("_v12", "_v11", "_v10")) for name in exported("libcudart.so.12"))
