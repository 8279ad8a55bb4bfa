"""Random kernels against NumPy. COMPATLAYER_SEEDS=100:200 runs other seeds than those of every day."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest
from mask_programs import CELLS, Generator, State, outputs
from test_corpus import ok

driver = pytest.importorskip("cuda.bindings.driver")
nvrtc = pytest.importorskip("cuda.bindings.nvrtc")

FIRST, LAST = (int(word) for word in os.environ.get("COMPATLAYER_SEEDS", "0:12").split(":"))
SHAPES = ((1, 32), (3, 64), (2, 96))


@pytest.fixture
def context() -> Iterator[object]:
    ok(driver.cuInit(0))
    made = ok(driver.cuCtxCreate(None, 0, ok(driver.cuDeviceGet(0))))
    yield made
    driver.cuCtxDestroy(made)


def compiled(source: str) -> bytes:
    program = ok(nvrtc.nvrtcCreateProgram(source.encode(), b"mask_programs.cu", 0, [], []))
    # NumPy rounds after every operation.
    error, = nvrtc.nvrtcCompileProgram(program, 2, [b"--gpu-architecture=sm_86", b"--fmad=false"])
    assert int(error) == 0, source
    cubin = bytearray(ok(nvrtc.nvrtcGetCUBINSize(program)))
    ok(nvrtc.nvrtcGetCUBIN(program, cubin))
    ok(nvrtc.nvrtcDestroyProgram(program))
    return bytes(cubin)


def launched(function: object, grid: int, block: int, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """The arrays' contents after a launch that takes their addresses."""
    pointers = []
    for array in arrays:
        pointers.append(ok(driver.cuMemAlloc(array.nbytes)))
        ok(driver.cuMemcpyHtoD(pointers[-1], array, array.nbytes))
    packed = np.array([int(pointer) for pointer in pointers], np.uint64)
    size = np.array([packed.nbytes], np.uint64)
    extra = np.array([1, packed.ctypes.data, 2, size.ctypes.data, 0], np.uint64)
    ok(driver.cuLaunchKernel(function, grid, 1, 1, block, 1, 1, 0, 0, 0, extra.ctypes.data))
    ok(driver.cuCtxSynchronize())
    results = []
    for array, pointer in zip(arrays, pointers, strict=True):
        results.append(np.empty_like(array))
        ok(driver.cuMemcpyDtoH(results[-1], pointer, array.nbytes))
        ok(driver.cuMemFree(pointer))
    return results


def differences(seed: int, function: object, meaning: object, grid: int, block: int) -> list[str]:
    """The names of what the kernel computed otherwise than NumPy."""
    count = grid * block
    seeds = np.random.default_rng(seed).integers(0, 2**32, count, dtype=np.uint32)
    seeds[::5] %= 50
    state = State(seeds, grid, block)
    with np.errstate(all="ignore"):
        meaning.run(state, np.ones(count, bool))
    names = [name for name, _ in outputs()]
    arrays = [seeds, np.zeros(CELLS, np.uint32), *(np.zeros(count, kind) for _, kind in outputs())]
    results = dict(zip(["seeds", "cells", *names], launched(function, grid, block, arrays), strict=True))
    wanted = {"cells": state.cells, **{name: state.values[name] for name in names}}
    return [name for name, want in wanted.items()
            if not np.array_equal(results[name], want, equal_nan=want.dtype.kind == "f")]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", range(FIRST, LAST))
def test_a_random_kernel_gives_what_numpy_gives(seed: int, context: object) -> None:
    source, meaning = Generator(seed).program()
    module = ok(driver.cuModuleLoadData(compiled(source)))
    function = ok(driver.cuModuleGetFunction(module, b"generated"))
    for grid, block in SHAPES:
        assert differences(seed, function, meaning, grid, block) == [], f"{grid} blocks of {block}:\n{source}"


def test_the_comparison_sees_a_wrong_kernel(context: object) -> None:
    source, meaning = Generator(0).program()
    wrong = source.replace("u2_out[i] = u2;", "u2_out[i] = u2 + (i == 5);")
    assert wrong != source
    module = ok(driver.cuModuleLoadData(compiled(wrong)))
    function = ok(driver.cuModuleGetFunction(module, b"generated"))
    assert differences(0, function, meaning, 1, 32) == ["u2"]
