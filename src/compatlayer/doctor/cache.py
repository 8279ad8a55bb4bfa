"""The folder of compiled kernels: ours, private, writable, with room, and undamaged.

A cache that cannot be used prevents nothing; every process then compiles its kernels again. It is a problem all the
same when it was not switched off, as no one would notice.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from compatlayer.doctor.finding import Finding
from compatlayer.launcher import environment

_LEAST_BYTES = 64 << 20
_READ_S = 3.0  # no longer than this for looking at what is kept
_ELSEWHERE = "set COMPATLAYER_CACHE_DIR to a folder of your own with room, or COMPATLAYER_CACHE=0 to keep nothing"


def check_cache() -> Iterator[Finding]:
    """One line when all is well, or the first thing that is not."""
    if os.environ.get("COMPATLAYER_CACHE") == "0":
        yield Finding("note", "nothing is kept on disk (COMPATLAYER_CACHE=0): every process compiles its kernels",
                      "leave it out to keep them")
        return
    folder = Path(environment.cache_folder(os.environ))
    place = folder
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    problem = _place(folder, place) or _room(folder, place)
    if problem is not None:
        yield problem
        return
    yield Finding("ok", f"cache folder {folder}{'' if place == folder else ', made when it is first needed'}")
    yield from _records(folder)


def _place(folder: Path, place: Path) -> Finding | None:
    try:
        status = place.stat()
    except OSError as error:
        return Finding("PROBLEM", f"the cache folder {folder} cannot be reached: {error.strerror}", _ELSEWHERE)
    if not stat.S_ISDIR(status.st_mode):
        return Finding("PROBLEM", f"the cache folder {folder} cannot be written: {place} is no folder", _ELSEWHERE)
    if place == folder and status.st_uid != os.geteuid():
        return Finding("PROBLEM", f"the cache folder {folder} belongs to user {status.st_uid}, not to {os.geteuid()}, "
                       "and is not used", _ELSEWHERE)
    if place == folder and status.st_mode & 0o077:
        return Finding("PROBLEM", f"others may use the cache folder {folder} (mode {status.st_mode & 0o777:o})",
                       f"chmod 700 {folder}")
    return None


def _room(folder: Path, place: Path) -> Finding | None:
    free = os.statvfs(place)
    if free.f_bavail * free.f_frsize < _LEAST_BYTES:
        left = free.f_bavail * free.f_frsize >> 20
        return Finding("PROBLEM", f"the cache folder {folder} has {left} MiB left on its disk",
                       "make room (compatlayer cache --clear), or " + _ELSEWHERE)
    trial = place / f".compatlayer-doctor-{os.getpid()}"
    try:
        with open(trial, "xb") as file:
            file.write(bytes(4096))
        trial.unlink()
    except OSError as error:
        trial.unlink(missing_ok=True)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return Finding("PROBLEM", f"the cache folder {folder} cannot be written: {error.strerror}",
                       "make room, or " + _ELSEWHERE if full else _ELSEWHERE)
    return None


def _records(folder: Path) -> Iterator[Finding]:
    """Damage is found when a record is read, too; much of it says something of the disk."""
    from compatlayer.compiler.cache import is_damaged

    end, seen, damaged = time.monotonic() + _READ_S, 0, []
    for path in (folder / "v1").glob("*/*/*"):
        if time.monotonic() > end:
            break
        if path.name.startswith(".") or "." in path.name or not path.is_file():
            continue
        seen += 1
        if is_damaged(path):
            damaged.append(path)
    if damaged:
        yield Finding("note", f"{len(damaged)} of {seen} kept records are damaged, the first is {damaged[0]}",
                      "they are not used; compatlayer cache --clear removes them; if they come back, check the disk")
