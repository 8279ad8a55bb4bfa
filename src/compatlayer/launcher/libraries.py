"""The shared libraries that stand in for NVIDIA's: where they lie, and preloading them by soname."""

from __future__ import annotations

import os

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(PACKAGE, "_lib")
RUNTIME = os.path.join(FOLDER, "libcompatlayer.so")

# A program that has one of these from somewhere else already holds pointers into it: we would come too late.
_CONTESTED = ("libcuda.so", "libnvrtc.so", "libnvvm.so", "libnvJitLink.so")
_MODE = os.RTLD_NOW | os.RTLD_LOCAL | os.RTLD_NODELETE

_preloaded = False


class MissingLibraries(RuntimeError):
    """The native part of this package is not there; the text says what to do."""


class ForeignLibrary(RuntimeError):
    """Another CUDA library is loaded in this process already; the text says what to do."""


def paths() -> list[str]:
    """Full paths of our stand-in libraries, sorted; empty when the native part was not built."""
    try:
        names = os.listdir(FOLDER)
    except OSError:
        return []
    return [os.path.join(FOLDER, name) for name in sorted(names) if name.startswith("lib") and ".so" in name]


def soname_path(prefix: str) -> str | None:
    """Our library whose file name begins with `prefix` ("libnvrtc.so."), the newest version; None if absent."""
    return max((path for path in paths() if os.path.basename(path).startswith(prefix)), default=None)


def preloaded() -> bool:
    """Whether preload() has run in this process."""
    return _preloaded


def preload() -> None:
    """Load every stand-in by its soname, so that a later dlopen of that name returns ours.

    Starts no thread and runs no handler. A second call does nothing. Raises MissingLibraries or ForeignLibrary.
    """
    global _preloaded
    if _preloaded:
        return
    # `import ctypes` would cost more than all the rest; the extension module below it is enough.
    from _ctypes import dlopen

    ours = paths()
    if RUNTIME not in ours:
        raise MissingLibraries(
            f"the native libraries of compatlayer are not in {FOLDER}; install the package with "
            "`pip install .`, or in a source tree run `python setup.py build_ext --inplace`"
        )
    foreign = foreign_libraries()
    if foreign:
        raise ForeignLibrary(
            f"{foreign[0]} is loaded in this process already, so compatlayer cannot take its place; start the "
            "program with `compatlayer run`, or call compatlayer.install() before importing any CUDA package"
        )
    for path in ours:
        dlopen(path, _MODE)
    _preloaded = True


def foreign_libraries() -> list[str]:
    """Paths of driver or compiler libraries in this process that are not ours."""
    from _ctypes import dlopen

    for name in ("libcuda.so.1", "libcuda.so", "libnvrtc.so.13", "libnvrtc.so.12", "libnvvm.so.4", "libnvJitLink.so.13",
                 "libnvJitLink.so.12"):
        try:
            dlopen(name, os.RTLD_LAZY | os.RTLD_NOLOAD)
        except OSError:
            continue
        break
    else:
        return []
    return [path for path in _mapped() if not path.startswith(FOLDER + os.sep)]


def _mapped() -> list[str]:
    """Files mapped into this process that carry a contested name."""
    found: dict[str, None] = {}
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            fields = line.rstrip("\n").split(None, 5)
            if len(fields) == 6 and os.path.basename(fields[5]).startswith(_CONTESTED):
                found[fields[5]] = None
    return list(found)
