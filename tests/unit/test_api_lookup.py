"""cuGetProcAddress: every look-up that cuda-bindings 13.5 does, and the documented answers."""

from __future__ import annotations

import csv
import ctypes
from pathlib import Path

import pytest
from api_child import LIBRARIES

LOOKUPS = [
    (row["base_name"], int(row["cuda_version"]), row["symbol"])
    for row in csv.DictReader((Path(__file__).parent / "driver_lookups.csv").open())
]
INVALID_VALUE, NOT_FOUND = 1, 500
FOUND, SYMBOL_NOT_FOUND, VERSION_NOT_SUFFICIENT = 0, 1, 2
LEGACY, PER_THREAD = 1, 2


@pytest.fixture(scope="module", params=["libcuda.so.1", "libcuda.so"])
def driver(request: pytest.FixtureRequest) -> ctypes.CDLL:
    return ctypes.CDLL(str(LIBRARIES / request.param))


def look_up(driver: ctypes.CDLL, name: str, version: int, flags: int = 0) -> tuple[int, int | None, int]:
    pointer, status = ctypes.c_void_p(1), ctypes.c_int(-1)
    code = driver.cuGetProcAddress_v2(
        name.encode(), ctypes.byref(pointer), version, ctypes.c_uint64(flags), ctypes.byref(status)
    )
    return code, pointer.value, status.value


def address(driver: ctypes.CDLL, symbol: str) -> int | None:
    return ctypes.cast(getattr(driver, symbol), ctypes.c_void_p).value


def test_there_are_526_look_ups() -> None:
    assert len(LOOKUPS) == 526


def test_every_look_up_gives_the_exported_variant(driver: ctypes.CDLL) -> None:
    wrong = [
        (name, version)
        for name, version, symbol in LOOKUPS
        if look_up(driver, name, version) != (0, address(driver, symbol), FOUND)
    ]
    assert wrong == []


def test_every_look_up_of_cuda_bindings_12_9_is_answered_in_both_stream_modes(driver: ctypes.CDLL) -> None:
    rows = list(csv.DictReader((Path(__file__).parent / "driver_lookups_12_9.csv").open()))
    assert len(rows) == 966
    wrong = []
    for row in rows:
        code, pointer, _ = look_up(driver, row["base_name"], int(row["cuda_version"]), int(row["flags"]))
        if code != 0 or not pointer:
            wrong.append(row)
    assert wrong == []


def test_a_later_version_gives_the_newest_variant(driver: ctypes.CDLL) -> None:
    newest: dict[str, str] = {}
    for name, _, symbol in sorted(LOOKUPS, key=lambda look: look[1]):
        newest[name] = symbol
    wrong = [n for n, symbol in newest.items() if look_up(driver, n, 13050)[1] != address(driver, symbol)]
    assert wrong == []


def test_an_older_version_gives_the_older_variant(driver: ctypes.CDLL) -> None:
    assert look_up(driver, "cuCtxCreate", 3010)[1] == address(driver, "cuCtxCreate")
    assert look_up(driver, "cuCtxCreate", 11030)[1] == address(driver, "cuCtxCreate_v2")
    assert look_up(driver, "cuCtxCreate", 12040)[1] == address(driver, "cuCtxCreate_v3")


def test_a_version_before_the_function_is_named_as_the_reason(driver: ctypes.CDLL) -> None:
    assert look_up(driver, "cuMemAllocAsync", 11010) == (NOT_FOUND, None, VERSION_NOT_SUFFICIENT)


@pytest.mark.parametrize("name", ["cuNoSuchFunction", "cuMemAlloc_v2", "", "nvrtcVersion"])
def test_a_name_that_is_no_base_name_is_not_found(driver: ctypes.CDLL, name: str) -> None:
    assert look_up(driver, name, 13050) == (NOT_FOUND, None, SYMBOL_NOT_FOUND)


def test_a_version_after_ours_is_invalid(driver: ctypes.CDLL) -> None:
    assert look_up(driver, "cuInit", 13060)[0] == INVALID_VALUE


@pytest.mark.parametrize("flags", [3, 4, 1 << 40])
def test_unknown_flags_are_invalid(driver: ctypes.CDLL, flags: int) -> None:
    assert look_up(driver, "cuInit", 12000, flags)[0] == INVALID_VALUE


def test_null_pointers_are_invalid_and_the_status_is_optional(driver: ctypes.CDLL) -> None:
    pointer = ctypes.c_void_p()
    zero = ctypes.c_uint64(0)
    assert driver.cuGetProcAddress_v2(None, ctypes.byref(pointer), 12000, zero, None) == INVALID_VALUE
    assert driver.cuGetProcAddress_v2(b"cuInit", None, 12000, zero, None) == INVALID_VALUE
    assert driver.cuGetProcAddress_v2(b"cuInit", ctypes.byref(pointer), 12000, zero, None) == 0
    assert pointer.value == address(driver, "cuInit")


def test_the_first_form_of_the_function_answers_too(driver: ctypes.CDLL) -> None:
    pointer = ctypes.c_void_p()
    assert driver.cuGetProcAddress(b"cuMemAlloc", ctypes.byref(pointer), 12000, ctypes.c_uint64(0)) == 0
    assert pointer.value == address(driver, "cuMemAlloc_v2")


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("cuMemcpyHtoD", "cuMemcpyHtoD_v2_ptds"),
        ("cuMemcpyHtoDAsync", "cuMemcpyHtoDAsync_v2_ptsz"),
        ("cuMemsetD32", "cuMemsetD32_v2_ptds"),
        ("cuLaunchKernel", "cuLaunchKernel_ptsz"),
        ("cuStreamSynchronize", "cuStreamSynchronize_ptsz"),
        ("cuEventRecord", "cuEventRecord_ptsz"),
        ("cuMemAlloc", "cuMemAlloc_v2"),
        ("cuStreamDestroy", "cuStreamDestroy_v2"),
    ],
)
def test_the_per_thread_flag_gives_the_per_thread_variant(driver: ctypes.CDLL, name: str, symbol: str) -> None:
    assert look_up(driver, name, 13050, PER_THREAD)[1] == address(driver, symbol)
    legacy = symbol.removesuffix("_ptds").removesuffix("_ptsz")
    assert look_up(driver, name, 13050, LEGACY)[1] == address(driver, legacy)


def test_versions_before_per_thread_streams_give_the_legacy_variant(driver: ctypes.CDLL) -> None:
    assert look_up(driver, "cuMemcpyHtoD", 6050, PER_THREAD)[1] == address(driver, "cuMemcpyHtoD_v2")
