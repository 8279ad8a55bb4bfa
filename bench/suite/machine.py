"""This machine's limits, measured: bandwidth at each level of memory, and arithmetic in registers."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from suite.native import build

STREAMS = {"read": 1, "copy": 2, "triad": 3, "update": 3}  # arrays' worth of bytes that each pattern moves
_OPERATIONS = {"f32": 2 * 16, "f64": 2 * 8, "i32": 2 * 16}  # of one step of one chain
_CHAINS = 12
TRIES = 15  # short ones: on a shared machine some of them find it free


@dataclass
class Machine:
    """bandwidth[level][pattern][threads] in GB/s, peak[kind][threads] in G operations/s, caches in bytes.

    Keys of threads are "1" and "all".
    """

    processor: str
    threads: int
    counted: str  # the label of the threads that limits are taken for
    caches: dict[str, int]
    bandwidth: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    peak: dict[str, dict[str, float]] = field(default_factory=dict)

    def level(self, size_bytes: int) -> str:
        """Where data of this size lives while all threads share it."""
        if size_bytes <= self.caches["L2"] * (1 if self.counted == "1" else self.threads):
            return "L2"
        return "L3" if size_bytes <= self.caches["L3"] else "DRAM"

    def best_bandwidth(self, level: str) -> float:
        """GB/s of the fastest pattern."""
        return max(pattern[self.counted] for pattern in self.bandwidth[level].values())

    def take(self, other: Machine) -> None:
        """Keep the better of two measurements of each limit: on a shared machine none is too high."""
        mine = [*(by for level in self.bandwidth.values() for by in level.values()), *self.peak.values()]
        theirs = [*(by for level in other.bandwidth.values() for by in level.values()), *other.peak.values()]
        for kept, found in zip(mine, theirs, strict=True):
            for label, value in found.items():
                kept[label] = max(kept[label], value)


def _caches() -> dict[str, int]:
    sizes = {"L2": 1 << 20, "L3": 32 << 20}
    for index in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        name = "L" + (index / "level").read_text().strip()
        if name in sizes and (index / "type").read_text().strip() == "Unified":
            sizes[name] = int((index / "size").read_text().strip().rstrip("K")) << 10
    return sizes


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown processor"


def measure(counted: str = "all") -> Machine:
    """Measure; takes about five seconds."""
    threads = len(os.sched_getaffinity(0))
    machine = Machine(_processor(), threads, counted, _caches())
    library = build([Path(__file__).with_name("machine.c")], ["-ffast-math", "-fno-tree-loop-distribute-patterns"])
    library.stream.restype = ctypes.c_double
    library.stream.argtypes = [ctypes.c_int, *[ctypes.c_void_p] * 3, ctypes.c_long, ctypes.c_int, ctypes.c_int]
    sizes = {"L2": machine.caches["L2"] * threads // 2, "L3": machine.caches["L3"] // 2, "DRAM": 192 << 20}
    for level, total in sizes.items():
        machine.bandwidth[level] = _bandwidth(library, total // 12, threads)
    for kind in _OPERATIONS:
        function = getattr(library, f"peak_{kind}")
        function.restype, function.argtypes = ctypes.c_double, [ctypes.c_long, ctypes.c_int]
        steps = 300_000
        machine.peak[kind] = {
            label: max(steps * _CHAINS * _OPERATIONS[kind] * count / function(steps, count) / 1e9 for _ in range(TRIES))
            for label, count in (("1", 1), ("all", threads))}
    return machine


def _bandwidth(library: ctypes.CDLL, count: int, threads: int) -> dict[str, dict[str, float]]:
    """GB/s by pattern and threads on three arrays of `count` floats; the best of some, as limits are."""
    arrays = [np.ones(count, np.float32) for _ in range(3)]
    addresses = [array.ctypes.data for array in arrays]
    repeats = max(1, (32 << 20) // (12 * count))
    return {pattern: {
        label: max(4 * count * streams * repeats / library.stream(kind, *addresses, count, repeats, number) / 1e9
                   for _ in range(TRIES))
        for label, number in (("1", 1), ("all", threads))} for kind, (pattern, streams) in enumerate(STREAMS.items())}
