"""The arena: guards, alignment, zero fill, search, accounting."""

from __future__ import annotations

import ctypes as C
import random
import resource
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from native_driver import FAULTED, INVALID, OK, OUT_OF_MEMORY, Allocation, Box, Runtime, address, u64

pytestmark = pytest.mark.timeout(60)
PAGE = 4096


def readable(runtime: Runtime, at: int) -> bool:
    byte = (C.c_uint8 * 1)()
    box = Box(C.addressof(byte), 0, 0, at, 0, 0, 1, 1, 1)
    status = runtime.c.cpl_copy_now(C.byref(box))
    assert status in (OK, FAULTED)
    return bool(status == OK)


def find(runtime: Runtime, at: int) -> Allocation | None:
    out = Allocation()
    return out if runtime.c.cpl_memory_find(at, C.byref(out)) else None


@pytest.mark.parametrize("alignment", [0, 1, 512, 4096, 1 << 21])
@pytest.mark.parametrize("size", [1, 511, 512, 513, 4096, 5000, 2 << 20, (2 << 20) + 1, 50 << 20])
def test_memory_is_aligned_zero_and_guarded(runtime: Runtime, size: int, alignment: int) -> None:
    base = runtime.alloc(size, alignment)
    assert base % max(alignment, 512) == 0
    view = np.frombuffer((C.c_uint8 * size).from_address(base), np.uint8)
    assert not view[:PAGE].any() and not view[-PAGE:].any()
    view[:PAGE] = view[-PAGE:] = 1
    assert not readable(runtime, base - PAGE)
    assert not readable(runtime, base + size + max(PAGE, 512))
    if size < 2 << 20 and alignment <= 512:
        assert not readable(runtime, base + (size + 511) // 512 * 512)
    assert runtime.c.cpl_memory_free(base) == OK
    assert not readable(runtime, base) and find(runtime, base) is None


@pytest.mark.parametrize(("size", "alignment", "status"), [(0, 0, INVALID), (10, 3, INVALID), (10, 513, INVALID),
                                                           (1 << 60, 0, OUT_OF_MEMORY), (1 << 45, 0, OUT_OF_MEMORY)])
def test_requests_that_cannot_be_served_leave_nothing(runtime: Runtime, size: int, alignment: int, status: int) -> None:
    before = runtime.c.cpl_memory_count(), runtime.c.cpl_memory_used(0)
    assert runtime.c.cpl_memory_alloc(0, 0, size, alignment, C.byref(u64())) == status
    assert before == (runtime.c.cpl_memory_count(), runtime.c.cpl_memory_used(0))


def test_random_allocations_are_found_by_every_inner_address(runtime: Runtime) -> None:
    source = random.Random(3)
    live: dict[int, tuple[int, int, int]] = {}
    ids = set()
    used = runtime.c.cpl_memory_used(1)
    for _ in range(4000):
        if live and source.random() < 0.45:
            base = source.choice(list(live))
            assert runtime.c.cpl_memory_free(base) == OK
            del live[base]
        else:
            size, kind = source.choice([source.randint(1, 9000), source.randint(1, 9 << 20)]), source.randint(0, 2)
            base = runtime.alloc(size, 0, kind, 1)
            assert base not in live
            live[base] = (size, kind, base)
        if live:
            base = source.choice(list(live))
            size, kind, _ = live[base]
            found = find(runtime, base + source.randrange(size))
            assert found and (found.base, found.size_bytes, found.kind, found.device) == (base, size, kind, 1)
            assert find(runtime, base + size) is None and find(runtime, base - 1) is None
            ids.add((base, found.id))
    spans = sorted((base, base + size) for base, (size, _, _) in live.items())
    assert all(a[1] < b[0] for a, b in pairwise(spans))
    assert runtime.c.cpl_memory_used(1) - used == sum(size for size, kind, _ in live.values() if kind != 1)
    assert len({number for _, number in ids}) == len(ids)
    for base in live:
        assert runtime.c.cpl_memory_free(base) == OK
    assert runtime.c.cpl_memory_used(1) == used


def test_a_freed_address_is_not_given_out_again_soon(runtime: Runtime) -> None:
    seen = set()
    for _ in range(500):
        base = runtime.alloc(3000)
        assert base not in seen
        seen.add(base)
        assert runtime.c.cpl_memory_free(base) == OK
        assert runtime.c.cpl_memory_free(base) == INVALID


def test_more_allocations_than_the_system_has_mappings_still_succeed(runtime: Runtime) -> None:
    bases = [runtime.alloc(600) for _ in range(40_000)]
    assert len(set(bases)) == len(bases)
    for i, base in enumerate(bases):
        C.c_uint32.from_address(base).value = i
    assert all(C.c_uint32.from_address(base).value == i for i, base in enumerate(bases))
    for base in bases:
        assert runtime.c.cpl_memory_free(base) == OK
    # Memory of the dense region is handed out again, zero.
    again = [runtime.alloc(600) for _ in range(40_000)]
    assert not any(C.c_uint32.from_address(base).value for base in again)
    for base in again:
        assert runtime.c.cpl_memory_free(base) == OK


def test_foreign_memory_is_adopted_found_and_forgotten(runtime: Runtime) -> None:
    mine = np.zeros(1000, np.uint8)
    base = address(mine)
    assert runtime.c.cpl_memory_adopt(2, 4, base, 1000) == OK
    found = find(runtime, base + 999)
    assert found and found.base == base and found.kind == 4 and found.device == 2
    assert runtime.c.cpl_memory_adopt(2, 4, base + 10, 10) == INVALID
    assert runtime.c.cpl_memory_free(base) == OK and find(runtime, base) is None
    mine[:] = 1
    assert runtime.c.cpl_memory_free(base) == INVALID


def test_freed_memory_goes_back_to_the_system(runtime: Runtime) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    before = resident()
    for _ in range(30):
        array = runtime.array(np.uint8, 20 << 20)
        array[:] = 1
        runtime.free(array)
    assert resident() - before < 30 << 20
