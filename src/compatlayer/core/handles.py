"""Handles: the opaque values that programs hold for core's objects.

A handle is never reused, never 0, 1 or 2 (CUDA's special streams), and 16-aligned so that it looks like a pointer.
Look-ups are one dict read, which the GIL makes atomic; nothing here takes a lock.
"""

from __future__ import annotations

from itertools import count
from typing import ClassVar, Protocol, TypeVar

from compatlayer.errors import CudaError, Status


class Handled(Protocol):
    """A class whose objects have handles; `handle_error` answers a stale or foreign one."""

    handle_error: ClassVar[Status]


T = TypeVar("T", bound=Handled)

_FIRST = 0xC0_0000_0010
_STEP = 16
_objects: dict[int, object] = {}
_values = count(_FIRST, _STEP)


def add(obj: object) -> int:
    """Register `obj` and return its handle. The table owns a reference until remove()."""
    value = next(_values)
    _objects[value] = obj
    return value


def get(value: int, kind: type[T]) -> T:
    """The live object of `kind` behind `value`; raises the kind's handle_error otherwise."""
    obj = _objects.get(value)
    if isinstance(obj, kind):
        return obj
    raise CudaError(kind.handle_error, _complaint(value, kind, obj))


def find(value: int) -> object | None:
    """The live object of any kind behind `value`."""
    return _objects.get(value)


def remove(value: int) -> bool:
    """Forget a handle; False when it was forgotten before, so that exactly one of two racing closers wins."""
    return _objects.pop(value, None) is not None


def replace(value: int, obj: object) -> None:
    """Put another object behind a handle that add() gave."""
    _objects[value] = obj


def live(kind: type[T]) -> list[T]:
    """Every live object of `kind` (tests count them)."""
    return [obj for obj in list(_objects.values()) if isinstance(obj, kind)]


def _complaint(value: int, kind: type[T], obj: object | None) -> str:
    noun = kind.__name__.lower()
    if obj is not None:
        return f"{value:#x} is a {type(obj).__name__.lower()}, not a {noun}"
    if value == 0:
        return f"a null handle is no {noun}"
    if value >= _FIRST and value % _STEP == 0:
        return f"{value:#x} is no live {noun}; it was destroyed before"
    return f"{value:#x} was never a {noun} handle"
