"""cuda-core's Device, Stream, Event, Buffer and memory resources, unmodified, on our driver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

core = pytest.importorskip("cuda.core")


@pytest.fixture
def device() -> Any:
    made = core.Device(0)
    made.set_current()
    return made


@pytest.fixture
def stream(device: Any) -> Iterator[Any]:
    made = device.create_stream()
    yield made
    made.sync()
    made.close()


def test_the_device_says_what_it_is(device: Any) -> None:
    assert device.name.startswith("compatlayer CPU (")
    assert len(device.uuid) == 36
    assert (device.compute_capability.major, device.compute_capability.minor) == (8, 6)
    assert device.pci_bus_id.count(":") == 2
    assert device.properties.warp_size == 32
    assert core.Device.get_all_devices()[0].device_id == 0


def test_every_property_can_be_read(device: Any) -> None:
    names = [name for name in dir(device.properties) if not name.startswith("_")]
    assert len(names) > 100
    for name in names:
        getattr(device.properties, name)


def test_the_device_waits_for_everything(device: Any, stream: Any) -> None:
    buffer = device.allocate(1 << 20, stream=stream)
    buffer.fill(1, stream=stream)
    device.sync()
    buffer.close(stream)


def test_streams_and_events(device: Any, stream: Any) -> None:
    first = stream.record(options=core.EventOptions(timing_enabled=True))
    last = stream.record(options=core.EventOptions(timing_enabled=True))
    last.sync()
    assert last.is_done and last - first >= 0
    other = device.create_stream(options=core.StreamOptions(nonblocking=False, priority=-1))
    assert other.priority == -1 and not other.is_nonblocking
    other.wait(first)
    other.wait(stream)
    other.sync()
    other.close()
    assert core.Stream.from_handle(int(stream.handle)).handle == stream.handle


@pytest.mark.parametrize("make", [
    lambda device: core.DeviceMemoryResource(device),
    lambda device: core.DeviceMemoryResource(device, core.DeviceMemoryResourceOptions(max_size=1 << 20)),
    lambda device: core.PinnedMemoryResource(),
    lambda device: core.PinnedMemoryResource(core.PinnedMemoryResourceOptions(max_size=1 << 20)),
    lambda device: core.ManagedMemoryResource(),
    lambda device: core.ManagedMemoryResource(core.ManagedMemoryResourceOptions(preferred_location=0)),
    lambda device: core.LegacyPinnedMemoryResource(),
], ids=["default", "own-pool", "pinned", "own-pinned", "managed", "own-managed", "legacy-pinned"])
def test_buffers_of_every_resource_carry_data(device: Any, stream: Any, make: Any) -> None:
    resource, legacy = make(device), core.LegacyPinnedMemoryResource()
    buffer, source = resource.allocate(4096, stream=stream), legacy.allocate(4096, stream=stream)
    target = legacy.allocate(4096, stream=stream)
    np.from_dlpack(source)[:] = np.arange(4096, dtype=np.int64).astype(np.int8)
    buffer.copy_from(source, stream=stream)
    buffer.copy_to(target, stream=stream)
    stream.sync()
    assert (np.from_dlpack(target) == np.from_dlpack(source)).all()
    if buffer.is_host_accessible:
        assert (np.from_dlpack(buffer) == np.from_dlpack(source)).all()
    buffer.close(stream)
    assert buffer.handle in (None, 0)


@pytest.mark.parametrize("value", [7, b"\x01\x02", b"\x01\x02\x03\x04"])
def test_buffers_are_filled(device: Any, stream: Any, value: int | bytes) -> None:
    buffer, back = device.allocate(64, stream=stream), core.LegacyPinnedMemoryResource().allocate(64, stream=stream)
    buffer.fill(value, stream=stream)
    buffer.copy_to(back, stream=stream)
    stream.sync()
    pattern = bytes([value]) if isinstance(value, int) else value
    assert np.from_dlpack(back).tobytes() == pattern * (64 // len(pattern))


def test_pool_statistics_are_told(device: Any, stream: Any) -> None:
    resource = core.DeviceMemoryResource(device, core.DeviceMemoryResourceOptions(max_size=1 << 20))
    buffer = resource.allocate(1 << 19, stream=stream)
    assert resource.attributes.used_mem_current == 1 << 19
    buffer.close(stream)
    assert resource.attributes.used_mem_current == 0
    assert resource.attributes.used_mem_high == 1 << 19


def test_host_arrays_are_known_as_such(device: Any) -> None:
    array = np.ones(100)
    buffer = core.Buffer.from_handle(array.ctypes.data, array.nbytes)
    assert buffer.is_host_accessible


def test_what_is_absent_says_so(device: Any) -> None:
    with pytest.raises(Exception, match="CUDA_ERROR_NOT_SUPPORTED"):
        core.GraphicsResource.from_gl_buffer(1)
