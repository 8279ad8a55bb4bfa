"""Random graphs of fills, copies and kernels, explicit and captured, against NumPy in their order."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))
from compiled import build
from graphs import SOURCE, Arguments, copy_params, fill_params, kernel_params, values

driver = pytest.importorskip("cuda.bindings.driver")
BUFFERS, COUNT = 3, 64


class Step(NamedTuple):
    """One node: what it does to which buffer, and the earlier steps that it names as dependencies."""

    kind: str
    target: int
    source: int
    value: int
    after: frozenset[int]


@st.composite
def programs(draw: Any) -> list[Step]:
    steps = []
    for place in range(draw(st.integers(1, 14))):
        after = draw(st.frozensets(st.integers(0, place - 1), max_size=3)) if place else frozenset()
        kind = draw(st.sampled_from(("fill", "copy", "add", "scale")))
        steps.append(Step(kind, draw(st.integers(0, BUFFERS - 1)), draw(st.integers(0, BUFFERS - 1)),
                          draw(st.integers(-5, 5)), after))
    return steps


def ordered(steps: list[Step]) -> list[set[int]]:
    """Every step's dependencies, with those that its buffers need: steps on a common buffer, of which one writes."""
    needed = []
    for place, step in enumerate(steps):
        used = {step.target} | ({step.source} if step.kind == "copy" else set())
        found = set(step.after)
        for earlier in range(place):
            other = steps[earlier]
            theirs = {other.target} | ({other.source} if other.kind == "copy" else set())
            if other.target in used or step.target in theirs:
                found.add(earlier)
        needed.append(found)
    return needed


def expect(steps: list[Step], buffers: list[np.ndarray]) -> None:
    """One launch, by NumPy."""
    for step in steps:
        target = buffers[step.target]
        if step.kind == "fill":
            target[:] = step.value
        elif step.kind == "copy":
            target[:] = buffers[step.source]
        elif step.kind == "add":
            target += step.value
        else:
            target *= step.value


class Device:
    """The buffers and kernels of the runs."""

    def __init__(self) -> None:
        ok(driver.cuInit(0))
        self.context = ok(driver.cuDevicePrimaryCtxRetain(0))
        ok(driver.cuCtxSetCurrent(self.context))
        module = ok(driver.cuModuleLoadData(build(SOURCE)))
        self.kernels = {name: ok(driver.cuModuleGetFunction(module, name.encode())) for name in ("add", "scale")}
        self.buffers = [ok(driver.cuMemAlloc(COUNT * 4)) for _ in range(BUFFERS)]
        self.streams = [ok(driver.cuStreamCreate(1)) for _ in range(3)]

    def clear(self) -> None:
        for place, buffer in enumerate(self.buffers):
            ok(driver.cuMemsetD32(buffer, place + 1, COUNT))

    def arguments(self, step: Step) -> Arguments:
        return Arguments(np.uint64(int(self.buffers[step.target])), np.int32(COUNT), np.int32(step.value))


def ok(answer: tuple) -> Any:
    status, *rest = answer
    assert int(status) == 0, status
    return rest[0] if len(rest) == 1 else rest


@pytest.fixture(scope="module")
def device() -> Device:
    return Device()


def explicit(device: Device, steps: list[Step]) -> Any:
    graph = ok(driver.cuGraphCreate(0))
    nodes: list[Any] = []
    for step, needed in zip(steps, ordered(steps), strict=True):
        after = [nodes[place] for place in sorted(needed)]
        target = device.buffers[step.target]
        if step.kind == "fill":
            params = fill_params(driver, target, step.value & 0xFFFFFFFF, COUNT)
            node = driver.cuGraphAddMemsetNode(graph, after or None, len(after), params, device.context)
        elif step.kind == "copy":
            params = copy_params(driver, target, device.buffers[step.source], COUNT * 4)
            node = driver.cuGraphAddMemcpyNode(graph, after or None, len(after), params, device.context)
        else:
            arguments = device.arguments(step)
            params = kernel_params(driver, device.kernels[step.kind], arguments, 2, 32)
            node = driver.cuGraphAddKernelNode(graph, after or None, len(after), params)
        nodes.append(ok(node))
    return graph


def captured(device: Device, steps: list[Step]) -> Any:
    """Each step in one of three streams, which wait for the events of those that it needs."""
    streams = device.streams
    mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
    ok(driver.cuStreamBeginCapture(streams[0], mode))
    fork = ok(driver.cuEventCreate(2))
    ok(driver.cuEventRecord(fork, streams[0]))
    for stream in streams[1:]:
        ok(driver.cuStreamWaitEvent(stream, fork, 0))
    events = []
    for place, (step, needed) in enumerate(zip(steps, ordered(steps), strict=True)):
        stream = streams[place % 3]
        for earlier in needed:
            ok(driver.cuStreamWaitEvent(stream, events[earlier], 0))
        target = device.buffers[step.target]
        if step.kind == "fill":
            ok(driver.cuMemsetD32Async(target, step.value & 0xFFFFFFFF, COUNT, stream))
        elif step.kind == "copy":
            ok(driver.cuMemcpyDtoDAsync(target, device.buffers[step.source], COUNT * 4, stream))
        else:
            arguments = ((int(target), COUNT, step.value), (ctypes.c_void_p, ctypes.c_int, ctypes.c_int))
            ok(driver.cuLaunchKernel(device.kernels[step.kind], 2, 1, 1, 32, 1, 1, 0, stream, arguments, 0))
        events.append(ok(driver.cuEventCreate(2)))
        ok(driver.cuEventRecord(events[-1], stream))
    for stream in streams[1:]:
        join = ok(driver.cuEventCreate(2))
        ok(driver.cuEventRecord(join, stream))
        ok(driver.cuStreamWaitEvent(streams[0], join, 0))
    return ok(driver.cuStreamEndCapture(streams[0]))


class Api:
    """What `values` needs."""

    @staticmethod
    def cuMemcpyDtoH(*arguments: Any) -> None:
        ok(driver.cuMemcpyDtoH(*arguments))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=programs(), launches=st.integers(1, 3))
def test_random_graphs_end_as_program_order_says(device: Device, steps: list[Step], launches: int) -> None:
    ok(driver.cuCtxSetCurrent(device.context))
    expected = [np.full(COUNT, place + 1, np.int32) for place in range(BUFFERS)]
    for _ in range(launches):
        expect(steps, expected)
    for make in (explicit, captured):
        device.clear()
        graph = make(device, steps)
        executable = ok(driver.cuGraphInstantiate(graph, 0))
        for _ in range(launches):
            ok(driver.cuGraphLaunch(executable, device.streams[0]))
        ok(driver.cuStreamSynchronize(device.streams[0]))
        found = [values(Api, buffer, COUNT) for buffer in device.buffers]
        assert all((one == other).all() for one, other in zip(found, expected, strict=True)), make.__name__
        ok(driver.cuGraphExecDestroy(executable))
        ok(driver.cuGraphDestroy(graph))
