"""CUDA's open C++ libraries (the cuda-cccl wheel's headers, unmodified) in both engines against NumPy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from cccl_runner import Runner, headers, runners
from engines import ENGINES
from hypothesis import given, settings
from hypothesis import strategies as st

from compatlayer import Device, Program

ALGORITHMS = {"int": np.int32, "double": np.float64}
DEVICE = {
    "reduce": "cub::detail::reduce::DeviceReduceKernel<ReduceTuning, true, const T *, T *, unsigned, unsigned, Plus, "
              "T, T, cuda::std::identity>",
    "last": "cub::detail::reduce::DeviceReduceSingleTileKernel<ReduceTuning, T *, T *, int, Plus, T, T>",
    "digits": "cub::detail::radix_sort::DeviceRadixSortHistogramKernel<SortTuning, cub::SortOrder::Ascending, T, "
              "unsigned>",
    "sums": "cub::detail::radix_sort::DeviceRadixSortExclusiveSumKernel<SortTuning, unsigned>",
    "sweep": "cub::detail::radix_sort::DeviceRadixSortOnesweepKernel<SortTuning, cub::SortOrder::Ascending, T, int, "
             "unsigned, int>",
    "small": "cub::detail::radix_sort::DeviceRadixSortSingleTileKernel<SortTuning, cub::SortOrder::Ascending, T, int, "
             "unsigned>",
}
SHAPE_NAMES = ("scan_threads", "scan_items", "reduce_threads", "reduce_items", "last_threads", "digits_threads",
               "sweep_threads", "sweep_items", "bits", "small_threads", "small_items", "sums_threads", "share_bytes")
NOTHING = b"\0"  # an object without members
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=3, deadline=None)


pytestmark = [pytest.mark.timeout(300),
              pytest.mark.skipif(headers() is None, reason="the cuda-cccl wheel is not installed")]


@pytest.fixture(scope="module", params=ENGINES)
def run(request: pytest.FixtureRequest) -> Iterator[Runner]:
    device = Device(0)
    yield Runner(device, request.param)
    device.close()


def ints(seed: int, count: int, low: int = -1000, high: int = 1000) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, count, np.int32)


def test_types_of_the_standard_library(run: Runner) -> None:
    x = ints(1, 300)
    out = run(run.program("standard"), "standard", (3, 128), x, np.zeros((300, 7)), np.int32(300))[1]
    z = x + 1j
    z = z * z + np.conj(z)
    bits = np.array([each.bit_count() + 32 - each.bit_length() for each in x.view(np.uint32).tolist()])
    wanted = [x + 1.5, z.real, z.imag, np.where(x % 2 == 0, np.trunc(x / 2), -1), np.where(x > 0, x + 1.0, 1.25),
              x[-1] + bits, np.full(300, np.float64(np.finfo(np.float32).max) + 5)]
    np.testing.assert_array_equal(out, np.stack(wanted, 1))


@few
@given(seed=seeds)
def test_threads_meet_at_barriers(seed: int) -> None:
    for run in runners():
        program = run.program("waiting")
        for block in (32, 100, 256):
            data = ints(seed, 2 * block).reshape(2, block)
            wanted = data.copy()
            for k in range(5):
                wanted = 3 * wanted + k + np.roll(wanted, -1, axis=1)
            got = run(program, "rotations", (2, block), data, np.int32(5))[0]
            np.testing.assert_array_equal(got, wanted, err_msg=str(block))
        data = ints(seed, 7 * 32).reshape(7, 32)
        out = run(program, "producer_consumer", (2, 96), data, np.zeros((2, 2, 32), np.int32), np.int32(7))[1]
        np.testing.assert_array_equal(out, np.tile(np.stack([data.sum(0), 2 * data.sum(0)]), (2, 1, 1)))


def test_copies_arrive_at_barriers_and_in_pipelines(run: Runner) -> None:
    program = run.program("waiting")
    data = ints(2, 3 * 200).reshape(3, 200)
    out = run(program, "copied", (3, 64), data, np.zeros_like(data), np.int32(200), shared=800)[1]
    np.testing.assert_array_equal(out, data[:, ::-1])
    parts = ints(3, 2 * 5 * 128).reshape(2, 5, 128)
    out = run(program, "pipelined", (2, 128), parts, np.zeros((2, 128), np.int32), np.int32(5))[1]
    np.testing.assert_array_equal(out, (parts[:, :, ::-1] * np.arange(1, 6)[:, None]).sum(1))
    out = run(program, "own_pipelines", (2, 128), parts.reshape(256, 5), np.zeros(256, np.int32), np.int32(5))[1]
    np.testing.assert_array_equal(out, (parts.reshape(256, 5) * 3 ** np.arange(4, -1, -1)).sum(1))


def test_atomics_of_every_scope(run: Runner) -> None:
    data = ints(4, 4 * 96)
    out = np.zeros(9, np.int32)
    out[1], out[2] = -5000, 5000
    _, out, total, wide = run(run.program("waiting"), "atomics", (4, 96), data, out, np.zeros(1),
                              np.zeros(1, np.uint64))
    wanted = [data.sum(), data.max(), data.min(), np.bitwise_xor.reduce(data), 2 * data.sum(), *[96] * 4]
    np.testing.assert_array_equal(out, wanted)
    assert total[0] == data.sum() * 0.5
    assert int(wide[0]) == 384 << 33


def test_a_semaphore_lets_one_in_and_a_latch_all_out(run: Runner) -> None:
    out = run(run.program("waiting"), "guarded", (2, 128), np.zeros(8, np.int32))[0]
    np.testing.assert_array_equal(out, np.full(8, 4))


def values(seed: int, type_: str, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(-5000, 5000, count).astype(ALGORITHMS[type_]) / (1 if type_ == "int" else 4)


def tiles(run: Runner, type_: str, threads: int, items: int, seed: int) -> tuple[Program, np.ndarray]:
    program = run.program("blocks", f"ELEMENT={type_}", f"THREADS={threads}", f"ITEMS={items}")
    return program, values(seed, type_, 2 * threads * items).astype(ALGORITHMS[type_]).reshape(2, -1)


SHAPES = (("int", 128, 4), ("double", 64, 3))


@pytest.mark.parametrize(("type_", "threads", "items"), SHAPES)
def test_blocks_reduce(run: Runner, type_: str, threads: int, items: int) -> None:
    for seed, valid in ((1, threads), (2, 45)):
        program, data = tiles(run, type_, threads, items, seed)
        out = run(program, "reductions", (2, threads), data, np.zeros((2, 6), data.dtype), np.int32(valid))[1]
        first = data[:, ::items]
        whole = data.sum(1) + data.max(1)
        wanted = [whole] * 3 + [first[:, :valid].sum(1), first[:, :32].sum(1), first[:, :8].max(1)]
        np.testing.assert_array_equal(out, np.stack(wanted, 1))


@pytest.mark.parametrize(("type_", "threads", "items"), SHAPES)
def test_blocks_scan(run: Runner, type_: str, threads: int, items: int) -> None:
    program, data = tiles(run, type_, threads, items, 3)
    out = run(program, "scans", (2, threads), data, np.zeros((2, 4, data.shape[1]), data.dtype))[1]
    sums = np.cumsum(data, 1)
    warps = np.cumsum(data[:, ::items].reshape(2, -1, 32), 2).reshape(2, -1)
    last = np.repeat(sums[:, -1:], data.shape[1], 1)
    last[:, ::items] = warps
    np.testing.assert_array_equal(out, np.stack([sums, sums - data, np.maximum.accumulate(data, 1), last], 1))


@pytest.mark.parametrize(("type_", "threads", "items"), SHAPES)
def test_blocks_and_warps_sort(run: Runner, type_: str, threads: int, items: int) -> None:
    program, data = tiles(run, type_, threads, items, 4)
    _, out, places = run(program, "sorts", (2, threads), data, np.zeros((2, 4, data.shape[1]), data.dtype),
                         np.zeros(data.shape, np.int32))
    order = np.sort(data, 1)
    warps = np.sort(data.reshape(2, -1, 32 * items), 2).reshape(data.shape)
    np.testing.assert_array_equal(out, np.stack([order, order[:, ::-1], order, warps], 1))
    np.testing.assert_array_equal(places, np.argsort(data, 1, kind="stable"))


@pytest.mark.parametrize(("type_", "threads", "items"), SHAPES)
def test_blocks_count_exchange_and_compare_neighbours(run: Runner, type_: str, threads: int, items: int) -> None:
    program, data = tiles(run, type_, threads, items, 5)
    small = np.random.default_rng(6).integers(0, 4, data.shape).astype(np.uint8) * 21
    _, _, out, counts = run(program, "others", (2, threads), data, small, np.zeros((2, 3, data.shape[1]), data.dtype),
                            np.zeros((2, 2, 64), np.int32))
    wanted = np.stack([np.bincount(row, minlength=64) for row in small])
    np.testing.assert_array_equal(counts, np.stack([wanted, wanted], 1))
    striped = data.reshape(2, items, threads).transpose(0, 2, 1).reshape(data.shape)
    heads = np.diff(small.astype(int), axis=1, prepend=-1) != 0
    steps = np.diff(data, axis=1, prepend=0)
    np.testing.assert_array_equal(out, np.stack([striped, heads.astype(data.dtype), steps], 1))


def wide(run: Runner) -> Program:
    """The kernels of cub's algorithms over arrays of int."""
    return run.program("device", "ELEMENT=int", names=tuple(DEVICE.values()))


def shapes(run: Runner) -> dict[str, int]:
    out = run(wide(run), "shapes", (1, 1), np.zeros(13, np.int32))[0]
    return dict(zip(SHAPE_NAMES, out.tolist(), strict=True))


@pytest.mark.parametrize("count", (1000, 100003))
def test_kernels_of_the_reduction_over_the_device(run: Runner, count: int) -> None:
    program, shape = wide(run), shapes(run)
    data, grid = ints(7, count), 5
    even = run(program, "share", (1, 1), np.zeros(shape["share_bytes"], np.uint8), np.uint32(count), np.int32(grid),
               np.int32(shape["reduce_threads"] * shape["reduce_items"]))[0]
    grid = min(grid, -(-count // (shape["reduce_threads"] * shape["reduce_items"])))
    parts = run(program, DEVICE["reduce"], (grid, shape["reduce_threads"]), data, np.zeros(grid, np.int32),
                np.uint32(count), even.tobytes(), NOTHING, np.int32(0), NOTHING)[1]
    total = run(program, DEVICE["last"], (1, shape["last_threads"]), parts, np.zeros(1, np.int32), np.int32(grid),
                NOTHING, np.int32(17), NOTHING)[1]
    assert total[0] == data.sum() + 17


@pytest.mark.parametrize("count", (500, 20000, 40000, 300000))
def test_scans_whose_blocks_look_back(run: Runner, count: int) -> None:
    program, data = wide(run), ints(8, count)
    tiles_ = -(-count // (128 * 9))
    state = np.zeros(2 * (tiles_ + 64), np.int32)
    state = run(program, "scan_begins", (-(-tiles_ // 128), 128), state, np.int32(tiles_))[0]
    out = run(program, "scans", (tiles_, 128), data, np.zeros_like(data), state, np.int32(tiles_), np.uint32(count))[1]
    np.testing.assert_array_equal(out, np.cumsum(data) - data)


@pytest.mark.parametrize("count", (100, 2000, 10000, 100000))
def test_selections_whose_blocks_look_back(run: Runner, count: int) -> None:
    program, data = wide(run), ints(9, count)
    tiles_ = -(-count // 128)
    state = run(program, "selection_begins", (-(-tiles_ // 128), 128), np.zeros(2 * (tiles_ + 64), np.int32),
                np.int32(tiles_))[0]
    _, out, found, _ = run(program, "selects", (tiles_, 128), data, np.zeros_like(data), np.zeros(1, np.int32), state,
                           np.int32(count))
    wanted = data[data % 2 != 0]
    np.testing.assert_array_equal(out[:found[0]], wanted)


def test_kernels_of_the_radix_sort_over_the_device(run: Runner) -> None:
    program, shape = wide(run), shapes(run)
    passes, count = -(-32 // shape["bits"]), 30011
    keys, places = np.random.default_rng(10).integers(-2**31, 2**31, count, np.int32), np.arange(count, dtype=np.int32)
    bins = np.zeros((passes, 1 << shape["bits"]), np.uint32)
    bins = run(program, DEVICE["digits"], (3, shape["digits_threads"]), bins, keys, np.uint32(count), np.int32(0),
               np.int32(32), NOTHING)[0]
    bins = run(program, DEVICE["sums"], (passes, shape["sums_threads"]), bins)[0]
    tiles_ = -(-count // (shape["sweep_threads"] * shape["sweep_items"]))
    wanted = np.sort(keys)
    order = np.argsort(keys, kind="stable")
    for step in range(passes):
        first = step * shape["bits"]
        state = np.zeros((tiles_ + 1) << shape["bits"], np.int32)
        out = run(program, DEVICE["sweep"], (tiles_, shape["sweep_threads"]), state, np.zeros(1, np.int32),
                  np.zeros(1 << shape["bits"], np.uint32), bins[step], np.zeros_like(keys), keys, np.zeros_like(places),
                  places, np.int32(count), np.int32(first), np.int32(min(shape["bits"], 32 - first)), NOTHING)
        keys, places = out[4], out[6]
    np.testing.assert_array_equal(keys, wanted)
    np.testing.assert_array_equal(places, order)


def test_the_sort_of_one_tile(run: Runner) -> None:
    program, shape = wide(run), shapes(run)
    count = shape["small_threads"] * shape["small_items"] - 5
    keys = ints(11, count)
    out = run(program, DEVICE["small"], (1, shape["small_threads"]), keys, np.zeros_like(keys),
              np.arange(count, dtype=np.int32), np.zeros_like(keys), np.uint32(count), np.int32(0), np.int32(32),
              NOTHING)
    np.testing.assert_array_equal(out[1], np.sort(keys))
    np.testing.assert_array_equal(out[3], np.argsort(keys, kind="stable"))
