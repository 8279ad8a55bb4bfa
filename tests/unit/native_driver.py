"""Drives the native runtime through ctypes, with kernels that gcc compiles from native_kernels.c."""

from __future__ import annotations

import ctypes as C
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ["process", "arena", "mapping", "tree", "stack", "fiber", "domain", "ledger", "guard", "copy", "fence",
           "queue", "enqueue", "watch", "graph", "graph_run", "direct", "callback", "pool", "block", "thread",
           "barrier", "warp", "fault", "gang", "module", "print", "heap", "space", "watchdog", "device", "family"]
FLAGS = ["-std=c11", "-g", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fvisibility=hidden", f"-I{ROOT / 'include'}"]
OK, OUT_OF_MEMORY, INVALID, FORKED, FAULTED, SYSTEM, TIMEOUT = 0, -1, -2, -3, -4, -5, -6
FAULT = {name: i for i, name in enumerate(
    ["none", "address", "assert", "trap", "barrier", "stack", "instruction", "memory", "copy", "timeout"])}
SECOND = 1_000_000_000
u32, u64, ptr = C.c_uint32, C.c_uint64, C.c_void_p


class Kernel(C.Structure):
    _fields_ = [("entry", ptr), ("name", C.c_char_p), ("args_bytes", u32), ("shared_bytes", u32), ("stack_bytes", u32),
                ("flags", u32), ("variants", ptr)]


class Shape(C.Structure):
    _fields_ = [("grid", u32 * 3), ("block", u32 * 3), ("dynamic", u32), ("cooperative", u32)]


class Box(C.Structure):
    _fields_ = [(name, u64) for name in (
        "destination", "destination_pitch", "destination_slice", "source", "source_pitch", "source_slice", "width",
        "height", "depth")]


class Allocation(C.Structure):
    _fields_ = [("base", u64), ("size_bytes", u64), ("id", u64), ("device", C.c_int32), ("kind", C.c_int32)]


class Fault(C.Structure):
    _fields_ = [("code", C.c_int32), ("thread", u32 * 3), ("block", u32 * 3), ("line", u32), ("address", u64),
                ("kernel", C.c_char * 256), ("file", C.c_char * 256), ("message", C.c_char * 1024),
                ("offset", u64), ("library", C.c_char * 1024)]


CALLBACK = C.CFUNCTYPE(None, ptr)
SIGNATURES: dict[str, tuple[object, list[object]]] = {
    "cpl_start": (C.c_int, [C.c_int]), "cpl_workers": (C.c_int, []), "cpl_stop": (None, [u64]),
    "cpl_forked": (C.c_int, []), "cpl_guard_install": (None, []), "cpl_clock_khz": (u64, []),
    "cpl_memory_alloc": (C.c_int, [C.c_int, C.c_int, u64, u64, C.POINTER(u64)]),
    "cpl_memory_free": (C.c_int, [u64]), "cpl_memory_adopt": (C.c_int, [C.c_int, C.c_int, u64, u64]),
    "cpl_memory_find": (C.c_int, [u64, C.POINTER(Allocation)]), "cpl_memory_used": (u64, [C.c_int]),
    "cpl_memory_count": (u64, []), "cpl_domain_open": (ptr, [C.c_int]),
    "cpl_domain_fault": (C.c_int, [ptr, C.POINTER(Fault)]), "cpl_domain_close": (None, [ptr]),
    "cpl_domain_set_limit": (C.c_int, [ptr, C.c_int, u64]), "cpl_domain_limit": (u64, [ptr, C.c_int]),
    "cpl_module_open": (ptr, [C.c_char_p, C.c_char_p, C.c_size_t]), "cpl_module_symbol": (u64, [ptr, C.c_char_p]),
    "cpl_module_close": (None, [ptr]), "cpl_queue_open": (ptr, [ptr, C.c_int]), "cpl_queue_close": (None, [ptr]),
    "cpl_queue_idle": (C.c_int, [ptr]), "cpl_queue_drain": (C.c_int, [ptr, u64]),
    "cpl_queue_copy": (C.c_int, [ptr, C.POINTER(Box)]),
    "cpl_queue_fill": (C.c_int, [ptr, u64, u64, u32, u32, u64, u64]),
    "cpl_queue_launch": (C.c_int, [ptr, C.POINTER(Kernel), C.POINTER(Shape), C.c_char_p, C.c_size_t]),
    "cpl_queue_call": (C.c_int, [ptr, ptr, ptr]), "cpl_queue_signal": (ptr, [ptr]),
    "cpl_queue_wait": (C.c_int, [ptr, ptr]), "cpl_fence_done": (C.c_int, [ptr]),
    "cpl_fence_wait": (C.c_int, [ptr, u64]),
    "cpl_fence_time": (u64, [ptr]), "cpl_fence_release": (None, [ptr]), "cpl_copy_now": (C.c_int, [C.POINTER(Box)]),
}


def build(folder: Path, name: str, flags: Sequence[str] = ("-O1",)) -> tuple[Path, Path]:
    """The runtime and the kernels linked to it, in libraries of their own: (runtime, kernels)."""
    runtime, kernels = folder / f"lib{name}.so", folder / f"lib{name}-kernels.so"
    sources = [str(ROOT / "src/compatlayer/native" / f"{source}.c") for source in SOURCES]
    command = ["gcc", *FLAGS, *flags, "-shared", f"-Wl,-soname,{runtime.name}", *sources, "-o", str(runtime),
               "-pthread", "-ldl", "-Wl,-z,defs"]
    subprocess.run(command, check=True)
    files = [str(ROOT / "tests/unit" / f"native_{each}.c") for each in ("kernels", "gangs")]
    subprocess.run(["gcc", *FLAGS, *flags, "-shared", *files, "-o", str(kernels), str(runtime),
                    f"-Wl,-rpath,{folder}"], check=True)
    return runtime, kernels


class Runtime:
    """One loaded instance of the library with its own workers."""

    def __init__(self, runtime: Path, kernels: Path, workers: int) -> None:
        self.c = C.CDLL(str(runtime))
        self.kernels_path = kernels
        for name, (result, arguments) in SIGNATURES.items():
            function = getattr(self.c, name)
            function.restype, function.argtypes = result, arguments
        assert self.c.cpl_start(workers) == OK
        assert self.c.cpl_workers() == workers
        self.module = self.open_module()

    def open_module(self) -> int:
        error = C.create_string_buffer(512)
        module = self.c.cpl_module_open(str(self.kernels_path).encode(), error, 512)
        assert module, error.value
        return module

    def alloc(self, size: int, alignment: int = 0, kind: int = 0, device: int = 0) -> int:
        pointer = u64()
        status = self.c.cpl_memory_alloc(device, kind, size, alignment, C.byref(pointer))
        assert status == OK, status
        return pointer.value

    def array(self, dtype: object, count: int) -> np.ndarray:
        """Device memory as a NumPy array; `address(array)` is its pointer. Freed by `free`."""
        size = int(np.dtype(dtype).itemsize) * count
        base = self.alloc(size)
        return np.frombuffer((C.c_char * size).from_address(base), dtype=dtype)

    def free(self, *arrays: np.ndarray) -> None:
        for array in arrays:
            assert self.c.cpl_memory_free(address(array)) == OK


def address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


class Domain:
    """A fault domain with queues; closing it drains them."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.c = runtime, runtime.c
        self.handle = self.c.cpl_domain_open(0)
        self.queues: list[int] = []
        self.queue = self.open_queue()
        self.names: list[bytes] = []

    def open_queue(self, priority: int = 0) -> int:
        queue = self.c.cpl_queue_open(self.handle, priority)
        assert queue
        self.queues.append(queue)
        return queue

    def __enter__(self) -> Domain:
        return self

    def __exit__(self, *_: object) -> None:
        for queue in self.queues:
            assert self.c.cpl_queue_drain(queue, 20 * SECOND) == OK
            self.c.cpl_queue_close(queue)
        self.c.cpl_domain_close(self.handle)

    def launch(self, name: str, grid: object, block: object, args: bytes = b"", *, queue: int = 0, shared: int = 0,
               dynamic: int = 0, stack: int = 0, cooperative: bool = False, module: int = 0) -> int:
        entry = self.c.cpl_module_symbol(module or self.runtime.module, name.encode())
        assert entry, name
        text = name.encode()
        self.names.append(text)
        kernel = Kernel(entry, text, len(args), shared, stack, 0, None)
        shape = Shape((u32 * 3)(*triple(grid)), (u32 * 3)(*triple(block)), dynamic, int(cooperative))
        return int(self.c.cpl_queue_launch(queue or self.queue, C.byref(kernel), C.byref(shape), args, len(args)))

    def run(self, name: str, grid: object, block: object, args: bytes = b"", **options: int) -> int:
        """Launch, wait, and answer the domain's fault code."""
        status = self.launch(name, grid, block, args, **options)
        assert status == OK, status
        self.drain(options.get("queue", 0))
        return int(self.c.cpl_domain_fault(self.handle, None))

    def drain(self, queue: int = 0, seconds: float = 20) -> None:
        assert self.c.cpl_queue_drain(queue or self.queue, int(seconds * SECOND)) == OK

    def fault(self) -> Fault:
        fault = Fault()
        self.c.cpl_domain_fault(self.handle, C.byref(fault))
        return fault


def triple(value: object) -> tuple[int, int, int]:
    values = (value,) if isinstance(value, int) else tuple(value)  # type: ignore[arg-type]
    return (*values, 1, 1)[:3]  # type: ignore[return-value]


def basic(out: np.ndarray | int = 0, n: int = 0, x: int = 0, pointer: int = 0) -> bytes:
    return struct.pack("QIIQ", out if isinstance(out, int) else address(out), n, x, pointer)
