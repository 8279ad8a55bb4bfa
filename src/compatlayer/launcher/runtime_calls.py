"""Runtime API calls of cuda-bindings that have an exact twin in the driver API.

cuda.bindings.runtime carries a runtime library of its own, which asks the driver for undocumented tables and so cannot
work here. cuda-core needs three of its functions; each has a driver function of the same parameters and the same
result values, so the binding's table of functions is pointed at that one. All others keep answering "not supported".
"""

from __future__ import annotations

from compatlayer.launcher import libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

TWINS = {
    "_cudaDeviceSynchronize": "cuCtxSynchronize",
    "_cudaDeviceGetPCIBusId": "cuDeviceGetPCIBusId",
    "_cudaGetDeviceCount": "cuDeviceGetCount",
}
_names: list[bytes] = []  # a capsule borrows its name


def serve(module: ModuleType) -> None:
    """Change the function table of cuda.bindings._internal.runtime, before other modules read it."""
    import ctypes

    path = libraries.soname_path("libcuda.so.")
    table = getattr(module, "__pyx_capi__", None)
    if path is None or table is None:
        return
    driver = ctypes.CDLL(path)
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    for ours, twin in TWINS.items():
        if ours in table:
            _names.append(name_of(table[ours]))
            table[ours] = new(ctypes.cast(getattr(driver, twin), ctypes.c_void_p), _names[-1], None)
