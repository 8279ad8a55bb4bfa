"""Removes address spaces: on the host every pointer is generic.

Casts between spaces vanish, types lose their space, intrinsic names their `.p1` parts. Variables of the
device become ordinary data: what the host can name stays visible, what the host may write is not constant.
"""

from __future__ import annotations

import re

from ..ir.build import replace
from ..ir.instructions import Alloca, Call, Cast, ElementPointer, Instruction
from ..ir.types import (
    ArrayType,
    FunctionType,
    NamedType,
    PointerType,
    StructType,
    Type,
    VectorType,
    pointer,
)
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
from .prune import is_exported

_ERASED = frozenset((1, 3, 4, 5, 7, 101))
_SUFFIX = re.compile(r"\.p(?:1|3|4|5|7|101)(?=\.|$|i|f)")


def run(module: Module) -> Module:
    exported = [each for each in module.variables() if is_exported(each)]
    eraser = _Eraser(module)
    for named in module.types.named.values():
        if named.body is not None:
            named.body = eraser.type(named.body)  # type: ignore[assignment]
    for variable in module.variables():
        _become_data(variable, variable in exported)
        eraser.variable(variable)
    for symbol in list(module.symbols.values()):
        if isinstance(symbol, Alias):
            symbol.value_type = eraser.type(symbol.value_type)
            symbol.target = eraser.constant(symbol.target) if symbol.target else None
        elif isinstance(symbol, Function):
            eraser.function(symbol)
    _rename(module)
    return module


def _become_data(variable: GlobalVariable, exported: bool) -> None:
    """Mutable data is never internal: the optimiser would take what one thread sees for all there is."""
    if variable.externally_initialized:
        variable.constant = False
    variable.externally_initialized = False
    if isinstance(variable.initializer, Literal) and variable.initializer.text in ("undef", "poison"):
        variable.initializer = Literal(variable.value_type, "zeroinitializer")
    if exported:
        variable.prefix = ("protected",)
    elif variable.constant:
        variable.prefix = tuple(each for each in variable.prefix if each in ("private", "internal", "unnamed_addr"))
        if not variable.internal:
            variable.prefix = ("internal", *variable.prefix)
    else:
        variable.prefix = ("hidden",)
    variable.suffix = tuple(each for each in variable.suffix if each.startswith("align "))


class _Eraser:
    def __init__(self, module: Module) -> None:
        self.module = module
        self.table = module.types
        self.types: dict[Type, Type] = {}
        self.replaced: dict[Value, Value] = {}

    def type(self, type_: Type) -> Type:
        found = self.types.get(type_)
        if found is None:
            found = self.types[type_] = self._type(type_)
        return found

    def _type(self, type_: Type) -> Type:
        if isinstance(type_, PointerType):
            return pointer() if type_.space in _ERASED else type_
        if isinstance(type_, NamedType):
            return type_
        if isinstance(type_, ArrayType):
            return self.table.array(type_.count, self.type(type_.element))
        if isinstance(type_, VectorType):
            return self.table.vector(type_.count, self.type(type_.element))
        if isinstance(type_, StructType):
            return self.table.struct([self.type(each) for each in type_.fields], type_.packed)
        if isinstance(type_, FunctionType):
            return self.table.function(self.type(type_.result), [self.type(each) for each in type_.parameters],
                                       type_.variadic)
        return type_

    def constant(self, value: Value) -> Value:
        """The constant without address spaces; itself when nothing changes."""
        if isinstance(value, GlobalValue) or not isinstance(value, Constant):
            return value
        type_ = self.type(value.type)
        if isinstance(value, Literal):
            return value if type_ is value.type else Literal(type_, value.text)
        parts = tuple(self.constant(part) for part in value.parts())
        if isinstance(value, ConstantExpression):
            if value.opcode == "addrspacecast":
                return parts[0]
            return ConstantExpression(type_, value.opcode, value.flags, parts,
                                      self.type(value.source) if value.source else None)
        if isinstance(value, AggregateConstant):
            return AggregateConstant(type_, value.brackets, parts)
        return value

    def variable(self, variable: GlobalVariable) -> None:
        variable.type = pointer()
        variable.value_type = self.type(variable.value_type)
        if variable.initializer is not None:
            variable.initializer = self.constant(variable.initializer)

    def function(self, function: Function) -> None:
        function.function_type = self.type(function.function_type)  # type: ignore[assignment]
        for argument in function.arguments:
            argument.type = self.type(argument.type)
        if not function.blocks:
            return
        replaced: dict[Value, Value] = {}
        for block in function.blocks:
            kept = []
            for instruction in block.instructions:
                self.instruction(instruction)
                if isinstance(instruction, Cast) and instruction.opcode == "addrspacecast":
                    replaced[instruction] = instruction.operands[0]
                else:
                    kept.append(instruction)
            block.instructions = kept
        if replaced:
            replace(function, replaced)

    def instruction(self, instruction: Instruction) -> None:
        instruction.type = self.type(instruction.type)
        operands = instruction.operands
        for index, operand in enumerate(operands):
            if isinstance(operand, Constant) and not isinstance(operand, GlobalValue):
                operands[index] = self.constant(operand)
        if isinstance(instruction, ElementPointer):
            instruction.source = self.type(instruction.source)
        elif isinstance(instruction, Alloca):
            instruction.allocated = self.type(instruction.allocated)
        elif isinstance(instruction, Call):
            instruction.function_type = self.type(instruction.function_type)  # type: ignore[assignment]


def _rename(module: Module) -> None:
    """`llvm.memcpy.p1.p0.i64` and `llvm.memcpy.p0.p0.i64` are one declaration now."""
    merged: dict[Value, Value] = {}
    for name, symbol in list(module.symbols.items()):
        if not isinstance(symbol, Function) or not name.startswith("llvm.") or not _SUFFIX.search(name):
            continue
        del module.symbols[name]
        symbol.name = _SUFFIX.sub(".p0", name)
        other = module.symbols.setdefault(symbol.name, symbol)
        if other is not symbol:
            merged[symbol] = other
    if merged:
        for function in module.defined():
            replace(function, merged)
