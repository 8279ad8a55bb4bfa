"""Blocks that wait for blocks before them (look_back.cu), many more than run at once, in both engines, with one worker
and with more workers than processors."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from engines import ENGINES, engine_of
from hypothesis import given, settings
from hypothesis import strategies as st

from compatlayer import Buffer, Device, LaunchConfig, Program, launch
from compatlayer.compiler.image import ROW32
from compatlayer.compiler.targets import cpu

SOURCE = Path(__file__).with_name("look_back.cu")
SCANS = ("scan_walks", "scan_looks", "scan_walks_by_ticket", "scan_looks_by_ticket")
TORN = ("relaxed_longs", "ordered_longs", "volatile_longs", "relaxed_words")
BLOCKS = (32, 64, 100, 256)
few = settings(max_examples=8, deadline=None)
grids = st.one_of(st.integers(1, 40), st.integers(30, 600))
seeds = st.integers(0, 2**32 - 1)
pytestmark = pytest.mark.timeout(120)


class Runner:
    """Launches kernels of look_back.cu in one engine."""

    def __init__(self, engine: str) -> None:
        self.engine, self.device = engine, Device(0)
        self.program = Program(self.device, SOURCE.read_text(), name=SOURCE.name)

    def __call__(self, name: str, grid: int, block: int, *arguments: object, shared: int = 0) -> list[np.ndarray]:
        """The contents of the arrays afterwards."""
        buffers = [self.device.upload(each) if isinstance(each, np.ndarray) else each for each in arguments]
        with engine_of(self.device, self.engine):
            launch(self.device.default_stream, LaunchConfig((grid,), (block,), shared), self.program.kernel(name),
                   *buffers)
        self.device.default_stream.synchronize()
        arrays = [each for each in buffers if isinstance(each, Buffer)]
        contents = [each.copy_to() for each in arrays]
        for each in arrays:
            each.close()
        return contents


@cache
def runner(engine: str) -> Runner:
    return Runner(engine)


@pytest.fixture(scope="module", autouse=True)
def devices() -> Iterator[None]:
    yield
    for engine in ENGINES:
        runner(engine).device.close()
    runner.cache_clear()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kernel", SCANS)
@few
@given(tiles=grids, block=st.sampled_from(BLOCKS), seed=seeds, missing=st.integers(0, 31))
def test_scans_in_one_pass(kernel: str, engine: str, tiles: int, block: int, seed: int, missing: int) -> None:
    data = np.random.default_rng(seed).integers(-1000, 1000, tiles * block - missing, np.int32)
    out = runner(engine)(kernel, tiles, block, data, np.zeros_like(data), np.zeros(tiles, np.uint64),
                         np.zeros(1, np.int32), np.int32(len(data)), shared=4 * block)[1]
    np.testing.assert_array_equal(out, np.cumsum(data) - data)


@pytest.mark.parametrize("engine", ENGINES)
@few
@given(blocks=grids, block=st.sampled_from(BLOCKS), seed=seeds, most=st.integers(1, 70))
def test_blocks_wait_for_any_that_come_earlier(engine: str, blocks: int, block: int, seed: int, most: int) -> None:
    random = np.random.default_rng(seed)
    needed = [random.integers(0, k, random.integers(0, most)) if k else np.zeros(0, int) for k in range(blocks)]
    first = np.cumsum([0, *map(len, needed)]).astype(np.int32)
    out = runner(engine)("after_earlier", blocks, block, np.zeros(blocks, np.int32), first,
                         np.concatenate([*needed, [0]]).astype(np.int32))[0]
    wanted: list[int] = []
    for some in needed:
        wanted.append(sum(wanted[each] for each in some) % 65521 + 1)
    assert out.tolist() == wanted


@pytest.mark.parametrize("engine", ENGINES)
@few
@given(blocks=grids, block=st.sampled_from(BLOCKS))
def test_a_lock_serves_in_the_order_of_arrival(engine: str, blocks: int, block: int) -> None:
    tickets, serving, cell = runner(engine)("in_turn", blocks, block, np.zeros(1, np.int32), np.zeros(1, np.int32),
                                            np.array([1], np.int64))
    wanted = 1
    for _ in range(blocks):
        wanted = (wanted * 31 + 7) % 1000003
    assert (tickets[0], serving[0], cell[0]) == (blocks, blocks, wanted)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("how", ("kernel", "copy"))
def test_more_blocks_than_can_wait_wait_for_another_stream(how: str, engine: str) -> None:
    run, grid, block = runner(engine), 700, 256
    device = run.device
    flag, out, three = (device.upload(np.array([each], np.int32)) for each in (0, 0, 3))
    waiting, other = device.stream(), device.stream()
    with engine_of(device, engine):
        launch(waiting, LaunchConfig((grid,), (block,)), run.program.kernel("wait_for"), flag, out)
        time.sleep(0.05)
        if how == "kernel":
            launch(other, LaunchConfig((1,), (32,)), run.program.kernel("raise"), flag)
        else:
            flag.copy_from(three, other)
    other.synchronize()
    waiting.synchronize()
    assert out.copy_to()[0] == 3 * grid
    for each in (waiting, other, flag, out, three):
        each.close()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("grid", "block"), ((120, 256), (31, 1024), (200, 32)))
def test_blocks_that_fit_wait_for_later_ones(grid: int, block: int, engine: str) -> None:
    done = runner(engine)("from_the_end", grid, block, np.zeros(grid, np.int32))[0]
    assert done.tolist() == list(range(1, grid + 1))


@pytest.mark.parametrize("engine", ENGINES)
@few
@given(tiles=grids, block=st.sampled_from(BLOCKS), seed=seeds)
def test_scans_of_doubles_whose_state_is_one_access(engine: str, tiles: int, block: int, seed: int) -> None:
    data = np.random.default_rng(seed).integers(-(2**40), 2**40, tiles * block).astype(np.float64)  # sums are exact
    out = runner(engine)("scan_doubles", tiles, block, data, np.zeros_like(data), np.zeros((tiles, 2)),
                         np.int32(len(data)))[1]
    np.testing.assert_array_equal(out, np.cumsum(data) - data)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kernel", TORN)
def test_sixteen_bytes_are_one_access(kernel: str, engine: str) -> None:
    lowered = cpu.lower_variant(runner(engine).program.core.program.image.code, kernel, ROW32, engine)
    accesses = [each for each in lowered.text.splitlines() if re.search(r"(load|store) atomic", each)]
    assert accesses and all(" i128" in each and ", align 16" in each for each in accesses), accesses
    cells = np.tile(np.array([0, 2**64 - 1], np.uint64), 4)
    found, faults = runner(engine)(kernel, 8, 32, cells, np.zeros(1, np.int32), np.int32(5000))
    assert faults[0] == 0
    assert (found[0::2] == ~found[1::2]).all() and (found[0::2] >> np.uint64(32) > 0).all()


MAPPINGS_AFTER = """
import sys, time
sys.path.insert(0, {folder!r})
import numpy as np
from test_look_back import runner
def mappings():
    with open("/proc/self/maps") as file:
        return sum(1 for _ in file)
run = runner("naive")
before = mappings()
tickets = run("in_turn", 600, 256, np.zeros(1, np.int32), np.zeros(1, np.int32), np.array([1], np.int64))[0]
assert tickets[0] == 600
most = time.monotonic() + 10
while (left := mappings() - before) > {kept} and time.monotonic() < most:
    time.sleep(0.02)
print(left)
"""


def test_stacks_and_blocks_of_a_large_launch_go_back() -> None:
    kept = 2 * 2048 + 3 * 256 + 200  # what a worker keeps, see native/fiber.h
    environment = os.environ | {"COMPATLAYER_WORKERS": "1", "COMPATLAYER_DEVICES": "cpu"}
    ended = subprocess.run([sys.executable, "-c", MAPPINGS_AFTER.format(folder=str(SOURCE.parent), kept=kept)],
                           env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert int(ended.stdout) <= kept


@pytest.mark.parametrize("workers", (1, 5))
def test_the_number_of_workers_does_not_matter(workers: int) -> None:
    environment = os.environ | {"COMPATLAYER_WORKERS": str(workers), "COMPATLAYER_DEVICES": "cpu"}
    ended = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k",
                            "not workers"], env=environment, capture_output=True, text=True, timeout=110)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-1000:]
