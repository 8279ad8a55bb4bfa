"""Random rectangles and bricks, copied between host, pinned, managed and device memory, against NumPy."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from cuda.bindings import driver as cu
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Call = Callable[..., Any]
KINDS = ("host", "pinned", "managed", "device")


@dataclass
class Side:
    """One end of a copy: a brick of `depth` x `height` x `pitch` bytes of some kind of memory, and an offset."""

    kind: str
    pitch: int
    height: int
    depth: int
    x: int
    y: int
    z: int


@st.composite
def sides(draw: Any, extent: tuple[int, int, int]) -> Side:
    width, height, depth = extent
    x, y, z = (draw(st.integers(0, 5)) for _ in range(3))
    return Side(draw(st.sampled_from(KINDS)), x + width + draw(st.integers(0, 9)), y + height + draw(st.integers(0, 3)),
                z + depth + draw(st.integers(0, 2)), x, y, z)


@st.composite
def copies(draw: Any) -> tuple[tuple[int, int, int], Side, Side]:
    extent = draw(st.integers(1, 40)), draw(st.integers(1, 6)), draw(st.integers(1, 4))
    return extent, draw(sides(extent)), draw(sides(extent))


class Memory:
    """Memory of one kind with known content."""

    def __init__(self, call: Call, side: Side, seed: int) -> None:
        self.call, self.side = call, side
        shape = side.depth, side.height, side.pitch
        self.before = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
        size = self.before.nbytes
        if side.kind == "host":
            self.array = self.before.copy()
            self.address = self.array.ctypes.data
            return
        make = {"pinned": ("cuMemAllocHost", size), "managed": ("cuMemAllocManaged", size, 1),
                "device": ("cuMemAlloc", size)}[side.kind]
        self.address = int(call(*make))
        call("cuMemcpy", self.address, self.before.ctypes.data, size)

    def read(self) -> np.ndarray:
        after = np.empty_like(self.before)
        ctypes.memmove(after.ctypes.data, self.address, after.nbytes) if self.side.kind == "host" else \
            self.call("cuMemcpy", after.ctypes.data, self.address, after.nbytes)
        return after

    def part(self, whole: np.ndarray, extent: tuple[int, int, int]) -> np.ndarray:
        width, height, depth = extent
        side = self.side
        return whole[side.z:side.z + depth, side.y:side.y + height, side.x:side.x + width]

    def describe(self, copy: Any, name: str) -> None:
        side, kind = self.side, cu.CUmemorytype
        where = {"host": kind.CU_MEMORYTYPE_HOST, "pinned": kind.CU_MEMORYTYPE_HOST,
                 "managed": kind.CU_MEMORYTYPE_UNIFIED, "device": kind.CU_MEMORYTYPE_DEVICE}[side.kind]
        field = "Host" if where == kind.CU_MEMORYTYPE_HOST else "Device"
        for key, value in {"MemoryType": where, field: self.address, "Pitch": side.pitch, "Height": side.height,
                           "XInBytes": side.x, "Y": side.y, "Z": side.z}.items():
            setattr(copy, name + key, value)

    def close(self) -> None:
        if self.side.kind != "host":
            self.call("cuMemFreeHost" if self.side.kind == "pinned" else "cuMemFree", self.address)


@given(copies(), st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bricks_arrive_where_they_should_and_nowhere_else(
    call: Call, plan: tuple[tuple[int, int, int], Side, Side], asynchronous: bool
) -> None:
    extent, origin, target = plan
    source, destination = Memory(call, origin, 1), Memory(call, target, 2)
    copy = cu.CUDA_MEMCPY3D()
    source.describe(copy, "src")
    destination.describe(copy, "dst")
    copy.WidthInBytes, copy.Height, copy.Depth = extent
    if asynchronous:
        call("cuMemcpy3DAsync", copy, 0)
        call("cuStreamSynchronize", 0)
    else:
        call("cuMemcpy3D", copy)
    expected = destination.before.copy()
    destination.part(expected, extent)[:] = source.part(source.before, extent)
    assert (destination.read() == expected).all()
    assert (source.read() == source.before).all()
    source.close()
    destination.close()


@given(st.integers(1, 300), st.integers(0, 300), st.integers(0, 320))
@settings(max_examples=150, deadline=None)
def test_a_copy_succeeds_exactly_when_it_stays_inside(call: Call, size: int, offset: int, count: int) -> None:
    device, host = int(call("cuMemAlloc", size)), np.zeros(400, np.uint8)
    status = cu.cuMemcpyDtoH(host, device + offset, count)[0]
    inside = count == 0 or offset + count <= size
    expected = cu.CUresult.CUDA_SUCCESS if inside else cu.CUresult.CUDA_ERROR_INVALID_VALUE
    call("cuMemFree", device)
    assert status == expected
