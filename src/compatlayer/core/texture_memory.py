"""Where the descriptors of texture and surface objects lie: memory of the process that kernels read.

A handle is its descriptor's address, so a slot stays readable after its object ends, with an address in it that faults,
and is given to another object as late as can be.
"""

from __future__ import annotations

from array import array
from collections import deque

SLOT_BYTES = 1024
_SLOTS = 64  # of a chunk
_LATE = 64  # slots that wait before one of them is used again
_chunks: dict[int, memoryview] = {}  # by address; never freed
_free: deque[int] = deque()
_waiting: deque[int] = deque()


def take() -> int:
    """The address of a slot, a multiple of 64."""
    if len(_waiting) > _LATE:
        return _waiting.popleft()
    if not _free:
        _grow()
    return _free.popleft()


def write(address: int, data: bytes) -> None:
    """Put `data` at the start of a slot."""
    for start, chunk in _chunks.items():
        if 0 <= address - start < len(chunk):
            chunk[address - start : address - start + len(data)] = data
            return
    raise ValueError(f"{address:#x} is no slot")


def give_back(address: int) -> None:
    """What the slot holds stays readable for now."""
    _waiting.append(address)


def _grow() -> None:
    words = array("Q", bytes(SLOT_BYTES * (_SLOTS + 1)))
    address, _ = words.buffer_info()
    _chunks[address] = memoryview(words).cast("B")
    first = -(-address // 64) * 64
    _free.extend(first + index * SLOT_BYTES for index in range(_SLOTS))
