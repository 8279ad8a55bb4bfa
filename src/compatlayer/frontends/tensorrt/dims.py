"""Shapes as the API hands them out: sequences of numbers, -1 where a dimension is not known."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any


class Dims(list[int]):
    """A shape of up to 8 dimensions; equal to any sequence of the same numbers."""

    MAX_DIMS = 8

    def __init__(self, shape: Iterable[int] = ()) -> None:
        if isinstance(shape, int):
            shape = [0] * shape
        super().__init__(int(size) for size in shape)
        if len(self) > self.MAX_DIMS:
            raise ValueError(f"The supplied shape has {len(self)} dimensions, which exceeds Dims.MAX_DIMS "
                             f"({self.MAX_DIMS})")

    def __repr__(self) -> str:
        return str(tuple(self))

    __str__ = __repr__

    def __format__(self, form: str) -> str:
        return format(str(self), form)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (list, tuple)) and list(self) == list(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self))

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return tuple(found) if isinstance(place, slice) else found

    @property
    def volume(self) -> int:
        return prod(self)


class Permutation(list[int]):
    """An order of dimensions."""

    def __init__(self, order: Iterable[int] = ()) -> None:
        super().__init__(int(place) for place in order)


class Dims2(Dims):
    """A shape of two dimensions."""

    def __init__(self, *shape: Any) -> None:
        super().__init__(shape[0] if len(shape) == 1 else shape)


class Dims3(Dims2):
    """A shape of three dimensions."""


class Dims4(Dims2):
    """A shape of four dimensions."""


class DimsHW(Dims2):
    """Height and width."""

    @property
    def h(self) -> int:
        return int(self[0])

    @property
    def w(self) -> int:
        return int(self[1])


for _kind in (Permutation, Dims, Dims2, Dims3, Dims4, DimsHW):
    _kind.__module__ = "tensorrt"


def volume(iterable: Iterable[int]) -> int:
    """The number of elements of a shape; 1 for the empty one."""
    return prod(int(size) for size in iterable)


def text(shape: Iterable[int]) -> str:
    """A shape as messages show it: [1,3,224]."""
    return "[" + ",".join(str(size) for size in shape) + "]"
