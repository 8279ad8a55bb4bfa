"""cuda-core's virtual memory, its sharing of pools and events with spawned processes, its arrays."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

core = pytest.importorskip("cuda.core")

PROGRAM = """
import multiprocessing
import numpy as np
from cuda.core import Buffer, Device, DeviceMemoryResource, DeviceMemoryResourceOptions, Event, EventOptions

def read(buffer, device):
    from cuda.core import LegacyPinnedMemoryResource
    stream = device.create_stream()
    host = LegacyPinnedMemoryResource().allocate(buffer.size)
    buffer.copy_to(host, stream=stream)
    stream.sync()
    return np.from_dlpack(host).view(np.uint8).copy()

def child(buffer, event, answers):
    device = Device()
    device.set_current()
    stream = device.create_stream()
    stream.wait(event)
    stream.sync()
    seen = read(buffer, device)
    buffer.fill(9, stream=stream)
    stream.sync()
    answers.put(seen.tolist())

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    device = Device()
    device.set_current()
    stream = device.create_stream()
    pool = DeviceMemoryResource(device, options=DeviceMemoryResourceOptions(max_size=1 << 21, ipc_enabled=True))
    buffer = pool.allocate(64, stream=stream)
    buffer.fill(5, stream=stream)
    event = stream.record(options=EventOptions(ipc_enabled=True))
    answers = multiprocessing.Queue()
    process = multiprocessing.Process(target=child, args=(buffer, event, answers))
    process.start()
    print(answers.get(timeout=60) == [5] * 64)
    process.join(60)
    print(process.exitcode, set(read(buffer, device).tolist()))
"""


def test_a_pool_and_an_event_are_shared_with_a_spawned_process(tmp_path: Any) -> None:
    program = tmp_path / "sharing.py"
    program.write_text("import compatlayer; compatlayer.install()\n" + PROGRAM, encoding="utf-8")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout.split("\n")[:2] == ["True", "0 {9}"], done.stderr


@pytest.fixture
def device() -> Any:
    made = core.Device()
    made.set_current()
    return made


def test_virtual_memory_grows_and_keeps_its_content(device: Any) -> None:
    options = core.VirtualMemoryResourceOptions(handle_type="posix_fd", gpu_direct_rdma=False)
    resource = core.VirtualMemoryResource(device, config=options)
    stream = device.create_stream()
    buffer = resource.allocate(1 << 20)
    buffer.fill(7, stream=stream)
    stream.sync()
    grown = resource.modify_allocation(buffer, 5 << 20)
    host = core.LegacyPinnedMemoryResource().allocate(1 << 20)
    part = core.Buffer.from_handle(int(grown.handle), 1 << 20)
    part.copy_to(host, stream=stream)
    stream.sync()
    assert (np.from_dlpack(host).view(np.uint8) == 7).all()
