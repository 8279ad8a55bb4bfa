"""The one template of CUDA's call shapes, and how a vendor's library is bound to it (cffi, no compiler needed).

Two forms exist in the field: names like the runtime API's (Malloc, MemcpyAsync with a direction) and names like the
driver API's (MemAlloc, contexts). A row (vendor_rows.py) says which form a library has, the names' prefix, and where
it differs. Every handle is a `void *`, every status an `int`: the shapes are ABI, not types.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from compatlayer.backends.vendor_rows import Row

RUNTIME, DRIVER = 0, 1  # the forms, and where their name and parameters are in the template


class Shape(NamedTuple):
    """One call: names in both forms (empty: the form has none) and parameters, of the driver form where they differ."""

    runtime: str
    driver: str
    parameters: str
    driver_parameters: str = ""
    result: str = "int"


TEMPLATE: dict[str, Shape] = {
    "init": Shape("Init", "Init", "unsigned flags"),
    "count": Shape("GetDeviceCount", "DeviceGetCount", "int *count"),
    "set_device": Shape("SetDevice", "", "int device"),
    "retain": Shape("", "DevicePrimaryCtxRetain", "void **context, int device"),
    "set_context": Shape("", "CtxSetCurrent", "void *context"),
    "reset": Shape("DeviceReset", "DevicePrimaryCtxReset_v2", "void", "int device"),
    "name": Shape("DeviceGetName", "DeviceGetName", "char *name, int bytes, int device"),
    "attribute": Shape("DeviceGetAttribute", "DeviceGetAttribute", "int *value, int attribute, int device"),
    "bus_id": Shape("DeviceGetPCIBusId", "DeviceGetPCIBusId", "char *text, int bytes, int device"),
    "memory": Shape("MemGetInfo", "MemGetInfo_v2", "size_t *free, size_t *total"),
    "error_name": Shape("GetErrorName", "GetErrorName", "int status", "int status, const char **text", "const char *"),
    "error_text": Shape("GetErrorString", "GetErrorString", "int status", "int status, const char **text",
                        "const char *"),
    "clear_error": Shape("GetLastError", "", "void"),
    "alloc": Shape("Malloc", "MemAlloc_v2", "void **pointer, size_t bytes"),
    "free": Shape("Free", "MemFree_v2", "uintptr_t pointer"),
    "alloc_host": Shape("HostMalloc", "MemHostAlloc", "void **pointer, size_t bytes, unsigned flags"),
    "free_host": Shape("HostFree", "MemFreeHost", "uintptr_t pointer"),
    "alloc_managed": Shape("MallocManaged", "MemAllocManaged", "void **pointer, size_t bytes, unsigned flags"),
    "register": Shape("HostRegister", "MemHostRegister_v2", "uintptr_t pointer, size_t bytes, unsigned flags"),
    "unregister": Shape("HostUnregister", "MemHostUnregister", "uintptr_t pointer"),
    "copy_async": Shape("MemcpyAsync", "MemcpyAsync",
                        "uintptr_t to, uintptr_t from, size_t bytes, int kind, void *stream",
                        "uintptr_t to, uintptr_t from, size_t bytes, void *stream"),
    "set8": Shape("MemsetD8Async", "MemsetD8Async", "uintptr_t to, unsigned char value, size_t count, void *stream"),
    "set16": Shape("MemsetD16Async", "MemsetD16Async",
                   "uintptr_t to, unsigned short value, size_t count, void *stream"),
    "set32": Shape("MemsetD32Async", "MemsetD32Async", "uintptr_t to, unsigned value, size_t count, void *stream"),
    "set_bytes": Shape("MemsetAsync", "", "uintptr_t to, int value, size_t bytes, void *stream"),
    "stream": Shape("StreamCreateWithPriority", "StreamCreateWithPriority",
                    "void **stream, unsigned flags, int priority"),
    "plain_stream": Shape("StreamCreateWithFlags", "StreamCreate", "void **stream, unsigned flags"),
    "end_stream": Shape("StreamDestroy", "StreamDestroy_v2", "void *stream"),
    "query_stream": Shape("StreamQuery", "StreamQuery", "void *stream"),
    "wait_event": Shape("StreamWaitEvent", "StreamWaitEvent", "void *stream, void *event, unsigned flags"),
    "event": Shape("EventCreateWithFlags", "EventCreate", "void **event, unsigned flags"),
    "record": Shape("EventRecord", "EventRecord", "void *event, void *stream"),
    "query_event": Shape("EventQuery", "EventQuery", "void *event"),
    "elapsed": Shape("EventElapsedTime", "EventElapsedTime", "float *ms, void *first, void *last"),
    "end_event": Shape("EventDestroy", "EventDestroy_v2", "void *event"),
    "call": Shape("LaunchHostFunc", "LaunchHostFunc", "void *stream, void (*function)(void *), void *data"),
    "wait32": Shape("StreamWaitValue32", "StreamWaitValue32_v2",
                    "void *stream, uintptr_t place, uint32_t value, unsigned flags, uint32_t mask",
                    "void *stream, uintptr_t place, uint32_t value, unsigned flags"),
    "wait64": Shape("StreamWaitValue64", "StreamWaitValue64_v2",
                    "void *stream, uintptr_t place, uint64_t value, unsigned flags, uint64_t mask",
                    "void *stream, uintptr_t place, uint64_t value, unsigned flags"),
    "write32": Shape("StreamWriteValue32", "StreamWriteValue32_v2",
                     "void *stream, uintptr_t place, uint32_t value, unsigned flags"),
    "write64": Shape("StreamWriteValue64", "StreamWriteValue64_v2",
                     "void *stream, uintptr_t place, uint64_t value, unsigned flags"),
    "load": Shape("ModuleLoadData", "ModuleLoadData", "void **module, const void *image"),
    "unload": Shape("ModuleUnload", "ModuleUnload", "void *module"),
    "function": Shape("ModuleGetFunction", "ModuleGetFunction", "void **function, void *module, const char *name"),
    "global": Shape("ModuleGetGlobal", "ModuleGetGlobal_v2",
                    "void **pointer, size_t *bytes, void *module, const char *name"),
    "launch": Shape("ModuleLaunchKernel", "LaunchKernel",
                    "void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, "
                    "unsigned shared_bytes, void *stream, void **parameters, void **extra"),
}
# Without these a library is of no use; the others' absence is told when they are needed.
NEEDED = ("count", "alloc", "free", "copy_async", "end_stream", "query_stream", "wait_event", "event", "record",
          "query_event", "end_event")
# A library that exports this says that it takes our own device code (a packed image) instead of its vendor's.
OUR_IMAGES = "compatlayer_takes_device_code"


class MissingCall(Exception):
    """The library has no such function; the text is one sentence that names it."""


def symbol(row: Row, operation: str) -> str:
    """What the row's library calls `operation`; empty when it has no such call."""
    if operation in row.names:
        return row.names[operation]
    suffix = TEMPLATE[operation][row.form]
    return row.prefix + suffix if suffix else ""


def declaration(row: Row, operation: str) -> str:
    """The C declaration of `operation` as the row's library has it."""
    shape = TEMPLATE[operation]
    parameters = shape.driver_parameters if row.form == DRIVER and shape.driver_parameters else shape.parameters
    result = "int" if row.form == DRIVER else shape.result
    return f"{result} {symbol(row, operation)}({row.parameters.get(operation, parameters)});"


_known: dict[str, Any] = {}  # by the row's name


def _bound(row: Row) -> Any:
    if row.name in _known:
        return _known[row.name]
    from cffi import FFI

    ffi = FFI()
    ffi.cdef("\n".join({declaration(row, each): None for each in TEMPLATE if symbol(row, each)}))
    ffi.cdef(f"int {OUR_IMAGES}(void);")
    return _known.setdefault(row.name, ffi)


class Calls:
    """A loaded library: `calls.alloc(...)` is its function for the template's `alloc`. cffi lets go of the GIL."""

    def __init__(self, row: Row, path: str) -> None:
        """Raises OSError when the library cannot be loaded, MissingCall when it lacks what everything needs."""
        self.row = row
        self.path = path
        self.ffi = _bound(row)
        # Its own symbols before those of what the process has already, which may be ours of the same names.
        self._library = self.ffi.dlopen(path, os.RTLD_NOW | os.RTLD_LOCAL | getattr(os, "RTLD_DEEPBIND", 0))
        for operation in NEEDED:
            getattr(self, operation)
        if not (self.has("set_device") or self.has("set_context")):
            raise MissingCall(f"{path} has no call that selects a device")

    def __getattr__(self, operation: str) -> Any:
        if operation not in TEMPLATE:
            raise AttributeError(operation)
        name = symbol(self.row, operation)
        try:
            function = getattr(self._library, name) if name else None
        except AttributeError:
            function = None
        if function is None:
            raise MissingCall(f"{os.path.basename(self.path)} has no {name or operation}; this needs it")
        vars(self)[operation] = function
        return function

    def has(self, operation: str) -> bool:
        """Whether the library has the call."""
        try:
            getattr(self, operation)
        except MissingCall:
            return False
        return True

    def takes_our_images(self) -> bool:
        """Whether the library takes packed device code of ours."""
        try:
            return bool(getattr(self._library, OUR_IMAGES)())
        except AttributeError:
            return False

    def text(self, status: int, operation: str = "error_text") -> str:
        """What the library itself says about a status, or (error_name) calls it."""
        try:
            if self.row.form == DRIVER:
                out = self.ffi.new("const char **")
                found = out[0] if getattr(self, operation)(status, out) == 0 else self.ffi.NULL
            else:
                found = getattr(self, operation)(status)
        except MissingCall:
            return ""
        return self.ffi.string(found).decode("utf-8", "replace") if found else ""


def find_library(row: Row) -> str | None:
    """Full path of the row's library: COMPATLAYER_VENDOR_PATH's folders first, then the row's
    own. None when there is none. Ours is never found, which may be loaded under the same name."""
    from compatlayer.paths import library_dir

    ours = os.path.realpath(library_dir())
    folders = [*os.environ.get("COMPATLAYER_VENDOR_PATH", "").split(":"), *row.folders]
    for folder in filter(None, folders):
        for name in row.libraries:
            path = os.path.join(folder, name)
            if os.path.exists(path) and os.path.dirname(os.path.realpath(path)) != ours:
                return path
    return None
