"""Functions of a PTX module as functions of the device IR: parameters, memory of their own, calls, ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...ir.build import Emitter
from ...ir.instructions import Call
from ...ir.types import I8, I64, PTR, VOID, FloatType, FunctionType, IntType, PointerType, StructType, Type
from ...ir.values import Argument, BasicBlock, Function, Literal, Value
from ...passes.ptx_body import Body
from ...passes.ptx_code import Code, Slots, refuse, zero
from ...passes.ptx_syntax import Statement, split
from .fault import PtxFault
from .module_text import FunctionText, Parameter, Signature, VariableText, parameters
from .places import location
from .signatures import function_type, value_type
from .variables import declarations, declare, initialise

if TYPE_CHECKING:
    from .lower import Translation

_PROTOTYPE = re.compile(r"(?:\((?P<results>[^)]*)\)\s*)?_\s*(?:\((?P<given>[^)]*)\))?", re.S)
_MEMORY = 16  # alignment of parameters' memory


class FunctionBody:
    """One function being translated."""

    def __init__(self, translation: Translation, text: FunctionText, function: Function) -> None:
        self.all, self.text, self.function = translation, text, function
        self.module = translation.module
        self.registers = Slots(self.module)
        first = BasicBlock(None)
        self.start = Emitter(self.module)
        self.code = Code(self.module, self.registers, first)
        self.code.memory[0] = dict(translation.names)
        self.prototypes: dict[str, Signature] = {}
        self.lines = any(each.words[:1] == (".loc",) for each in text.statements)
        self.debug = ""
        self.subprogram = ""

    def run(self) -> None:
        self._places()
        self._parameters()
        self.code.push()  # the function's own registers and variables
        body = Body(self.code, self.text.statements, self)
        body.run()
        if not body.ended:
            self._leave()
        first = self.code.blocks[0]
        slots = self.registers.entry.out + self.registers.stores.out + self.start.out
        slots.sort(key=lambda each: each.opcode != "alloca")
        for each in slots:
            each.metadata = (("dbg", self.debug0),)
        first.instructions[:0] = slots
        self.function.blocks = self.code.blocks

    # ---- places ---------------------------------------------------------------------------------
    def _places(self) -> None:
        number, line = 0, self.text.line
        for each in self.text.statements:
            found = location(each.operands[0]) if each.words[:1] == (".loc",) else None
            if found and found[1]:
                number, line = found[0], found[1]
                break
        self.subprogram = self.all.places.function(self.text.name, line, number)
        self.function.debug = self.subprogram
        self.debug0 = self.all.places.at(self.subprogram, number, line, 0)
        self._set_place(self.debug0)

    def _set_place(self, node: str) -> None:
        self.debug = node
        self.code.emit.metadata = (("dbg", node),)

    def place(self, statement: Statement) -> None:
        if not self.lines and statement.kind == "instruction":
            self._set_place(self.all.places.at(self.subprogram, 0, statement.line, 0))

    def fault(self, statement: Statement, why: str) -> PtxFault:
        what = f"'{statement.text}' in the function '{self.text.name}' is not supported"
        return PtxFault(statement.line, f"{what}: {why}" if why else what)

    # ---- parameters -----------------------------------------------------------------------------
    def memory(self, size: int, align: int = _MEMORY) -> Value:
        """Stack memory of the function's own."""
        return self.start.alloca(self.module.types.array(max(size, 1), I8), max(align, _MEMORY))

    def _parameters(self) -> None:
        function, signature = self.function, self.text.signature
        arguments = list(function.arguments)
        if signature.results:
            only = signature.results[0]
            if only.array:
                self.code.memory[0][only.name] = arguments.pop(0)
            else:
                for each in signature.results:
                    self._place_of(each, zero(value_type(each)))
        for parameter, argument in zip(signature.parameters, arguments, strict=True):
            if isinstance(argument.type, PointerType):
                self.code.memory[0][parameter.name] = argument
                continue
            self._place_of(parameter, argument)

    def _place_of(self, parameter: Parameter, value: Value) -> None:
        """A parameter that is one value: a register, or memory."""
        if parameter.register:
            self.code.declare_one(parameter.name, value.type)
            self.start.store(value, self.registers.slots[self.code.scopes[-1][parameter.name]])
            return
        place = self.memory(parameter.bits // 8)
        self.start.store(value, place)
        self.code.memory[0][parameter.name] = place

    def _result(self, parameter: Parameter) -> Value:
        type_ = value_type(parameter)
        if parameter.register:
            return self.code.read(parameter.name, type_)
        place = self.code.variable(parameter.name)
        assert place is not None
        return self.code.emit.load(type_, place)

    # ---- statements -----------------------------------------------------------------------------
    def directive(self, statement: Statement, label: str) -> None:
        word, text = statement.words[0], statement.operands[0]
        if word == ".loc":
            found = location(text)
            if found:
                self._set_place(self.all.places.at(self.subprogram, *found))
        elif word == ".param":
            for each in parameters(".param " + text, statement.line):
                self.code.memory[-1][each.name] = self.memory(each.array or max(each.bits // 8, 1), each.align)
        elif word == ".local":
            for one in declarations(text, statement.line):
                self.code.memory[-1][one.name] = self.memory(one.size_bytes, one.align)
        elif word in (".shared", ".global", ".const"):
            prefix = f"{self.text.name}."
            while any(prefix + each.name in self.module.symbols for each in declarations(text, statement.line)):
                prefix += "."
            for name in declare(self.module, VariableText(statement.line, "", word[1:], text), False,
                                self.all.find, prefix):
                self.code.memory[-1][name] = self.module.symbols[prefix + name]
            initialise(self.module, VariableText(statement.line, "", word[1:], text), self.all.find, prefix)
        elif word == ".callprototype":
            match = _PROTOTYPE.match(text.strip())
            if match is None:
                refuse()
            self.prototypes[label] = Signature(parameters(match["results"] or "", statement.line),
                                               parameters(match["given"] or "", statement.line))
        elif word not in (".pragma", ".file", ".calltargets", ".noreturn"):
            refuse()

    def instruction(self, statement: Statement) -> bool:
        opcode = statement.words[0]
        if opcode == "ret" or (opcode == "exit" and self.text.kernel):
            self._leave()
            return True
        if opcode == "exit":
            self.code.call("nvvm.exit", VOID)
            self._leave()
            return True
        if opcode == "call":
            if statement.guard:
                condition = self.code.predicate(("!" if statement.negated else "") + statement.guard)
                self.code.guarded(condition, lambda: self._call(statement))
            else:
                self._call(statement)
            return True
        return False

    def _leave(self) -> None:
        type_ = self.function.function_type.result
        if type_ is VOID:
            self.code.emit.ret()
        else:
            results = [self._result(each) for each in self.text.signature.results]
            whole: Value = results[0]
            if len(results) > 1:
                whole = Literal(type_, "poison")
                for index, value in enumerate(results):
                    whole = self.code.emit.insert(whole, value, index)
            self.code.emit.ret(whole)

    # ---- calls ----------------------------------------------------------------------------------
    def _call(self, statement: Statement) -> None:
        """call{.uni} {(result),} function{, (arguments)}{, prototype}"""
        operands = list(statement.operands)
        if set(statement.words[1:]) - {"uni"} or not operands:
            refuse()
        results = split(operands.pop(0)[1:-1]) if operands[0].startswith("(") else []
        if not operands:
            refuse()
        target = operands.pop(0)
        given = split(operands.pop(0)[1:-1]) if operands and operands[0].startswith("(") else []
        callee, signature, type_ = self._target(target, operands)
        arguments = self._arguments(signature, type_, results, given)
        call = Call(type_, callee, arguments)
        if not isinstance(callee, Function):
            call.attributes = ("convergent",)
        elif "nobuiltin" in callee.attributes:
            call.attributes = ("nobuiltin",)
        self.code.emit.put(call)
        if isinstance(type_.result, StructType):
            for index, name in enumerate(results):
                self._store(name, self.code.emit.extract(call, index, type_.result.fields[index]))
        elif type_.result is not VOID and results:
            self._store(results[0], call)

    def _target(self, target: str, rest: Sequence[str]) -> tuple[Value, Signature, FunctionType]:
        name = self.all.aliases.get(target, target)
        function = self.all.functions.get(name)
        if function is not None:
            return function, self.all.texts[name].signature, function.function_type
        if len(rest) != 1 or rest[0] not in self.prototypes:
            refuse(f"the function '{target}' is not known")
        signature = self.prototypes[rest[0]]
        return self.code.read(target, PTR), signature, function_type(self.module.types, signature)

    def _arguments(self, signature: Signature, type_: FunctionType, results: Sequence[str],
                   given: Sequence[str]) -> list[Value]:
        if len(given) != len(signature.parameters) or len(results) > len(signature.results):
            refuse(f"the function has {len(signature.parameters)} parameters")
        found: list[Value] = []
        if signature.results and signature.results[0].array and type_.result is VOID:
            place = self.code.variable(results[0]) if results else self.memory(signature.results[0].array)
            if place is None:
                refuse(f"'{results[0]}' is not known")
            found.append(place)
        for name, parameter, wanted in zip(given, signature.parameters, type_.parameters[len(found):], strict=True):
            place = self.code.variable(name)
            if parameter.array and isinstance(wanted, PointerType):
                if place is None:
                    refuse(f"'{name}' is not known")
                found.append(place)
            elif place is not None and name not in self.all.names:
                found.append(self._loaded(place, wanted, 8 * parameter.array or max(parameter.bits, 8)))
            else:
                found.append(self.code.read(name, wanted))
        return found

    def _loaded(self, place: Value, wanted: Type, bits: int) -> Value:
        if isinstance(wanted, PointerType):
            return self.code.fit(self.code.emit.load(I64, place), wanted)
        if isinstance(wanted, (IntType, FloatType)) and wanted.bits == bits:
            return self.code.emit.load(wanted, place)
        return self.code.fit(self.code.emit.load(self.code.fit_type(bits), place), wanted)

    def _store(self, name: str, value: Value) -> None:
        place = self.code.variable(name)
        if place is None:
            self.code.write(name, value)
            return
        stored: Value = value
        if isinstance(value.type, PointerType):
            stored = self.code.fit(value, I64)
        self.code.emit.store(stored, place)


def prototype(module_types: FunctionType, text: FunctionText, prefix: tuple[str, ...]) -> Function:
    """The function without its body."""
    arguments = []
    for index, type_ in enumerate(module_types.parameters):
        arguments.append(Argument(type_, f"p{index}"))
    return Function(text.name, prefix, module_types, arguments)


__all__ = ["FunctionBody", "prototype"]
