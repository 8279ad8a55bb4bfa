"""Random programs of virtual memory against NumPy arrays: mappings alias, copies and fills go through them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

UNIT = 2 << 20
SLOTS = 6  # pieces of the reserved range
MEMORIES = 3

driver = pytest.importorskip("cuda.bindings.driver")

steps = st.lists(st.one_of(
    st.tuples(st.just("map"), st.integers(0, SLOTS - 1), st.integers(0, MEMORIES - 1), st.integers(0, 1),
              st.integers(1, 2)),
    st.tuples(st.just("unmap"), st.integers(0, SLOTS - 1)),
    st.tuples(st.just("fill"), st.integers(0, SLOTS * UNIT), st.integers(1, 2 * UNIT), st.integers(0, 255)),
    st.tuples(st.just("copy"), st.integers(0, SLOTS * UNIT), st.integers(0, SLOTS * UNIT), st.integers(1, UNIT)),
    st.tuples(st.just("read"), st.integers(0, SLOTS * UNIT), st.integers(1, 2 * UNIT))), max_size=25)


def ok(answer: tuple[Any, ...]) -> Any:
    assert answer[0] == driver.CUresult.CUDA_SUCCESS, answer[0]
    return answer[1] if len(answer) == 2 else answer[1:]


def works(answer: tuple[Any, ...]) -> bool:
    assert answer[0] in (driver.CUresult.CUDA_SUCCESS, driver.CUresult.CUDA_ERROR_INVALID_VALUE), answer[0]
    return bool(answer[0] == driver.CUresult.CUDA_SUCCESS)


@pytest.fixture(scope="module", autouse=True)
def context() -> Any:
    ok(driver.cuInit(0))
    made = ok(driver.cuDevicePrimaryCtxRetain(0))
    driver.cuCtxPushCurrent(made)
    yield made
    driver.cuCtxPopCurrent()
    driver.cuDevicePrimaryCtxRelease(0)


class Program:
    """The driver and the model side by side. `slots` says what is mapped: (memory, its unit, first slot)."""

    def __init__(self) -> None:
        prop = driver.CUmemAllocationProp()
        prop.type = driver.CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED
        prop.location.type = driver.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE
        self.access = driver.CUmemAccessDesc()
        self.access.location = prop.location
        self.access.flags = driver.CUmemAccess_flags.CU_MEM_ACCESS_FLAGS_PROT_READWRITE
        self.base = int(ok(driver.cuMemAddressReserve(SLOTS * UNIT, 0, 0, 0)))
        self.handles = [ok(driver.cuMemCreate(2 * UNIT, prop, 0)) for _ in range(MEMORIES)]
        self.memories = [np.zeros(2 * UNIT, np.uint8) for _ in range(MEMORIES)]
        self.slots: list[tuple[int, int, int] | None] = [None] * SLOTS

    def close(self) -> None:
        for slot in range(SLOTS):
            self.unmap(slot)
        ok(driver.cuMemAddressFree(self.base, SLOTS * UNIT))
        for handle in self.handles:
            ok(driver.cuMemRelease(handle))

    def map(self, slot: int, memory: int, offset: int, units: int) -> None:
        good = offset + units <= 2 and slot + units <= SLOTS and not any(self.slots[slot:slot + units])
        at, size = self.base + slot * UNIT, units * UNIT
        assert works(driver.cuMemMap(at, size, offset * UNIT, self.handles[memory], 0)) == good
        if good:
            ok(driver.cuMemSetAccess(at, size, [self.access], 1))
            for unit in range(units):
                self.slots[slot + unit] = (memory, offset + unit, slot)

    def unmap(self, slot: int) -> None:
        units = sum(1 for one in self.slots if one is not None and one[2] == slot)
        assert works(driver.cuMemUnmap(self.base + slot * UNIT, max(units, 1) * UNIT)) == (units > 0)
        self.slots = [None if one is not None and one[2] == slot else one for one in self.slots]

    def pieces(self, offset: int, size: int) -> list[np.ndarray] | None:
        """The model's bytes of a range; None when some of it is not mapped."""
        found = []
        while size:
            slot, inner = divmod(offset, UNIT)
            part = min(size, UNIT - inner)
            here = self.slots[slot] if slot < SLOTS else None
            if here is None:
                return None
            start = here[1] * UNIT + inner
            found.append(self.memories[here[0]][start:start + part])
            offset, size = offset + part, size - part
        return found

    def fill(self, offset: int, size: int, value: int) -> None:
        pieces = self.pieces(offset, size)
        assert works(driver.cuMemsetD8(self.base + offset, value, size)) == (pieces is not None)
        for piece in pieces or ():
            piece[:] = value

    def copy(self, destination: int, source: int, size: int) -> None:
        to, origin = self.pieces(destination, size), self.pieces(source, size)
        if to is not None and origin is not None and any(np.shares_memory(a, b) for a in to for b in origin):
            return  # what overlapping copies do is not documented
        good = to is not None and origin is not None
        assert works(driver.cuMemcpyDtoD(self.base + destination, self.base + source, size)) == good
        if to is not None and origin is not None:
            data, at = np.concatenate(origin), 0
            for piece in to:
                piece[:] = data[at:at + len(piece)]
                at += len(piece)

    def read(self, offset: int, size: int) -> None:
        pieces, back = self.pieces(offset, size), np.empty(size, np.uint8)
        assert works(driver.cuMemcpyDtoH(back, self.base + offset, size)) == (pieces is not None)
        if pieces is not None:
            assert (back == np.concatenate(pieces)).all()


@settings(max_examples=40, deadline=None)
@given(steps)
def test_virtual_memory_is_what_the_model_says(program: list[tuple[Any, ...]]) -> None:
    runs = Program()
    try:
        for name, *arguments in program:
            getattr(runs, name)(*arguments)
        for slot in range(SLOTS):
            runs.read(slot * UNIT, UNIT)
    finally:
        runs.close()
