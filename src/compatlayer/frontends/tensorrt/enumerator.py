"""The kind of enumeration that the API has: values that print and convert as TensorRT's do."""

from __future__ import annotations

from enum import Enum


class Enumerator(Enum):
    """`str(DataType.FLOAT)` is "DataType.FLOAT", `int()` its number; members of one kind equal only themselves."""

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        return int(self.value)

    def __str__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self.name}: {self.value}>"


def bits(flags: object) -> int:
    """A mask from a flag, a mask, or a sequence of flags."""
    if isinstance(flags, Enumerator):
        return 1 << int(flags)
    if isinstance(flags, (list, tuple, set)):
        return sum(1 << int(flag) for flag in flags)
    return int(flags)  # type: ignore[call-overload, no-any-return]
