"""Two shuffles of the halves of a 64-bit value become one of the whole.

Why: CUDA's shuffles of 64 bits are two of 32. A gang moves whole elements in as many steps as halves, and need not take
the elements apart and put them together again.
"""

from __future__ import annotations

from ...ir.build import Emitter, replace
from ...ir.instructions import Call, Cast, Instruction, Simple
from ...ir.types import I32, I64
from ...ir.values import BasicBlock, Constant, Function, Literal, Module, Value, number
from ..contract import runtime

_VALUE, _FLAG = 3, 6  # parameters of cpl_shuffle


def run(module: Module, function: Function) -> None:
    """`dead` takes what nobody needs then."""
    halves: dict[Value, Value] = {}
    for block in function.blocks:
        if any(_is_shuffle(it) for it in block.instructions):
            _join(module, block, halves)
    if not halves:
        return
    replace(function, halves)
    whole: dict[Value, Value] = {
        it: value for it in function.instructions() if (value := _put_together(it)) is not None}
    replace(function, whole)


def _is_shuffle(it: Instruction) -> bool:
    return isinstance(it, Call) and it.callee_name == "cpl_shuffle"


def _join(module: Module, block: BasicBlock, halves: dict[Value, Value]) -> None:
    """Joins neighbours: nothing that has effects stands between the two."""
    out: list[Instruction] = []
    before: Call | None = None
    for it in block.instructions:
        if isinstance(it, Call) and _is_shuffle(it):
            if before is not None and _same_way(before, it):
                first, second = _half(before.arguments[_VALUE]), _half(it.arguments[_VALUE])
                if first is not None and second is not None and first[0] is second[0] and first[1] != second[1]:
                    at = out.index(before)
                    made = _whole_shuffle(module, before, first[0])
                    halves[before], halves[it] = made[-1 if first[1] else 1], made[-1 if second[1] else 1]
                    out[at:at + 1] = made
                    before = None
                    continue
            before = it
        elif not isinstance(it, (Simple, Cast)):
            before = None
        out.append(it)
    block.instructions = out


def _whole_shuffle(module: Module, half: Call, value: Value) -> list[Instruction]:
    """The shuffle, its low half, and what makes its high half, which is the last."""
    made: list[Instruction] = []
    emit = Emitter(module, made, tuple(each for each in half.metadata if each[0] == "dbg"))
    arguments = list(half.arguments)
    arguments[_VALUE] = value
    whole = emit.call(runtime(module, "cpl_shuffle_wide"), arguments)
    emit.cast("trunc", whole, I32)
    emit.cast("trunc", emit.binary("lshr", whole, number(I64, 32)), I32)
    return made


def _same_way(one: Call, other: Call) -> bool:
    """Whether two shuffles move words alike, and tell nobody whether a lane's source is inside its segment."""
    flag = one.arguments[_FLAG]
    return isinstance(flag, Literal) and flag.text == "null" and all(
        _same(one.arguments[at], other.arguments[at]) for at in (1, 2, 4, 5, _FLAG))


def _same(one: Value, other: Value) -> bool:
    return one is other or (isinstance(one, Constant) and isinstance(other, Constant)
                            and one.spelling() == other.spelling())


def _half(value: Value) -> tuple[Value, bool] | None:
    """The 64-bit value of which `value` is a half, and whether that is the high one."""
    if not isinstance(value, Cast) or value.opcode != "trunc" or value.operands[0].type is not I64:
        return None
    whole = value.operands[0]
    if isinstance(whole, Simple) and whole.opcode in ("lshr", "ashr") and _is_32(whole.operands[1]):
        return whole.operands[0], True
    return whole, False


def _is_32(value: Value) -> bool:
    return isinstance(value, Literal) and value.text == "32"


def _put_together(it: Instruction) -> Value | None:
    """The value whose halves `it` puts together, each in its place; None when it does something else."""
    if not isinstance(it, Simple) or it.opcode not in ("or", "add", "xor") or it.type is not I64:
        return None
    found: dict[bool, Value] = {}
    for operand in it.operands:
        high = isinstance(operand, Simple) and operand.opcode == "shl" and _is_32(operand.operands[1])
        if high:
            operand = operand.operands[0]  # type: ignore[attr-defined]
        if isinstance(operand, Cast) and (operand.opcode == "zext" or (high and operand.opcode == "sext")):
            half = _half(operand.operands[0])
            if half is not None and half[1] == high:
                found[high] = half[0]
    return found[False] if len(found) == 2 and found[False] is found[True] else None
