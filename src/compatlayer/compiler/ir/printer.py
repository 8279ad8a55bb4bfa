"""Printing a module in LLVM's textual form, which clang verifies when it reads it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .instructions import (
    Alloca,
    AtomicUpdate,
    Call,
    Compare,
    CompareExchange,
    ElementPointer,
    Fence,
    FieldAccess,
    Instruction,
    MemoryAccess,
    Phi,
    Terminator,
)
from .types import VOID
from .values import Alias, BasicBlock, Constant, Function, GlobalVariable, Module, Value, quote

_COLUMN = 76  # where comments begin


def print_module(module: Module) -> str:
    """The text of `module`; numbered locals are numbered anew."""
    lines: list[str] = []
    if module.source_name:
        lines.append(f"source_filename = {module.source_name}")
    if module.layout:
        lines.append(f'target datalayout = "{module.layout}"')
    if module.triple:
        lines.append(f'target triple = "{module.triple}"')
    lines.extend(f"module asm {text}" for text in module.assembly)
    for named in module.types.named.values():
        lines.append(f"{named.text} = type {named.body.text if named.body else 'opaque'}")
    lines.extend(module.comdats)
    for value in module.symbols.values():
        if isinstance(value, GlobalVariable):
            lines.append(_variable(value))
        elif isinstance(value, Alias):
            assert value.target is not None
            head = _words("@" + quote(value.name), "=", *value.prefix, "alias", value.value_type.text)
            lines.append(f"{head}, {value.target.type.text} {value.target.spelling()}")  # type: ignore[attr-defined]
    for value in module.symbols.values():
        if isinstance(value, Function):
            _FunctionPrinter(value).run(lines)
    lines.extend(f"attributes {name} = {{ {text} }}" for name, text in module.attributes.items())
    lines.extend(f"{name} = {node}" for name, node in module.named_metadata.items())
    lines.extend(f"{name} = {node}" for name, node in module.metadata.items())
    lines.append("")
    return "\n".join(lines)


def print_annotated(function: Function, blocks: Iterable[BasicBlock], above: Callable[[BasicBlock], str],
                    beside: Callable[[Instruction], str]) -> str:
    """`blocks` of a function in the given order, without metadata, for people: `above` answers a comment on a block,
    `beside` one on an instruction."""
    printer = _FunctionPrinter(function)
    lines = []
    for block in blocks:
        lines += ["", f"; {above(block)}", printer.names[block][1:] + ":"]
        for instruction in block.instructions:
            lines.append(f"  {printer.instruction(instruction, bare=True):<{_COLUMN}} ; {beside(instruction)}".rstrip())
    return "\n".join(lines)


def _words(*words: str) -> str:
    return " ".join(word for word in words if word)


def _variable(value: GlobalVariable) -> str:
    space = f"addrspace({value.space})" if value.space else ""
    external = "externally_initialized" if value.externally_initialized else ""
    text = _words("@" + quote(value.name), "=", *value.prefix, space, external,
                  "constant" if value.constant else "global", value.value_type.text)
    if value.initializer is not None:
        text += " " + value.initializer.spelling()  # type: ignore[attr-defined]
    return ", ".join((text, *value.suffix))


def print_instruction(function: Function, instruction: Instruction) -> str:
    """One instruction's text, for messages."""
    return _FunctionPrinter(function).instruction(instruction)


class _FunctionPrinter:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.names: dict[Value, str] = {}
        count = 0
        for value in _locals(function):
            if value.name is None:
                self.names[value] = f"%{count}"
                count += 1
            else:
                self.names[value] = "%" + quote(value.name)

    def run(self, lines: list[str]) -> None:
        function = self.function
        parameters = ", ".join(
            _words(each.type.text, *each.attributes, "" if function.is_declaration else self.names[each])
            for each in function.arguments
        )
        if function.function_type.variadic:
            parameters += ", ..." if parameters else "..."
        head = _words("declare" if function.is_declaration else "define", *function.prefix,
                      *function.result_attributes, function.function_type.result.text,
                      f"@{quote(function.name)}({parameters})", *_address(function.suffix), *function.attributes,
                      *_placement(function.suffix))
        if function.debug and not function.is_declaration:
            head += f" !dbg {function.debug}"
        if function.is_declaration:
            lines.append(head)
            return
        lines.append(head + " {")
        for block in function.blocks:
            lines.append(self.names[block][1:] + ":")
            for instruction in block.instructions:
                lines.append("  " + self.instruction(instruction))
        lines.append("}")

    def ref(self, value: Value) -> str:
        found = self.names.get(value)
        if found is not None:
            return found
        if isinstance(value, Constant):
            return value.spelling()
        raise KeyError(f"function '{self.function.name}' uses a value that it does not define: {value!r}")

    def typed(self, value: Value) -> str:
        return f"{value.type.text} {self.ref(value)}"

    def list(self, values: Iterable[Value]) -> str:
        return ", ".join([f"{value.type.text} {self.ref(value)}" for value in values])

    def instruction(self, instruction: Instruction, bare: bool = False) -> str:
        text = _PRINTERS.get(type(instruction), _FunctionPrinter.simple)(self, instruction)
        for kind, node in () if bare else instruction.metadata:
            text += f", !{kind} {node}"
        if instruction.type is not VOID:
            return f"{self.names[instruction]} = {text}"
        return text

    def simple(self, it: Instruction) -> str:
        head = " ".join((it.opcode, *it.flags))
        operands = it.operands
        if it.opcode in _LISTED:
            return f"{head} {self.list(operands)}"
        if len(operands) == 2:
            return f"{head} {self.typed(operands[0])}, {self.ref(operands[1])}"
        if it.opcode in ("fneg", "freeze"):
            return f"{head} {self.typed(operands[0])}"
        return f"{head} {self.typed(operands[0])} to {it.type.text}"

    def compare(self, it: Compare) -> str:
        left, right = it.operands
        return f"{_words(it.opcode, *it.flags)} {it.predicate} {self.typed(left)}, {self.ref(right)}"

    def field(self, it: FieldAccess) -> str:
        return f"{it.opcode} {self.list(it.operands)}, {', '.join(map(str, it.indices))}"

    def alloca(self, it: Alloca) -> str:
        text = f"alloca {it.allocated.text}"
        if it.operands:
            text += ", " + self.typed(it.operands[0])
        text += _aligned(it.align)
        space = it.type.space  # type: ignore[attr-defined]
        return text + (f", addrspace({space})" if space else "")

    def access(self, it: MemoryAccess) -> str:
        head = " ".join((it.opcode, *it.flags))
        if it.opcode == "load":
            head += f" {it.type.text},"
        atomic = _words("", _scope(it.scope), it.ordering) if it.ordering else ""
        return f"{head} {self.list(it.operands)}{' ' + atomic if atomic else ''}{_aligned(it.align)}"

    def pointer(self, it: ElementPointer) -> str:
        return f"{' '.join((it.opcode, *it.flags))} {it.source.text}, {self.list(it.operands)}"

    def fence(self, it: Fence) -> str:
        return _words("fence", _scope(it.scope), it.ordering)

    def exchange(self, it: CompareExchange) -> str:
        head = " ".join((it.opcode, *it.flags))
        return _words(head, self.list(it.operands), _scope(it.scope), it.success, it.failure) + _aligned(it.align)

    def update(self, it: AtomicUpdate) -> str:
        head = _words("atomicrmw", *it.flags, it.operation)
        return _words(head, self.list(it.operands), _scope(it.scope), it.ordering) + _aligned(it.align)

    def phi(self, it: Phi) -> str:
        pairs = ", ".join(f"[ {self.ref(value)}, {self.names[block]} ]"
                          for value, block in zip(it.operands, it.blocks, strict=True))
        return f"{' '.join(('phi', *it.flags))} {it.type.text} {pairs}"

    def call(self, it: Call) -> str:
        arguments = ", ".join([
            _words(value.type.text, *attributes, self.ref(value)) if attributes
            else f"{value.type.text} {self.ref(value)}"
            for value, attributes in zip(it.operands, it.argument_attributes, strict=False)
        ])
        signature = it.function_type.text if it.function_type.variadic else it.function_type.result.text
        return _words(it.tail, "call", *it.flags, it.convention, *it.result_attributes, signature,
                      f"{self.ref(it.callee)}({arguments})", *it.attributes)

    def terminator(self, it: Terminator) -> str:
        if it.opcode == "ret":
            return f"ret {self.typed(it.operands[0])}" if it.operands else "ret void"
        if it.opcode == "unreachable":
            return "unreachable"
        labels = [f"label {self.names[target]}" for target in it.targets]
        if it.opcode == "br":
            return "br " + ", ".join(([self.typed(it.operands[0])] if it.operands else []) + labels)
        cases = " ".join(f"{self.typed(value)}, {label}" for value, label in zip(it.cases, labels[1:], strict=True))
        return f"switch {self.typed(it.operands[0])}, {labels[0]} [ {cases} ]"


_LISTED = frozenset(("select", "extractelement", "insertelement", "shufflevector"))
_PRINTERS: dict[type, Callable[..., str]] = {
    Compare: _FunctionPrinter.compare, FieldAccess: _FunctionPrinter.field, Alloca: _FunctionPrinter.alloca,
    MemoryAccess: _FunctionPrinter.access, ElementPointer: _FunctionPrinter.pointer, Fence: _FunctionPrinter.fence,
    CompareExchange: _FunctionPrinter.exchange, AtomicUpdate: _FunctionPrinter.update, Phi: _FunctionPrinter.phi,
    Call: _FunctionPrinter.call, Terminator: _FunctionPrinter.terminator,
}


def _locals(function: Function) -> Iterable[Value]:
    yield from function.arguments
    for block in function.blocks:
        yield block
        for instruction in block.instructions:
            if instruction.type is not VOID:
                yield instruction


def _scope(scope: str) -> str:
    return f"syncscope({scope})" if scope else ""


def _aligned(align: int) -> str:
    return f", align {align}" if align else ""


def _address(suffix: tuple[str, ...]) -> list[str]:
    return [word for word in suffix if word.endswith("unnamed_addr") or word.startswith("addrspace")]


def _placement(suffix: tuple[str, ...]) -> list[str]:
    return [word for word in suffix if not (word.endswith("unnamed_addr") or word.startswith("addrspace"))]

