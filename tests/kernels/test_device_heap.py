"""The device heap is as large as the limit of its context says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_corpus import Arguments, ok

driver = pytest.importorskip("cuda.bindings.driver")
nvrtc = pytest.importorskip("cuda.bindings.nvrtc")
_SOURCE = Path(__file__).with_name("device_heap") / "kernel.cu"


@pytest.mark.parametrize("mebibytes", [2, 64])
def test_kernels_get_as_much_as_the_limit_allows(mebibytes: int) -> None:
    ok(driver.cuInit(0))
    context = ok(driver.cuCtxCreate(None, 0, ok(driver.cuDeviceGet(0))))
    ok(driver.cuCtxSetLimit(driver.CUlimit.CU_LIMIT_MALLOC_HEAP_SIZE, mebibytes << 20))
    program = ok(nvrtc.nvrtcCreateProgram(_SOURCE.read_bytes(), b"heap.cu", 0, [], []))
    ok(nvrtc.nvrtcCompileProgram(program, 1, [b"--gpu-architecture=sm_86"]))
    cubin = bytearray(ok(nvrtc.nvrtcGetCUBINSize(program)))
    ok(nvrtc.nvrtcGetCUBIN(program, cubin))
    module = ok(driver.cuModuleLoadData(bytes(cubin)))
    function = ok(driver.cuModuleGetFunction(module, b"exhausted"))
    arguments = Arguments(function, [np.zeros(4, np.int32)])
    pointer = np.array([arguments.buffers[0][0]], np.uint64)
    parameters = np.array([pointer.ctypes.data], np.uint64)
    ok(driver.cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, 0, parameters.ctypes.data, 0))
    ok(driver.cuCtxSynchronize())
    counts = arguments.download(0)
    ok(driver.cuCtxDestroy(context))
    assert 600000 * counts[0] <= mebibytes << 20, "more than the limit"
    assert counts[0] == counts[1] == mebibytes - 1, "blocks of a mebibyte each, and room for the heap's own"
