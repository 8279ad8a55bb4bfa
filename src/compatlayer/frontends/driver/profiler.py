"""Profiler control. Without a profiling tool these calls have no effect, as documented; there is no tool here."""

from __future__ import annotations

from compatlayer.api.entry import entry
from compatlayer.core.context import current


@entry("cuProfilerStart")
def start():
    current()


@entry("cuProfilerStop")
def stop():
    current()
