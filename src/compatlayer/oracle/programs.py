"""Runs every program of a folder on a library, in child processes."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from compatlayer.errors import SetupError
from compatlayer.launcher import libraries
from compatlayer.oracle.calls import Step

_TIMEOUT_S = 300
_OPTIONS = (b"-arch=compute_75", b"-std=c++17")


class OracleError(SetupError):
    """Programs cannot be run; one sentence that says why."""


def files(folder: Path) -> list[Path]:
    """The files that hold programs. Raises OracleError when there is none."""
    found = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    if not found:
        raise OracleError(f"no API programs in {folder}; call it in a checkout of compatlayer, or say --programs "
                          "FOLDER (they are in tests/oracle/programs)")
    return found


def run_all(folder: Path, library: Path) -> dict[str, list[Step]]:
    """The steps of every program, by name. Raises OracleError when the library or NVRTC does not work."""
    steps: dict[str, list[Step]] = {}
    found = files(folder)
    with tempfile.TemporaryDirectory(prefix="compatlayer-oracle-") as scratch:
        kernels = Path(scratch) / "kernels.ptx"
        kernels.write_bytes(compile_ptx((folder / "kernels.cu").read_bytes()))
        for file in found:
            names = _run(file, library, kernels, "", steps)
            for name in names:
                if name not in steps:  # wants a process of its own, or the one for all has died
                    _run(file, library, kernels, name, steps)
    return steps


def _run(file: Path, library: Path, kernels: Path, name: str, steps: dict[str, list[Step]]) -> list[str]:
    """Run one program, or all of a file that can share a process; the names of all of them."""
    command = [sys.executable, "-m", "compatlayer.oracle.child", str(file), str(library), str(kernels)]
    try:
        done = subprocess.run([*command, name] if name else command, env=environment(library), capture_output=True,
                              text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise OracleError(f"{file.name} {name} did not end within {_TIMEOUT_S} s on {library}") from None
    running, names = "", [name]
    for line in done.stdout.splitlines():
        kind, content = json.loads(line)
        if kind == "started":
            running = content
        elif kind == "all":
            names = content
        elif kind:
            steps[kind], running = content, ""
        else:
            raise OracleError(f"{library} does not work here: cuInit answered {content[0][1]}")
    if running:
        if done.returncode > 0:  # Python's own end: the program is wrong, not the library
            raise OracleError(f"{running} cannot be run: {_last_line(done.stderr)}")
        steps[running] = [["died", f"signal {-done.returncode}"]]
    elif done.returncode:
        raise OracleError(f"{file.name} cannot be run on {library}: {_last_line(done.stderr)}")
    return names


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


def is_ours(library: Path) -> bool:
    """Whether a library is one of this package."""
    return os.path.realpath(library).startswith(os.path.realpath(libraries.FOLDER) + os.sep)


def environment(library: Path) -> dict[str, str]:
    """Variables for a process that uses `library`."""
    variables = dict(os.environ)
    if not is_ours(library):  # nothing of ours must take its place
        variables["COMPATLAYER_ACTIVE"] = "0"
        folders = variables.get("LD_LIBRARY_PATH", "").split(os.pathsep)
        variables["LD_LIBRARY_PATH"] = os.pathsep.join(each for each in folders if each != libraries.FOLDER)
    parent = str(Path(libraries.PACKAGE).parent)
    variables["PYTHONPATH"] = os.pathsep.join([parent, variables.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    variables["CUDA_CACHE_DISABLE"] = "1"
    return variables


def compile_ptx(source: bytes) -> bytes:
    """PTX text of CUDA C++ by our NVRTC, ended by a null byte. Raises OracleError."""
    path = libraries.soname_path("libnvrtc.so.")
    if path is None:
        raise OracleError(f"the native libraries are not in {libraries.FOLDER}; install compatlayer again")
    nvrtc = ctypes.CDLL(path)
    handle, size = ctypes.c_void_p(), ctypes.c_size_t()
    nvrtc.nvrtcCreateProgram(ctypes.byref(handle), source, b"kernels.cu", 0, None, None)
    options = (ctypes.c_char_p * len(_OPTIONS))(*_OPTIONS)
    if nvrtc.nvrtcCompileProgram(handle, len(_OPTIONS), options):
        nvrtc.nvrtcGetProgramLogSize(handle, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value + 1)
        nvrtc.nvrtcGetProgramLog(handle, log)
        raise OracleError(f"the kernels do not compile: {log.value.decode(errors='replace').strip()}")
    nvrtc.nvrtcGetPTXSize(handle, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetPTX(handle, text)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(handle))
    return text.raw.rstrip(b"\0") + b"\0"
