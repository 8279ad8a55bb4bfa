"""entry: what it refuses at import, and what it answers when a handler fails."""

from __future__ import annotations

import pytest
from api_child import lines, run

from compatlayer.api.entry import EntryError, entry

START = """
from compatlayer._native import ffi, lib
from compatlayer.api import entry as api
from compatlayer.api.entry import entry
from compatlayer.errors import ApiError, CompilerError, CudaError, Status
driver, compiler = stub("libcuda.so.1"), stub("libnvrtc.so.13")
lib.cpl_slots_ready(0); lib.cpl_slots_ready(1)
api.set_initialized(True)
def failing(error):
    @entry("cuGLInit")
    def handler():
        raise error
    return driver.cuGLInit()
"""


def test_an_unknown_function_is_refused() -> None:
    with pytest.raises(EntryError, match="cuNoSuchFunction is not declared"):
        entry("cuNoSuchFunction")


def test_other_parameter_names_are_refused_with_the_right_ones() -> None:
    with pytest.raises(EntryError, match=r"must take \(dptr, bytesize\), not \(pointer, bytesize\)"):

        @entry("cuMemAlloc_v2")
        def alloc(pointer: object, bytesize: int) -> None: ...


@pytest.mark.parametrize("handler", [lambda dptr: 0, lambda dptr, bytesize, more: 0, lambda bytesize, dptr: 0])
def test_another_number_or_order_of_parameters_is_refused(handler: object) -> None:
    with pytest.raises(EntryError):
        entry("cuMemAlloc_v2")(handler)  # type: ignore[type-var]


@pytest.mark.parametrize("handler", [lambda *args: 0, lambda dptr, bytesize, *, flag=1: 0, print])
def test_a_handler_that_is_no_plain_function_of_these_parameters_is_refused(handler: object) -> None:
    with pytest.raises(EntryError):
        entry("cuMemAlloc_v2")(handler)  # type: ignore[type-var]


def test_an_unknown_optional_parameter_is_refused() -> None:
    with pytest.raises(EntryError, match="no parameter 'nothing'"):

        @entry("cuMemAlloc_v2", optional=("nothing",))
        def alloc(dptr: object, bytesize: int) -> None: ...


def test_a_keyword_of_python_gets_a_trailing_underscore() -> None:
    with pytest.raises(EntryError, match=r"\(hGraph, from_, to, numDependencies\)"):

        @entry("cuGraphAddDependencies")
        def add() -> None: ...


def test_a_handler_serves_its_function_and_none_means_success() -> None:
    assert lines(
        START
        + """
@entry("cuMemAlloc_v2")
def alloc(dptr, bytesize):
    dptr[0] = bytesize + 1
pointer = ctypes.c_uint64()
print(driver.cuMemAlloc_v2(ctypes.byref(pointer), ctypes.c_size_t(41)), pointer.value)
print(lib.cpl_slot_missing(0, lib.cpl_slot_find(0, b"cuMemAlloc_v2")))
"""
    ) == ["0 42", "0"]


def test_a_status_that_is_no_error_is_passed_on() -> None:
    assert lines(
        START
        + """
@entry("cuStreamQuery")
def query(hStream):
    return Status.NOT_READY
print(driver.cuStreamQuery(None))
"""
    ) == ["600"]


def test_null_pointers_to_data_are_refused_before_the_handler_runs() -> None:
    assert lines(
        START
        + """
@entry("cuMemGetInfo_v2", optional=("total",))
def info(free, total):
    print("ran", bool(free), bool(total))
value = ctypes.c_size_t()
print(driver.cuMemGetInfo_v2(None, ctypes.byref(value)))
print(driver.cuMemGetInfo_v2(ctypes.byref(value), None))
@entry("nvrtcVersion")
def version(major, minor): ...
print(compiler.nvrtcVersion(None, None))
"""
    ) == ["1", "ran True False", "0", "3"]


def test_driver_calls_before_cuInit_are_refused() -> None:
    assert lines(
        START
        + """
@entry("cuGLInit")
def late(): ...
@entry("cuDeviceGetCount", before_init=True)
def early(count): ...
@entry("nvrtcSetPCHHeapSize")
def heap(size): ...
value = ctypes.c_int()
for state in (False, True):
    api.set_initialized(state)
    print(api.is_initialized(), driver.cuGLInit(), driver.cuDeviceGetCount(ctypes.byref(value)),
          compiler.nvrtcSetPCHHeapSize(ctypes.c_size_t(0)))
"""
    ) == ["False 3 0 0", "True 0 0 0"]


def test_a_cuda_error_becomes_its_status_and_its_text_is_kept() -> None:
    done = run(START + "print(failing(CudaError(Status.OUT_OF_MEMORY, '12 bytes'))); print(api.last_error_text())")
    assert done.stdout.splitlines() == ["2", "CUDA_ERROR_OUT_OF_MEMORY: 12 bytes"]
    assert done.stderr == ""


def test_the_text_is_printed_when_asked() -> None:
    done = run(START + "failing(CudaError(Status.OUT_OF_MEMORY, '12 bytes'))", COMPATLAYER_VERBOSE="1")
    assert done.stderr.splitlines() == ["compatlayer: CUDA_ERROR_OUT_OF_MEMORY: 12 bytes"]


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        ("ValueError('odd')", 999, "ValueError: odd"),
        ("SystemExit(0)", 999, "SystemExit"),
        ("MemoryError()", 2, ""),
        ("RecursionError()", 999, "RecursionError"),
        ("CompilerError('no compiler; install one')", 999, "compatlayer: no compiler; install one"),
        ("CudaError(Status.SUCCESS, 'a handler that raises success')", 999, ""),
    ],
)
def test_no_exception_is_ever_success(error: str, status: int, said: str) -> None:
    done = run(START + f"print(failing({error}))")
    assert done.stdout.splitlines() == [str(status)]
    assert said in done.stderr


def test_a_result_that_is_no_status_is_not_success() -> None:
    done = run(
        START
        + """
@entry("cuGLInit")
def handler():
    return "fine"
print(driver.cuGLInit())
"""
    )
    assert done.stdout.splitlines() == ["999"]
    assert "fine" in done.stderr or "TypeError" in done.stderr


def test_an_error_of_the_compiler_library_has_that_librarys_codes() -> None:
    done = run(
        START
        + """
class Failure(ApiError):
    status, text = 5, "no such option"
@entry("nvrtcSetPCHHeapSize")
def heap(size):
    raise [Failure("no such option"), ValueError(), CudaError(Status.NOT_FOUND, "a driver's code"), MemoryError()][size]
print([compiler.nvrtcSetPCHHeapSize(ctypes.c_size_t(n)) for n in range(4)])
"""
    )
    assert done.stdout.splitlines() == ["[5, 11, 11, 1]"]


def test_ctrl_c_in_a_handler_fails_the_call_and_is_raised_in_the_program() -> None:
    assert lines(
        START
        + """
import signal, time
@entry("cuCtxSynchronize")
def wait():
    signal.raise_signal(signal.SIGINT)
    time.sleep(10)
status = None
try:
    status = driver.cuCtxSynchronize()
    for _ in range(1000): pass
    print("not interrupted")
except KeyboardInterrupt:
    print("interrupted")
# the handler works on
@entry("cuGLInit")
def fine(): ...
print(driver.cuGLInit())
"""
    ) == ["interrupted", "0"]


def test_ctrl_c_again_and_again_is_never_lost() -> None:
    assert lines(
        START
        + """
import signal
@entry("cuCtxSynchronize")
def wait():
    signal.raise_signal(signal.SIGINT)
count = 0
for _ in range(200):
    try:
        driver.cuCtxSynchronize()
        for _ in range(10): pass
    except KeyboardInterrupt:
        count += 1
print(count)
"""
    ) == ["200"]
