"""Kernels are libraries of their own; what they share has one address, in the library of the module.

That is every variable that can be written, everything whose address a program could compare or keep, and each function
that is called through a pointer. A kernel's library reads its address from `cpl.address.<name>`, which the loader
fills. Why not the dynamic linker: each context loads the libraries anew, and names would find another one's.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..image import address_slot
from ..ir.build import Emitter, entry_point
from ..ir.instructions import Call, Cast, ElementPointer, Simple
from ..ir.types import I32, PTR, VectorType, size_bytes
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
    number,
)
from . import prune
from .contract import empty_node
from .prune import symbols_of

_SHARED = 3  # the address space of __shared__ variables, which are the launch's
_SAME_EVERYWHERE = frozenset(("unnamed_addr", "local_unnamed_addr"))  # nobody asks for such a constant's address


def shared_symbols(module: Module) -> frozenset[str]:
    """The names that have one address for all kernels. `module` is whole: other kernels may keep an address."""
    found = {function.name for function in _taken(module)}
    variables = [each for each in module.variables() if each.space != _SHARED]
    for each in variables:
        if not each.constant or each.externally_initialized or not _SAME_EVERYWHERE.intersection(each.prefix):
            found.add(each.name)
    before = -1
    while before != len(found):  # constants that mention shared ones, and constants that mention those
        before = len(found)
        found.update(each.name for each in variables if each.name not in found and each.initializer is not None
                     and any(symbol.name in found for symbol in _resolved(each.initializer)))
    return frozenset(found)


def _taken(module: Module) -> Iterator[Function]:
    """The defined functions that are used other than by a direct call."""
    for function in module.defined():
        for instruction in function.instructions():
            operands = instruction.operands
            if isinstance(instruction, Call) and isinstance(instruction.callee, GlobalValue):
                operands = operands[:-1]
            for operand in operands:
                yield from _defined(operand)
    for variable in module.variables():
        if variable.initializer is not None:
            yield from _defined(variable.initializer)


def _defined(value: Value) -> list[Function]:
    if not isinstance(value, Constant):
        return []
    return [symbol for symbol in _resolved(value) if isinstance(symbol, Function) and symbol.blocks]


def _resolved(value: Value) -> list[GlobalValue]:
    """The symbols that a value mentions, aliases replaced by what they stand for."""
    found: list[GlobalValue] = []
    for symbol in symbols_of(value):
        if isinstance(symbol, Alias):
            found += _resolved(symbol.target) if symbol.target is not None else []
        else:
            found.append(symbol)
    return found


def keep_shared(module: Module, names: frozenset[str]) -> Module:
    """What is left of a lowered module for the library that its kernels share; every one of `names` is exported."""
    roots = [each for name, each in module.symbols.items() if name in names]
    prune.keep(module, roots)
    for each in roots:
        each.prefix = ("protected",)
    return module


def run(module: Module, kernel: Function, names: frozenset[str]) -> tuple[str, ...]:
    """Replaces what mentions one of `names` by loads, in a lowered module of one kernel; the names that it uses.

    What only they reach is dropped."""
    expansion = _Expansion(module, names)
    for function in module.defined():
        expansion.rewrite(function)
    prune.keep(module, [kernel])
    slots = {address_slot(name): name for name in names}
    return tuple(slots[name] for name in module.symbols if name in slots)


class _Expansion:
    """Addresses are loaded once, at the start of each function: they are the same for all its uses."""

    def __init__(self, module: Module, names: frozenset[str]) -> None:
        self.module = module
        self.names = names
        self.empty = empty_node(module)
        self.known: dict[Constant, bool] = {}
        self.made: dict[str, Value] = {}
        self.emit = Emitter(module)

    def rewrite(self, function: Function) -> None:
        self.made.clear()
        self.emit = Emitter(self.module)
        for instruction in function.instructions():
            operands = instruction.operands
            for index, operand in enumerate(operands):
                if not isinstance(operand, Constant):
                    continue
                if isinstance(instruction, Call) and index == len(operands) - 1 and isinstance(operand, GlobalValue):
                    operands[index] = _function_behind(operand)
                elif self.mentions(operand):
                    operands[index] = self.expand(operand)
        if self.emit.out:
            at = entry_point(function)
            function.blocks[0].instructions[at:at] = self.emit.out

    def mentions(self, value: Constant) -> bool:
        if isinstance(value, Literal):
            return False
        if value not in self.known:
            self.known[value] = any(symbol.name in self.names for symbol in _resolved(value))
        return self.known[value]

    def expand(self, value: Value) -> Value:
        """Instructions that compute a constant which mentions one of the names."""
        if not isinstance(value, Constant) or not self.mentions(value):
            return value
        if isinstance(value, Alias):
            assert value.target is not None
            return self.expand(value.target)
        key = f"{value.type.text} {value.spelling()}"
        if key not in self.made:
            self.made[key] = self._expand(value)
        return self.made[key]

    def _expand(self, value: Constant) -> Value:
        emit = self.emit
        if isinstance(value, GlobalValue):
            return self._address(value)
        if isinstance(value, AggregateConstant):
            return self._aggregate(value)
        assert isinstance(value, ConstantExpression)
        operands = [self.expand(each) for each in value.operands]
        if value.opcode == "getelementptr":
            assert value.source is not None
            flags = tuple(each for each in value.flags if not each.startswith("inrange"))
            return emit.put(ElementPointer(value.type, value.source, operands, flags))
        if len(operands) == 1:
            return emit.put(Cast(value.opcode, value.type, operands))
        return emit.put(Simple(value.opcode, value.type, operands, value.flags))

    def _aggregate(self, value: AggregateConstant) -> Value:
        whole: Value = Literal(value.type, "poison")
        elements = [self.expand(each) for each in value.elements]
        if not isinstance(value.type, VectorType):
            for index, element in enumerate(elements):
                whole = self.emit.insert(whole, element, index)
            return whole
        if value.brackets[0].startswith("splat"):
            elements *= value.type.count
        for index, element in enumerate(elements):
            whole = self.emit.put(Simple("insertelement", value.type, [whole, element, number(I32, index)]))
        return whole

    def _address(self, value: GlobalValue) -> Value:
        name = address_slot(value.name)
        slot = self.module.symbols.get(name)
        if slot is None:
            slot = GlobalVariable(name, ("protected",), 0, False, PTR, Literal(PTR, "null"), ("align 8",))
            self.module.add(slot)
        load = self.emit.load(PTR, slot, 8)
        load.metadata += (("invariant.load", self.empty), ("nonnull", self.empty), ("noundef", self.empty))
        if isinstance(value, GlobalVariable):
            load.metadata += (("dereferenceable", self._node(size_bytes(value.value_type))),)
            if value.align:
                load.metadata += (("align", self._node(value.align)),)
        return load

    def _node(self, value: int) -> str:
        """The number of a metadata node that holds an i64."""
        text = f"!{{i64 {value}}}"
        table = self.module.metadata
        found = next((key for key, node in table.items() if node == text), None)
        if found is None:
            found = f"!{max((int(each[1:]) for each in table), default=-1) + 1}"
            table[found] = text
        return found


def _function_behind(callee: GlobalValue) -> Value:
    """The function that is called by an alias' name."""
    target: Value = callee
    while isinstance(target, Alias) and target.target is not None:
        target = target.target
    return target if isinstance(target, Function) else callee


