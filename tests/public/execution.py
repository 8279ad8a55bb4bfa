"""Runs a public kernel's job on one engine through the Python API, unchanged source in, contents of its buffers out."""

from __future__ import annotations

import contextlib
import ctypes
import io
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from device_part import device_part
from public_kernel import Job, PublicKernel, checkout

import compatlayer


@contextlib.contextmanager
def engine_of(device: compatlayer.Device, engine: str) -> Iterator[None]:
    """What is compiled for the device meanwhile is for `engine`: each kernel for a class of blocks at first launch."""
    hardware: Any = device.core.hardware
    kept = hardware.settings
    hardware.settings = kept._replace(engine=engine, engine_report=True)
    try:
        yield
    finally:
        hardware.settings = kept


def source_of(kernel: PublicKernel) -> str:
    folder = checkout(kernel.repository)
    assert folder is not None
    return device_part(folder / kernel.path, kernel.extra)


class Execution:
    """A program and its job's buffers on a device; run() is a whole job. Owns them until close()."""

    def __init__(self, device: compatlayer.Device, kernel: PublicKernel, job: Job) -> None:
        self.job = job
        self.program = compatlayer.Program(device, source_of(kernel), name=kernel.path,
                                           options=("--std=c++17", "-w", *kernel.options),
                                           name_expressions=kernel.expressions)
        self.stream = device.stream()
        self.buffers = {name: device.upload(np.ascontiguousarray(data)) for name, data in job.buffers.items()}
        self.launches = [(compatlayer.LaunchConfig(step.grid, step.block, shared_bytes=step.shared_bytes,
                                                   cooperative=step.cooperative), self.program.kernel(step.kernel),
                          [self.buffers[one] if isinstance(one, str) else one for one in step.arguments])
                         for step in job.steps]
        for step, (_, entry, _) in zip(job.steps, self.launches, strict=True):
            if step.shared_bytes > 48 << 10:
                entry.allow_shared_bytes(step.shared_bytes)

    def restore(self) -> None:
        """The buffers and symbols as they are before the job."""
        for name, data in self.job.buffers.items():
            self.buffers[name].copy_from(np.ascontiguousarray(data))
        for name, data in self.job.symbols.items():
            address, size_bytes = self.program.symbol(name)
            assert data.nbytes <= size_bytes, name
            ctypes.memmove(address, np.ascontiguousarray(data).ctypes.data, data.nbytes)

    def run(self) -> float:
        """The job's launches and a wait for them, after restore(); seconds without the restoring."""
        self.restore()
        begin = time.perf_counter()
        for config, entry, arguments in self.launches:
            compatlayer.launch(self.stream, config, entry, *arguments)
        self.stream.synchronize()
        return time.perf_counter() - begin

    def contents(self) -> dict[str, np.ndarray]:
        return {name: buffer.copy_to() for name, buffer in self.buffers.items()}

    def close(self) -> None:
        for buffer in self.buffers.values():
            buffer.close()
        self.stream.close()
        self.program.close()


def first_run(device: compatlayer.Device, kernel: PublicKernel, job: Job, engine: str) -> tuple[Execution, float, str]:
    """An execution that has run once, the seconds from source to the first result, and why kernels of it fell to the
    naive engine (empty if none did)."""
    said = io.StringIO()
    begin = time.perf_counter()
    with engine_of(device, engine), contextlib.redirect_stderr(said):
        execution = Execution(device, kernel, job)
        execution.run()
    taken = time.perf_counter() - begin
    reasons = {line.split(": ", 2)[2] for line in said.getvalue().splitlines() if "naive engine" in line}
    return execution, taken, "; ".join(sorted(reasons))
