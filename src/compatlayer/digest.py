"""Hashes of content. BLAKE2b by its own module: hashlib brings OpenSSL along, 3 ms of every program's start."""

from __future__ import annotations

import os

try:
    from _blake2 import blake2b
except ImportError:  # a Python built without the private module
    from hashlib import blake2b

CHECKSUM_BYTES = 32


def checksum(data: bytes, size_bytes: int = CHECKSUM_BYTES) -> bytes:
    """`size_bytes` (at most 64) that stand for `data`."""
    return blake2b(data, digest_size=size_bytes).digest()


def key(*parts: str | bytes) -> str:
    """One hexadecimal key for several parts; lengths are hashed too, so no two lists of parts share one."""
    state = blake2b(digest_size=CHECKSUM_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def folder_state(folder: str | os.PathLike[str], suffix: str = "") -> str:
    """Changes when the place, size or time of a file below `folder` whose name ends in `suffix` does. Reads no file."""
    lines = []
    folders = [os.fspath(folder)]
    for place in folders:
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir():
                    folders.append(entry.path)
                elif entry.name.endswith(suffix):
                    status = entry.stat()
                    lines.append(f"{entry.path}:{status.st_size}:{status.st_mtime_ns}")
    return "\n".join(sorted(lines))
