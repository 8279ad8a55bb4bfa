"""What a process holds before and after: open file descriptors, live memory, handles, bytes used."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager


def _held() -> dict[str, int]:
    from compatlayer._native import lib

    from compatlayer.core import handles, memory

    gc.collect()
    return {"file descriptors": len(os.listdir("/proc/self/fd")), "records": len(memory.live_records()),
            "spans": lib.cpl_memory_count(), "handles": len(handles._objects), "used bytes": lib.cpl_memory_used(0)}


@contextmanager
def nothing_left() -> Iterator[None]:
    """Fails when something made inside is still there afterwards."""
    before = _held()
    yield
    assert _held() == before
