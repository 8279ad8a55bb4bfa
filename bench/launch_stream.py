"""10,000 launches of an empty kernel in one stream and one synchronisation, from C and from Python.

Prints a line of JSON after its table when called with --json: microseconds for one launch.
"""

from __future__ import annotations

import ctypes
import json
import statistics
import sys
import time
from collections.abc import Callable

import cffi
import numpy as np
from cuda.bindings import driver
from driver_calls import check, compile_cubin, load, start
from suite.native import Record, player, pointers

LAUNCHES, RUNS = 10_000, 11
SOURCE = b"""
extern "C" __global__ void empty(int *counter) {}
extern "C" __global__ void count(int *counter) { atomicAdd(counter, 1); }
"""
CALLS = """
int cuLaunchKernel(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **,
                   void **);
int cuStreamSynchronize(void *);
"""


def callers(stream: int, argument: np.generic) -> dict[str, Callable[[int], float]]:
    """By way of calling: seconds for LAUNCHES of a kernel, given its handle, and the synchronisation."""
    addresses, kept = pointers([argument])
    address = ctypes.addressof(addresses)
    library, play = ctypes.CDLL("libcuda.so.1"), player().play_cuda
    functions = [ctypes.cast(function, ctypes.c_void_p)
                 for function in (library.cuLaunchKernel, library.cuStreamSynchronize)]
    ffi = cffi.FFI()
    ffi.cdef(CALLS)
    direct = ffi.dlopen("libcuda.so.1")
    params, queue = ffi.cast("void **", address), ffi.cast("void *", stream)

    def from_c(kernel: int, _keep: object = (addresses, kept)) -> float:
        record = Record(kernel, (1, 1, 1), (1, 1, 1), address)
        return float(play(*functions, stream, ctypes.byref(record), 1, LAUNCHES))

    def through_cffi(kernel: int) -> float:
        function, launch = ffi.cast("void *", kernel), direct.cuLaunchKernel
        begin = time.perf_counter()
        for _ in range(LAUNCHES):
            launch(function, 1, 1, 1, 1, 1, 1, 0, queue, params, ffi.NULL)
        direct.cuStreamSynchronize(queue)
        return time.perf_counter() - begin

    def through_bindings(kernel: int) -> float:
        function, launch, to = driver.CUfunction(kernel), driver.cuLaunchKernel, driver.CUstream(stream)
        begin = time.perf_counter()
        for _ in range(LAUNCHES):
            launch(function, 1, 1, 1, 1, 1, 1, 0, to, address, 0)
        driver.cuStreamSynchronize(to)
        return time.perf_counter() - begin

    return {"C": from_c, "Python, cffi": through_cffi, "Python, cuda.bindings": through_bindings}


def main() -> None:
    start()
    module, empty = load(compile_cubin(SOURCE), b"empty")
    count = check(driver.cuModuleGetFunction(module, b"count"))
    counter = check(driver.cuMemAlloc(4))
    check(driver.cuMemsetD8(counter, 0, 4))
    stream = check(driver.cuStreamCreate(driver.CUstream_flags.CU_STREAM_NON_BLOCKING))
    figures: dict[str, float] = {}
    print("| 10,000 launches and one synchronisation, each launch | median | fastest | slowest |")
    print("|-|-|-|-|")
    ways = callers(int(stream), np.uint64(int(counter)))
    for name, caller in ways.items():
        times = [caller(int(empty)) / LAUNCHES * 1e6 for _ in range(RUNS)]
        assert min(times) > 0, "a launch failed"
        figures[name] = statistics.median(times)
        print(f"| {name} | {figures[name]:.2f} us | {min(times):.2f} us | {max(times):.2f} us |")
        caller(int(count))
    result = ctypes.c_int()
    check(driver.cuMemcpyDtoH(ctypes.addressof(result), counter, 4))
    assert result.value == len(ways) * LAUNCHES, f"{result.value} of {len(ways) * LAUNCHES} launches ran"
    if "--json" in sys.argv:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
