"""Facts about the machine that the CPU device reports: processor, clock, caches, memory. Never raises."""

from __future__ import annotations

import os
from typing import NamedTuple

_RESERVE_BYTES = 256 << 20  # left to the program itself and to the system


class Machine(NamedTuple):
    """`memory_bytes` is what this process may use; clocks in kHz."""

    model: str
    cpus: int
    clock_khz: int
    cache_bytes: int
    memory_bytes: int
    identity: bytes  # stable for this machine


def read() -> Machine:
    """Look at the machine once."""
    model, clock_khz, cache_bytes = _processor()
    return Machine(model, usable_cpus(), clock_khz, cache_bytes, _memory_bytes(), _identity())


def usable_cpus() -> int:
    """CPUs that this process may run on."""
    return len(os.sched_getaffinity(0))


def clocks_mhz() -> list[float]:
    """The clocks that /proc/cpuinfo shows at the moment, one for each processor; empty where it shows none."""
    words = [line.partition(":") for line in _text("/proc/cpuinfo").splitlines() if line.startswith("cpu MHz")]
    return [float(value) for _, _, value in words]


def _processor() -> tuple[str, int, int]:
    model, clock_khz, cache_bytes = "", 0, 0
    for line in _text("/proc/cpuinfo").split("\n\n", 1)[0].splitlines():
        key, _, value = line.partition(":")
        key, value = key.strip(), value.strip()
        if key == "model name":
            model = value
        elif key == "cpu MHz":
            clock_khz = int(float(value) * 1000)
        elif key == "cache size" and value.endswith("KB"):
            cache_bytes = int(value.split()[0]) << 10
    top = _text("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq").strip()
    if top.isdecimal():
        clock_khz = int(top)
    for index in ("index3", "index2"):
        size = _text(f"/sys/devices/system/cpu/cpu0/cache/{index}/size").strip()
        if size.endswith("K") and size[:-1].isdecimal():
            cache_bytes = int(size[:-1]) << 10
            break
    return model or os.uname().machine, clock_khz or 1_000_000, cache_bytes or 1 << 20


def _memory_bytes() -> int:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in _limit_files():
        limit = _text(path).strip()
        if limit.isdecimal() and 0 < int(limit) < total:
            total = int(limit)
    return max(total - max(_RESERVE_BYTES, total // 16), total // 2)


def _limit_files() -> list[str]:
    files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
    for line in _text("/proc/self/cgroup").splitlines():
        if line.startswith("0::/") and len(line) > 4:
            path = line[3:]
            while path != "/":
                files.append(f"/sys/fs/cgroup{path}/memory.max")
                path = os.path.dirname(path)
    return files


def _identity() -> bytes:
    return (_text("/etc/machine-id").strip() or os.uname().nodename).encode()


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
