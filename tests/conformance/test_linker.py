"""cuLink*: one image passes, several are joined."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import Packed, build

CALLER = """
__device__ int twice(int);
extern __device__ int offset;
extern "C" __global__ void call(int *out) { out[threadIdx.x] = twice(threadIdx.x) + offset; }
"""
CALLEE = "__device__ int offset = 7;\n__device__ int twice(int x) { return 2 * x; }"
RELOCATABLE = ("-arch=sm_86", "-rdc=true")


def linked(api: Any, cu: Any, images: list[tuple[bytes, Any]]) -> bytes:
    state = api.cuLinkCreate(0, [], [])
    for data, kind in images:
        api.cuLinkAddData(state, kind, data, len(data), b"piece", 0, [], [])
    pointer, size = api.cuLinkComplete(state)
    cubin = ctypes.string_at(pointer, size)
    api.cuLinkDestroy(state)
    assert api.status("cuLinkDestroy", state) == "INVALID_HANDLE"
    return cubin


@pytest.mark.parametrize("form", ["CUBIN", "PTX", "LTOIR"])
def test_two_images_use_each_other(api: Any, cu: Any, context: Any, form: str) -> None:
    kinds = cu.CUjitInputType
    kind = {"CUBIN": kinds.CU_JIT_INPUT_CUBIN, "PTX": kinds.CU_JIT_INPUT_PTX, "LTOIR": kinds.CU_JIT_INPUT_NVVM}[form]
    options = (*RELOCATABLE, "-dlto") if form == "LTOIR" else RELOCATABLE
    cubin = linked(api, cu, [(build(source, form, options), kind) for source in (CALLER, CALLEE)])
    module = api.cuModuleLoadData(cubin)
    pointer = api.cuMemAlloc(64)
    arguments = Packed(np.uint64(int(pointer)))
    api.cuLaunchKernel(api.cuModuleGetFunction(module, b"call"), 1, 1, 1, 16, 1, 1, 0, 0, arguments.pointer, 0)
    result = np.zeros(16, np.int32)
    api.cuMemcpyDtoH(result, pointer, 64)
    assert (result == 2 * np.arange(16) + 7).all()
    api.cuMemFree(pointer)
    api.cuModuleUnload(module)


def test_files_are_linked_too(api: Any, cu: Any, context: Any, tmp_path: Path) -> None:
    state = api.cuLinkCreate(0, [], [])
    for name, source in (("a", CALLER), ("b", CALLEE)):
        path = tmp_path / name
        path.write_bytes(build(source, "CUBIN", RELOCATABLE))
        api.cuLinkAddFile(state, cu.CUjitInputType.CU_JIT_INPUT_CUBIN, str(path).encode(), 0, [], [])
    assert api.status("cuLinkAddFile", state, cu.CUjitInputType.CU_JIT_INPUT_CUBIN, b"/nowhere/x", 0, [], []) == (
        "FILE_NOT_FOUND")
    assert api.cuLinkComplete(state)[1] > 0
    api.cuLinkDestroy(state)


def test_what_cannot_be_linked_is_an_error_with_a_log(api: Any, cu: Any, context: Any) -> None:
    option = cu.CUjit_option
    log = bytearray(500)
    state = api.cuLinkCreate(2, [option.CU_JIT_ERROR_LOG_BUFFER, option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES], [log, 500])
    cubin = cu.CUjitInputType.CU_JIT_INPUT_CUBIN
    assert api.status("cuLinkAddData", state, cubin, b"nonsense bytes", 14, b"n", 0, [], []) == "INVALID_IMAGE"
    assert api.status("cuLinkComplete", state) == "INVALID_VALUE"
    for _ in range(2):
        data = build(CALLEE, "CUBIN", RELOCATABLE)
        api.cuLinkAddData(state, cubin, data, len(data), b"twice", 0, [], [])
    assert api.status("cuLinkComplete", state) == "INVALID_PTX"
    assert b"offset" in log or b"twice" in log
    api.cuLinkDestroy(state)


def test_a_missing_function_is_named(api: Any, cu: Any, context: Any) -> None:
    option = cu.CUjit_option
    log = bytearray(500)
    options, values = [option.CU_JIT_ERROR_LOG_BUFFER, option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES], [log, 500]
    state = api.cuLinkCreate(2, options, values)
    data = build(CALLER, "CUBIN", RELOCATABLE)
    api.cuLinkAddData(state, cu.CUjitInputType.CU_JIT_INPUT_CUBIN, data, len(data), b"call", 0, [], [])
    assert api.status("cuLinkComplete", state) == "INVALID_IMAGE"
    assert b"error   : Undefined reference to '" in log
    assert b"' in 'call'" in log
    api.cuLinkDestroy(state)
    assert api.status("cuModuleLoadData", data) == "INVALID_IMAGE"
