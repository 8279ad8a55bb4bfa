"""Threads, barriers and forward progress of the naive engine's scheduler."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from native_driver import FAULT, INVALID, OK, Domain, Runtime, basic

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def domain(runtime: Runtime):
    with Domain(runtime) as opened:
        yield opened


@pytest.mark.parametrize(("grid", "block"), [((1,), (1,)), ((3, 2, 2), (5, 3, 2)), ((7,), (1024,)),
                                             ((2, 3), (33, 1, 3)), ((1, 1, 5), (1, 1, 31))])
def test_every_thread_sees_its_own_indices(domain: Domain, grid: tuple[int, ...], block: tuple[int, ...]) -> None:
    threads, blocks = int(np.prod(block)), int(np.prod(grid))
    out = domain.runtime.array(np.uint32, 10 * threads * blocks)
    assert domain.run("identify", grid, block, basic(out)) == 0
    rows = out.reshape(blocks, threads, 10)
    g, b = (*grid, 1, 1)[:3], (*block, 1, 1)[:3]
    index = np.arange(threads)
    for k in range(blocks):
        expected = [index % b[0], index // b[0] % b[1], index // b[0] // b[1]]
        expected += [np.full(threads, v) for v in (k % g[0], k // g[0] % g[1], k // g[0] // g[1])]
        expected += [index % 32, index // 32]
        expected += [np.full(threads, v) for v in ((threads + 31) // 32, b[0] + 1000 * g[1])]
        assert (rows[k] == np.stack(expected, axis=1)).all()
    domain.runtime.free(out)


def test_a_large_grid_of_empty_blocks_runs_each_block_once(domain: Domain) -> None:
    out = domain.runtime.array(np.uint32, 1)
    assert domain.run("count", (1000, 10, 2), (1,), basic(out)) == 0
    assert out[0] == 20000
    domain.runtime.free(out)


@pytest.mark.parametrize("leave", [0, 1])
@pytest.mark.parametrize("threads", [1, 31, 32, 33, 100, 257, 1024])
def test_barriers_order_shared_memory_in_every_shape(domain: Domain, threads: int, leave: int) -> None:
    out = domain.runtime.array(np.uint32, 3 * threads)
    out[:] = 12345
    assert domain.run("rotate", 3, threads, basic(out, leave, 9), dynamic=4 * threads) == 0
    shared = np.arange(threads)
    stays = np.array([not (leave and i % 7 == 6) for i in range(threads)])
    for _ in range(9):
        shared = np.where(stays, np.roll(shared, -1), shared)
    assert (out.reshape(3, threads) == np.where(stays, shared, 12345)).all()
    domain.runtime.free(out)


@pytest.mark.parametrize(("operation", "expected"), [(0, 25), (1, 0), (2, 1)])
def test_exited_threads_count_as_arrived_and_reductions_skip_them(domain: Domain, operation: int,
                                                                  expected: int) -> None:
    out = domain.runtime.array(np.uint32, 100)
    assert domain.run("exit_early", 1, 100, basic(out, 0, operation)) == 0
    assert (out[::2] == expected).all() and (out[1::2] == 0).all()
    domain.runtime.free(out)


def test_named_barriers_pair_producers_with_consumers(domain: Domain) -> None:
    out = domain.runtime.array(np.uint32, 64)
    assert domain.run("named_pair", 1, 64, basic(out), shared=128) == 0
    assert (out == np.concatenate([131 - np.arange(32), 231 - np.arange(32)])).all()
    domain.runtime.free(out)


@pytest.mark.parametrize(("kernel", "threads", "lines"), [("diverge", 64, (1001, 1002)), ("half_barrier", 96, (2001,)),
                                                         ("barrier_and_shuffle", 64, (3001, 3002))])
def test_threads_that_wait_for_each_other_are_reported_with_their_lines(domain: Domain, kernel: str, threads: int,
                                                                        lines: tuple[int, ...]) -> None:
    assert domain.run(kernel, 4, threads) == FAULT["barrier"]
    message = domain.fault().message.decode()
    assert kernel in message and "thread (0,0,0)" in message
    for line in lines:
        assert f"native_kernels.c:{line}" in message
    assert domain.fault().line == lines[0]


def test_lanes_of_one_warp_take_a_spin_lock_in_turn(domain: Domain) -> None:
    out = domain.runtime.array(np.uint32, 2)
    assert domain.run("spin_lock", 3, 48, basic(out, 0, 4)) == 0
    assert out[1] == 3 * 48 * 4
    domain.runtime.free(out)


@pytest.mark.parametrize("forward", [0, 1])
def test_blocks_that_wait_for_other_blocks_finish_in_both_directions(domain: Domain, forward: int) -> None:
    out = domain.runtime.array(np.uint32, 60)
    assert domain.run("chain", 60, 2, basic(out, 0, forward)) == 0
    assert (out == 1).all()
    domain.runtime.free(out)


def test_all_blocks_of_a_cooperative_launch_are_resident(domain: Domain) -> None:
    out = domain.runtime.array(np.uint32, 500)
    assert domain.run("chain", 500, 1, basic(out, 0, 1), cooperative=True) == 0
    assert (out == 1).all()
    domain.runtime.free(out)


MANY_STACKS = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
import numpy as np
from native_driver import *
runtime = Runtime(Path({library!r}), Path({kernels!r}), 1)
out = runtime.array(np.uint32, 2)
deep = runtime.array(np.uint32, 1024)
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
with Domain(runtime) as domain:
    other = domain.open_queue()
    assert domain.launch("wait_flag", 20, 1024, basic(out, 0, 1), cooperative=True) == OK
    # Guards are used up now: these stacks have canaries.
    assert domain.run("recursion_after_barrier", 1, 100, basic(deep, 0, 40), queue=other) == 0
    assert domain.run("set_flag", 1, 1, basic(out, 0, 1), queue=other) == 0
    domain.drain()
    assert out[1] == 77
    out[:] = 0
    assert domain.launch("wait_flag", 20, 1024, basic(out, 0, 1), cooperative=True) == OK
    assert domain.run("recursion_after_barrier", 1, 100, basic(deep, 0, 90), queue=other) == FAULT["stack"]
import time
time.sleep(0.2)
before = resident()
print("finished", before >> 20)
"""


def test_twenty_thousand_waiting_threads_use_stacks_without_guards_whose_overflow_is_found(runtime: Runtime) -> None:
    code = MANY_STACKS.format(tests=str(Path(__file__).parent), library=runtime.c._name,
                              kernels=str(runtime.kernels_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[1]) < 300


def test_a_kernel_that_spins_lets_another_queue_and_copies_run(domain: Domain) -> None:
    out = domain.runtime.array(np.uint32, 2)
    other = domain.open_queue()
    assert domain.launch("wait_flag", 200, 64, basic(out, 0, 9)) == OK
    time.sleep(0.03)
    assert domain.c.cpl_queue_drain(domain.queue, 0) != OK
    assert domain.run("set_flag", 1, 1, basic(out, 0, 9), queue=other) == 0
    domain.drain()
    assert out[1] == 77
    domain.runtime.free(out)


def test_loops_over_atomics_finish_without_holding_many_blocks(domain: Domain) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    out = domain.runtime.array(np.uint32, 1)
    before = resident()
    assert domain.run("tickets", 300, 256, basic(out, 0, 500)) == 0
    assert out[0] == 300 * 256 * 500
    assert resident() - before < 100 << 20
    domain.runtime.free(out)


def test_a_kernel_that_spins_sees_a_flag_that_the_host_sets(domain: Domain) -> None:
    out = domain.runtime.array(np.uint32, 2)
    assert domain.launch("wait_flag", 2, 64, basic(out, 0, 3)) == OK
    time.sleep(0.05)
    out[0] = 3
    domain.drain()
    assert out[1] == 77
    domain.runtime.free(out)


@pytest.mark.parametrize(("grid", "block"), [((0,), (1,)), ((1,), (0,)), ((1,), (1025,)), ((1,), (32, 33))])
def test_shapes_out_of_range_are_refused(domain: Domain, grid: tuple[int, ...], block: tuple[int, ...]) -> None:
    assert domain.launch("empty", grid, block) == INVALID


def test_large_arguments_arrive_whole(domain: Domain) -> None:
    out = domain.runtime.array(np.uint32, 100)
    assert domain.run("rotate", 1, 100, basic(out, 0, 1) + bytes(100_000), dynamic=400) == 0
    assert (out == np.roll(np.arange(100), -1)).all()
    domain.runtime.free(out)
