"""The exported libraries and the jump tables behind them."""

from __future__ import annotations

import ctypes
import subprocess

import pytest
from api_child import LIBRARIES, lines
from compatlayer._native import ffi, lib

CUDA, NVRTC, NVVM, NVJITLINK, CURAND = range(5)
NOT_SUPPORTED = 801


def names(library: int) -> list[str]:
    return [ffi.string(lib.cpl_slot_name(library, index)).decode() for index in range(lib.cpl_slot_count(library))]


@pytest.mark.parametrize(
    ("file", "library"),
    [("libcuda.so.1", CUDA), ("libcuda.so", CUDA), ("libnvrtc.so.13", NVRTC), ("libnvrtc.so.12", NVRTC),
     ("libnvvm.so.4", NVVM), ("libnvJitLink.so.13", NVJITLINK), ("libnvJitLink.so.12", NVJITLINK),
     ("libcurand.so.10", CURAND)],
)
def test_a_library_exports_every_function_of_its_table(file: str, library: int) -> None:
    loaded = ctypes.CDLL(str(LIBRARIES / file))
    assert [name for name in names(library) if not hasattr(loaded, name)] == []


@pytest.mark.parametrize("file", ["libcuda.so.1", "libcuda.so", "libnvrtc.so.13", "libnvrtc.so.12", "libnvvm.so.4",
                                  "libnvJitLink.so.13", "libnvJitLink.so.12", "libcurand.so.10"])
def test_a_library_carries_its_file_name_as_soname_and_finds_the_runtime_beside_it(file: str) -> None:
    assert lines(
        f"""
        from _ctypes import dlopen
        import os
        dlopen(LIBRARIES + "/{file}", os.RTLD_NOW)
        dlopen("{file}", os.RTLD_NOW | os.RTLD_NOLOAD)  # found by soname
        print("libcompatlayer.so" in open("/proc/self/maps").read())
        """
    ) == ["True"]


def test_the_stubs_export_nothing_but_the_interface() -> None:
    done = subprocess.run(
        ["nm", "-D", "--defined-only", str(LIBRARIES / "libcuda.so.1")], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("nm is not installed")
    exported = [line.split()[-1] for line in done.stdout.splitlines()]
    assert len(exported) > 600
    assert [name for name in exported if not name.startswith("cu")] == []


def test_names_are_sorted_and_found_by_name() -> None:
    for library in (CUDA, NVRTC, NVVM, NVJITLINK, CURAND):
        found = names(library)
        assert found == sorted(found)
        assert [lib.cpl_slot_find(library, name.encode()) for name in found] == list(range(len(found)))
    assert lib.cpl_slot_find(CUDA, b"cuNoSuchFunction") == -1
    assert lib.cpl_slot_find(7, b"cuInit") == -1


def test_there_are_29_compiler_functions() -> None:
    assert [len(names(library)) for library in (NVRTC, NVVM, NVJITLINK, CURAND)] == [29, 14, 16, 5]


def test_the_table_knows_parameters_and_which_must_not_be_null() -> None:
    index = lib.cpl_slot_find(CUDA, b"cuMemAlloc_v2")
    assert ffi.string(lib.cpl_slot_parameters(CUDA, index)) == b"dptr*,bytesize"
    index = lib.cpl_slot_find(CUDA, b"cuMemcpyHtoD_v2")
    assert ffi.string(lib.cpl_slot_parameters(CUDA, index)) == b"dstDevice,srcHost,ByteCount"


def test_indices_out_of_range_are_harmless() -> None:
    assert lib.cpl_slot_name(CUDA, -1) == ffi.NULL
    assert lib.cpl_slot_name(CUDA, 100000) == ffi.NULL
    assert lib.cpl_slot_count(9) == 0
    assert lib.cpl_slot_calls(9, 0) == 0
    lib.cpl_slot_set(9, 0, ffi.NULL)


MISSING = """
from compatlayer._native import ffi, lib
lib.cpl_slots_ready(0)
driver = stub("libcuda.so.1")
index = lib.cpl_slot_find(0, b"cuGLInit")
"""


def test_a_missing_function_answers_not_supported_and_is_counted() -> None:
    assert lines(
        MISSING
        + """
print(lib.cpl_slot_missing(0, index), lib.cpl_slot_calls(0, index))
print(driver.cuGLInit(), driver.cuGLInit())
print(lib.cpl_slot_missing(0, index), lib.cpl_slot_calls(0, index))
"""
    ) == ["1 0", f"{NOT_SUPPORTED} {NOT_SUPPORTED}", "1 2"]


def test_a_missing_function_is_named_once_and_only_when_asked() -> None:
    from api_child import run

    loud = run(MISSING + "driver.cuGLInit(); driver.cuGLInit()", COMPATLAYER_VERBOSE="1")
    assert loud.stderr.splitlines() == ["compatlayer: cuGLInit is not supported"]
    assert run(MISSING + "driver.cuGLInit()").stderr == ""


def test_a_missing_compiler_function_answers_its_librarys_code() -> None:
    assert lines(
        """
        from compatlayer._native import lib
        lib.cpl_slots_ready(1)
        print(stub("libnvrtc.so.13").nvrtcSetPCHHeapSize(ctypes.c_size_t(1)))
        """
    ) == ["11"]


def test_both_driver_libraries_share_one_table() -> None:
    assert lines(
        MISSING
        + """
driver.cuGLInit(); stub("libcuda.so").cuGLInit()
print(lib.cpl_slot_calls(0, index))
"""
    ) == ["2"]


def test_per_thread_variants_set_the_flag_around_the_same_slot() -> None:
    assert lines(
        MISSING
        + """
seen = []
@ffi.callback("int(void)")
def look():
    seen.append(lib.cpl_per_thread_default())
    if len(seen) == 3:
        driver.cuEventQuery(None)  # a nested call of another function keeps the flag
    return 0
for name in (b"cuStreamQuery", b"cuMemcpy"):
    lib.cpl_slot_set(0, lib.cpl_slot_find(0, name), ffi.cast("void *", look))
driver.cuStreamQuery(None)
driver.cuStreamQuery_ptsz(None)
driver.cuMemcpy_ptds(None, None, 0)
driver.cuMemcpy(None, None, 0)
print(seen, lib.cpl_per_thread_default())
print(lib.cpl_slot_calls(0, lib.cpl_slot_find(0, b"cuStreamQuery")))
"""
    ) == ["[0, 1, 1, 0] 0", "2"]


def test_error_texts_and_the_version_need_no_boot() -> None:
    assert lines(
        """
        driver = stub("libcuda.so.1")
        text, version = ctypes.c_char_p(), ctypes.c_int()
        print(driver.cuGetErrorName(801, ctypes.byref(text)), text.value.decode())
        print(driver.cuGetErrorString(700, ctypes.byref(text)), text.value.decode())
        print(driver.cuGetErrorString(12345, ctypes.byref(text)), text.value)
        print(driver.cuGetErrorName(0, None))
        print(driver.cuDriverGetVersion(ctypes.byref(version)), version.value, driver.cuDriverGetVersion(None))
        table = ctypes.c_void_p(1)
        print(driver.cuGetExportTable(ctypes.byref(table), None), table.value)
        compiler = stub("libnvrtc.so.13")
        compiler.nvrtcGetErrorString.restype = ctypes.c_char_p
        print(compiler.nvrtcGetErrorString(6).decode(), "|", compiler.nvrtcGetErrorString(99).decode())
        print("compatlayer.boot" in sys.modules)
        """
    ) == [
        "0 CUDA_ERROR_NOT_SUPPORTED",
        "0 an illegal memory access was encountered",
        "1 None",
        "1",
        "0 13050 1",
        "801 None",
        "NVRTC_ERROR_COMPILATION | NVRTC_ERROR unknown",
        "False",
    ]


def test_after_shut_every_function_answers_deinitialised_and_texts_still_work() -> None:
    assert lines(
        MISSING
        + """
lib.cpl_slots_shut()
text = ctypes.c_char_p()
print(driver.cuGLInit(), driver.cuCtxSynchronize(), driver.cuMemFree_v2(None))
print(driver.cuGetErrorName(4, ctypes.byref(text)), text.value.decode())
print(stub("libnvrtc.so.13").nvrtcDestroyProgram(None))
lib.cpl_slots_ready(0)
print(driver.cuGLInit())
"""
    ) == ["4 4 4", "0 CUDA_ERROR_DEINITIALIZED", "11", "4"]


def test_after_a_fork_driver_functions_answer_not_initialised_and_the_compiler_goes_on() -> None:
    assert lines(
        """
        from compatlayer._native import lib
        lib.cpl_slots_ready(0); lib.cpl_slots_ready(1)
        lib.cpl_slots_forked()
        print(stub("libcuda.so.1").cuGLInit(), stub("libcuda.so.1").cuInit(0))
        print(stub("libnvrtc.so.13").nvrtcSetPCHHeapSize(ctypes.c_size_t(1)))
        lib.cpl_slots_ready(0)
        print(stub("libcuda.so.1").cuInit(0))
        """
    ) == ["3 3", "11", "3"]
