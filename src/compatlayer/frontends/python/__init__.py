"""The Python API: CUDA C++ kernels on compatlayer's devices, for code with no CUDA package at all.

Sizes are bytes, times seconds. Every object that owns something is a context manager and has close(), which may be
called twice. Failures are CudaError with the CUDA status. See docs/python-api.md.
"""

from __future__ import annotations

from compatlayer.frontends.python.buffer import Buffer
from compatlayer.frontends.python.device import Device, devices
from compatlayer.frontends.python.event import Event
from compatlayer.frontends.python.launch_config import LaunchConfig, launch
from compatlayer.frontends.python.program import CompileError, Kernel, Program
from compatlayer.frontends.python.stream import Stream

__all__ = [
    "Buffer",
    "CompileError",
    "Device",
    "Event",
    "Kernel",
    "LaunchConfig",
    "Program",
    "Stream",
    "devices",
    "launch",
]
