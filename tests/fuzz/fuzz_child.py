"""One process of the API fuzzer: runs batches of calls and looks after each whether anything is left or wrong.

It writes one JSON line per batch to standard output; fuzz_api.py reads them. A thread of this process that ends the
process, or never comes back, is the parent's to notice: the last call of each thread stands in a shared file.
"""

from __future__ import annotations

import argparse
import ctypes
import faulthandler
import gc
import json
import mmap
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

PROGRESS_WORDS, THREADS = 5, 8
THREADED_EVERY = 4  # every fourth batch is made by THREADS_USED threads at once
THREADS_USED = 3
RESCUE_S = 4  # without a call that ends
CHECKED = 4096  # numbers that the check at the end of a batch computes


class Device:
    """The device, used as an honest program does: does it still compute?"""

    def __init__(self, image: bytes) -> None:
        import compatlayer

        self.c = ctypes.CDLL(str(Path(compatlayer.__file__).parent / "_lib" / "libcuda.so.1"))
        self.image = image

    def call(self, name: str, *arguments: Any) -> None:
        status = getattr(self.c, name)(*arguments)
        if status:
            raise RuntimeError(f"{name} answers {status}")

    def check(self, ordinal: int) -> None:
        """Add one to numbers in a fresh primary context; raises RuntimeError when that does not work."""
        context, module, kernel, memory = (ctypes.c_void_p() for _ in range(4))
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), ordinal)
        self.call("cuCtxPushCurrent_v2", context)
        self.call("cuModuleLoadData", ctypes.byref(module), self.image)
        self.call("cuModuleGetFunction", ctypes.byref(kernel), module, b"add_one")
        self.call("cuMemAlloc_v2", ctypes.byref(memory), ctypes.c_size_t(4 * CHECKED))
        numbers = (ctypes.c_uint32 * CHECKED)(*range(CHECKED))
        self.call("cuMemcpyHtoD_v2", memory, numbers, ctypes.c_size_t(4 * CHECKED))
        count = ctypes.c_int(CHECKED)
        arguments = (ctypes.c_void_p * 2)(ctypes.addressof(memory), ctypes.addressof(count))
        self.call("cuLaunchKernel", kernel, CHECKED // 128, 1, 1, 128, 1, 1, 0, None, arguments, None)
        self.call("cuMemcpyDtoH_v2", numbers, memory, ctypes.c_size_t(4 * CHECKED))
        if list(numbers) != list(range(1, CHECKED + 1)):
            raise RuntimeError(f"device {ordinal} computes wrong results")
        self.call("cuMemFree_v2", memory)
        self.call("cuModuleUnload", module)
        self.call("cuCtxPopCurrent_v2", ctypes.byref(context))
        self.call("cuDevicePrimaryCtxReset_v2", ordinal)
        self.call("cuDevicePrimaryCtxRelease_v2", ordinal)


def census() -> dict[str, int]:
    """What is alive in this process, by kind."""
    from compatlayer._native import ffi, lib

    from compatlayer.core import handles, memory, pool

    gc.collect()
    found = Counter(f"handle {type(each).__name__}" for each in list(handles._objects.values()))
    with open("/proc/self/maps") as maps:
        lines = sum(1 for _ in maps)
    found |= Counter(
        {
            "native allocations": int(lib.cpl_memory_count()),
            "memory records": len(memory._records),
            "mappings": lines,
            "files": len(os.listdir("/proc/self/fd")),
            "threads": _threads(),
            "RSS MiB": rss_mib(),
            "objects": len(gc.get_objects()),
        }
    )
    if os.environ.get("FUZZ_RECORDS"):
        for each in [*memory.live_records(), *handles._objects.values()]:
            facts = {name: getattr(each, name, None) for name in getattr(type(each), "__slots__", None) or vars(each)}
            print("FUZZ-LEFT", type(each).__name__, facts, file=sys.stderr)
        for each in list(pool._pools):
            blocks = [block for bucket in each.cached.values() for block in bucket.values()]
            facts = [(hex(one.base), one.stream, one.fence and one.fence.done()) for one in blocks]
            print("FUZZ-LEFT blocks", each.destroyed, each.reserved_bytes, each.used_bytes, facts, file=sys.stderr)
        one, base = ffi.new("cpl_allocation *"), 0
        while lib.cpl_memory_after(base, one):
            base = one.base
            facts = f"{base:#x} {one.size_bytes} bytes, kind {one.kind}, number {one.id}"
            print("FUZZ-LEFT native", facts, file=sys.stderr)
    return dict(found)


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


def rss_mib() -> int:
    """Resident memory of this process after giving free memory back to the system."""
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * mmap.PAGESIZE >> 20


def run_batch(c: Any, options: argparse.Namespace, batch: int) -> None:
    """The calls of one batch, on one thread or several."""
    count = options.calls
    if batch % THREADED_EVERY != THREADED_EVERY - 1 or options.single:
        c.fuzz_run(options.seed, batch, 0, count, options.first, options.describe)
        return
    workers = [
        threading.Thread(
            target=c.fuzz_run,
            args=(options.seed, batch, number, count // THREADS_USED, options.first, options.describe),
        )
        for number in range(THREADS_USED)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def watch(c: Any, shared: mmap.mmap) -> None:
    """End waits for memory that no call will ever write; a process that stands still without them is left to hang."""
    before, still = b"", 0
    while True:
        time.sleep(1)
        now = shared[:]
        still = still + 1 if now == before else 0
        before = now
        if still >= RESCUE_S:
            still = 0
            print("FUZZ-RESCUE", file=sys.stderr, flush=True)
            if not c.fuzz_rescue():
                print("FUZZ-STUCK without a wait for memory", file=sys.stderr, flush=True)


def load(library: str) -> Any:
    c = ctypes.CDLL(library)
    c.fuzz_open.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]
    c.fuzz_run.argtypes = [
        ctypes.c_uint64,
        ctypes.c_int64,
        ctypes.c_int,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_int64,
    ]
    c.fuzz_run.restype = c.fuzz_clean.restype = None
    c.fuzz_rescue.restype = ctypes.c_uint64
    c.fuzz_name.restype = ctypes.c_char_p
    c.fuzz_calls_of.restype = ctypes.c_uint64
    return c


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("library", "image", "progress"):
        parser.add_argument(name)
    for name, default in (("seed", 0), ("batch", 0), ("batches", 1), ("calls", 20000), ("first", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--describe", type=int, default=1 << 62)
    parser.add_argument("--single", action="store_true")
    options = parser.parse_args()
    faulthandler.enable()
    c = load(options.library)
    with open(options.progress, "r+b") as file:
        shared = mmap.mmap(file.fileno(), 0)
    image = Path(options.image).read_bytes()
    c.fuzz_open(image, len(image), ctypes.addressof(ctypes.c_char.from_buffer(shared)))
    device = Device(image)
    device.call("cuInit", 0)
    threading.Thread(target=watch, args=(c, shared), daemon=True).start()
    for batch in range(options.batch, options.batch + options.batches):
        run_batch(c, options, batch)
        c.fuzz_clean()
        problem = ""
        try:
            device.check(0)
            device.check(1)
        except RuntimeError as error:
            problem = str(error)
        print(json.dumps({"batch": batch, "problem": problem, "census": census()}), flush=True)
    rows = {
        c.fuzz_name(row).decode(): [c.fuzz_calls_of(row, 0), c.fuzz_calls_of(row, 1)] for row in range(c.fuzz_count())
    }
    print(json.dumps({"functions": rows}), flush=True)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
