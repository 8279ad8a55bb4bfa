"""Owned: what has a close(), and what happens to an object whose owner forgot it."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from compatlayer.backends.base import Fence
from compatlayer.errors import CudaError, Status

# Releasing may wait for a device, which a garbage collection in the middle of any call must not do: what forgotten
# objects own is released by the next one that is made.
_forgotten: deque[Callable[[], None]] = deque()


def release_forgotten() -> None:
    """Release what forgotten objects owned."""
    while _forgotten:
        try:
            _forgotten.popleft()()
        except (CudaError, IndexError):  # its context ended before it, or another thread was first
            continue


# What the device uses although its Python owner may be gone, each behind a fence.
_in_use: deque[tuple[Fence, object]] = deque()


def hold_until(fence: Fence, owner: object) -> None:
    """Hold a reference to `owner` until `fence` is done; looks at what was held before."""
    _in_use.append((fence, owner))
    for _ in range(2):  # more go than come, so what is held stays short
        try:
            oldest = _in_use.popleft()
        except IndexError:
            return
        if not oldest[0].done():
            _in_use.append(oldest)


def forget(release: Callable[[], None]) -> None:
    """Have the next object that is made call `release`; safe inside a garbage collection."""
    _forgotten.append(release)


class Owned:
    """Something with an end. A subclass gives begin() the function that releases what it owns."""

    _open = False
    _release: Callable[[], None] | None = None

    def begin(self, release: Callable[[], None] | None) -> None:
        """Note what close() does; None owns nothing. `release` must not refer to this object."""
        release_forgotten()
        self._open = True
        self._release = release

    def close(self) -> None:
        """Release what this object owns; calling it again does nothing."""
        self._open = False
        release, self._release = self._release, None
        if release is not None:
            release()

    @property
    def closed(self) -> bool:
        return not self._open

    def check_open(self) -> None:
        """INVALID_HANDLE after close()."""
        if not self._open:
            raise CudaError(Status.INVALID_HANDLE, f"this {type(self).__name__} is closed; make another")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            forget(release)
            warnings.warn(f"a {type(self).__name__} was not closed", ResourceWarning, source=self, stacklevel=2)
