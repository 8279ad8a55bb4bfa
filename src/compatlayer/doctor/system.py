"""The machine: processor, C library, memory and its limits, /dev/shm, memory files."""

from __future__ import annotations

import os
import platform
import resource
from collections.abc import Iterator
from contextlib import suppress

from compatlayer.doctor.finding import Finding

CPUINFO, SHM = "/proc/cpuinfo", "/dev/shm"
OVERCOMMIT, MAX_MAP_COUNT = "/proc/sys/vm/overcommit_memory", "/proc/sys/vm/max_map_count"
# Linux's names of what x86-64-v2 adds to the first x86-64; our libraries use them all.
_LEVEL_2 = ("cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3")
_GLIBC = (2, 28)
_LEAST_ADDRESSES = 6 << 30  # arena, Python, stacks of workers
_LEAST_SHM = 64 << 20


def check_processor() -> Iterator[Finding]:
    """The instructions that our libraries are compiled with."""
    machine = platform.machine()
    if machine not in ("x86_64", "aarch64"):
        yield Finding("PROBLEM", f"processors of the kind {machine} are not supported", "use x86-64 or AArch64")
        return
    flags = _flags()
    lacking = [name for name in _LEVEL_2 if name not in flags] if machine == "x86_64" and flags else []
    if lacking:
        yield Finding("PROBLEM", f"this processor lacks {', '.join(lacking)}, which our libraries use (x86-64-v2)",
                      "use a processor made since 2009; in a virtual machine choose a CPU model such as host or "
                      "x86-64-v2 instead of qemu64")
    else:
        yield Finding("ok", f"processor {machine}{'-v2 or later' if machine == 'x86_64' else ''}")


def _flags() -> frozenset[str]:
    with suppress(OSError), open(CPUINFO, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip() == "flags":
                return frozenset(value.split())
    return frozenset()


def check_c_library() -> Iterator[Finding]:
    """glibc, and new enough."""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        number = tuple(int(part) for part in version.split(".")[:2])
    except (ValueError, OSError):
        name, number = "", ()
    if name != "glibc":
        yield Finding("PROBLEM", "this system's C library is not glibc (musl, as in Alpine?)",
                      "use a system or a container with glibc 2.28 or later, such as Debian, Ubuntu or Fedora")
    elif number < _GLIBC:
        yield Finding("PROBLEM", f"glibc {version} is too old", "use a system or a container with glibc 2.28 or later")
    else:
        yield Finding("ok", f"glibc {version}")


def check_memory() -> Iterator[Finding]:
    """Addresses and memory that devices can have."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        what = f"address space is limited to {limit / 2**30:.1f} GiB (ulimit -v)"
        if limit < _LEAST_ADDRESSES:
            yield Finding("PROBLEM", what, "raise the limit to 6 GiB or more, better lift it (ulimit -v unlimited): "
                          "device memory is reserved as addresses")
        else:
            yield Finding("note", what, "device memory is reserved as address space: raise the limit, or set "
                          "COMPATLAYER_MEMORY lower")
    if _number(OVERCOMMIT) == 2:
        yield Finding("note", "the system promises no more memory than it has (vm.overcommit_memory is 2)",
                      "set COMPATLAYER_MEMORY to what is free, so that programs see how much they can have")
    count = _number(MAX_MAP_COUNT)
    if count is not None and count < 65530:
        yield Finding("note", f"vm.max_map_count is {count}", "sysctl vm.max_map_count=262144, for many allocations")
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    yield Finding("ok", f"memory {total / 2**30:.1f} GiB, {len(os.sched_getaffinity(0))} usable CPUs")


def _number(path: str) -> int | None:
    with suppress(OSError, ValueError), open(path, encoding="ascii") as file:
        return int(file.read())
    return None


def check_shared_memory() -> Iterator[Finding]:
    """/dev/shm is for Python's multiprocessing; memory files are for virtual memory and memory shared by processes."""
    size = _shm_bytes()
    if size is None:
        yield Finding("note", f"{SHM} cannot be used: Python's multiprocessing needs it, compatlayer does not",
                      "mount it: docker run --shm-size 1g, or mount -t tmpfs tmpfs /dev/shm")
    elif size < _LEAST_SHM:
        yield Finding("note", f"{SHM} has {size >> 20} MiB left: Python's multiprocessing may need more, compatlayer "
                      "needs none", "make it larger: docker run --shm-size 1g, or mount -o remount,size=1g /dev/shm")
    try:
        os.close(os.memfd_create("compatlayer-doctor"))
    except OSError as error:
        yield Finding("note", f"no memory files (memfd_create: {error.strerror}): virtual memory management and "
                      "memory shared by processes will fail; a kernel loaded twice needs a writable TMPDIR",
                      "allow memfd_create in the container's seccomp profile")
    else:
        yield Finding("ok", "memory files (memfd_create)" + ("" if size is None else f", {SHM} has {size >> 20} MiB"))


def _shm_bytes() -> int | None:
    try:
        status = os.statvfs(SHM)
    except OSError:
        return None
    if not os.access(SHM, os.W_OK | os.X_OK):
        return None
    return status.f_bavail * status.f_frsize
