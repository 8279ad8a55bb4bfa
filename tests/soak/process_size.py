"""What a process holds: resident memory, mappings, files, threads, live objects of ours."""

from __future__ import annotations

import ctypes
import gc
import os
from collections import Counter
from typing import Any

_libc: Any = ctypes.CDLL(None)


def resident_kib() -> int:
    """Resident memory after giving free memory back to the system."""
    _libc.malloc_trim(0)
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def peak_kib() -> int:
    """The most memory that was resident at once."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def sizes() -> dict[str, int]:
    """Everything that must not grow."""
    from compatlayer._native import lib

    from compatlayer.core import handles, memory

    gc.collect()
    with open("/proc/self/maps") as maps:
        mappings = sum(1 for _ in maps)
    found = Counter(f"live {type(each).__name__}" for each in list(handles._objects.values()))
    return {
        "resident KiB": resident_kib(),
        "mappings": mappings,
        "files": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
        "objects": len(gc.get_objects()),
        "native allocations": int(lib.cpl_memory_count()),
        "memory records": len(memory._records),
        **found,
    }


# What may differ between two moments of a process that leaks nothing; how many stacks threads need depends on timing.
SLACK = {"resident KiB": 12 << 10, "mappings": 200, "files": 3, "threads": 2, "objects": 2000, "live Pool": 4}


def growth(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """What has grown, in words."""
    return [
        f"{kind}: {before.get(kind, 0)} before, {count} after"
        for kind, count in after.items()
        if count > before.get(kind, 0) + SLACK.get(kind, 0)
    ]
