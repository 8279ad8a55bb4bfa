"""Lets cuda.bindings.runtime call our runtime library.

That package has a runtime library of NVIDIA's linked in, which asks the driver for undocumented tables and so cannot
work here. All its calls go through one table of functions, which other modules read when they are imported: before
that, the functions in it are replaced by ours, each under the signature that the table gives it.
"""

from __future__ import annotations

import os
import sys

from compatlayer.launcher import libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

# Versions of cuda-bindings whose tables were compared with include/: structures are the same in all of them.
KNOWN = {"12": ("12.9",), "13": ("13.0", "13.1", "13.2", "13.3", "13.4", "13.5")}
_PER_THREAD = "CUDA_PYTHON_CUDA_PER_THREAD_DEFAULT_STREAM"
_LOCAL = {"_getLocalRuntimeVersion": "cudaRuntimeGetVersion"}

# Of an unknown version only these are replaced, which cuda-core needs: numbers and text, the same in every version.
_PLAIN = ("_cudaDeviceSynchronize", "_cudaDeviceGetPCIBusId", "_cudaGetDeviceCount")
_names: list[bytes] = []  # a capsule borrows its name


def serve(module: ModuleType) -> None:
    """Change the function table of the module, before other modules read it. Tells on stderr why it does not."""
    import ctypes

    table = getattr(module, "__pyx_capi__", None)
    version = _version()
    major = version.partition(".")[0]
    known = ".".join(version.split(".")[:2]) in KNOWN.get(major, ())
    path = libraries.soname_path(f"libcudart.so.{major if major in KNOWN else max(KNOWN)}")
    if path is None or table is None:
        return
    ours = ctypes.CDLL(path)
    suffixes = ("_ptsz", "_ptds", "") if _is_per_thread() else ("",)
    for name in list(table):
        wanted = _LOCAL.get(name, name[1:])
        if not name.startswith("_") or not (known or name in _PLAIN):
            continue
        address = next((getattr(ours, wanted + end) for end in suffixes if hasattr(ours, wanted + end)), None)
        if address is not None:
            table[name] = _capsule(table[name], address)
    if not known:
        versions = ", ".join(each for group in KNOWN.values() for each in group)
        _tell(f"cuda.bindings {version} is not a version that this compatlayer knows ({versions}): its runtime module "
              "stays NVIDIA's own, which answers errors here. Use one of them, or a newer compatlayer.")


def _capsule(old: object, function: object) -> object:
    """A capsule like `old` that holds the address of `function`."""
    import ctypes

    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    _names.append(name_of(old))
    return new(ctypes.cast(function, ctypes.c_void_p), _names[-1], None)  # type: ignore[arg-type]


def _version() -> str:
    """The version of the installed cuda-bindings, of which the package itself may not be loaded yet."""
    package = sys.modules.get("cuda.bindings")
    version = getattr(package, "__version__", None)
    if version is None:
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as installed

        try:
            version = installed("cuda-bindings")
        except PackageNotFoundError:
            version = "unknown"
    return str(version)


def _is_per_thread() -> bool:
    """Whether the package is asked for the per-thread default stream, read as it reads it."""
    try:
        return bool(int(os.environ.get(_PER_THREAD, "0")))
    except ValueError:
        return False


def _tell(text: str) -> None:
    if sys.stderr is not None:
        print(f"compatlayer: {text}", file=sys.stderr, flush=True)
