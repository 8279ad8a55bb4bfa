"""What a kernel launch costs: an empty kernel, enqueued back to back, and launched and waited for."""

from __future__ import annotations

import ctypes

import numpy as np
from cuda.bindings import driver
from driver_calls import check, compile_cubin, load, start
from measure import median_seconds

SOURCE = b"""
extern "C" __global__ void empty(int* counter) {}
extern "C" __global__ void count(int* counter) { atomicAdd(counter, 1); }
"""


def main() -> None:
    start()
    image = compile_cubin(SOURCE)
    module, empty = load(image, b"empty")
    count = check(driver.cuModuleGetFunction(module, b"count"))
    counter = check(driver.cuMemAlloc(4))
    check(driver.cuMemsetD8(counter, 0, 4))
    value = np.array([int(counter)], np.uint64)
    pointers = np.array([value.ctypes.data], np.uint64)
    stream = check(driver.cuStreamCreate(driver.CUstream_flags.CU_STREAM_NON_BLOCKING))
    launches = 1000

    def launch(kernel, times: int) -> None:  # type: ignore[no-untyped-def]
        for _ in range(times):
            driver.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, stream, pointers.ctypes.data, 0)

    def enqueue() -> None:
        launch(empty, launches)

    def batch() -> None:
        launch(empty, launches)
        check(driver.cuStreamSynchronize(stream))

    def single() -> None:
        launch(empty, 1)
        check(driver.cuStreamSynchronize(stream))

    print("| launch of an empty kernel through cuda.bindings | median | fastest | slowest |")
    print("|-|-|-|-|")
    for name, function, divisor in (("enqueue only", enqueue, launches), ("back to back, waited for at the end", batch,
                                    launches), ("launch and wait", single, 1)):
        figures = median_seconds(function, 21 if divisor > 1 else 201)
        check(driver.cuStreamSynchronize(stream))
        print(f"| {name} | " + " | ".join(f"{figure / divisor * 1e6:.2f} us" for figure in figures) + " |")

    # The launches really run: a counting kernel launched as often says so.
    launch(count, launches)
    check(driver.cuStreamSynchronize(stream))
    result = ctypes.c_int()
    check(driver.cuMemcpyDtoH(ctypes.addressof(result), counter, 4))
    assert result.value == launches, f"{launches} launches, {result.value} ran"


if __name__ == "__main__":
    main()
