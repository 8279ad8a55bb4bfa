"""cuModule*: every form of image, every documented error, functions and globals."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import KERNELS, Packed, build


@pytest.fixture
def module(api: Any, context: Any) -> Any:
    loaded = api.cuModuleLoadData(build())
    yield loaded
    api.status("cuModuleUnload", loaded)


@pytest.mark.parametrize("form", ["CUBIN", "PTX"])
def test_both_forms_of_an_image_load(api: Any, context: Any, form: str) -> None:
    loaded = api.cuModuleLoadData(build(form=form))
    assert int(api.cuModuleGetFunction(loaded, b"add_one"))
    api.cuModuleUnload(loaded)


def test_an_image_loads_from_a_file(api: Any, context: Any, tmp_path: Path) -> None:
    for form in ("CUBIN", "PTX"):
        path = tmp_path / form
        path.write_bytes(build(form=form))
        loaded = api.cuModuleLoad(str(path).encode())
        assert api.cuModuleGetFunctionCount(loaded) == len(KERNELS)
        api.cuModuleUnload(loaded)


def test_a_missing_file_is_file_not_found(api: Any, context: Any, tmp_path: Path) -> None:
    assert api.status("cuModuleLoad", str(tmp_path / "nothing").encode()) == "FILE_NOT_FOUND"
    assert api.status("cuModuleLoad", str(tmp_path).encode()) == "FILE_NOT_FOUND"


def elf() -> bytes:
    return b"\x7fELF\x02\x01\x01" + bytes(200)


def flipped() -> bytes:
    data = bytearray(build(form="CUBIN"))
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


def damaged_text() -> bytes:
    text = build(form="PTX")
    head, mark, tail = text.rpartition(b"compatlayer-image: ")
    return head + mark + tail[:40] + b"*" + tail[41:]


def other_version() -> bytes:
    data = bytearray(build(form="CUBIN"))
    data[8:12] = (99).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize(
    ("image", "status"),
    [
        (b"this is no image at all\0", "INVALID_IMAGE"),
        (b"\1\2\3\4\5\6\7\x08" * 40, "INVALID_IMAGE"),
        (b"\0" * 100, "INVALID_IMAGE"),
        (elf(), "NO_BINARY_FOR_GPU"),
        ((0x466243B1).to_bytes(4, "little") + bytes(60), "NO_BINARY_FOR_GPU"),
        (b".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k() { frob; }\n\0", "INVALID_PTX"),
        (b".version 8.0\n.target sm_\n.address_size 64\n.visible .entry k() { ret; }\n\0", "INVALID_PTX"),
        (b".version 8.0\n.target sm_8x\n.address_size 64\n.visible .entry k() { ret; }\n\0", "INVALID_PTX"),
        (b".version 99.0\n.target sm_80\n.address_size 64\n.visible .entry k() { ret; }\n\0",
         "UNSUPPORTED_PTX_VERSION"),
        pytest.param(flipped, "INVALID_IMAGE", marks=pytest.mark.own_images),
        pytest.param(damaged_text, "INVALID_IMAGE", marks=pytest.mark.own_images),
        pytest.param(other_version, "INVALID_IMAGE", marks=pytest.mark.own_images),
        pytest.param(lambda: build(form="CUBIN", options=("-arch=sm_90",)), "NO_BINARY_FOR_GPU",
                     marks=pytest.mark.own_images),
        (lambda: build(form="PTX", options=("-arch=compute_90",)), "INVALID_PTX"),
        pytest.param(lambda: build(form="LTOIR", options=("-arch=sm_86", "-dlto")), "INVALID_IMAGE",
                     marks=pytest.mark.own_images),
    ],
)
def test_an_image_that_cannot_load_has_its_own_error(api: Any, context: Any, image: Any, status: str) -> None:
    data = image() if callable(image) else image
    assert api.status("cuModuleLoadData", data) == status
    assert api.status("cuModuleLoadFatBinary", data) == status


def test_ptx_of_an_older_architecture_loads(api: Any, context: Any) -> None:
    api.cuModuleUnload(api.cuModuleLoadData(build(form="PTX", options=("-arch=compute_75",))))
    api.cuModuleUnload(api.cuModuleLoadData(build(options=("-arch=sm_80",))))


def test_a_pointer_to_nothing_is_an_error_and_no_crash(api: Any, context: Any) -> None:
    assert api.status("cuModuleLoadData", 0) == "INVALID_VALUE"
    assert api.status("cuModuleLoadData", 0x10) == "INVALID_IMAGE"


def test_text_that_ends_with_its_page_is_read_to_its_end(api: Any, context: Any) -> None:
    import mmap

    text = build(form="PTX")
    size = -(-len(text) // mmap.PAGESIZE) * mmap.PAGESIZE
    with mmap.mmap(-1, size + mmap.PAGESIZE) as memory:
        base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        libc = ctypes.CDLL(None)
        libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        start = size - len(text)
        ctypes.memmove(base + start, text, len(text))
        assert libc.mprotect(base + size, mmap.PAGESIZE, 0) == 0
        loaded = api.cuModuleLoadData(base + start)
        assert libc.mprotect(base + size, mmap.PAGESIZE, 3) == 0
        api.cuModuleUnload(loaded)
        gc.collect()


def test_loading_without_a_context_is_invalid_context(api: Any) -> None:
    assert api.status("cuModuleLoadData", build()) == "INVALID_CONTEXT"


def test_functions_are_found_by_name_and_listed(api: Any, module: Any) -> None:
    functions = api.cuModuleEnumerateFunctions(api.cuModuleGetFunctionCount(module), module)
    assert {api.cuFuncGetName(one).decode() for one in functions} == KERNELS
    function = api.cuModuleGetFunction(module, b"count")
    assert int(api.cuFuncGetModule(function)) == int(module)
    assert int(api.cuModuleGetFunction(module, b"count")) == int(function)


def test_an_unknown_kernel_or_global_is_not_found(api: Any, module: Any) -> None:
    assert api.status("cuModuleGetFunction", module, b"nothing") == "NOT_FOUND"
    assert api.status("cuModuleGetFunction", module, b"counter") == "NOT_FOUND"
    assert api.status("cuModuleGetGlobal", module, b"nothing") == "NOT_FOUND"
    assert api.status("cuModuleGetGlobal", module, b"count") == "NOT_FOUND"


def test_globals_are_memory_of_the_device(api: Any, module: Any) -> None:
    pointer, size = api.cuModuleGetGlobal(module, b"counter")
    value = np.zeros(1, np.int32)
    assert size == value.nbytes
    api.cuMemcpyDtoH(value, pointer, size)
    assert value[0] == 5
    api.cuMemcpyHtoD(pointer, np.array([40], np.int32), size)
    function = api.cuModuleGetFunction(module, b"count")
    api.cuLaunchKernel(function, 1, 1, 1, 2, 1, 1, 0, 0, 0, 0)
    api.cuMemcpyDtoH(value, pointer, size)
    assert value[0] == 42
    assert api.status("cuMemcpyDtoH", np.zeros(4096, np.uint8), pointer, 4096) == "INVALID_VALUE"


def test_each_load_has_globals_of_its_own(api: Any, module: Any) -> None:
    other = api.cuModuleLoadData(build())
    mine, size = api.cuModuleGetGlobal(module, b"counter")
    theirs, _ = api.cuModuleGetGlobal(other, b"counter")
    assert int(mine) != int(theirs)
    api.cuMemcpyHtoD(mine, np.array([77], np.int32), size)
    value = np.zeros(1, np.int32)
    api.cuMemcpyDtoH(value, theirs, size)
    assert value[0] == 5
    api.cuModuleUnload(other)


def test_after_unload_nothing_of_the_module_is_valid(api: Any, context: Any) -> None:
    loaded = api.cuModuleLoadData(build())
    function = api.cuModuleGetFunction(loaded, b"count")
    pointer, size = api.cuModuleGetGlobal(loaded, b"counter")
    api.cuModuleUnload(loaded)
    assert api.status("cuModuleUnload", loaded) == "INVALID_HANDLE"
    assert api.status("cuModuleGetFunction", loaded, b"count") == "INVALID_HANDLE"
    assert api.status("cuLaunchKernel", function, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0) == "INVALID_HANDLE"
    assert api.status("cuMemcpyDtoH", np.zeros(1, np.int32), pointer, size) == "INVALID_VALUE"


def test_unload_waits_for_the_kernels_that_run(api: Any, context: Any) -> None:
    slow = """
    extern "C" __global__ void slow(int *out) { for (int k = 0; k < 50; ++k) __nanosleep(1000000); *out = 1; }
    """
    loaded = api.cuModuleLoadData(build(slow))
    pointer = api.cuMemAlloc(4)
    api.cuMemsetD32(pointer, 0, 1)
    arguments = Packed(np.uint64(int(pointer)))
    api.cuLaunchKernel(api.cuModuleGetFunction(loaded, b"slow"), 1, 1, 1, 1, 1, 1, 0, 0, arguments.pointer, 0)
    api.cuModuleUnload(loaded)
    value = np.zeros(1, np.int32)
    api.cuMemcpyDtoH(value, pointer, 4)
    assert value[0] == 1
    api.cuMemFree(pointer)


def test_modules_end_with_their_context(api: Any) -> None:
    own = api.cuCtxCreate(None, 0, 0)
    loaded = api.cuModuleLoadData(build())
    api.cuCtxDestroy(own)
    assert api.status("cuModuleUnload", loaded) == "INVALID_HANDLE"


def test_jit_options_give_their_logs(api: Any, cu: Any, context: Any) -> None:
    option = cu.CUjit_option
    log = bytearray(b"x" * 400)
    options = [option.CU_JIT_ERROR_LOG_BUFFER, option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
               option.CU_JIT_OPTIMIZATION_LEVEL, option.CU_JIT_TARGET_FROM_CUCONTEXT]
    values = [log, len(log), 4, 0]
    api.cuModuleUnload(api.cuModuleLoadDataEx(build(), len(options), options, values))
    assert api.status("cuModuleLoadDataEx", b"no image\0", len(options), options, values) == "INVALID_IMAGE"
    assert log.split(b"\0")[0], "the error log says what is wrong"


def test_the_loading_mode_is_answered(api: Any, cu: Any) -> None:
    assert api.cuModuleGetLoadingMode() == cu.CUmoduleLoadingMode.CU_MODULE_EAGER_LOADING


def test_the_container_survives_trailing_bytes(api: Any, context: Any) -> None:
    api.cuModuleUnload(api.cuModuleLoadData(build() + b"trailing"))


def test_the_text_form_is_ptx_that_people_can_read() -> None:
    text = build(form="PTX").decode()
    assert ".visible .entry add_one(" in text
    assert ".target sm_86" in text
