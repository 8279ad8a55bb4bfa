"""The ledgers: what each process tells others of its use of the devices (include/compatlayer/ledger.h).

A process keeps its counters in a small file that it maps, in a folder of the user's; whoever wants to know reads the
files. A file's name holds the process: number, time of its start, and the namespace that the number is of. The file of
a process that was killed is recognised by them and removed by whoever looks next. Without a folder the counters stay
private.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import NamedTuple

from compatlayer._native import ffi, lib

KERNELS, COPIES = lib.CPL_LEDGER_KERNELS, lib.CPL_LEDGER_COPIES
PERIOD_NS: int = lib.CPL_LEDGER_PERIOD_NS
PERIODS: int = lib.CPL_LEDGER_PERIODS
_HEADER_BYTES = ffi.offsetof("cpl_ledger", "devices")
_DEVICE_BYTES = ffi.sizeof("cpl_ledger_device")
_TRIES = 8  # to read a device while it does not change

_shared = False


class Use(NamedTuple):
    """One process's use of one device. Times are of CLOCK_MONOTONIC, in ns."""

    process: int
    used_bytes: int
    contexts: int
    since_ns: tuple[int, int]  # by kind of work; 0: none runs
    busy_ns: tuple[int, int]
    periods: dict[int, tuple[int, int]]  # by number: the time in which work of a kind ran

    def busy_in(self, number: int, kind: int, now_ns: int) -> int:
        """The time of period `number` in which work of `kind` ran, in ns."""
        busy = self.periods.get(number, (0, 0))[kind]
        since = self.since_ns[kind]
        if since:
            busy += max(0, min((number + 1) * PERIOD_NS, now_ns) - max(number * PERIOD_NS, since))
        return min(busy, PERIOD_NS)


def folders() -> list[str]:
    """Where ledgers may lie, the preferred place first."""
    user = os.getuid()
    places = [os.environ.get("XDG_RUNTIME_DIR") or "", f"/run/user/{user}"]
    found = [os.path.join(place, "compatlayer") for place in places if place]
    found += [f"/dev/shm/compatlayer-{user}", f"/tmp/compatlayer-{user}"]
    return list(dict.fromkeys(found))


def share() -> None:
    """Let other processes see this one's counters, from now on. A second call, or having no place, does nothing."""
    global _shared
    if _shared:
        return
    _shared = True
    name = _name(os.getpid())
    if name is None:
        return
    for folder in folders():
        with suppress(OSError):
            _make(folder)
            _remove_strays(folder)
            path = os.path.join(folder, name)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.ftruncate(handle, ffi.sizeof("cpl_ledger"))
            finally:
                os.close(handle)
            if lib.cpl_ledger_share(os.fsencode(path)) == lib.CPL_OK:
                return
            os.unlink(path)


def name_device(ordinal: int, uuid: bytes) -> None:
    """Say which device the counters of `ordinal` are about."""
    lib.cpl_ledger_name(ordinal, uuid)


def read(uuid: bytes) -> list[Use]:
    """How each living process of this user uses the device `uuid`; the processes in order of their numbers."""
    found = []
    for folder in folders():
        if not _is_ours(folder):
            continue
        for name in _remove_strays(folder):
            use = _read_file(os.path.join(folder, name), int(name.split("-")[1]), uuid)
            if use is not None:
                found.append(use)
    return sorted(found, key=lambda use: use.process)


def _name(process: int) -> str | None:
    """The file name of a process's ledger; None when there is no such process, or no /proc to ask."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            # The program's name, in parentheses, may hold anything.
            started = file.read().rpartition(b")")[2].split()[19]
        return f"{_namespace()}-{process}-{int(started)}"
    except (OSError, IndexError, ValueError):
        return None


def _namespace() -> int:
    """The namespace that this process's numbers of processes are of."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def _make(folder: str) -> None:
    """Make the folder, for this user alone. Raises OSError, also for a folder that is somebody else's."""
    if not os.path.isdir(os.path.dirname(folder)):
        raise FileNotFoundError(folder)
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    if not _is_ours(folder):
        raise PermissionError(folder)


def _is_ours(folder: str) -> bool:
    """Whether it is a folder that nobody else can write to."""
    try:
        facts = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o022


def _remove_strays(folder: str) -> list[str]:
    """Names of the ledgers of living processes in `folder`; those of dead ones are removed."""
    alive, prefix = [], f"{_namespace()}-"
    with suppress(OSError):
        for name in os.listdir(folder):
            if not name.startswith(prefix) or name.count("-") != 2:  # of another container, whose numbers say nothing
                continue
            number = name.split("-")[1]
            if number.isdecimal() and _name(int(number)) == name:
                alive.append(name)
            else:
                with suppress(OSError):
                    os.unlink(os.path.join(folder, name))
    return alive


def _read_file(path: str, process: int, uuid: bytes) -> Use | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        header = os.pread(handle, _HEADER_BYTES, 0)
        if len(header) < _HEADER_BYTES:
            return None
        version, count = ffi.unpack(ffi.cast("uint32_t *", ffi.from_buffer(header)), 2)
        if version != lib.CPL_LEDGER_VERSION:
            return None
        for ordinal in range(min(count, lib.CPL_LEDGER_DEVICES)):
            use = _read_device(handle, _HEADER_BYTES + ordinal * _DEVICE_BYTES, process, uuid)
            if use is not None:
                return use
        return None
    except OSError:
        return None
    finally:
        os.close(handle)


def _read_device(handle: int, offset: int, process: int, uuid: bytes) -> Use | None:
    """The device at `offset` if it is the one wanted. What changes while it is read is read again."""
    for _ in range(_TRIES):
        data = os.pread(handle, _DEVICE_BYTES, offset)
        if len(data) < _DEVICE_BYTES:
            return None
        row = ffi.cast("cpl_ledger_device *", ffi.from_buffer(data))
        if bytes(ffi.buffer(row.uuid)) != uuid:
            return None
        if row.changes % 2 == 0 and os.pread(handle, 8, offset) == data[:8]:
            break
    periods = {each.number: (each.busy_ns[0], each.busy_ns[1]) for each in row.periods if each.number}
    used = row.used_bytes if row.used_bytes < 1 << 63 else 0  # freed and not counted yet
    return Use(process, used, row.contexts, (row.since_ns[0], row.since_ns[1]), (row.busy_ns[0], row.busy_ns[1]),
               periods)
