"""PTX instructions on small matrices that a warp shares: ldmatrix and stmatrix.

https://docs.nvidia.com/cuda/parallel-thread-execution/#warp-level-matrix-instructions-ldmatrix
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.types import I8, I16, I32, I64, IntType, pointer
from ..ir.values import Value
from .ptx_code import GENERIC, SHARED, Code, Operation, refuse
from .ptx_threads import gathered

_COUNTS = {"x1": 1, "x2": 2, "x4": 4}


def _shape(code: Code, words: Sequence[str], operands: Sequence[str]) -> tuple[int, bool]:
    """How many matrices, and whether transposed."""
    known = ("sync", "aligned", "m8n8", "shared", "shared::cta", "trans")
    rest = [each for each in words[1:] if each not in known]
    if len(rest) != 2 or rest[0] not in _COUNTS or rest[1] != "b16" or "m8n8" not in words or len(operands) != 2:
        refuse()
    return _COUNTS[rest[0]], "trans" in words


def _rows(code: Code, operand: str, shared: bool) -> tuple[Value, Value, Value]:
    """This lane's row address as an offset in shared memory, its row number and its place in the row."""
    address = code.address(operand, SHARED if shared else GENERIC)
    address = code.emit.cast("addrspacecast", address, pointer(SHARED))
    offset = code.emit.cast("ptrtoint", address, I32)
    lane = code.call("nvvm.read.ptx.sreg.laneid", I32)
    return offset, code.emit.binary("lshr", lane, code.word(2)), code.emit.binary("and", lane, code.word(3))


def _place(code: Code, offset: Value, by: Value, scale: int) -> Value:
    moved = code.emit.binary("add", offset, code.emit.binary("mul", by, code.word(scale)))
    return code.emit.cast("inttoptr", code.emit.cast("zext", moved, I64), pointer(SHARED))


def _cells(code: Code, words: Sequence[str], operand: str, matrix: int, trans: bool) -> list[tuple[Value, IntType]]:
    """Where the two elements that a lane holds of a matrix lie: one word, or two halves when transposed."""
    offset, row, column = _rows(code, operand, bool({"shared", "shared::cta"} & set(words)))
    first = code.word(8 * matrix)
    if not trans:
        start = gathered(code, offset, code.emit.binary("add", row, first))
        return [(_place(code, start, column, 4), I32)]
    found: list[tuple[Value, IntType]] = []
    for half in range(2):
        source = code.emit.binary("add", code.emit.binary("shl", column, code.word(1)), code.word(8 * matrix + half))
        found.append((_place(code, gathered(code, offset, source), row, 2), I16))
    return found


def _load(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """ldmatrix.sync.aligned.m8n8.{x1,x2,x4}{.trans}.shared.b16 {d, ...}, [row]"""
    count, trans = _shape(code, words, operands)
    names = code.vector(operands[0])
    if len(names) != count:
        refuse()
    results = []
    for matrix in range(count):
        parts = [code.emit.load(type_, place, 2) for place, type_ in _cells(code, words, operands[1], matrix, trans)]
        value: Value = parts[0]
        if trans:
            low, high = (code.emit.cast("zext", each, I32) for each in parts)
            value = code.emit.binary("or", low, code.emit.binary("shl", high, code.word(16)))
        results.append(value)
    for name, value in zip(names, results, strict=True):
        code.write(name, value)


def _store(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """stmatrix.sync.aligned.m8n8.{x1,x2,x4}{.trans}.shared.b16 [row], {a, ...}"""
    count, trans = _shape(code, words, operands)
    names = code.vector(operands[1])
    if len(names) != count:
        refuse()
    for matrix, name in enumerate(names):
        word = code.read(name, I32)
        parts: list[Value] = [word]
        if trans:
            parts = [code.emit.cast("trunc", word, I16),
                     code.emit.cast("trunc", code.emit.binary("lshr", word, code.word(16)), I16)]
        for (place, _), value in zip(_cells(code, words, operands[0], matrix, trans), parts, strict=True):
            code.emit.store(value, place, 2)


TABLE: dict[str, Operation] = {"ldmatrix": _load, "stmatrix": _store}
__all__ = ["I8", "TABLE"]
