"""The types that PTX instructions name: `s32`, `f16x2`, `bf16`, `pred`."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..ir.types import BFLOAT, DOUBLE, FLOAT, HALF, I1, FloatType, IntType, integer

_WORD = re.compile(r"(bf|tf|[busf])(8|16|32|64|128)(?:x(2|4))?")
_FLOATS: dict[tuple[str, int], FloatType] = {("f", 16): HALF, ("f", 32): FLOAT, ("f", 64): DOUBLE, ("bf", 16): BFLOAT}


class PtxType(NamedTuple):
    """`letter` is b, u, s, f, bf, tf or p (predicate); `bits` of one of `lanes` packed elements."""

    letter: str
    bits: int
    lanes: int = 1

    @property
    def whole(self) -> IntType:
        """The register's bits as one integer."""
        return integer(self.bits * self.lanes)

    @property
    def element(self) -> IntType | FloatType:
        """One element as the device IR computes with it."""
        return _FLOATS.get((self.letter, self.bits)) or integer(self.bits)

    @property
    def signed(self) -> bool:
        return self.letter == "s"

    @property
    def is_float(self) -> bool:
        return self.letter in ("f", "bf")

    @property
    def is_integer(self) -> bool:
        """u, s or b: with operations on whole numbers."""
        return self.letter in "usb"


PREDICATE = PtxType("p", 1)
_known: dict[str, PtxType | None] = {"pred": PREDICATE}


def type_of(word: str) -> PtxType | None:
    """The type that `word` names; None when it names none."""
    if word not in _known:
        match = _WORD.fullmatch(word)
        _known[word] = PtxType(match[1], int(match[2]), int(match[3] or 1)) if match else None
    return _known[word]


def register_type(type_: PtxType) -> IntType | FloatType:
    """How a register of this declared type is kept: its bits, floats of 32 and 64 bits as floats."""
    if type_.letter == "p":
        return I1
    return type_.element if type_.letter == "f" and type_.lanes == 1 and type_.bits >= 32 else type_.whole
