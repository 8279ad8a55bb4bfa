"""Queues, fences, copies, callbacks, modules and the runtime's life in its process."""

from __future__ import annotations

import ctypes as C
import os
import random
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from native_driver import (
    CALLBACK,
    INVALID,
    OK,
    SECOND,
    TIMEOUT,
    Box,
    Domain,
    Runtime,
    address,
    basic,
)

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def domain(runtime: Runtime):
    with Domain(runtime) as opened:
        yield opened


# One step of a program: (queue, operation, operand). Every "put" appends to a log through the callback thread.
STEPS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["put", "signal", "wait", "kernel", "copy"]),
                           st.integers(0, 5)), max_size=60)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_random_programs_respect_queue_order_and_fences(runtime: Runtime, steps: list[tuple[int, str, int]]) -> None:
    log: list[int] = []
    append = CALLBACK(lambda data: log.append(int(data or 0)))
    before: dict[int, set[int]] = {}          # the puts that must come earlier
    done_in: list[set[int]] = [set() for _ in range(4)]
    fences: list[tuple[int, set[int]]] = []
    scratch = runtime.array(np.uint32, 8)
    with Domain(runtime) as domain:
        c = domain.c
        queues = [domain.queue, *(domain.open_queue(i) for i in range(3))]
        for number, (q, operation, operand) in enumerate(steps, 1):
            if operation == "put":
                before[number] = set(done_in[q])
                assert c.cpl_queue_call(queues[q], append, number) == OK
                done_in[q].add(number)
            elif operation == "signal":
                fences.append((c.cpl_queue_signal(queues[q]), set(done_in[q])))
            elif operation == "wait" and fences:
                fence, known = fences[operand % len(fences)]
                assert c.cpl_queue_wait(queues[q], fence) == OK
                done_in[q] |= known
            elif operation == "kernel":
                assert domain.launch("count", operand + 1, 33, basic(scratch), queue=queues[q]) == OK
            elif operation == "copy":
                box = Box(address(scratch) + 16, 0, 0, address(scratch) + 8, 0, 0, 8, 1, 1)
                assert c.cpl_queue_copy(queues[q], C.byref(box)) == OK
        for queue in queues:
            domain.drain(queue)
        for fence, _ in fences:
            assert c.cpl_fence_done(fence) == 1
            c.cpl_fence_release(fence)
    assert sorted(log) == sorted(before)
    position = {number: i for i, number in enumerate(log)}
    assert all(position[a] < position[b] for b in before for a in before[b])
    runtime.free(scratch)


def test_fence_times_follow_the_order_of_the_queue(domain: Domain) -> None:
    c, out = domain.c, domain.runtime.array(np.uint32, 1)
    fences = []
    for _ in range(20):
        fences.append(c.cpl_queue_signal(domain.queue))
        assert domain.launch("count", 4, 64, basic(out)) == OK
    for fence in fences:
        assert c.cpl_fence_wait(fence, 10 * SECOND) == OK
    times = [c.cpl_fence_time(fence) for fence in fences]
    assert times == sorted(times) and times[0] > 0
    assert abs(times[-1] - time.monotonic_ns()) < 10 * SECOND
    for fence in fences:
        c.cpl_fence_release(fence)
    domain.drain()
    domain.runtime.free(out)


def test_waiting_times_out_and_polling_does_not_wait(domain: Domain) -> None:
    c, flag = domain.c, domain.runtime.array(np.uint32, 2)
    assert domain.launch("wait_flag", 1, 1, basic(flag, 0, 1)) == OK
    fence = c.cpl_queue_signal(domain.queue)
    assert c.cpl_fence_done(fence) == 0 and c.cpl_queue_idle(domain.queue) == 0 and c.cpl_fence_time(fence) == 0
    assert c.cpl_fence_wait(fence, 0) == TIMEOUT and c.cpl_queue_drain(domain.queue, 0) == TIMEOUT
    begin = time.monotonic()
    assert c.cpl_fence_wait(fence, SECOND // 20) == TIMEOUT and c.cpl_queue_drain(domain.queue, SECOND // 20) == TIMEOUT
    assert 0.09 < time.monotonic() - begin < 5
    flag[0] = 1
    assert c.cpl_fence_wait(fence, 10 * SECOND) == OK
    c.cpl_fence_release(fence)
    domain.drain()
    assert c.cpl_queue_idle(domain.queue) == 1
    domain.runtime.free(flag)


def test_a_long_callback_stops_only_its_own_queue(domain: Domain) -> None:
    entered, leave = threading.Event(), threading.Event()

    def wait_inside(_: int | None) -> None:
        entered.set()
        leave.wait(10)

    hold = CALLBACK(wait_inside)
    out = domain.runtime.array(np.uint32, 1)
    other = domain.open_queue()
    assert domain.c.cpl_queue_call(domain.queue, hold, None) == OK
    assert domain.launch("count", 1, 1, basic(out)) == OK
    assert entered.wait(10)
    assert domain.run("count", 1, 10, basic(out), queue=other) == 0
    assert out[0] == 10
    leave.set()
    domain.drain()
    assert out[0] == 11
    domain.runtime.free(out)


def test_more_work_than_a_queue_holds_makes_the_caller_wait(domain: Domain) -> None:
    out = domain.runtime.array(np.uint32, 1)
    for _ in range(10_000):
        assert domain.launch("count", 1, 1, basic(out)) == OK
    domain.drain()
    assert out[0] == 10_000
    domain.runtime.free(out)


def test_a_closed_queue_still_runs_its_work(runtime: Runtime) -> None:
    out, flag = runtime.array(np.uint32, 1), runtime.array(np.uint32, 2)
    with Domain(runtime) as domain:
        c = domain.c
        queue = c.cpl_queue_open(domain.handle, 0)
        assert domain.launch("wait_flag", 1, 1, basic(flag, 0, 1), queue=queue) == OK
        assert domain.launch("count", 5, 5, basic(out), queue=queue) == OK
        fence = c.cpl_queue_signal(queue)
        c.cpl_queue_close(queue)
        flag[0] = 1
        assert c.cpl_fence_wait(fence, 10 * SECOND) == OK
        c.cpl_fence_release(fence)
        assert out[0] == 25
    runtime.free(out, flag)


def test_urgent_queues_go_first(runtime: Runtime) -> None:
    log: list[int] = []
    append = CALLBACK(lambda data: log.append(int(data or 0)))
    gate, scratch = runtime.array(np.uint32, 2), runtime.array(np.uint32, 400 * 256)
    with Domain(runtime) as domain:
        c = domain.c
        queues = [domain.open_queue(priority) for priority in (5, -5)]
        assert domain.launch("wait_flag", 1, 1, basic(gate, 0, 1)) == OK
        start = c.cpl_queue_signal(domain.queue)
        for i, queue in enumerate(queues):
            assert c.cpl_queue_wait(queue, start) == OK
            # Each launch keeps every worker busy for a while.
            args = basic(scratch, 0, 8)
            assert domain.launch("rotate", 400, 256, args, queue=queue, dynamic=1024) == OK
            assert c.cpl_queue_call(queue, append, i + 1) == OK
        gate[0] = 1
        for queue in queues:
            domain.drain(queue)
        c.cpl_fence_release(start)
    assert log == [2, 1]
    runtime.free(gate, scratch)


# ---- copies ----------------------------------------------------------------------------------------
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), now=st.booleans())
def test_box_copies_agree_with_numpy(runtime: Runtime, seed: int, now: bool) -> None:
    source = random.Random(seed)
    width, height, depth = source.randint(0, 60), source.randint(0, 9), source.randint(0, 5)
    pitches = [width + source.randint(0, 20) for _ in range(2)]
    slices = [pitch * (height + source.randint(0, 3)) for pitch in pitches]
    a, b = (runtime.array(np.uint8, max(slice_ * depth + width, 1)) for slice_ in slices)
    a[:] = np.random.default_rng(seed).integers(0, 255, a.size)
    b[:] = 255
    expected = b.copy()
    for z in range(depth):
        for y in range(height):
            to, at = z * slices[1] + y * pitches[1], z * slices[0] + y * pitches[0]
            expected[to: to + width] = a[at: at + width]
    box = Box(address(b), pitches[1], slices[1], address(a), pitches[0], slices[0], width, height, depth)
    if now:
        assert runtime.c.cpl_copy_now(C.byref(box)) == OK
    else:
        with Domain(runtime) as domain:
            assert domain.c.cpl_queue_copy(domain.queue, C.byref(box)) == OK
    assert (b == expected).all()
    runtime.free(a, b)


@pytest.mark.parametrize("size", [1, 4095, 1 << 20, (5 << 20) + 77, (40 << 20) + 3])
def test_large_copies_and_fills_are_whole(domain: Domain, size: int) -> None:
    runtime = domain.runtime
    a, b = runtime.array(np.uint8, size), runtime.array(np.uint8, size)
    a[:] = np.random.default_rng(size).integers(0, 255, size, dtype=np.uint8)
    assert domain.c.cpl_queue_copy(domain.queue, C.byref(Box(address(b), 0, 0, address(a), 0, 0, size, 1, 1))) == OK
    domain.drain()
    assert (a == b).all()
    assert domain.c.cpl_queue_fill(domain.queue, address(b), 0, 0xAB, 1, size, 1) == OK
    domain.drain()
    assert (b == 0xAB).all()
    if size > 4:
        words = size // 4
        assert domain.c.cpl_queue_fill(domain.queue, address(a), 0, 0x01020304, 4, words, 1) == OK
        domain.drain()
        assert (a[: 4 * words].view(np.uint32) == 0x01020304).all()
    runtime.free(a, b)


def test_overlapping_linear_copies_move(domain: Domain) -> None:
    size = 9 << 20
    a = domain.runtime.array(np.uint8, size)
    a[:] = np.random.default_rng(1).integers(0, 255, size, dtype=np.uint8)
    expected = a[:-1000].copy()
    box = Box(address(a) + 1000, 0, 0, address(a), 0, 0, size - 1000, 1, 1)
    assert domain.c.cpl_queue_copy(domain.queue, C.byref(box)) == OK
    domain.drain()
    assert (a[1000:] == expected).all()
    domain.runtime.free(a)


@pytest.mark.parametrize(("element", "pattern"), [(1, 7), (2, 0x1234), (2, 0x5555), (4, 0xDEADBEEF)])
def test_pitched_fills_leave_the_gaps(domain: Domain, element: int, pattern: int) -> None:
    a = domain.runtime.array(np.uint8, 64 * 20)
    a[:] = 9
    assert domain.c.cpl_queue_fill(domain.queue, address(a), 64, pattern, element, 11, 20) == OK
    domain.drain()
    rows = a.reshape(20, 64)
    used = 11 * element
    assert (rows[:, :used].copy().view(f"u{element}") == pattern).all() and (rows[:, used:] == 9).all()
    assert domain.c.cpl_queue_fill(domain.queue, address(a), 64, pattern, 3, 1, 1) == INVALID
    domain.runtime.free(a)


# ---- modules and the process ------------------------------------------------------------------------
def test_every_opening_of_a_module_has_globals_of_its_own(domain: Domain) -> None:
    runtime, out = domain.runtime, domain.runtime.array(np.uint32, 1)
    for _ in range(3):
        modules = [runtime.open_module() for _ in range(4)]
        for i, module in enumerate(modules):
            for _ in range(i):
                assert domain.run("bump", 1, 1, basic(out), module=module) == 0
            assert domain.run("bump", 1, 1, basic(out), module=module) == 0
            assert out[0] == 6 + i
            at = runtime.c.cpl_module_symbol(module, b"module_global")
            assert C.c_uint32.from_address(at).value == 6 + i
        for module in reversed(modules):
            runtime.c.cpl_module_close(module)
    assert runtime.c.cpl_module_symbol(runtime.module, b"absent") == 0
    runtime.free(out)


def test_a_module_that_cannot_be_loaded_says_why(runtime: Runtime, tmp_path: Path) -> None:
    error = C.create_string_buffer(300)
    assert not runtime.c.cpl_module_open(str(tmp_path / "none.so").encode(), error, 300)
    assert b"none.so" in error.value
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"not a library")
    assert not runtime.c.cpl_module_open(str(broken).encode(), error, 300)
    assert b"broken.so" in error.value


def test_a_forked_child_gets_errors_and_no_hang(runtime: Runtime) -> None:
    code = f"""
import sys, os, time, ctypes
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from native_driver import *
runtime = Runtime(Path({runtime.c._name!r}), Path({str(runtime.kernels_path)!r}), 2)
domain = Domain(runtime)
assert domain.launch("forever", 4, 64) == OK
fence = runtime.c.cpl_queue_signal(domain.queue)
base = runtime.alloc(4096)
empty = runtime.c.cpl_module_symbol(runtime.module, b"empty")
child = os.fork()
if child == 0:
    c = runtime.c
    pointer = u64()
    entry = Kernel(empty, b"empty", 0, 0, 0, 0)
    shape = Shape((u32 * 3)(1, 1, 1), (u32 * 3)(1, 1, 1), 0, 0)
    answers = [c.cpl_forked() == 1, c.cpl_start(2) == FORKED,
               c.cpl_memory_alloc(0, 0, 10, 0, ctypes.byref(pointer)) == FORKED,
               c.cpl_memory_free(base) == FORKED, c.cpl_module_symbol(runtime.module, b"empty") == 0,
               c.cpl_queue_launch(domain.queue, ctypes.byref(entry), ctypes.byref(shape), None, 0) == FORKED,
               c.cpl_queue_drain(domain.queue, 10**10) == FORKED, c.cpl_fence_wait(fence, 10**10) == FORKED,
               not c.cpl_queue_open(domain.handle, 0), not c.cpl_queue_signal(domain.queue),
               c.cpl_memory_find(base, None) == 0]
    c.cpl_fence_release(fence)
    c.cpl_queue_close(domain.queue)
    c.cpl_stop(10**10)
    os._exit(0 if all(answers) else 1)
assert os.waitpid(child, 0)[1] == 0
begin = time.monotonic()
runtime.c.cpl_stop(100_000_000)
assert time.monotonic() - begin < 5
assert domain.launch("empty", 1, 1) == INVALID
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_grows_over_a_thousand_launches(runtime: Runtime) -> None:
    def rounds(count: int) -> None:
        for _ in range(count):
            with Domain(runtime) as domain:
                out = runtime.array(np.uint32, 3000)
                assert domain.run("rotate", 3, 1000, basic(out, 1, 1), dynamic=4000) == 0
                fence = domain.c.cpl_queue_signal(domain.queue)
                domain.c.cpl_fence_release(fence)
                runtime.free(out)

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    live = runtime.c.cpl_memory_count()
    rounds(100)
    before = resident()
    rounds(300)
    assert resident() - before < 4 << 20
    assert runtime.c.cpl_memory_count() == live
    threads = len(os.listdir("/proc/self/task"))
    rounds(10)
    assert len(os.listdir("/proc/self/task")) == threads
