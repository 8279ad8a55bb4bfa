"""Kernels that kernels launch: where one's address is used, a variable stands in for it.

The variable is a cpl_launchable of include/compatlayer/kernel.h, which the loader fills. Why: a kernel's code is
compiled for each class of block shapes that it is launched with, in libraries of their own; it has no one address.
"""

from __future__ import annotations

from ...errors import UnresolvedSymbol
from ..ir.instructions import Call
from ..ir.types import I64
from ..ir.values import (
    AggregateConstant,
    Alias,
    Constant,
    ConstantExpression,
    Function,
    GlobalValue,
    GlobalVariable,
    Literal,
    Module,
    Value,
)

PREFIX = "cpl.kernel."
_FIELDS = 4  # of 8 bytes


def replace_addresses(module: Module) -> None:
    """Before anything is dropped: a kernel that is only launched by others is one of the module all the same."""
    if "__compatlayer_device_launch" not in module.symbols:
        return  # an excerpt of a module has all of the module's declarations
    kernels = [each for each in module.symbols.values() if isinstance(each, Function) and each.is_kernel]
    stand_in = _StandIn(module, kernels)
    for function in module.defined():
        for instruction in function.instructions():
            operands = instruction.operands
            end = len(operands) - isinstance(instruction, Call)
            for index in range(end):
                operands[index] = stand_in.instead_of(operands[index])
    for symbol in list(module.symbols.values()):
        if isinstance(symbol, GlobalVariable) and symbol.initializer is not None and symbol.name[:5] != "llvm.":
            symbol.initializer = stand_in.instead_of(symbol.initializer)


class _StandIn:
    """The variables of one module, made as they are needed."""

    def __init__(self, module: Module, kernels: list[Function]) -> None:
        self.module = module
        self.known: dict[Value, Value] = {each: each for each in kernels}

    def instead_of(self, value: Value) -> Value:
        if not isinstance(value, Constant) or isinstance(value, (Literal, GlobalVariable)):
            return value
        if isinstance(value, GlobalValue):
            kernel: Value | None = value
            while isinstance(kernel, Alias):
                kernel = kernel.target
            return self._variable(kernel) if isinstance(kernel, Function) and kernel in self.known else value
        parts = value.parts()
        changed = tuple(self.instead_of(each) for each in parts)
        if all(new is old for new, old in zip(changed, parts, strict=True)):
            return value
        if isinstance(value, AggregateConstant):
            return AggregateConstant(value.type, value.brackets, changed)
        assert isinstance(value, ConstantExpression)
        return ConstantExpression(value.type, value.opcode, value.flags, changed, value.source)

    def _variable(self, kernel: Function) -> Value:
        if kernel.is_declaration:
            raise UnresolvedSymbol(kernel.name, f"unresolved extern function '{kernel.name}': no kernel of this name "
                                                "is defined in the program")
        found = self.known[kernel]
        if found is kernel:
            type_ = self.module.types.array(_FIELDS, I64)
            found = GlobalVariable(PREFIX + kernel.name, (), 0, False, type_, Literal(type_, "zeroinitializer"),
                                   ("align 16",))
            self.module.add(found)
            self.known[kernel] = found
        return found
