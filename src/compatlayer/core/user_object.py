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
        self.handle = handles.add(self)

    def retain(self, count: int) -> None:
        """`count` references more."""
        self.references += count

    def release(self, count: int) -> None:
        """`count` references fewer; INVALID_VALUE when there are not as many."""
        if count > self.references:
            raise CudaError(Status.INVALID_VALUE, f"{count} references released, and there are {self.references}")
        self.references -= count
        if self.references == 0:
            handles.remove(self.handle)
            self._destroy()
