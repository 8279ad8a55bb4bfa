"""What memory of a vendor's devices is live: the library is not asked for what we handed out ourselves."""

from __future__ import annotations

from bisect import bisect_right, insort
from itertools import count
from threading import Lock

from compatlayer.backends.base import Allocation, BadArgument, MemoryKind

_ids = count(1)
_lock = Lock()  # of every table; nothing is called under it


class Ranges:
    """Live ranges of all devices of one library, in the order of their addresses."""

    def __init__(self) -> None:
        self._bases: list[int] = []
        self._known: dict[int, Allocation] = {}

    def add(self, base: int, size_bytes: int, ordinal: int, kind: MemoryKind) -> Allocation:
        """Enter a range; BadArgument when it overlaps another one."""
        made = Allocation(base, size_bytes, next(_ids), ordinal, kind)
        with _lock:
            place = bisect_right(self._bases, base)
            before = self._known[self._bases[place - 1]] if place else None
            after = self._bases[place] if place < len(self._bases) else None
            if (before is not None and before.base + max(before.size_bytes, 1) > base) or (
                    after is not None and after < base + size_bytes):
                raise BadArgument(f"{size_bytes} bytes at {base:#x} overlap memory that is known already")
            insort(self._bases, base)
            self._known[base] = made
        return made

    def take(self, base: int) -> Allocation | None:
        """Forget the range that starts at `base`; None when there is none."""
        with _lock:
            found = self._known.pop(base, None)
            if found is not None:
                del self._bases[bisect_right(self._bases, base) - 1]
        return found

    def find(self, address: int) -> Allocation | None:
        """The range that contains `address`."""
        with _lock:
            place = bisect_right(self._bases, address)
            found = self._known[self._bases[place - 1]] if place else None
        return found if found is not None and address < found.base + max(found.size_bytes, 1) else None

    def used_bytes(self, ordinal: int) -> int:
        """Bytes of device and managed memory on one device."""
        with _lock:
            return sum(each.size_bytes for each in self._known.values()
                       if each.ordinal == ordinal and each.kind in (MemoryKind.DEVICE, MemoryKind.MANAGED))

    def bases(self, ordinal: int) -> list[int]:
        """Where the ranges of one device begin."""
        with _lock:
            return [each.base for each in self._known.values() if each.ordinal == ordinal]
