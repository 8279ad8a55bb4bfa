"""The kernel's parameters as a gang can share them: structs that the kernel writes to get a copy for each thread, and
vectors arrive in memory like structs.

Why: all lanes of a gang are given one set of parameters, and what one lane writes no other may read.
"""

from __future__ import annotations

from ...ir.build import Emitter, entry_point, replace
from ...ir.instructions import Instruction
from ...ir.types import I1, I64, PTR, VOID, ArrayType, NamedType, StructType, VectorType, align_bytes, size_bytes
from ...ir.values import Argument, Function, Literal, Module, Value, number
from ..facts import attribute_type, parameter_type
from .escape import is_written


def run(module: Module, kernel: Function) -> None:
    begin = Emitter(module)
    replaced: dict[Value, Value] = {}
    slots: list[Instruction] = []
    for argument in kernel.arguments:
        if isinstance(argument.type, (VectorType, ArrayType, StructType, NamedType)):
            replaced[argument] = _in_memory(begin, argument)
        elif attribute_type(module, argument, "byval") is not None and is_written(kernel, argument):
            replaced[argument] = _private(module, begin, argument, slots)
    if not replaced:
        return
    replace(kernel, replaced)
    kernel.function_type = module.types.function(VOID, [each.type for each in kernel.arguments])
    first = kernel.blocks[0].instructions
    first[:0] = slots
    at = entry_point(kernel)
    first[at:at] = begin.out


def _in_memory(emit: Emitter, argument: Argument) -> Value:
    """Takes the vector from where the launch left it."""
    type_ = argument.type
    align = align_bytes(type_)
    argument.type = PTR
    argument.attributes = ("noundef", f"byval({type_.text})", f"align {align}")
    return emit.load(type_, argument, align)


def _private(module: Module, emit: Emitter, argument: Argument, slots: list[Instruction]) -> Value:
    type_, align = parameter_type(module, argument)
    own = Emitter(module, slots).alloca(type_, align)
    size = number(I64, size_bytes(type_))
    copied = emit.intrinsic("llvm.memcpy.p0.p0.i64", VOID, [own, argument, size, Literal(I1, "false")])
    copied.argument_attributes[:2] = [(f"align {align}",), (f"align {align}",)]
    return own

