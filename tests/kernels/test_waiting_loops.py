"""Loops that wait for other threads (waiting_loops.cu), in both engines and with blocks of several classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from engines import ENGINES, engine_of

from compatlayer import Buffer, Device, LaunchConfig, Program, launch
from compatlayer.compiler import compile_cuda
from compatlayer.compiler.image import ROW32
from compatlayer.compiler.targets import cpu

SOURCE = Path(__file__).with_name("waiting_loops.cu")
BLOCKS = (1, 32, 64, 100, 256)
IN_LANES = ("blocks_in_a_row", "lock_for_the_block", "hash_insert", "tagged_histogram", "lower_neighbours_first")
NOT_IN_LANES = ("other_half_gives", "one_waits_for_the_rest", "slots_of_a_pool")
Run = Callable[..., list[np.ndarray]]


@pytest.fixture(scope="module", params=ENGINES)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """run(kernel, grid, block, *arguments) gives the contents of the arrays afterwards."""
    device = Device(0)
    program = Program(device, SOURCE.read_text(), name=SOURCE.name)

    def launched(name: str, grid: int, block: int, *arguments: object) -> list[np.ndarray]:
        buffers = [device.upload(each) if isinstance(each, np.ndarray) else each for each in arguments]
        with engine_of(device, request.param):
            launch(device.default_stream, LaunchConfig((grid,), (block,)), program.kernel(name), *buffers)
        device.default_stream.synchronize()
        arrays = [each for each in buffers if isinstance(each, Buffer)]
        contents = [each.copy_to() for each in arrays]
        for each in arrays:
            each.close()
        return contents

    yield launched
    program.close()
    device.close()


@pytest.mark.parametrize("kernel", IN_LANES + NOT_IN_LANES)
def test_only_loops_whose_bystanders_do_nothing_run_in_lanes(kernel: str) -> None:
    code = compile_cuda(SOURCE.read_text(), SOURCE.name, ["-arch=sm_86"])
    lowered = cpu.lower_variant(code, kernel, ROW32, "vector")
    if kernel in IN_LANES:
        assert lowered.reason == "" and lowered.width > 1
    else:
        assert "stand elsewhere" in lowered.reason


@pytest.mark.parametrize("block", BLOCKS)
def test_blocks_pass_a_sum_on(run: Run, block: int) -> None:
    grid = 23
    flags, out = run("blocks_in_a_row", grid, block, np.array([5] + [0] * grid, np.int32),
                     np.zeros(grid * block, np.int32))
    assert flags.tolist() == [5 + block * k for k in range(grid + 1)]
    assert out.tolist() == [5 + block * k + t for k in range(grid) for t in range(block)]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_lock_that_one_thread_takes_for_its_block(run: Run, block: int) -> None:
    lock, cells = run("lock_for_the_block", 9, block, np.zeros(1, np.int32), np.arange(300, dtype=np.int32), 300)
    expected = np.arange(300, dtype=np.int64)
    for _ in range(9):
        expected = expected * 3 + 1
    assert not lock.any() and cells.tolist() == expected.astype(np.int32).tolist()


@pytest.mark.parametrize("block", BLOCKS)
def test_keys_find_a_place_in_a_full_table(run: Run, block: int) -> None:
    count = 3 * block - 1
    keys = np.random.default_rng(block).permutation(10 * count)[:count].astype(np.uint32)
    keys[count // 2:] = keys[:count - count // 2]  # each twice, but for one
    unique = len(set(keys.tolist()))
    table = np.zeros((unique, 2), np.uint32)
    table[:, 0] = 0xffffffff
    found, _ = run("hash_insert", 3, block, table.ravel(), np.uint32(unique), keys, np.uint32(count))
    stored = dict(found.reshape(unique, 2).tolist())
    assert stored == {int(key): int(np.flatnonzero(keys == key)[-1]) + 1 for key in keys}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_histogram_of_tagged_bins(run: Run, block: int) -> None:
    data = np.random.default_rng(block).integers(0, 9, 5000).astype(np.uint8) * 28
    _, out = run("tagged_histogram", 3, block, data, len(data), np.zeros(256, np.uint32))
    assert out.tolist() == np.bincount(data, minlength=256).tolist()


@pytest.mark.parametrize("block", BLOCKS)
def test_threads_that_wait_for_lower_ones_of_their_own_warp(run: Run, block: int) -> None:
    count = 2 * block
    generator = np.random.default_rng(block)
    neighbours = [sorted(set(generator.integers(0, at, 3).tolist())) if at else [] for at in range(count)]
    first = np.cumsum([0, *map(len, neighbours)]).astype(np.int32)
    flat = np.array([each for some in neighbours for each in some] or [0], np.int32)
    state, *_ = run("lower_neighbours_first", 2, block, np.zeros(count, np.int32), first, flat, count)
    expected: list[int] = []
    for some in neighbours:
        total = 1
        for each in some:
            total = (total + expected[each]) % 65521
        expected.append(total + 1)
    assert state.tolist() == expected


@pytest.mark.parametrize("block", (32, 64, 96))
def test_one_half_of_a_warp_waits_for_the_other(run: Run, block: int) -> None:
    out, = run("other_half_gives", 4, block, np.zeros(block, np.int32))
    assert out.tolist() == [7] * 16 + [1] * (block - 16)


@pytest.mark.parametrize("block", (32, 64, 100))
def test_one_thread_waits_for_all_others(run: Run, block: int) -> None:
    out, = run("one_waits_for_the_rest", 3, block, np.zeros(block, np.int32))
    assert out.tolist() == [block - 1] * block


@pytest.mark.parametrize("block", (32, 100))
def test_fewer_slots_than_threads(run: Run, block: int) -> None:
    pool, out = run("slots_of_a_pool", 4, block, np.zeros(5, np.int32), 5, np.zeros(5, np.int32), 3)
    assert not pool.any() and out.sum() == 3 * 4 * block


@pytest.mark.parametrize("block", (32, 100))
def test_blocks_run_once_whose_function_comes_as_an_argument(run: Run, block: int) -> None:
    function, = run("tell", 1, 1, np.zeros(1, np.uint64))
    counts, = run("visits", 1000, block, function[0], np.zeros(1000, np.int32))
    assert counts.tolist() == [block] * 1000
