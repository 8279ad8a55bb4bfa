"""libcurand's tables for Sobol' generators: published direction numbers, and scramblings that keep them."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import numpy as np
import pytest

from compatlayer.core import sobol
from compatlayer.launcher import libraries

SETS = {32: (101, 102), 64: (103, 104)}
OUT_OF_RANGE, INTERNAL_ERROR = 104, 999


@pytest.fixture(scope="module")
def curand() -> Iterator[ctypes.CDLL]:
    path = libraries.soname_path("libcurand.so.")
    assert path is not None
    yield ctypes.CDLL(path)


def table(library: ctypes.CDLL, bits: int, kind: int) -> np.ndarray:
    pointer = ctypes.c_void_p()
    status = getattr(library, f"curandGetDirectionVectors{bits}")(ctypes.byref(pointer), kind)
    if status == INTERNAL_ERROR:
        pytest.skip("scipy, which brings the direction numbers, is not installed")
    assert status == 0 and pointer.value is not None
    word = ctypes.c_uint32 if bits == 32 else ctypes.c_uint64
    return np.ctypeslib.as_array((word * (sobol.DIMENSIONS * bits)).from_address(pointer.value)).reshape(-1, bits)


def test_version(curand: ctypes.CDLL) -> None:
    number = ctypes.c_int()
    assert curand.curandGetVersion(ctypes.byref(number)) == 0 and number.value == 10400


@pytest.mark.parametrize("bits", [32, 64])
def test_direction_vectors_are_the_published_ones(curand: ctypes.CDLL, bits: int) -> None:
    made = table(curand, bits, SETS[bits][0])
    # Joe and Kuo's table, "new-joe-kuo-6": the third dimension has s = 2, a = 1, m = 1, 3; the fifth m = 1, 1, 1.
    assert [int(each) >> (bits - 1 - place) for place, each in enumerate(made[2, :2])] == [1, 3]
    assert [int(each) >> (bits - 1 - place) for place, each in enumerate(made[4, :3])] == [1, 1, 1]
    qmc = pytest.importorskip("scipy.stats.qmc", reason="scipy is not installed")
    points = qmc.Sobol(50, scramble=False, bits=30).random(256)
    value = np.zeros(50, made.dtype)
    for number in range(256):
        assert np.array_equal(value.astype(float) / 2.0**bits, points[number])
        value = value ^ made[:50, ((number + 1) & -(number + 1)).bit_length() - 1]


@pytest.mark.parametrize("bits", [32, 64])
def test_scrambled_vectors_keep_every_dimension_balanced(curand: ctypes.CDLL, bits: int) -> None:
    made = table(curand, bits, SETS[bits][1])
    assert not np.array_equal(made, table(curand, bits, SETS[bits][0]))
    value, points = np.zeros(sobol.DIMENSIONS, made.dtype), []
    for number in range(64):
        points.append(value >> made.dtype.type(bits - 6))
        value = value ^ made[:, ((number + 1) & -(number + 1)).bit_length() - 1]
    # Of 64 points one lies in each 64th, in every dimension.
    assert np.array_equal(np.sort(np.array(points), axis=0), np.arange(64)[:, None].repeat(sobol.DIMENSIONS, axis=1))


def test_constants_are_different_and_stay(curand: ctypes.CDLL) -> None:
    for bits, word in ((32, ctypes.c_uint32), (64, ctypes.c_uint64)):
        pointers = [ctypes.c_void_p(), ctypes.c_void_p()]
        for each in pointers:
            assert getattr(curand, f"curandGetScrambleConstants{bits}")(ctypes.byref(each)) == 0
        assert pointers[0].value == pointers[1].value is not None
        values = np.ctypeslib.as_array((word * sobol.DIMENSIONS).from_address(pointers[0].value))
        assert len(np.unique(values)) > sobol.DIMENSIONS - 10


def test_a_set_of_the_other_size_is_refused(curand: ctypes.CDLL) -> None:
    pointer = ctypes.c_void_p()
    assert curand.curandGetDirectionVectors32(ctypes.byref(pointer), 103) == OUT_OF_RANGE
    assert curand.curandGetDirectionVectors64(ctypes.byref(pointer), 7) == OUT_OF_RANGE
    assert curand.curandGetVersion(None) != 0


def test_without_scipy_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sobol, "find_spec", lambda name: None)
    with pytest.raises(sobol.NoDirectionNumbers, match="pip install scipy"):
        sobol.vectors(32)
