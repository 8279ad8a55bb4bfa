"""cuLibrary* and cuKernel*: code without a context, kernels that work in each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import KERNELS, Packed, build


@pytest.fixture
def library(api: Any) -> Any:
    loaded = api.cuLibraryLoadData(build(), [], [], 0, [], [], 0)
    yield loaded
    api.status("cuLibraryUnload", loaded)


def increment(api: Any, kernel: Any, stream: Any = 0) -> int:
    """Add one on the device to the number 41."""
    pointer = api.cuMemAlloc(4)
    api.cuMemcpyHtoD(pointer, np.array([41], np.int32), 4)
    arguments = Packed(np.uint64(int(pointer)), np.int32(1))
    api.cuLaunchKernel(kernel, 1, 1, 1, 32, 1, 1, 0, stream, arguments.pointer, 0)
    value = np.zeros(1, np.int32)
    api.cuCtxSynchronize()
    api.cuMemcpyDtoH(value, pointer, 4)
    api.cuMemFree(pointer)
    return int(value[0])


def as_function(cu: Any, kernel: Any) -> Any:
    return cu.CUfunction(int(kernel))


def test_a_library_loads_without_a_context(api: Any, library: Any) -> None:
    assert api.cuLibraryGetKernelCount(library) == len(KERNELS)
    kernels = api.cuLibraryEnumerateKernels(len(KERNELS), library)
    assert {api.cuKernelGetName(one).decode() for one in kernels} == KERNELS
    kernel = api.cuLibraryGetKernel(library, b"add_one")
    assert int(api.cuKernelGetLibrary(kernel)) == int(library)
    assert int(api.cuLibraryGetKernel(library, b"add_one")) == int(kernel)


def test_a_library_loads_from_a_file(api: Any, tmp_path: Path) -> None:
    path = tmp_path / "kernels.cubin"
    path.write_bytes(build())
    loaded = api.cuLibraryLoadFromFile(str(path).encode(), [], [], 0, [], [], 0)
    api.cuLibraryUnload(loaded)
    assert api.status("cuLibraryLoadFromFile", b"/nowhere/at/all", [], [], 0, [], [], 0) == "FILE_NOT_FOUND"


def test_a_kernel_launches_in_every_context(api: Any, cu: Any, library: Any, context: Any) -> None:
    kernel = as_function(cu, api.cuLibraryGetKernel(library, b"add_one"))
    assert increment(api, kernel) == 42
    for device in range(api.cuDeviceGetCount()):
        own = api.cuCtxCreate(None, 0, device)
        assert increment(api, kernel) == 42
        assert increment(api, kernel, api.cuStreamCreate(0)) == 42
        api.cuCtxDestroy(own)
    assert increment(api, kernel) == 42


def test_a_kernel_outlives_a_reset_of_the_primary_context(api: Any, cu: Any, library: Any, context: Any) -> None:
    kernel = as_function(cu, api.cuLibraryGetKernel(library, b"add_one"))
    assert increment(api, kernel) == 42
    before = int(api.cuKernelGetFunction(cu.CUkernel(int(kernel))))
    api.cuDevicePrimaryCtxReset(0)
    assert increment(api, kernel) == 42
    assert int(api.cuKernelGetFunction(cu.CUkernel(int(kernel)))) != before


def test_threads_that_use_a_kernel_first_share_one_module(api: Any, library: Any, context: Any) -> None:
    import threading

    seen = []

    def use() -> None:
        api.cuCtxSetCurrent(context)
        gate.wait()
        seen.append(int(api.cuLibraryGetGlobal(library, b"counter")[0]))

    threads = [threading.Thread(target=use) for _ in range(8)]
    gate = threading.Barrier(len(threads))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_a_kernel_needs_a_context_to_launch(api: Any, cu: Any, library: Any) -> None:
    kernel = as_function(cu, api.cuLibraryGetKernel(library, b"count"))
    assert api.status("cuLaunchKernel", kernel, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0) == "INVALID_CONTEXT"


def test_each_context_has_its_own_globals(api: Any, library: Any, context: Any) -> None:
    first, size = api.cuLibraryGetGlobal(library, b"counter")
    assert size == 4
    assert int(api.cuLibraryGetGlobal(library, b"counter")[0]) == int(first)
    own = api.cuCtxCreate(None, 0, 0)
    second, _ = api.cuLibraryGetGlobal(library, b"counter")
    assert int(second) != int(first)
    api.cuCtxDestroy(own)
    assert api.status("cuLibraryGetGlobal", library, b"nothing") == "NOT_FOUND"


def test_the_module_and_function_of_the_current_context_are_ordinary_ones(api: Any, library: Any, context: Any) -> None:
    module = api.cuLibraryGetModule(library)
    kernel = api.cuLibraryGetKernel(library, b"add_one")
    function = api.cuKernelGetFunction(kernel)
    assert int(api.cuModuleGetFunction(module, b"add_one")) == int(function)
    assert increment(api, function) == 42


def test_a_librarys_module_cannot_be_unloaded_alone(api: Any, library: Any, context: Any) -> None:
    module = api.cuLibraryGetModule(library)
    assert api.status("cuModuleUnload", module) == "NOT_PERMITTED"


def test_attributes_set_on_a_kernel_hold_in_its_functions(api: Any, cu: Any, library: Any, context: Any) -> None:
    name = cu.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    kernel = api.cuLibraryGetKernel(library, b"shared_sum")
    function = api.cuKernelGetFunction(kernel)
    api.cuKernelSetAttribute(name, 70000, kernel, 0)
    assert api.cuKernelGetAttribute(name, kernel, 0) == 70000
    assert api.cuFuncGetAttribute(name, function) == 70000
    assert api.status("cuKernelSetAttribute", name, 1 << 20, kernel, 0) == "INVALID_VALUE"
    assert api.status("cuKernelGetAttribute", name, kernel, 99) == "INVALID_DEVICE"


def test_parameters_of_a_kernel_are_described(api: Any, library: Any, context: Any) -> None:
    kernel = api.cuLibraryGetKernel(library, b"mixed")
    layout = [api.cuKernelGetParamInfo(kernel, index) for index in range(5)]
    assert layout == [(0, 1), (8, 8), (16, 16), (32, 2), (40, 8)]
    assert api.status("cuKernelGetParamInfo", kernel, 5) == "INVALID_VALUE"
    api.cuCtxPopCurrent()
    assert api.status("cuKernelGetParamInfo", kernel, 0) == "INVALID_CONTEXT"
    api.cuCtxPushCurrent(context)


def test_no_kernel_has_no_name(api: Any, cu: Any) -> None:
    assert api.status("cuKernelGetName", cu.CUkernel(0)) == "INVALID_VALUE"
    assert api.status("cuFuncGetName", cu.CUfunction(0)) == "INVALID_VALUE"


def test_after_unload_nothing_of_the_library_is_valid(api: Any, cu: Any, context: Any) -> None:
    loaded = api.cuLibraryLoadData(build(), [], [], 0, [], [], 0)
    kernel = api.cuLibraryGetKernel(loaded, b"count")
    function = api.cuKernelGetFunction(kernel)
    api.cuLibraryUnload(loaded)
    assert api.status("cuLibraryUnload", loaded) == "INVALID_HANDLE"
    assert api.status("cuKernelGetFunction", kernel) == "INVALID_HANDLE"
    for handle in (as_function(cu, kernel), function):
        assert api.status("cuLaunchKernel", handle, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0) == "INVALID_HANDLE"


def test_a_wrong_image_is_refused(api: Any) -> None:
    assert api.status("cuLibraryLoadData", b"no image\0", [], [], 0, [], [], 0) == "INVALID_IMAGE"
    assert api.status("cuLibraryLoadData", 0, [], [], 0, [], [], 0) == "INVALID_VALUE"


def test_unknown_names_are_not_found(api: Any, library: Any) -> None:
    assert api.status("cuLibraryGetKernel", library, b"nothing") == "NOT_FOUND"
    assert api.status("cuLibraryGetUnifiedFunction", library, b"count") == "NOT_SUPPORTED"
