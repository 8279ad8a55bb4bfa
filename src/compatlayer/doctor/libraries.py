"""Our native libraries, and others that could take their place."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from compatlayer.doctor.finding import Finding
from compatlayer.launcher import environment, libraries

_SYSTEM = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/lib/wsl/lib")
# Packages that bring libraries with the names of ours.
_WHEELS = ("nvidia-cuda-nvrtc", "nvidia-cuda-runtime", "nvidia-nvjitlink", "nvidia-nvvm", "cuda-toolkit", "cuda-compat")
_NAMES = ("libcuda.so.1", "libcuda.so", "libnvrtc.so.12", "libnvrtc.so.13", "libnvvm.so.4", "libnvJitLink.so.12",
          "libnvJitLink.so.13", "libcudart.so", "libcudart.so.12", "libcudart.so.13")


def check_libraries() -> Iterator[Finding]:
    """All there, for this processor, this Python and this C library."""
    names = [os.path.basename(path) for path in libraries.paths()]
    missing = [name for name in ("libcompatlayer.so", *_NAMES) if name not in names]
    if missing:
        yield Finding(
            "PROBLEM",
            f"the native libraries are not in {libraries.FOLDER} (missing: {', '.join(missing)})",
            "run `pip install .`, or in a source tree `python setup.py build_ext --inplace`",
        )
        yield from _check_headers()
        return
    yield Finding("ok", f"native libraries: {', '.join(names)}")
    error = _import_error()
    if error:
        advice = "build it for this Python again"
        if "GLIBC" in error:
            advice = "it was built on a system with a newer C library: install a wheel, or build it on this one"
        elif any(words in error for words in ("ELF", "file too short", "cannot open shared object file")):
            advice = "the files are damaged or for another processor: install the package again"
        yield Finding("PROBLEM", f"the extension module cannot be imported: {error}", advice)


def _import_error() -> str:
    """Tried in another process: a library that does not fit may do more than raise."""
    listed = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    listed = [folder for folder in listed if folder and folder != environment.CHILDREN]  # it would import us first
    done = subprocess.run([sys.executable, "-c", "import compatlayer._native"], capture_output=True, text=True,
                          timeout=60, check=False, env={**os.environ, environment.ACTIVE: "0",
                               "PYTHONPATH": os.pathsep.join([os.path.dirname(libraries.PACKAGE), *listed])})
    if done.returncode == 0:
        return ""
    last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return last.removeprefix("ImportError: ")


def _check_headers() -> Iterator[Finding]:
    import sysconfig

    header = os.path.join(sysconfig.get_paths()["include"], "Python.h")
    if not os.path.exists(header):
        yield Finding("PROBLEM", f"{header} is missing", "install Python's headers (Debian: apt install python3-dev)")


def check_other_cuda() -> Iterator[Finding]:
    """Drivers and compilers that programs could load in our place."""
    foreign = libraries.foreign_libraries()
    if foreign:
        yield Finding(
            "PROBLEM",
            f"{foreign[0]} is loaded into every program (LD_PRELOAD={os.environ.get('LD_PRELOAD', '')})",
            "take it out of LD_PRELOAD",
        )
    listed = [folder for folder in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if folder]
    yield from _before_ours(listed)
    others = [folder for folder in [*_SYSTEM, *listed] if not _same(folder, libraries.FOLDER)]
    real = [path for folder in others if os.path.exists(path := os.path.join(folder, "libcuda.so.1"))]
    if real:
        yield Finding("note", f"{real[0]} belongs to a real driver; programs use it unless started by compatlayer")
    else:
        yield Finding("ok", "no other libcuda on this machine")
    yield from _wheels()


def _before_ours(listed: list[str]) -> Iterator[Finding]:
    """Programs that are not Python find libraries by LD_LIBRARY_PATH alone."""
    for folder in listed:
        if _same(folder, libraries.FOLDER):
            return
        found = [name for name in _NAMES if os.path.exists(os.path.join(folder, name))]
        if found and os.environ.get(environment.ACTIVE, "0") not in ("", "0"):
            yield Finding("PROBLEM", f"{os.path.join(folder, found[0])} comes before ours in LD_LIBRARY_PATH",
                          f"take {folder} out of LD_LIBRARY_PATH, or put it behind {libraries.FOLDER}")
            return


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _wheels() -> Iterator[Finding]:
    from importlib.metadata import distributions

    found = sorted({f"{each.name} {each.version}" for each in distributions()
                    if (each.name or "").lower().replace("_", "-").startswith(_WHEELS)})
    if found:
        yield Finding("note", f"packages with libraries of the names of ours: {', '.join(found)}",
                      "programs started by compatlayer do not use them; others do")
