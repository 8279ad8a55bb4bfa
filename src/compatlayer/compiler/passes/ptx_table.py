"""The table of PTX instructions, and the translation of one statement by it."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.types import I1
from . import (
    ptx_bits,
    ptx_convert,
    ptx_floats,
    ptx_integers,
    ptx_matrix,
    ptx_mbarrier,
    ptx_memory,
    ptx_mma,
    ptx_moves,
    ptx_texture,
    ptx_threads,
    ptx_video,
    ptx_wmma,
)
from .ptx_code import Code, Operation, Refused, refuse
from .ptx_syntax import Statement
from .ptx_types import type_of


def _by_type(integers: Operation | None, floats: Operation | None, gross: Operation | None) -> Operation:
    """The form that the last word's type asks for."""

    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        type_ = type_of(words[-1])
        chosen = floats if type_ is not None and type_.is_float else integers
        if gross is not None and words[1:] == ("approx", "ftz", "f64"):
            chosen = gross
        if chosen is None:
            refuse()
        chosen(code, words, operands)

    return lower


TABLE: dict[str, Operation] = {
    **{name: _by_type(ptx_integers.TABLE.get(name), ptx_floats.FLOATS.get(name), ptx_floats.GROSS.get(name))
       for name in {**ptx_integers.TABLE, **ptx_floats.FLOATS}},
    **ptx_bits.TABLE, **ptx_moves.TABLE, **ptx_convert.TABLE, **ptx_memory.TABLE, **ptx_threads.TABLE,
    **ptx_matrix.TABLE, **ptx_mma.TABLE, **ptx_wmma.TABLE, **ptx_video.TABLE,
    **ptx_texture.TABLE, **ptx_mbarrier.TABLE,
}  # fmt: skip
# What must not be done where its predicate is false; of the rest only the result is not taken there.
_GUARDED = frozenset(("bar", "barrier", "activemask", "nanosleep", "membar", "fence", "cp", "red", "atom",
                      *ptx_threads.TABLE, *ptx_memory.TABLE, *ptx_matrix.TABLE,
                      *ptx_mma.TABLE, *ptx_wmma.TABLE, *ptx_texture.TABLE,
                      *ptx_mbarrier.TABLE)) - {"cvta", "isspacep", "mapa"}


def translate(code: Code, statement: Statement) -> None:
    """One instruction, with its predicate. Raises Refused."""
    operation = TABLE.get(statement.words[0])
    if operation is None:
        raise Refused
    code.statement = statement
    words, operands = statement.words, statement.operands

    def work() -> None:
        try:
            operation(code, words, operands)
        except (IndexError, KeyError, AssertionError):  # a form with words or operands missing
            raise Refused from None

    if not statement.guard:
        work()
        return
    condition = code.read(statement.guard, I1)
    if statement.negated:
        condition = code.inverted(condition)
    if words[0] in _GUARDED:
        code.guarded(condition, work)
        return
    code.condition = condition
    try:
        work()
    finally:
        code.condition = None
