"""Inline PTX becomes device IR, by the table that whole PTX modules use too (ptx_table.py).

Why before the other passes: what it becomes are intrinsics and plain instructions, which they treat as if the program
had been written so. What the table lacks is refused with the source line, never guessed.
"""

from __future__ import annotations

import re

from ...errors import CompilerError
from ..ir.build import replace
from ..ir.debug import Place, Places
from ..ir.instructions import Call, Instruction, Phi
from ..ir.types import I64, VOID, PointerType, Type
from ..ir.values import BasicBlock, Function, InlineAssembly, Literal, Module, Value, string_bytes
from .ptx_body import Body
from .ptx_code import Code, Registers, Slots, Values, refuse
from .ptx_syntax import Statement, SyntaxFault, statements, without_comments

_REFERENCE = re.compile(r"\$(?:\{(\d+)(?::\w+)?\}|(\$)|\{:uid\})")


class AssemblyError(CompilerError):
    """Inline PTX that cannot be translated: `place` in the source, and what is wrong."""

    def __init__(self, place: Place, what: str) -> None:
        super().__init__(f"{place}: {what}")
        self.place, self.what = place, what


def run(module: Module) -> Module:
    places: Places | None = None
    for function in module.defined():
        if any(_is_assembly(each) for each in function.instructions()):
            places = places or Places(module)
            _Expansion(module, function, places).run()
    return module


def _is_assembly(instruction: Instruction) -> bool:
    """Empty assembly only fences the compiler, and every back end takes it."""
    return isinstance(instruction, Call) and isinstance(instruction.callee, InlineAssembly) and (
        bool(_text(instruction.callee).strip()) or instruction.type is not VOID or bool(instruction.arguments))


def _text(callee: InlineAssembly) -> str:
    return string_bytes(callee.text).decode("utf-8", "replace")


def _referred(match: re.Match[str]) -> str:
    """An operand without its braces, a dollar sign, or the number of `%=`: labels are an asm's own anyway."""
    return f"${match[1]}" if match[1] else "$" if match[2] else ""


class _Expansion:
    """Rewrites one function's inline assembly; blocks are divided where the PTX branches."""

    def __init__(self, module: Module, function: Function, places: Places) -> None:
        self.module, self.function, self.places = module, function, places
        self.replaced: dict[Value, Value] = {}
        self.slots: list[Instruction] = []
        self.own: set[Instruction] = set()  # phis made here: they name the right blocks

    def run(self) -> None:
        ends: dict[BasicBlock, BasicBlock] = {}
        blocks: list[BasicBlock] = []
        for block in self.function.blocks:
            made = self.block(block)
            blocks += made
            if made[-1] is not block:
                ends[block] = made[-1]
        self.function.blocks = blocks
        if ends:
            for block in blocks:
                for each in block.instructions:
                    if isinstance(each, Phi) and each not in self.own:
                        each.blocks = [ends.get(source, source) for source in each.blocks]
        blocks[0].instructions[:0] = self.slots
        if self.replaced:
            replace(self.function, self.replaced)

    def block(self, block: BasicBlock) -> list[BasicBlock]:
        if not any(_is_assembly(each) for each in block.instructions):
            return [block]
        given, block.instructions = block.instructions, []
        made = [block]
        out = block.instructions
        for each in given:
            if not _is_assembly(each):
                out.append(each)
                continue
            assert isinstance(each, Call)
            result, blocks = Assembly(self.module, self.places, self.function, each, made[-1], self.slots).run()
            self.own.update(phi for new in blocks[1:] for phi in new.instructions if isinstance(phi, Phi))
            made += blocks[1:]
            out = made[-1].instructions
            if result is not None:
                self.replaced[each] = result
        return made


class Assembly:
    """One inline assembly: its operands are registers `$0`, `$1`, ..."""

    def __init__(self, module: Module, places: Places, function: Function, call: Call, block: BasicBlock,
                 slots: list[Instruction]) -> None:
        callee = call.callee
        assert isinstance(callee, InlineAssembly)
        self.module, self.places, self.function, self.call, self.slots = module, places, function, call, slots
        self.text = without_comments(_REFERENCE.sub(_referred, _text(callee)))
        found = [each for each in callee.constraints.strip('"').split(",") if each and each[0] != "~"]
        self.outputs = [each for each in found if each[0] == "="]
        self.inputs = found[len(self.outputs) :]
        self.statements: list[Statement] = []
        try:
            self.statements = list(statements(self.text))
        except SyntaxFault as fault:
            raise self.error(str(fault), "") from None
        labels = any(each.kind == "label" or each.words[:1] == ("bra",) for each in self.statements)
        self.registers: Registers = Slots(module) if labels else Values()
        self.code = Code(module, self.registers, block)
        self.code.emit.metadata = tuple(each for each in call.metadata if each[0] == "dbg")

    def error(self, what: str, why: str) -> CompilerError:
        what = re.sub(r"\$(?=\d)", "%", what)  # as the source has it
        place = self.places.of(self.call, self.function)
        return AssemblyError(place, f"inline PTX '{what.strip()}' is not supported{': ' + why if why else ''}")

    def output_type(self, index: int) -> Type:
        type_ = self.call.type
        return type_.fields[index] if len(self.outputs) > 1 else type_  # type: ignore[attr-defined, no-any-return]

    def run(self) -> tuple[Value | None, list[BasicBlock]]:
        """The value of the call, and the blocks: the one it was in, then those made."""
        code = self.code
        if any(each.startswith(("=*", "*")) or each in ("=m", "m") for each in (*self.outputs, *self.inputs)):
            raise self.error(self.text, "PTX has no memory operands")
        self._declare()
        body = Body(code, self.statements, self)
        body.run()
        if isinstance(self.registers, Slots):
            end = BasicBlock(None)
            if not body.ended:
                code.jump(end)
            code.begin(end)
            self.slots += self.registers.entry.out + self.registers.stores.out
        results = [self._result(index) for index in range(len(self.outputs))]
        if not results:
            return None, code.blocks
        if len(results) == 1:
            return results[0], code.blocks
        whole: Value = Literal(self.call.type, "poison")
        for index, value in enumerate(results):
            whole = code.emit.insert(whole, value, index)
        return whole, code.blocks

    def _declare(self) -> None:
        registers, emit = self.registers, self.code.emit
        for index in range(len(self.outputs)):
            type_ = self.output_type(index)
            registers.declare(f"${index}", I64 if isinstance(type_, PointerType) else type_)
        for index, value in enumerate(self.call.arguments):
            name = f"${len(self.outputs) + index}"
            registers.declare(name, value.type)
            registers.set(emit, name, value)
            if self.inputs[index].isdigit():
                tied = f"${self.inputs[index]}"
                kept = registers.type_of(tied)
                assert kept is not None
                registers.set(emit, tied, self.code.fit(value, kept))

    def _result(self, index: int) -> Value:
        return self.code.fit(self.registers.get(self.code.emit, f"${index}"), self.output_type(index))

    def directive(self, statement: Statement, label: str) -> None:
        if statement.words[0] not in (".pragma", ".loc"):
            refuse("variables are declared outside of assembly")

    def instruction(self, statement: Statement) -> bool:
        if any(word.startswith("param") for word in statement.words):
            refuse("assembly has no parameters of its own")
        return False

    def fault(self, statement: Statement, why: str) -> CompilerError:
        return self.error(statement.text, why)

    def place(self, statement: Statement) -> None:
        """The place is that of the whole assembly."""
