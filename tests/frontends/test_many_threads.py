"""Threads that compile, load, launch and unload at the same time, with nothing left behind."""

from __future__ import annotations

import threading
import traceback
from typing import Any

import numpy as np
import pytest

driver = pytest.importorskip("cuda.bindings.driver")
nvrtc = pytest.importorskip("cuda.bindings.nvrtc")

THREADS, ROUNDS = 6, 5


def value(answer: tuple) -> Any:
    status, *values = answer
    assert int(status) == 0, status
    return values[0] if len(values) == 1 else values


def one_round(number: int, stream: Any) -> None:
    """Compile a kernel of this number, run it, and compare."""
    source = f"""
    __device__ int base = {number};
    extern "C" __global__ void turn(int *out, int add)
    {{
        __shared__ int slots[256];
        slots[threadIdx.x] = base + threadIdx.x;
        __syncthreads();
        out[threadIdx.x] = slots[blockDim.x - 1 - threadIdx.x] + add;
    }}
    """
    program = value(nvrtc.nvrtcCreateProgram(source.encode(), b"turn.cu", 0, [], []))
    value(nvrtc.nvrtcCompileProgram(program, 1, [b"-arch=sm_86"]))
    cubin = bytearray(value(nvrtc.nvrtcGetCUBINSize(program)))
    value(nvrtc.nvrtcGetCUBIN(program, cubin))
    value(nvrtc.nvrtcDestroyProgram(program))
    library = value(driver.cuLibraryLoadData(bytes(cubin), [], [], 0, [], [], 0))
    kernel = driver.CUfunction(int(value(driver.cuLibraryGetKernel(library, b"turn"))))
    size = (1, 33, 100, 256)[number % 4]
    memory = value(driver.cuMemAllocAsync(4 * size, stream))
    arguments = [np.array([int(memory)], np.uint64), np.array([7], np.int32)]
    addresses = np.array([one.ctypes.data for one in arguments], np.uint64)
    value(driver.cuLaunchKernel(kernel, 1, 1, 1, size, 1, 1, 0, stream, addresses.ctypes.data, 0))
    result = np.zeros(size, np.int32)
    value(driver.cuMemcpyDtoHAsync(result.ctypes.data, memory, result.nbytes, stream))
    value(driver.cuMemFreeAsync(memory, stream))
    value(driver.cuStreamSynchronize(stream))
    np.testing.assert_array_equal(result, number + np.arange(size)[::-1] + 7)
    value(driver.cuLibraryUnload(library))


@pytest.mark.timeout(120)
def test_threads_share_a_context_without_mixing_or_leaking() -> None:
    from compatlayer.core.handles import live
    from compatlayer.core.library import Library, LibraryKernel
    from compatlayer.core.module import Module
    from compatlayer.frontends.nvrtc.program import Program

    value(driver.cuInit(0))
    context = value(driver.cuDevicePrimaryCtxRetain(0))
    kinds: tuple[Any, ...] = (Library, LibraryKernel, Module, Program)
    before = [len(live(kind)) for kind in kinds]
    failures: list[str] = []

    def work(place: int) -> None:
        try:
            value(driver.cuCtxSetCurrent(context))
            stream = value(driver.cuStreamCreate(1))
            for turn in range(ROUNDS):
                one_round(place * 3 + turn, stream)
            value(driver.cuStreamDestroy(stream))
        except BaseException:
            failures.append(traceback.format_exc())

    threads = [threading.Thread(target=work, args=(place,)) for place in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    assert [len(live(kind)) for kind in kinds] == before
    value(driver.cuDevicePrimaryCtxRelease(0))
