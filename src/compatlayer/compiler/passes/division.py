"""Integer division and float-to-integer conversion as CUDA's hardware does them.

Why: x86 traps on x / 0 and INT_MIN / -1, and turns out-of-range floats into one fixed value; LLVM calls all of them
undefined. NVIDIA's hardware gives all ones for x / 0 and x for x % 0, wraps INT_MIN / -1, saturates conversions, and
makes 0 of NaN, or the top bit alone.
"""

from __future__ import annotations

from ..ir.build import Emitter, rewrite, splat
from ..ir.instructions import Call, Cast, Instruction
from ..ir.types import I1, IntType, VectorType
from ..ir.values import Literal, Module, Value
from .rounding import to_integer

_SATURATING = ("llvm.fptosi.sat.", "llvm.fptoui.sat.")
_DIVISIONS = frozenset(("sdiv", "udiv", "srem", "urem"))


def run(module: Module) -> Module:
    for function in module.defined():
        rewrite(module, function, _handle)
    return module


def _handle(instruction: Instruction, emit: Emitter) -> object:
    if instruction.opcode in _DIVISIONS:
        return _divide(instruction, emit)
    if isinstance(instruction, Cast) and instruction.opcode in ("fptosi", "fptoui"):
        if instruction.type is I1:
            return None
        return to_integer(emit, instruction.operands[0], instruction.type, instruction.opcode == "fptosi")
    if isinstance(instruction, Call) and instruction.callee_name.startswith(_SATURATING):
        # Casts of CUDA C++. LLVM's intrinsics make 0 of every NaN.
        return to_integer(emit, instruction.operands[0], instruction.type, instruction.callee_name[9] == "s")
    return None


def _is_safe(divisor: Value) -> bool:
    """A constant that is neither 0 nor -1."""
    return isinstance(divisor, Literal) and divisor.text.lstrip("-").isdigit() and divisor.text not in ("0", "-1")


def _divide(instruction: Instruction, emit: Emitter) -> Value | None:
    dividend, divisor = instruction.operands
    if _is_safe(divisor):
        return None
    type_ = instruction.type
    element = type_.element if isinstance(type_, VectorType) else type_
    assert isinstance(element, IntType)
    signed, remainder = instruction.opcode[0] == "s", instruction.opcode.endswith("rem")
    zero = emit.compare("eq", divisor, splat(type_, "0"))
    unsafe = zero
    if signed:
        lowest = emit.compare("eq", dividend, splat(type_, str(-(1 << (element.bits - 1)))))
        minus_one = emit.compare("eq", divisor, splat(type_, "-1"))
        unsafe = emit.binary("or", zero, emit.binary("and", lowest, minus_one))
    # Dividing by 1 instead: INT_MIN / 1 is INT_MIN and INT_MIN % 1 is 0, as wrapping gives.
    safe = emit.select(unsafe, splat(type_, "1"), divisor)
    result = emit.binary(instruction.opcode, dividend, safe)
    return emit.select(zero, dividend if remainder else splat(type_, "-1"), result)
