"""User objects: a program's own things, kept alive by the graphs that use them. Follows "Graph Management"."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from compatlayer.core import handles
from compatlayer.errors import CudaError, Status


class UserObject:
    """References to one thing; `destroy` is called once, when the last one goes."""

    handle_error: ClassVar[Status] = Status.INVALID_VALUE

    def __init__(self, destroy: Callable[[], None], references: int) -> None:
        self._destroy = destroy
        self.references = references
        self.held = 0  # of them: what graphs hold, which the program cannot release
        self.handle = handles.add(self)

    def retain(self, count: int) -> None:
        """`count` references more."""
        self.references += count

    def own(self, count: int) -> None:
        """INVALID_VALUE when the program has fewer than `count` references."""
        if count > self.references - self.held:
            raise CudaError(Status.INVALID_VALUE, f"{count} references released or moved, and the program has "
                                                  f"{self.references - self.held}; graphs hold {self.held}")

    def release(self, count: int) -> None:
        """The program has `count` references fewer."""
        self.own(count)
        self._lose(count)

    def let_go(self, count: int) -> None:
        """A graph holds `count` references fewer."""
        self.held -= count
        self._lose(count)

    def _lose(self, count: int) -> None:
        self.references -= count
        if self.references == 0:
            handles.remove(self.handle)
            self._destroy()
