"""Shifts past the width of a word give what CUDA's hardware gives: 0, or copies of the sign.

Why: LLVM calls them poison and x86 takes the count modulo the width, so `x << 32` would be x.
"""

from __future__ import annotations

from ..ir.build import Emitter, rewrite, splat
from ..ir.instructions import Instruction
from ..ir.types import IntType, VectorType
from ..ir.values import Literal, Module, Value

_SHIFTS = frozenset(("shl", "lshr", "ashr"))


def run(module: Module) -> Module:
    for function in module.defined():
        rewrite(module, function, _handle)
    return module


def _handle(instruction: Instruction, emit: Emitter) -> Value | None:
    if instruction.opcode not in _SHIFTS:
        return None
    value, count = instruction.operands
    type_ = instruction.type
    element = type_.element if isinstance(type_, VectorType) else type_
    assert isinstance(element, IntType)
    if isinstance(count, Literal) and count.text.isdigit() and int(count.text) < element.bits:
        return None
    inside = emit.compare("ult", count, splat(type_, str(element.bits)))
    if instruction.opcode == "ashr":
        return emit.binary("ashr", value, emit.select(inside, count, splat(type_, str(element.bits - 1))))
    # Flags such as nuw are not kept: they could make the shift poison, and no later pass needs them.
    shifted = emit.binary(instruction.opcode, value, emit.select(inside, count, splat(type_, "0")))
    return emit.select(inside, shifted, splat(type_, "0"))
