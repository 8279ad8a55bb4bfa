"""Random programs of streams, kernels and events against a small model of CUDA's ordering rules.

A program moves numbers between cells of device memory. Where the rules (same stream, events, the legacy stream) do
not order two uses of a cell, the program adds an event; where they do, it relies on them. Sleeping host functions
shake the timing. The result must be what the program order says.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cuda.bindings import driver as cu
from cuda.bindings import nvrtc
from hypothesis import given, settings
from hypothesis import strategies as st

Call = Callable[..., Any]
CELLS = 6
CELL_BYTES = 256
LEGACY = 0  # place of the legacy stream in the list of streams; 1 to 3 block, 4 and 5 do not
BLOCKING = (1, 2, 3)
STREAMS = 6
SPINS = 3000  # of each of 256 threads: about a millisecond in all
EXAMPLES = int(os.environ.get("STREAM_PROGRAMS", "80"))

_sleep = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda data: time.sleep((data or 0) * 1e-4))
SOURCE = b"""
extern "C" __global__ void add(unsigned char *cell, int value, int spins)
{
    for (volatile int i = 0; i < spins; i++)
        ;
    cell[threadIdx.x] += value;
}
"""
SLEEP = ctypes.cast(_sleep, ctypes.c_void_p).value

operations = st.one_of(
    st.tuples(st.just("fill"), st.integers(0, STREAMS - 1), st.integers(0, CELLS - 1), st.integers(1, 255)),
    st.tuples(st.just("copy"), st.integers(0, STREAMS - 1), st.integers(0, CELLS - 1), st.integers(0, CELLS - 1)),
    st.tuples(st.just("add"), st.integers(0, STREAMS - 1), st.integers(0, CELLS - 1), st.integers(1, 255)),
    st.tuples(st.just("add"), st.integers(0, STREAMS - 1), st.integers(0, CELLS - 1), st.integers(1, 255)),
    st.tuples(st.just("wait"), st.integers(0, STREAMS - 1), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("sleep"), st.integers(0, STREAMS - 1), st.integers(1, 30), st.just(0)),
    st.tuples(st.just("read"), st.integers(0, STREAMS - 1), st.integers(0, CELLS - 1), st.just(0)),
)

# Few streams and cells: nearly every launch has something to wait for, often of another stream's.
launches = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 2), st.integers(0, 1), st.integers(1, 255)),
    st.tuples(st.just("add"), st.integers(0, 2), st.integers(0, 1), st.integers(1, 255)),
    st.tuples(st.just("add"), st.integers(0, 2), st.integers(0, 1), st.integers(1, 255)),
    st.tuples(st.just("fill"), st.integers(0, 2), st.integers(0, 1), st.integers(1, 255)),
    st.tuples(st.just("slow"), st.integers(0, 2), st.integers(0, 1), st.integers(1, 255)),
    st.tuples(st.just("sleep"), st.integers(0, 2), st.integers(3, 20), st.just(0)),
    st.tuples(st.just("wait"), st.integers(0, 2), st.integers(0, 1), st.just(0)),
)


class Order:
    """Which earlier work a stream's next work comes after: a clock for each stream."""

    def __init__(self) -> None:
        self.clocks = [[0] * STREAMS for _ in range(STREAMS)]
        self.uses: dict[int, list[tuple[int, int, bool]]] = {cell: [] for cell in range(CELLS)}

    def join(self, stream: int, other: int) -> None:
        self.clocks[stream] = [max(pair) for pair in zip(self.clocks[stream], self.clocks[other], strict=True)]

    def step(self, stream: int) -> None:
        """New work: apply the default-stream rules, then count it."""
        for other in BLOCKING if stream == LEGACY else (LEGACY,) if stream in BLOCKING else ():
            self.join(stream, other)
        self.clocks[stream][stream] += 1

    def unordered(self, stream: int, cell: int, writes: bool) -> set[int]:
        """Streams whose uses of `cell` conflict and are not known to come first."""
        return {other for other, tick, wrote in self.uses[cell]
                if (writes or wrote) and other != stream and self.clocks[stream][other] < tick}

    def use(self, stream: int, cell: int, writes: bool) -> None:
        self.uses[cell].append((stream, self.clocks[stream][stream], writes))


class Program:
    """Runs operations on the device and, in program order, on a list."""

    def __init__(self, call: Call, kernel: Any) -> None:
        self.call, self.kernel = call, kernel
        self.streams = [cu.CUstream(1), *(call("cuStreamCreate", 0) for _ in BLOCKING),
                        *(call("cuStreamCreate", 1) for _ in range(2))]
        self.base = int(call("cuMemAlloc", CELLS * CELL_BYTES))
        self.call("cuMemsetD8", self.base, 0, CELLS * CELL_BYTES)
        self.call("cuCtxSynchronize")
        self.expected, self.order = [0] * CELLS, Order()
        self.event = call("cuEventCreate", 2)

    def address(self, cell: int) -> int:
        return self.base + cell * CELL_BYTES

    def prepare(self, stream: int, uses: list[tuple[int, bool]]) -> None:
        """Order this work behind every conflicting use, by events where the rules do not do it."""
        probe = Order()
        probe.clocks = [list(clock) for clock in self.order.clocks]
        probe.uses = self.order.uses
        probe.step(stream)
        for other in {other for cell, writes in uses for other in probe.unordered(stream, cell, writes)}:
            self.order.step(other)
            self.call("cuEventRecord", self.event, self.streams[other])
            self.order.step(stream)
            self.call("cuStreamWaitEvent", self.streams[stream], self.event, 0)
            self.order.join(stream, other)
        self.order.step(stream)
        for cell, writes in uses:
            self.order.use(stream, cell, writes)

    def run(self, kind: str, stream: int, first: int, second: int) -> None:
        handle = self.streams[stream]
        if kind == "fill":
            self.prepare(stream, [(first, True)])
            self.call("cuMemsetD8Async", self.address(first), second, CELL_BYTES, handle)
            self.expected[first] = second
        elif kind == "copy" and first != second:
            self.prepare(stream, [(first, True), (second, False)])
            self.call("cuMemcpyDtoDAsync", self.address(first), self.address(second), CELL_BYTES, handle)
            self.expected[first] = self.expected[second]
        elif kind in ("add", "slow"):
            self.prepare(stream, [(first, True)])
            self.launch(first, second, SPINS if kind == "slow" else 0, handle)
            self.expected[first] = (self.expected[first] + second) % 256
        elif kind == "wait" and first:
            self.call("cuCtxSynchronize")
        elif kind == "wait":
            self.call("cuStreamSynchronize", handle)
        elif kind == "sleep":
            self.order.step(stream)
            self.call("cuLaunchHostFunc", handle, cu.CUhostFn(SLEEP), first)
        elif kind == "read":
            self.prepare(stream, [(first, False)])
            host = np.zeros(CELL_BYTES, np.uint8)
            self.call("cuMemcpyDtoHAsync", host, self.address(first), CELL_BYTES, handle)
            assert (host == self.expected[first]).all()

    def launch(self, cell: int, value: int, spins: int, stream: Any) -> None:
        kinds = (ctypes.c_uint64, ctypes.c_int32, ctypes.c_int32)
        values = [kind(number) for kind, number in zip(kinds, (self.address(cell), value, spins), strict=True)]
        addresses = (ctypes.c_void_p * 3)(*map(ctypes.addressof, values))
        self.call("cuLaunchKernel", self.kernel, 1, 1, 1, CELL_BYTES, 1, 1, 0, stream, ctypes.addressof(addresses), 0)

    def finish(self) -> list[int]:
        """Wait and read all cells."""
        self.call("cuCtxSynchronize")
        host = np.zeros((CELLS, CELL_BYTES), np.uint8)
        self.call("cuMemcpyDtoH", host, self.base, host.nbytes)
        for stream in self.streams[1:]:
            self.call("cuStreamDestroy", stream)
        self.call("cuEventDestroy", self.event)
        self.call("cuMemFree", self.base)
        assert all((row == row[0]).all() for row in host)
        return [int(row[0]) for row in host]


@pytest.fixture(scope="module")
def kernel(call: Call) -> Any:
    """A kernel that adds to every byte of a cell."""
    program = nvrtc.nvrtcCreateProgram(SOURCE, b"add.cu", 0, None, None)[1]
    assert nvrtc.nvrtcCompileProgram(program, 1, [b"-arch=sm_86"])[0] == nvrtc.nvrtcResult.NVRTC_SUCCESS
    image = bytes(nvrtc.nvrtcGetCUBINSize(program)[1])
    nvrtc.nvrtcGetCUBIN(program, image)
    return call("cuModuleGetFunction", call("cuModuleLoadData", image), b"add")


@given(st.lists(operations, min_size=5, max_size=60))
@settings(max_examples=EXAMPLES, deadline=None)
def test_programs_end_as_program_order_says(call: Call, kernel: Any, program: list[tuple[str, int, int, int]]) -> None:
    running = Program(call, kernel)
    for operation in program:
        running.run(*operation)
    assert running.finish() == running.expected


@given(st.lists(launches, min_size=10, max_size=60))
@settings(max_examples=EXAMPLES, deadline=None)
def test_launches_wait_as_the_default_stream_rules_say(call: Call, kernel: Any,
                                                       program: list[tuple[str, int, int, int]]) -> None:
    running = Program(call, kernel)
    for operation in program:
        running.run(*operation)
    assert running.finish() == running.expected
