"""A small model of memory, streams, events and graphs, and the calls that should do the same on the device.

Every buffer remembers the stream that used it last; another stream first waits for an event of that one. So the program
order is the order of every buffer's uses, and the model is NumPy arrays changed in program order.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from cuda.bindings import driver as cu
from fuzz_image import compile_image

SOURCE = rb"""
extern "C" __global__ void mix(unsigned *to, const unsigned *from, unsigned value, int n)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        to[i] = to[i] * 3 + from[i] + value;
}
"""
THREADS = 3
WORDS = 256  # of the smallest buffer
STREAMS = 5  # the legacy stream, a blocking one, non-blocking ones
LEGACY = 0


def checked(name: str, *arguments: Any) -> Any:
    status, *values = getattr(cu, name)(*arguments)
    assert int(status) == 0, f"{name}{arguments}: {status.name}"
    return values[0] if len(values) == 1 else tuple(values)


class Step(NamedTuple):
    """One piece of work on buffers: what to enqueue on a stream, and what it does to the model."""

    writes: Buffer
    reads: Buffer
    put: Callable[[Any], None]
    apply: Callable[[], None]


class Buffer:
    """Device-accessible memory of `model.size` words, and what must be in it."""

    def __init__(self, address: int, kind: str, words: int, stream: int) -> None:
        self.address, self.kind, self.last = address, kind, stream
        self.model = np.zeros(words, np.uint32)
        self.graphs = 0  # that use it


class Graph(NamedTuple):
    """An instantiated graph and the work in it."""

    exec: Any
    graph: Any
    steps: list[Step]


class World:
    """The device side: a context, threads that use it, streams, the kernel."""

    def __init__(self) -> None:
        checked("cuInit", 0)
        self.context = checked("cuDevicePrimaryCtxRetain", 0)
        checked("cuCtxSetCurrent", self.context)
        self.module = checked("cuModuleLoadData", compile_image(SOURCE))
        self.kernel = checked("cuModuleGetFunction", self.module, b"mix")
        self.streams = [
            cu.CUstream(0),
            checked("cuStreamCreate", 0),
            *(checked("cuStreamCreate", 1) for _ in range(STREAMS - 2)),
        ]
        self.threads = [
            ThreadPoolExecutor(1, initializer=lambda: checked("cuCtxSetCurrent", self.context)) for _ in range(THREADS)
        ]
        self.kept: list[Any] = []  # host memory of work under way

    def on(self, thread: int, work: Callable[[], Any]) -> Any:
        """Do something on one of the threads and wait for it."""
        return self.threads[thread].submit(work).result(timeout=60)

    def close(self) -> None:
        for thread in self.threads:
            thread.shutdown()
        checked("cuCtxSynchronize")
        for stream in self.streams[1:]:
            checked("cuStreamDestroy", stream)
        checked("cuModuleUnload", self.module)

    # ---- memory ------------------------------------------------------------------------------------------------
    def allocate(self, kind: str, words: int, stream: int) -> Buffer:
        size = words * 4
        if kind == "pool":
            address = checked("cuMemAllocAsync", size, self.streams[stream])
        elif kind == "managed":
            address = checked("cuMemAllocManaged", size, 1)
        elif kind == "pinned":
            address = checked("cuMemHostAlloc", size, 0)
        else:
            address = checked("cuMemAlloc", size)
        buffer = Buffer(int(address), kind, words, stream)
        checked("cuMemsetD32Async", buffer.address, 0, words, self.streams[stream])
        return buffer

    def free(self, buffer: Buffer) -> None:
        if buffer.kind == "pool":
            checked("cuMemFreeAsync", buffer.address, self.streams[buffer.last])
        elif buffer.kind == "pinned":
            checked("cuMemFreeHost", buffer.address)
        else:
            checked("cuMemFree", buffer.address)

    # ---- work --------------------------------------------------------------------------------------------------
    def take(self, buffer: Buffer, stream: int) -> None:
        """Order `stream` behind the buffer's last use."""
        if buffer.last != stream:
            event = checked("cuEventCreate", 2)
            checked("cuEventRecord", event, self.streams[buffer.last])
            checked("cuStreamWaitEvent", self.streams[stream], event, 0)
            checked("cuEventDestroy", event)
            buffer.last = stream

    def fill(self, buffer: Buffer, value: int, start: int, width: int) -> Step:
        start %= buffer.model.size
        words = max(1, min(width, buffer.model.size - start))

        def apply() -> None:
            buffer.model[start : start + words] = value

        return Step(
            buffer, buffer, lambda s: checked("cuMemsetD32Async", buffer.address + 4 * start, value, words, s), apply
        )

    def copy(self, to: Buffer, origin: Buffer) -> Step:
        words = min(to.model.size, origin.model.size)

        def apply() -> None:
            to.model[:words] = origin.model[:words]

        return Step(to, origin, lambda s: checked("cuMemcpyAsync", to.address, origin.address, 4 * words, s), apply)

    def mix(self, to: Buffer, origin: Buffer, value: int, block: int) -> Step:
        words = min(to.model.size, origin.model.size)
        values = (
            ctypes.c_uint64(to.address),
            ctypes.c_uint64(origin.address),
            ctypes.c_uint32(value),
            ctypes.c_int32(words),
        )
        addresses = (ctypes.c_void_p * 4)(*map(ctypes.addressof, values))

        def put(stream: Any) -> None:
            assert values
            checked("cuLaunchKernel", self.kernel, 2, 1, 1, block, 1, 1, 0, stream, ctypes.addressof(addresses), 0)

        def apply() -> None:
            to.model[:words] = to.model[:words] * np.uint32(3) + origin.model[:words] + np.uint32(value)

        return Step(to, origin, put, apply)

    def upload(self, to: Buffer, seed: int) -> Step:
        data = np.random.default_rng(seed).integers(0, 1 << 32, to.model.size, np.uint32)
        self.kept.append(data)

        def apply() -> None:
            to.model[:] = data

        return Step(to, to, lambda s: checked("cuMemcpyHtoDAsync", to.address, data.ctypes.data, data.nbytes, s), apply)

    def do(self, step: Step, stream: int) -> None:
        """Enqueue a step where it may run, and change the model."""
        self.take(step.reads, stream)
        self.take(step.writes, stream)
        step.put(self.streams[stream])
        step.apply()

    def compare(self, buffer: Buffer) -> None:
        found = np.empty_like(buffer.model)
        checked("cuMemcpyDtoHAsync", found.ctypes.data, buffer.address, found.nbytes, self.streams[buffer.last])
        checked("cuStreamSynchronize", self.streams[buffer.last])
        assert np.array_equal(found, buffer.model), f"{buffer.kind} buffer of {buffer.model.size} words differs"

    # ---- graphs ------------------------------------------------------------------------------------------------
    def capture(self, steps: list[Step], fork: list[Step], stream: int, meanwhile: Callable[[], None]) -> Graph:
        """A graph of `steps`; those of `fork` come from another stream, and share no buffers."""
        main, side = self.streams[stream], self.streams[STREAMS - 1 if stream != STREAMS - 1 else STREAMS - 2]
        events = [checked("cuEventCreate", 2) for _ in range(2)]
        checked("cuStreamBeginCapture", main, cu.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED)
        if fork:
            checked("cuEventRecord", events[0], main)
            checked("cuStreamWaitEvent", side, events[0], 0)
        for step in steps:
            step.put(main)
        meanwhile()
        for step in fork:
            step.put(side)
        if fork:
            checked("cuEventRecord", events[1], side)
            checked("cuStreamWaitEvent", main, events[1], 0)
        graph = checked("cuStreamEndCapture", main)
        for event in events:
            checked("cuEventDestroy", event)
        made = Graph(checked("cuGraphInstantiate", graph, 0), graph, [*steps, *fork])
        for step in made.steps:
            step.writes.graphs += 1
            step.reads.graphs += 1
        return made

    def launch(self, graph: Graph, stream: int) -> None:
        for step in graph.steps:
            self.take(step.reads, stream)
            self.take(step.writes, stream)
        checked("cuGraphLaunch", graph.exec, self.streams[stream])
        for step in graph.steps:
            step.apply()

    def end(self, graph: Graph) -> None:
        checked("cuGraphExecDestroy", graph.exec)
        checked("cuGraphDestroy", graph.graph)
        for step in graph.steps:
            step.writes.graphs -= 1
            step.reads.graphs -= 1
