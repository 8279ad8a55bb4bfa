"""Gangs: blocks whose threads run as lanes of vectors, several on one fiber."""

from __future__ import annotations

import ctypes as C
import re
import time
from collections.abc import Iterator

import numpy as np
import pytest
from native_driver import FAULT, INVALID, OK, Domain, Kernel, Runtime, Shape, basic, triple, u32

pytestmark = pytest.mark.timeout(60)
GANGS, BLOCK, WARP = 1, 2, 4
NOT_COMPILED = -7
SHAPES = 7


class Variant(C.Structure):
    _fields_ = [("entry", C.c_void_p), ("width", u32), ("flags", u32), ("stack_bytes", u32)]


class Gangs(Domain):
    """A domain whose launches run gangs of `width`."""

    def described(self, name: str, args: bytes, width: int, flags: int, shared: int = 0, stack: int = 0) -> Kernel:
        entry = self.c.cpl_module_symbol(self.runtime.module, name.encode())
        assert entry, name
        table = (Variant * SHAPES)(*[Variant(entry, width, flags, stack)] * SHAPES)
        kept = (table, name.encode())
        self.names.append(kept)  # type: ignore[arg-type]
        return Kernel(None, kept[1], len(args), shared, 0, 0, C.addressof(table))

    def start(self, name: str, grid: object, block: object, args: bytes, width: int = 32, flags: int = GANGS,
              dynamic: int = 0, queue: int = 0, **options: int) -> int:
        kernel = self.described(name, args, width, flags, **options)
        shape = Shape((u32 * 3)(*triple(grid)), (u32 * 3)(*triple(block)), dynamic, 0)
        return int(self.c.cpl_queue_launch(queue or self.queue, C.byref(kernel), C.byref(shape), args, len(args)))

    def go(self, name: str, grid: object, block: object, args: bytes, *rest: int, **options: int) -> int:
        """Launch, wait, and answer the domain's fault code."""
        assert self.start(name, grid, block, args, *rest, **options) == OK
        self.drain()
        return int(self.c.cpl_domain_fault(self.handle, None))

    def message(self) -> str:
        return self.fault().message.decode()


@pytest.fixture
def domain(runtime: Runtime) -> Iterator[Gangs]:
    with Gangs(runtime) as opened:
        yield opened


FORMS = [(32, GANGS), (16, GANGS), (8, GANGS), (32, BLOCK), (8, BLOCK)]


@pytest.mark.parametrize(("width", "flags"), FORMS)
@pytest.mark.parametrize(("grid", "block"), [((3, 2, 2), (5, 3, 2)), ((7,), (1024,)), ((200, 3), (33, 1, 3)),
                                             ((1, 1, 5), (1, 1, 31)), ((4, 5, 6), (8, 4))])
def test_every_lane_sees_its_own_indices_once(domain: Gangs, grid: tuple[int, ...], block: tuple[int, ...], width: int,
                                              flags: int) -> None:
    threads, blocks = int(np.prod(block)), int(np.prod(grid))
    out = domain.runtime.array(np.uint32, 10 * threads * blocks)
    assert domain.go("gang_identify", grid, block, basic(out, width), width, flags) == 0
    rows = out.reshape(blocks, threads, 10)
    g, b = (*grid, 1, 1)[:3], (*block, 1, 1)[:3]
    index = np.arange(threads)
    for k in range(blocks):
        expected = [index % b[0], index // b[0] % b[1], index // b[0] // b[1]]
        expected += [np.full(threads, v) for v in (k % g[0], k // g[0] % g[1], k // g[0] // g[1])]
        expected += [index % 32, index // 32, np.ones(threads), np.ones(threads)]
        assert (rows[k] == np.stack(expected, axis=1)).all()
    domain.runtime.free(out)


@pytest.mark.parametrize("flags", [GANGS, BLOCK])
def test_each_of_many_tiny_blocks_runs_once(domain: Gangs, flags: int) -> None:
    out = domain.runtime.array(np.uint32, 1)
    for grid in ((1000, 10, 20), (65, 1, 1), (1, 3, 5000)):
        out[0] = 0
        assert domain.go("gang_count", grid, 40, basic(out, 32), 32, flags) == 0
        assert out[0] == 40 * np.prod(grid)
    domain.runtime.free(out)


@pytest.mark.parametrize("block", [32, 128])
def test_a_gang_with_a_stack_of_its_own_runs_one_block_at_a_time(domain: Gangs, block: int) -> None:
    for grid in (31, 64, 1000):
        out = domain.runtime.array(np.uint32, grid + 1)
        assert domain.go("gang_blocks", (grid,), (block,), basic(out, 32)) == 0
        assert out.tolist() == [1] * grid + [0]
        domain.runtime.free(out)


@pytest.mark.parametrize("width", [8, 16, 32])
def test_a_gang_is_known_by_its_first_thread(domain: Gangs, width: int) -> None:
    gangs = -(-72 // width)
    out = domain.runtime.array(np.uint32, 8 * gangs)
    assert domain.go("gang_self", 1, (6, 4, 3), basic(out, width), width) == 0
    for g, row in enumerate(out.reshape(gangs, 8)):
        first = g * width
        assert list(row) == [first % 6, first // 6 % 4, first // 24, first % 32, first // 32, first,
                             min(first + width, 72), 3]
    domain.runtime.free(out)


@pytest.mark.parametrize("width", [8, 32])
@pytest.mark.parametrize("threads", [1, 31, 32, 33, 100, 257, 1024])
def test_barriers_order_shared_memory_among_gangs(domain: Gangs, threads: int, width: int) -> None:
    out = domain.runtime.array(np.uint32, 150 * threads)
    out[:] = 12345
    assert domain.go("gang_rotate", 150, threads, basic(out, width, 9), width, dynamic=4 * threads) == 0
    assert (out.reshape(150, threads) == np.roll(np.arange(threads), -9)).all()
    domain.runtime.free(out)


@pytest.mark.parametrize(("operation", "expected"), [(0, 25), (1, 0), (2, 1)])
def test_reductions_take_the_lanes_that_are_left(domain: Gangs, operation: int, expected: int) -> None:
    out = domain.runtime.array(np.uint32, 100)
    for width in (8, 16, 32):
        assert domain.go("gang_reduce", 1, 100, basic(out, width, operation), width) == 0
        assert (out[::2] == expected).all() and (out[1::2] == 0).all()
    domain.runtime.free(out)


def mix(a: np.ndarray | int, b: np.ndarray | int) -> int:
    value = ((a * 2654435761) & 0xFFFFFFFF) ^ ((b * 40503 + 977) & 0xFFFFFFFF)
    return int((value * 2246822519 & 0xFFFFFFFF) >> 7)


def expected_sums(blocks: int, gangs: int, rounds: int, lanes: list[int]) -> np.ndarray:
    out = np.zeros((blocks, gangs, rounds), np.uint32)
    for b in range(blocks):
        last = [mix(g + 31 * b, 5) % (rounds + rounds // 2) for g in range(gangs)]
        for r in range(rounds):
            there = [g for g in range(gangs) if r < last[g]]
            out[b, there, r] = sum(bin(mix(g, r) & lanes[g]).count("1") for g in there)
    return out


@pytest.mark.parametrize(("width", "threads"), [(32, 250), (8, 60), (16, 16), (32, 1024)])
def test_gangs_that_yield_leave_and_wait_elsewhere_get_every_sum_right(domain: Gangs, width: int,
                                                                       threads: int) -> None:
    blocks, rounds, gangs = 60, 12, -(-threads // width)
    lanes = [(1 << min(width, threads - g * width)) - 1 for g in range(gangs)]
    out = domain.runtime.array(np.uint32, blocks * gangs * rounds)
    assert domain.go("gang_mixed", blocks, threads, basic(out, width, rounds), width) == 0
    assert (out.reshape(blocks, gangs, rounds) == expected_sums(blocks, gangs, rounds, lanes)).all()
    domain.runtime.free(out)


def test_named_barriers_pair_gangs(domain: Gangs) -> None:
    out = domain.runtime.array(np.uint32, 64)
    assert domain.go("gang_pair", 1, 64, basic(out), shared=128) == 0
    assert (out == np.concatenate([131 - np.arange(32), 231 - np.arange(32)])).all()
    assert domain.go("gang_pair", 300, 64, basic(out), shared=128) == 0
    domain.runtime.free(out)


@pytest.mark.parametrize(("kernel", "threads", "lines", "first"), [
    ("gang_diverge", 64, (1001, 1002), (5, 0, 0)), ("gang_half", 96, (2001,), (0, 0, 0))])
def test_gangs_that_wait_for_each_other_are_reported_with_their_lines(
        domain: Gangs, kernel: str, threads: int, lines: tuple[int, ...], first: tuple[int, int, int]) -> None:
    assert domain.go(kernel, 4, threads, basic()) == FAULT["barrier"]
    message = domain.message()
    assert kernel in message and f"thread ({first[0]},0,0) waits at" in message and "block (" in message
    for line in lines:
        assert f"native_gangs.c:{line}" in message
    assert domain.fault().line == lines[0] and tuple(domain.fault().thread) == first
    if kernel == "gang_half":
        assert "32 of 64 threads came" in message


def test_lanes_that_wait_for_lanes_elsewhere_are_reported(domain: Gangs) -> None:
    assert domain.go("gang_divergent", 3, (50, 2), basic(0, 32)) == FAULT["barrier"]
    fault = domain.fault()
    assert fault.line == 3001 and list(fault.thread) == [40, 0, 0]
    assert "lanes 0x1100 wait at a warp shuffle for lanes 0x30" in domain.message()
    assert "thread (40,0,0)" in domain.message()


@pytest.mark.parametrize("flags", [GANGS, BLOCK])
def test_a_trap_names_its_lane(domain: Gangs, flags: int) -> None:
    assert domain.go("gang_trap", (1, 2), (10, 8), basic(0, 8), 8, flags) == FAULT["trap"]
    assert list(domain.fault().thread) == [5, 3, 0] and domain.fault().line == 77
    assert "thread (5,3,0): trap" in domain.message()


def test_a_failed_assert_of_a_lane_prints_cudas_line(domain: Gangs, capfd: pytest.CaptureFixture[str]) -> None:
    assert domain.go("gang_assert", 1, 40, basic(0, 32)) == FAULT["assert"]
    assert "prog.cu:42: void k(int): block: [0,0,0], thread: [35,0,0] Assertion `x < 3` failed." \
        in capfd.readouterr().err


@pytest.mark.parametrize("flags", [GANGS, BLOCK])
@pytest.mark.parametrize(("block", "thread", "text"), [((70,), 40, "threads (32,0,0) to (63,0,0)"),
                                                       ((70,), 69, "threads (64,0,0) to (69,0,0)"),
                                                       ((16, 6), 50, "threads (0,2,0) to (15,3,0)"),
                                                       ((33,), 32, "thread (32,0,0)")])
def test_a_hardware_fault_names_the_threads_of_the_gang_that_ran(domain: Gangs, block: tuple[int, ...], thread: int,
                                                                 text: str, flags: int) -> None:
    assert domain.go("gang_store", (70, 2), block, basic(0, 32, thread, 0x123450), 32, flags) == FAULT["address"]
    message = domain.message()
    assert f", {text}: illegal address 0x123450" in message and 'kernel "gang_store"' in message
    first = [int(n) for n in re.findall(r"\d+", text)[:3]]
    assert list(domain.fault().thread) == first


@pytest.mark.parametrize("flags", [GANGS, BLOCK])
def test_lanes_print_in_order(domain: Gangs, flags: int, capfd: pytest.CaptureFixture[str]) -> None:
    assert domain.go("gang_print", 1, 70, basic(0, 32), 32, flags) == 0
    assert capfd.readouterr().out.split() == [f"<0|{t}>" for t in range(70)]


def test_a_lane_that_would_wait_alone_is_refused(domain: Gangs) -> None:
    assert domain.go("gang_lane_waits", 1, 40, basic()) == FAULT["trap"]
    assert "a barrier in code that runs one lane" in domain.message() and "thread (1,0,0)" in domain.message()


@pytest.mark.parametrize("kernel", ["gang_diverge", "gang_pair"])
def test_a_barrier_in_a_call_for_the_whole_block_is_refused(domain: Gangs, kernel: str) -> None:
    out = domain.runtime.array(np.uint32, 64)
    assert domain.go(kernel, 1, 64, basic(out), 32, BLOCK, shared=128) == FAULT["barrier"]
    assert "never waiting" in domain.message()
    domain.runtime.free(out)


@pytest.mark.parametrize("flags", [GANGS, BLOCK])
def test_lanes_use_the_device_heap_and_have_local_memory(domain: Gangs, flags: int) -> None:
    out = domain.runtime.array(np.uint32, 100)
    assert domain.go("gang_heap", 1, 100, basic(out, 32), 32, flags) == 0
    assert (out == np.arange(100) + 1).all()
    domain.runtime.free(out)


def test_a_gangs_stack_is_its_threads_together_unless_the_code_says_otherwise(runtime: Runtime) -> None:
    out = runtime.array(np.uint32, 64)
    with Gangs(runtime) as domain:
        assert domain.go("gang_recursion", 2, 64, basic(out, 32, 40)) == 0
        assert domain.go("gang_recursion", 2, 64, basic(out, 32, 2000), stack=4 << 20) == 0
        assert domain.go("gang_recursion", 2, 64, basic(out, 32, 2000)) == FAULT["stack"]
        assert "stack" in domain.message() and "threads (0,0,0) to (31,0,0)" in domain.message()
    with Gangs(runtime) as domain:
        assert runtime.c.cpl_domain_set_limit(domain.handle, 0, 128 << 10) == OK
        assert domain.go("gang_recursion", 200, 64, basic(out, 32, 2000)) == 0
    runtime.free(out)


@pytest.mark.parametrize("flags", [GANGS, BLOCK])
def test_blocks_of_gangs_that_wait_for_other_blocks_finish(domain: Gangs, flags: int) -> None:
    out = domain.runtime.array(np.uint32, 300)
    assert domain.go("gang_chain", 300, 64, basic(out, 32), 32, flags) == 0
    assert (out == 1).all()
    domain.runtime.free(out)


def test_registers_survive_barriers(domain: Gangs) -> None:
    out = domain.runtime.array(np.uint32, 8)
    assert domain.go("gang_spill", 100, 256, basic(out, 32, 50)) == 0
    for gang in range(8):
        v = [mix(32 * gang, i) for i in range(12)]
        for _ in range(50):
            for i in range(12):
                v[i] = mix(v[i], v[(i + 1) % 12])
        assert out[gang] == np.bitwise_xor.reduce(v)
    domain.runtime.free(out)


@pytest.mark.parametrize("width", [8, 32])
def test_the_floating_point_mode_of_a_kernel_stays_its_own(domain: Gangs, width: int) -> None:
    out = domain.runtime.array(np.uint32, 1)
    for rounds in (0, 1, 2, 25):
        assert domain.go("gang_flushing", 150, 250, basic(out, width, rounds), width) == 0
        assert out[0] == 0
    domain.runtime.free(out)


def test_a_fault_ends_blocks_that_go_from_barrier_to_barrier_for_ever(runtime: Runtime) -> None:
    if runtime.c.cpl_workers() == 1:
        pytest.skip("the only worker is taken by the endless block")
    with Gangs(runtime) as domain:
        endless = domain.open_queue()
        assert domain.start("gang_forever", 1, 128, basic(), queue=endless) == OK
        time.sleep(0.02)
        assert domain.go("gang_trap", 1, 64, basic(0, 32)) == FAULT["trap"]
        domain.drain(endless)


CASES = [((1, 1, 1), 0), ((4, 1, 1), 0), ((2, 2, 1), 0), ((1, 1, 4), 0), ((5, 1, 1), 4), ((1, 5, 1), 6),
         ((32, 1, 1), 1), ((64, 3, 1), 1), ((1024, 1, 1), 1), ((16, 16, 1), 2), ((48, 1, 1), 2), ((16, 1, 3), 2),
         ((8, 8, 8), 3), ((24, 1, 1), 3), ((8, 1, 1), 3), ((100, 1, 1), 4), ((33, 1, 1), 4), ((4, 8, 1), 5),
         ((1, 1, 64), 5), ((3, 32, 1), 5), ((3, 3, 3), 6), ((5, 7, 1), 6)]
WITH_WARPS = {(16, 16, 1): 5, (48, 1, 1): 4, (16, 1, 3): 6, (8, 8, 8): 5, (24, 1, 1): 4, (8, 1, 1): 4}


@pytest.mark.parametrize(("block", "shape"), CASES)
def test_shapes_of_blocks_are_told_apart(runtime: Runtime, block: tuple[int, int, int], shape: int) -> None:
    runtime.c.cpl_shape_class.restype = u32
    size = (u32 * 3)(*block)
    assert runtime.c.cpl_shape_class(size, 0) == shape
    assert runtime.c.cpl_shape_class(size, WARP) == WITH_WARPS.get(block, shape)


def test_a_variant_that_is_not_compiled_is_asked_for_and_nothing_happens(domain: Gangs) -> None:
    out = domain.runtime.array(np.uint32, 1)
    args = basic(out, 32)
    kernel = domain.described("gang_count", args, 32, GANGS)
    table = domain.names[-1][0]  # type: ignore[index]
    entry = table[1].entry
    for variant in table:
        variant.entry = None

    def launch(block: int) -> int:
        shape = Shape((u32 * 3)(3, 1, 1), (u32 * 3)(block, 1, 1), 0, 0)
        return int(domain.c.cpl_queue_launch(domain.queue, C.byref(kernel), C.byref(shape), args, len(args)))

    assert launch(64) == NOT_COMPILED and domain.c.cpl_queue_idle(domain.queue) == 1
    table[1].entry = entry
    assert launch(64) == OK and launch(40) == NOT_COMPILED
    domain.drain()
    assert out[0] == 3 * 64
    for width, flags in ((0, GANGS), (12, BLOCK), (64, GANGS), (32, 0)):
        table[1].width, table[1].flags = width, flags
        assert launch(64) == INVALID
    domain.runtime.free(out)


def test_faults_and_fine_launches_of_gangs_alternate(runtime: Runtime) -> None:
    out = runtime.array(np.uint32, 150 * 256)
    for i in range(30):
        with Gangs(runtime) as domain:
            assert domain.go("gang_rotate", 150, 256, basic(out, 32, 2), dynamic=1024) == 0
            assert (out.reshape(150, 256) == np.roll(np.arange(256), -2)).all()
            assert domain.go("gang_store", 70, 256, basic(0, 32, 8 * i, 0x100)) == FAULT["address"]
    runtime.free(out)
