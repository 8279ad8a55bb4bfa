"""Profiler control. Without a profiling tool these calls have no effect, as documented; there is no tool here."""

from __future__ import annotations

from compatlayer.api.entry import entry
from compatlayer.core.context import current
from compatlayer.errors import CudaError, Status


@entry("cuProfilerInitialize", optional=("configFile", "outputFile"))
def initialize(configFile, outputFile, outputMode):
    raise CudaError(Status.NOT_SUPPORTED, "the profiler that this call sets up does not exist since CUDA 11")


@entry("cuProfilerStart")
def start():
    current()


@entry("cuProfilerStop")
def stop():
    current()
