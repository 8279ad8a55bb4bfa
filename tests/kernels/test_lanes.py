"""Kernels whose lanes part (lanes.cu) in both engines, with blocks of every class, against NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from engines import ENGINES, engine_of

import compatlayer
from compatlayer import Device, LaunchConfig, Program, launch

Block = tuple[int, ...]
BLOCKS: tuple[Block, ...] = ((1,), (2, 2), (64,), (16, 16), (24, 5), (8, 8, 2), (33,), (100, 1), (31,), (4, 4, 4),
                             (7, 3, 5), (1024,))
WHOLE_WARPS = tuple(block for block in BLOCKS if int(np.prod(block)) % 32 == 0)
GRID = 3


class Runner:
    """Launches kernels of lanes.cu in one engine."""

    def __init__(self, device: Device, engine: str) -> None:
        self.device, self.engine = device, engine
        path = Path(__file__).with_name("lanes.cu")
        self.program = Program(device, path.read_text(), name=path.name)

    def __call__(self, name: str, block: Block, *arguments: object) -> list[np.ndarray]:
        """Arrays are buffers, numbers go by value; the contents of all buffers afterwards."""
        buffers = [self.device.upload(each) if isinstance(each, np.ndarray) else each for each in arguments]
        stream = self.device.default_stream
        with engine_of(self.device, self.engine):
            launch(stream, LaunchConfig((GRID,), block), self.program.kernel(name), *buffers)
        stream.synchronize()
        contents = [each.copy_to() for each in buffers if isinstance(each, compatlayer.Buffer)]
        for each in buffers:
            if isinstance(each, compatlayer.Buffer):
                each.close()
        return contents


@pytest.fixture(scope="module", params=ENGINES)
def run(request: pytest.FixtureRequest) -> Iterator[Runner]:
    device = Device(0)
    runner = Runner(device, request.param)
    yield runner
    runner.program.close()
    device.close()


def words(block: Block, low: int = -(2**31), high: int = 2**31 - 1, dtype: type = np.int32) -> np.ndarray:
    count = GRID * int(np.prod(block))
    return np.random.default_rng(count).integers(low, high, count, dtype, endpoint=True)


def tids(block: Block) -> np.ndarray:
    return np.tile(np.arange(int(np.prod(block))), GRID)


def same(got: np.ndarray, wanted: object, block: Block) -> None:
    np.testing.assert_array_equal(got, np.asarray(wanted, got.dtype), err_msg=f"block {block}")


def test_warps_that_need_no_synchronisation_sum_through_volatile_memory(run: Runner) -> None:
    if run.engine == "naive":
        pytest.skip("CUDA promises lanes in step no more, and the naive engine runs one after the other")
    for block in WHOLE_WARPS:
        x = words(block)
        _, got = run("volatile_sums", block, x, np.zeros(x.size // 32, np.int32))
        same(got, x.reshape(-1, 32).sum(axis=1, dtype=np.int32), block)


def test_bools_in_local_and_shared_arrays(run: Runner) -> None:
    for block in BLOCKS:
        x, tid = words(block, 0, 255, np.uint8), tids(block)
        seen = (x[:, None] >> np.arange(8)) & 1
        me = np.arange(x.size)
        other = np.roll(seen[me, tid & 7].reshape(GRID, -1), -1, axis=1).ravel()
        flips = (x & 1) == 1
        seen[me[flips], (x >> 5)[flips]] = ((1 - seen[me, x >> 5]) | other)[flips]
        _, out, bits = run("bools", block, x, np.zeros(x.size, bool), np.zeros(x.size, np.uint32))
        same(bits, (seen << np.arange(8)).sum(axis=1), block)
        same(out, other != seen[me, x & 7], block)


def test_halves_in_divergent_code(run: Runner) -> None:
    for block in BLOCKS:
        tid = tids(block)
        x = (words(block, -60, 60) / 8).astype(np.float16)
        wanted = np.where(x < 0, x, np.where(tid & 1, x * np.float16(2), x)).astype(np.float16)
        for k in range(3):
            wanted = np.where((x < 0) & (k < (tid & 3)), wanted + np.float16(0.5), wanted).astype(np.float16)
        _, got = run("halves", block, x, np.zeros_like(x))
        same(got, wanted, block)


def truncated(n: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    safe = np.where(d == 0, 1, d)
    rest = np.fmod(n, safe)
    return (n - rest) // safe, rest


def test_quotients_of_lanes_that_may_divide(run: Runner) -> None:
    for block in BLOCKS:
        n, d = words(block, -(2**62), 2**62, np.int64), words(block, -3, 3, np.int64)
        d = np.where(np.arange(d.size) % 7 == 3, d * 12345678901 + 70000, d)
        wide = (d != 0) & (d != -1)
        q, r = truncated(n, d)
        low_n, low_d = n.astype(np.int32), d.astype(np.int32)
        sq, sr = truncated(low_n.astype(np.int64), low_d.astype(np.int64))
        tq, _ = truncated(n.astype(np.int16).astype(np.int64), d.astype(np.int16).astype(np.int64))
        unsigned = d.astype(np.uint16).astype(np.int64)
        ur = n.astype(np.uint8).astype(np.int64) % np.where(unsigned == 0, 1, unsigned)
        _, _, out, small, tiny = run("quotients", block, n, d, np.zeros_like(n), np.zeros(n.size, np.int32),
                                     np.zeros(n.size, np.int16))
        same(out, np.where(wide, q + r, -7), block)
        same(small, np.where(wide & (low_d != 0) & (low_d != -1), sq - sr, -7).astype(np.int32), block)
        same(tiny, np.where(wide & (d.astype(np.int16) != 0), tq ^ ur, -7).astype(np.int16), block)


def fibonacci(n: int) -> int:
    a, b, last, k = 0, 1, 77, 0
    while k < n:
        a, b, last = b, (a + b) & 0xFFFFFFFF, k * 3
        if b % 7 == 5:
            break
        k += 1
    return (a * 1000003 + b * 101 + last + k) & 0xFFFFFFFF


def test_loops_that_exchange_values_and_end_at_different_turns(run: Runner) -> None:
    for block in BLOCKS:
        n = words(block, -2, 40)
        _, got = run("fibonacci", block, n, np.zeros(n.size, np.uint32))
        same(got, [fibonacci(int(each)) for each in n], block)


def test_old_values_of_atomics_are_told_once_each(run: Runner) -> None:
    for block in BLOCKS:
        bins, gid = words(block, 0, 7), np.arange(words(block).size)
        nothing = np.full(bins.size, 2**32 - 1, np.uint32)
        counters = np.zeros(16, np.uint32)
        _, own, in_bin, ticket, counters = run("tickets", block, bins, nothing, nothing, nothing, counters)
        taking = bins != 3
        assert (own[~taking] == 2**32 - 1).all()
        for rows in zip(*(each.reshape(GRID, -1) for each in (taking, own, in_bin, bins)), strict=True):
            mine, first, second, kind = rows
            same(np.sort(first[mine]), np.arange(mine.sum()), block)
            for each in set(range(8)) - {3}:
                same(np.sort(second[mine & (kind == each)]), 2 * np.arange((mine & (kind == each)).sum()), block)
        same(np.sort(ticket[taking]), 3 * np.arange(taking.sum()), block)
        assert counters[0] == 3 * taking.sum() and counters[1] == gid[taking].max(initial=0)
        totals = [-gid[taking & (bins == each)].sum() for each in range(8)]
        same(counters[2:10], np.array(totals).astype(np.uint32), block)
        assert counters[10] == taking.sum() % 5 and counters[11] == 5 * (bins & 1).any()


def test_compare_and_swap_finds_the_largest(run: Runner) -> None:
    for block in BLOCKS:
        x = words(block) / 7.0
        _, got = run("largest", block, x, np.zeros(1, np.uint64))
        assert got.view(np.float64)[0] == x[tids(block) % 3 != 1].max(initial=0.0)


def test_indices_that_wrap_stay_right(run: Runner) -> None:
    for block in BLOCKS:
        x, n = words(block), words(block).size
        if n < 4:
            continue
        i = np.arange(n)
        total = np.where(i > 0, x[i - 1], 0) + np.where(i + 1 < n, x[(i + 1) % n], 0) * 3
        total = total + x[i * 0x80000001 % 2**32 % n] + x[(i ^ 0xFFFFFFFF) % n] + x[(i - 5) % 2**32 & 3]
        total = total + np.where(i >= 3, x[i - 3], 0) * 18 + 2 * x[n - 1 - i].astype(np.int64)
        _, got = run("neighbours", block, x, np.zeros_like(x), np.uint32(n))
        same(got, total.astype(np.int32), block)


def grow(node: list, by: int) -> None:
    while True:
        node[3][node[0] % 6] = by * 3
        node[1] += by * 0.5
        node[2] ^= by & 255
        node[0] += 1
        if node[0] >= by:
            return
        by -= 1


def test_structs_that_recursive_functions_change(run: Runner) -> None:
    for block in BLOCKS:
        by = words(block, 0, 1000)
        sums, checks = [], []
        for each, tid in zip(by.tolist(), tids(block).tolist(), strict=True):
            node = [0, float(tid), 0, [0] * 6]
            if each & 1:
                grow(node, each & 7)
            elif each & 2:
                grow(node, 2)
            check = node[0] + 10 * node[2]
            for part in node[3]:
                check = check * 7 + part
            sums.append(node[1])
            checks.append((check + 2**31) % 2**32 - 2**31)
        _, got, found = run("grown", block, by, np.zeros(by.size, np.float32), np.zeros(by.size, np.int32))
        same(got, sums, block)
        same(found, checks, block)


def test_functions_that_each_lane_chooses(run: Runner) -> None:
    for block in BLOCKS:
        x = words(block, 0, 2**20)
        low = x & 0xFFFF
        halved = np.array([each if each < 4 else next(
            (each >> k) + k for k in range(1, 20) if each >> k < 4) for each in low.tolist()])
        wanted = np.where(low & 8, np.choose(low % 3, [2 * low, low + 9, halved]), low)
        same(run("chosen", block, x, np.zeros_like(x))[1], wanted, block)


def signed(x: object) -> np.ndarray:
    return np.asarray(x).astype(np.uint32).view(np.int32).astype(np.int64)


def test_groups_of_lanes_with_masks_of_their_own(run: Runner) -> None:
    for block in WHOLE_WARPS:
        x = words(block)
        lane = np.arange(x.size) & 31
        eights, warps = x.astype(np.int64).reshape(-1, 8), x.astype(np.int64).reshape(-1, 32)
        place = np.arange(8)

        def bits(flags: np.ndarray, of: np.ndarray = lane) -> np.ndarray:
            row = (flags.reshape(-1, 8).astype(np.int64) << of.reshape(-1, 8)).sum(axis=1)
            return signed(np.repeat(row, 8))

        moved = np.stack([row[place ^ (place & 4)] for row in eights]).ravel()
        total = np.repeat(eights[:, 3], 8) + 5 * moved
        total = signed(total) ^ signed(bits(x & 2 != 0) + np.repeat((eights & 4).any(axis=1), 8))
        match = np.stack([[sum(1 << k for k in place if (row[k] ^ row[me]) & 3 == 0) for me in place]
                          for row in eights]).ravel() << (lane & 24)
        total = total + np.repeat(eights.sum(axis=1), 8) + match
        total = np.where(np.repeat(eights[:, 0], 8) & 1, total, 0)
        halves = [warps[:, parity::2] for parity in (0, 1)]
        least = np.stack([each.min(axis=1) for each in halves], axis=1)
        total = total + np.tile(least, 16).reshape(-1)
        down = np.where((lane & 15) < 14, np.roll(x, -2), x)
        same_top = np.stack([(each >> 30 == each[:, :1] >> 30).all(axis=1) for each in halves], axis=1)
        all_ = np.tile(same_top, 16).reshape(-1)
        mask = signed(np.where(all_, np.where(lane & 1, 0xAAAAAAAA, 0x55555555), 0))
        got = run("groups", block, x, np.zeros_like(x))[1]
        same(got, signed(total + down + mask * 3 + all_), block)


def test_tiles_that_part_within_a_warp(run: Runner) -> None:
    for block in WHOLE_WARPS:
        x = words(block).astype(np.int64)
        rank = np.arange(x.size) % int(np.prod(block))
        fours = x.reshape(-1, 4)
        low = np.repeat(((fours & 1) << np.arange(4)).sum(axis=1), 4)
        some = np.repeat((fours < 0).any(axis=1), 4)
        wanted = np.where(rank // 16 & 1, np.repeat(x.reshape(-1, 16).sum(axis=1), 16),
                          np.where(some, fours[:, ::-1].ravel() + low, x))
        same(run("tiles", block, x.astype(np.int32), np.zeros(x.size, np.int32))[1], signed(wanted), block)


def left_behind(x: np.ndarray) -> tuple[list[int], int]:
    """One block of `leaving`."""
    live, out, here = dict(enumerate(x.tolist())), [-1] * len(x), 0
    for turn in range(4):
        for thread, value in list(live.items()):
            found = next((k for k in range(value & 3) if value >> k & 15 == 9), None)
            if found is not None:
                out[thread] = 100 * turn + found
            elif int(np.fmod(value, 11)) == turn:
                here += 1
            else:
                continue
            del live[thread]
        left = sum(value & 1 for value in live.values())
        live = {thread: int(value / 2) + left for thread, value in live.items()}
        if any(value > 1 << 29 for value in live.values()):
            break
    for thread, value in live.items():
        out[thread] = value
    return out, here if live else 0


def test_lanes_leave_at_three_depths_before_barriers(run: Runner) -> None:
    for block in BLOCKS:
        x = words(block, 0, 2**28)
        _, out, counts = run("leaving", block, x, np.zeros_like(x), np.zeros(GRID, np.int32))
        wanted = [left_behind(each) for each in x.reshape(GRID, -1)]
        same(out, [value for each, _ in wanted for value in each], block)
        same(counts, [here for _, here in wanted], block)


def test_divergent_lanes_print_their_own_lines(run: Runner, capfd: pytest.CaptureFixture) -> None:
    for block in ((33,), (7, 3, 5), (16, 16)):
        x = words(block, 0, 1000)
        run("told", block, x)
        wanted = [f"thread {i} has {v} and {v * 0.25:.2f} {'odd' if v & 1 else 'even'}" if v % 5 == 2
                  else f"three at {i}" for i, v in enumerate(x.tolist()) if v % 5 in (2, 3)]
        assert sorted(capfd.readouterr().out.splitlines()) == sorted(wanted)
