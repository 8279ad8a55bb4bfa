"""cuFunc*: attributes, parameters, names, and the launch state of old programs."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from compiled import build

ATTRIBUTE = "CU_FUNC_ATTRIBUTE_"


@pytest.fixture
def function(api: Any, context: Any) -> Any:
    module = api.cuModuleLoadData(build())
    yield lambda name: api.cuModuleGetFunction(module, name.encode())
    api.status("cuModuleUnload", module)


def attribute(cu: Any, name: str) -> Any:
    return getattr(cu.CUfunction_attribute, ATTRIBUTE + name)


def test_attributes_say_what_the_compiler_saw(api: Any, cu: Any, function: Any) -> None:
    def read(kernel: str, name: str) -> int:
        return int(api.cuFuncGetAttribute(attribute(cu, name), function(kernel)))

    assert read("bounded", "MAX_THREADS_PER_BLOCK") == 128
    assert read("add_one", "MAX_THREADS_PER_BLOCK") == 1024
    assert read("shared_sum", "SHARED_SIZE_BYTES") == 400
    assert read("add_one", "SHARED_SIZE_BYTES") == 0
    assert read("add_one", "BINARY_VERSION") == read("add_one", "PTX_VERSION") == 86
    assert 0 < read("add_one", "NUM_REGS") <= 255
    assert read("add_one", "MAX_DYNAMIC_SHARED_SIZE_BYTES") == 48 * 1024
    assert read("shared_sum", "MAX_DYNAMIC_SHARED_SIZE_BYTES") == 48 * 1024 - 400
    assert read("add_one", "PREFERRED_SHARED_MEMORY_CARVEOUT") == -1
    assert read("add_one", "CLUSTER_SIZE_MUST_BE_SET") == 0


def test_attributes_that_can_be_set_are_checked(api: Any, cu: Any, function: Any) -> None:
    kernel = function("add_one")
    dynamic = attribute(cu, "MAX_DYNAMIC_SHARED_SIZE_BYTES")
    optin = api.cuDeviceGetAttribute(
        cu.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 0)
    api.cuFuncSetAttribute(kernel, dynamic, optin)
    assert api.cuFuncGetAttribute(dynamic, kernel) == optin
    assert api.status("cuFuncSetAttribute", kernel, dynamic, optin + 1) == "INVALID_VALUE"
    assert api.status("cuFuncSetAttribute", kernel, dynamic, -1) == "INVALID_VALUE"
    carveout = attribute(cu, "PREFERRED_SHARED_MEMORY_CARVEOUT")
    api.cuFuncSetAttribute(kernel, carveout, 50)
    assert api.cuFuncGetAttribute(carveout, kernel) == 50
    assert api.status("cuFuncSetAttribute", kernel, carveout, 101) == "INVALID_VALUE"
    assert api.status("cuFuncSetAttribute", kernel, attribute(cu, "NUM_REGS"), 16) == "INVALID_VALUE"
    width = attribute(cu, "REQUIRED_CLUSTER_WIDTH")
    assert api.status("cuFuncSetAttribute", kernel, width, 2) == "NOT_SUPPORTED"


def test_parameters_have_c_layout(api: Any, function: Any) -> None:
    mixed = function("mixed")
    assert api.cuFuncGetParamCount(mixed) == 5
    assert [api.cuFuncGetParamInfo(mixed, index) for index in range(5)] == [(0, 1), (8, 8), (16, 16), (32, 2), (40, 8)]
    assert api.status("cuFuncGetParamInfo", mixed, 5) == "INVALID_VALUE"
    assert api.cuFuncGetParamCount(function("count")) == 0


def test_names_cache_hints_and_loading(api: Any, cu: Any, function: Any) -> None:
    kernel = function("count")
    assert api.cuFuncGetName(kernel) == b"count"
    api.cuFuncSetCacheConfig(kernel, cu.CUfunc_cache.CU_FUNC_CACHE_PREFER_SHARED)
    assert api.cuFuncIsLoaded(kernel) == cu.CUfunctionLoadingState.CU_FUNCTION_LOADING_STATE_LOADED
    api.cuFuncLoad(kernel)


def test_a_foreign_or_null_handle_is_invalid(api: Any, cu: Any, context: Any) -> None:
    registers = attribute(cu, "NUM_REGS")
    for handle in (0, 0x1234, int(context)):
        assert api.status("cuFuncGetAttribute", registers, cu.CUfunction(handle)) == "INVALID_HANDLE"
        assert api.status("cuFuncGetName", cu.CUfunction(handle)) == ("INVALID_HANDLE" if handle else "INVALID_VALUE")


def test_the_launch_state_of_old_programs_works(api: Any, function: Any) -> None:
    kernel = function("add_one")
    pointer = api.cuMemAlloc(256)
    api.cuMemsetD32(pointer, 10, 64)
    assert api.status("cuLaunchGrid", kernel, 1, 1) == "INVALID_VALUE"
    api.cuFuncSetBlockShape(kernel, 32, 1, 1)
    api.cuFuncSetSharedSize(kernel, 16)
    address = np.array([int(pointer)], np.uint64)
    api.cuParamSetv(kernel, 0, address.ctypes.data, 8)
    api.cuParamSeti(kernel, 8, 40)
    assert api.status("cuLaunchGrid", kernel, 2, 1) == "INVALID_VALUE"
    api.cuParamSetSize(kernel, 12)
    api.cuLaunchGrid(kernel, 2, 1)
    api.cuLaunchGridAsync(kernel, 2, 1, 0)
    api.cuLaunch(kernel)
    result = np.zeros(64, np.int32)
    api.cuMemcpyDtoH(result, pointer, 256)
    assert (result == np.where(np.arange(64) < 32, 13, np.where(np.arange(64) < 40, 12, 10))).all()
    assert api.status("cuParamSetSize", kernel, 1 << 20) == "INVALID_VALUE"
    assert api.status("cuFuncSetBlockShape", kernel, 0, 1, 1) == "INVALID_VALUE"
    api.cuMemFree(pointer)


def test_a_block_shape_that_c_left_is_taken_by_launches_of_old_programs(api: Any, cu: Any, function: Any) -> None:
    kernel = function("add_one")
    pointer = api.cuMemAlloc(256)
    api.cuMemsetD32(pointer, 0, 64)
    api.cuFuncSetBlockShape(kernel, 1, 1, 1)
    packed = np.zeros(1, [("values", np.uint64), ("count", np.int32)])
    packed["values"], packed["count"] = int(pointer), 64
    size = ctypes.c_size_t(packed.nbytes)
    extra = (ctypes.c_void_p * 5)(1, packed.ctypes.data, 2, ctypes.addressof(size), 0)
    for _ in range(5):  # the first goes through core, the others need not
        api.cuLaunchKernel(kernel, 2, 1, 1, 32, 1, 1, 0, 0, 0, ctypes.addressof(extra))
    size.value = 11
    assert api.status("cuLaunchKernel", kernel, 2, 1, 1, 32, 1, 1, 0, 0, 0, ctypes.addressof(extra)) == "INVALID_VALUE"
    api.cuParamSetv(kernel, 0, packed.ctypes.data, 12)
    api.cuParamSetSize(kernel, 12)
    limit = cu.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    for shape in (64, 8):
        api.cuFuncSetBlockShape(kernel, shape, 1, 1)
        if shape == 8:  # a changed limit sends callers through core again
            api.cuFuncSetAttribute(kernel, limit, 1024)
        api.cuLaunch(kernel)
    result = np.zeros(64, np.int32)
    api.cuMemcpyDtoH(result, pointer, 256)
    assert result.tolist() == [7] * 8 + [6] * 56
    api.cuMemFree(pointer)
