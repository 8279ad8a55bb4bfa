"""Products and sums that CUDA lets be one operation become one: `fma`, which OpenCL has exactly.

Why here: SPIR-V allows fusing for a whole kernel or not at all, and the math library must not be fused.
"""

from __future__ import annotations

from ...ir.build import Emitter, mangled, rewrite
from ...ir.flow import users
from ...ir.instructions import Instruction, Simple
from ...ir.types import FloatType
from ...ir.values import Function, Module, Value

_BITS = (32, 64)


def run(module: Module, function: Function) -> None:
    """Fuses where both instructions say `contract` and nobody else uses the product."""
    uses = users(function)

    def product(value: Value) -> bool:
        return (isinstance(value, Simple) and value.opcode == "fmul" and _contracts(value)
                and len(uses.get(value, ())) == 1)

    def fuse(instruction: Instruction, emit: Emitter) -> object:
        type_ = instruction.type
        if instruction.opcode not in ("fadd", "fsub") or not _contracts(instruction) \
                or not isinstance(type_, FloatType) or type_.bits not in _BITS:
            return None
        left, right = instruction.operands
        minus = instruction.opcode == "fsub"
        name = f"llvm.fma.{mangled(type_)}"
        if product(left):
            factor, other = left.operands  # type: ignore[attr-defined]
            return emit.intrinsic(name, type_, [factor, other, emit.negate(right) if minus else right])
        if product(right):
            factor, other = right.operands  # type: ignore[attr-defined]
            return emit.intrinsic(name, type_, [emit.negate(factor) if minus else factor, other, left])
        return None

    rewrite(module, function, fuse)
    _drop_unused(function)


def _contracts(instruction: Instruction) -> bool:
    return "contract" in instruction.flags or "fast" in instruction.flags


def _drop_unused(function: Function) -> None:
    used = users(function)
    for block in function.blocks:
        block.instructions = [each for each in block.instructions if each.opcode != "fmul" or each in used]
