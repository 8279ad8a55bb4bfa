"""Warp operations against a model in Python."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest
from native_driver import Domain, Runtime, address, basic

pytestmark = pytest.mark.timeout(60)
ALL = 0xFFFFFFFF


@pytest.fixture
def domain(runtime: Runtime):
    with Domain(runtime) as opened:
        yield opened


def source_lane(kind: int, lane: int, b: int, c: int) -> tuple[int, bool]:
    """PTX's definition of shfl.sync: the lane read, and the predicate."""
    b, clamp, segment = b & 31, c & 31, c >> 8 & 31
    top = (lane & segment) | (clamp & ~segment & 31)
    j = [lane - b, lane + b, lane ^ b, (lane & segment) | (b & ~segment & 31)][kind]
    inside = j >= top if kind == 0 else j <= top
    return (j if inside else lane), inside


def random_masks(count: int) -> list[int]:
    source = random.Random(7)
    return [ALL, 1, 1 << 31, 0x55555555, *(source.randrange(1, ALL + 1) for _ in range(count))]


@pytest.mark.parametrize("threads", [32, 96, 45])
@pytest.mark.parametrize("kind", [0, 1, 2, 3])
def test_shuffles_read_the_lane_that_ptx_defines(domain: Domain, kind: int, threads: int) -> None:
    runtime, source = domain.runtime, random.Random(kind * 100 + threads)
    result, pred, value, b = (runtime.array(np.uint32, threads) for _ in range(4))
    for mask in random_masks(8):
        width = source.choice([1, 2, 4, 8, 16, 32])
        c = (32 - width) << 8 | (0 if kind == 0 else 31)
        if source.random() < 0.3:
            c = source.randrange(32) << 8 | source.randrange(32)
        value[:] = [source.randrange(2**32) for _ in range(threads)]
        b[:] = [source.randrange(64) for _ in range(threads)]
        result[:] = pred[:] = 99
        args = struct.pack("4Q3I", *map(address, (result, pred, value, b)), kind, mask, c)
        assert domain.run("shuffles", 1, threads, args) == 0
        for me in range(threads):
            warp, lane = me - me % 32, me % 32
            if not mask >> lane & 1:
                assert result[me] == 99
                continue
            j, inside = source_lane(kind, lane, int(b[me]), c)
            there = 0 <= j < 32 and mask >> j & 1 and warp + j < threads
            assert pred[me] == inside
            assert result[me] == value[warp + j if there else me]
    runtime.free(result, pred, value, b)


@pytest.mark.parametrize("threads", [32, 70])
def test_votes_and_matches_agree_with_the_model(domain: Domain, threads: int) -> None:
    runtime, source = domain.runtime, random.Random(threads)
    out, value = runtime.array(np.uint32, 6 * threads), runtime.array(np.uint64, threads)
    for round_, mask in enumerate(random_masks(12)):
        value[:] = [source.choice([2**40 + 1, 1, 2, 3][: 1 + round_ % 4]) for _ in range(threads)]
        out[:] = 5
        assert domain.run("votes", 1, threads, struct.pack("2Q2I", address(out), address(value), 0, mask)) == 0
        for me in range(threads):
            warp, lane = me - me % 32, me % 32
            row = [int(v) for v in out[6 * me: 6 * me + 6]]
            if not mask >> lane & 1:
                assert row == [5] * 6
                continue
            lanes = [j for j in range(32) if mask >> j & 1 and warp + j < threads]
            live = sum(1 << j for j in lanes)
            ballot = sum(1 << j for j in lanes if value[warp + j] & 1)
            same = sum(1 << j for j in lanes if value[warp + j] == value[me])
            every = same == live
            assert row == [ballot == live, ballot != 0, ballot in (0, live), ballot, same,
                           (live ^ (1 << 31 | 1)) & ALL if every else 0]
    runtime.free(out, value)


@pytest.mark.parametrize(("kind", "function"), list(enumerate([
    lambda v: sum(v) % 2**32, min, max, lambda v: min(v, key=lambda x: x - (x >> 31 << 32)),
    lambda v: max(v, key=lambda x: x - (x >> 31 << 32)), np.bitwise_and.reduce, np.bitwise_or.reduce,
    np.bitwise_xor.reduce])))
def test_warp_reductions_agree_with_the_model(domain: Domain, kind: int, function: object) -> None:
    runtime, source = domain.runtime, random.Random(kind)
    out, value = runtime.array(np.uint32, 50), runtime.array(np.uint64, 50)
    for mask in random_masks(6):
        value[:] = [source.randrange(2**32) for _ in range(50)]
        assert domain.run("reduces", 1, 50, struct.pack("2Q2I", address(out), address(value), kind, mask)) == 0
        for me in (j for j in range(50) if mask >> (j % 32) & 1):
            warp = me - me % 32
            lanes = [int(value[warp + j]) for j in range(32) if mask >> j & 1 and warp + j < 50]
            assert out[me] == function(lanes)  # type: ignore[operator]
    runtime.free(out, value)


def test_active_mask_answers_the_lanes_at_the_same_place(domain: Domain) -> None:
    out = domain.runtime.array(np.uint32, 64)
    assert domain.run("active", 1, 64, basic(out)) == 0
    thirds = sum(1 << i for i in range(0, 32, 3))
    assert all(out[i] == (thirds if i % 32 % 3 == 0 else ALL ^ thirds) for i in range(64))
    domain.runtime.free(out)
