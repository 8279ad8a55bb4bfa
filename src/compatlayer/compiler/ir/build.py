"""Making and replacing instructions: what the passes write with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .instructions import (
    Alloca,
    Call,
    Cast,
    Compare,
    ElementPointer,
    FieldAccess,
    Instruction,
    MemoryAccess,
    Phi,
    Simple,
    Terminator,
)
from .types import I1, I8, I32, PTR, VOID, Type, VectorType
from .values import AggregateConstant, Constant, Function, Literal, Module, Value, number

Metadata = tuple[tuple[str, str], ...]


class Emitter:
    """Appends instructions to `out`; each carries the debug location in `metadata`."""

    def __init__(self, module: Module, out: list[Instruction] | None = None, metadata: Metadata = ()) -> None:
        self.module = module
        self.out: list[Instruction] = [] if out is None else out
        self.metadata = metadata

    def put(self, instruction: Instruction) -> Instruction:
        instruction.metadata += self.metadata
        self.out.append(instruction)
        return instruction

    def binary(self, opcode: str, left: Value, right: Value, flags: tuple[str, ...] = ()) -> Value:
        return self.put(Simple(opcode, left.type, [left, right], flags))

    def negate(self, value: Value) -> Value:
        return self.put(Simple("fneg", value.type, [value]))

    def compare(self, predicate: str, left: Value, right: Value) -> Value:
        """icmp, or fcmp when the predicate starts with `o` or is `uno`-like (`f:` before it)."""
        opcode = "icmp"
        if predicate.startswith("f:"):
            opcode, predicate = "fcmp", predicate[2:]
        type_: Type = I1
        if isinstance(left.type, VectorType):
            type_ = self.module.types.vector(left.type.count, I1)
        return self.put(Compare(opcode, type_, predicate, [left, right]))

    def select(self, condition: Value, yes: Value, no: Value) -> Value:
        return self.put(Simple("select", yes.type, [condition, yes, no]))

    def cast(self, opcode: str, value: Value, type_: Type) -> Value:
        return value if value.type is type_ else self.put(Cast(opcode, type_, [value]))

    def load(self, type_: Type, address: Value, align: int = 0, flags: tuple[str, ...] = ()) -> Instruction:
        return self.put(MemoryAccess("load", type_, [address], flags, align))

    def store(self, value: Value, address: Value, align: int = 0) -> Instruction:
        return self.put(MemoryAccess("store", VOID, [value, address], (), align))

    def alloca(self, type_: Type, align: int = 0) -> Instruction:
        return self.put(Alloca(PTR, type_, None, align))

    def offset(self, address: Value, offset: Value | int) -> Value:
        """`address` plus `offset` bytes."""
        if isinstance(offset, int):
            if offset == 0:
                return address
            offset = number(I32, offset)
        return self.put(ElementPointer(address.type, I8, [address, offset], ("inbounds",)))

    def extract(self, value: Value, index: int, type_: Type) -> Value:
        return self.put(FieldAccess("extractvalue", type_, [value], (index,)))

    def insert(self, value: Value, part: Value, index: int) -> Value:
        return self.put(FieldAccess("insertvalue", value.type, [value, part], (index,)))

    def call(self, function: Function, arguments: Sequence[Value], flags: tuple[str, ...] = ()) -> Call:
        call = Call(function.function_type, function, list(arguments), flags)
        self.put(call)
        return call

    def intrinsic(self, name: str, result: Type, arguments: Sequence[Value], flags: tuple[str, ...] = ()) -> Call:
        """Calls `llvm.*` by its full, mangled name."""
        return self.call(declare(self.module, name, result, [each.type for each in arguments]), arguments, flags)

    def ret(self, value: Value | None = None) -> None:
        self.put(Terminator("ret", [] if value is None else [value], []))


def declare(module: Module, name: str, result: Type, parameters: Sequence[Type]) -> Function:
    """The declaration `name`, made when it is not there yet."""
    found = module.symbols.get(name)
    if isinstance(found, Function):
        return found
    from .values import Argument

    type_ = module.types.function(result, parameters)
    function = Function(name, (), type_, [Argument(each, None) for each in parameters])
    module.add(function)
    return function


def splat(type_: Type, text: str) -> Constant:
    """The constant `text` of a scalar type, in every element of a vector type."""
    if isinstance(type_, VectorType):
        return AggregateConstant(type_, ("splat (", ")"), (Literal(type_.element, text),))
    return Literal(type_, text)


def mangled(type_: Type) -> str:
    """A type's name inside an intrinsic's name."""
    if isinstance(type_, VectorType):
        return f"v{type_.count}{mangled(type_.element)}"
    return {"half": "f16", "bfloat": "bf16", "float": "f32", "double": "f64", "ptr": "p0"}.get(type_.text, type_.text)


REMOVED = object()
Handler = Callable[[Instruction, Emitter], object]


def rewrite(module: Module, function: Function, handler: Handler) -> None:
    """Offers every instruction to `handler` with an emitter that writes before it.

    The handler answers None (keep the instruction), a Value (which replaces it) or REMOVED.
    """
    replaced: dict[Value, Value] = {}
    for block in function.blocks:
        out: list[Instruction] = []
        emitter = Emitter(module, out)
        for instruction in block.instructions:
            emitter.metadata = tuple(each for each in instruction.metadata if each[0] == "dbg")
            answer = handler(instruction, emitter)
            if answer is None:
                out.append(instruction)
            elif answer is not REMOVED:
                assert isinstance(answer, Value)
                replaced[instruction] = answer
        block.instructions = out
    if replaced:
        replace(function, replaced)


def replace(function: Function, replaced: dict[Value, Value]) -> None:
    """Every use of a key becomes a use of its value (chains are followed; no value may lead back to its key)."""
    for value in list(replaced.values()):
        if value in replaced:
            break
    else:
        _replace_once(function, replaced)
        return
    flat = {}
    for key in replaced:
        value = replaced[key]
        while value in replaced:
            value = replaced[value]
        flat[key] = value
    _replace_once(function, flat)


def _replace_once(function: Function, replaced: dict[Value, Value]) -> None:
    for block in function.blocks:
        for instruction in block.instructions:
            operands = instruction.operands
            for index, operand in enumerate(operands):
                if operand in replaced:
                    operands[index] = replaced[operand]


def entry_point(function: Function) -> int:
    """Where in the first block code may be put that dominates all the rest: after its allocas."""
    instructions = function.blocks[0].instructions
    at = 0
    while at < len(instructions) and isinstance(instructions[at], (Alloca, Phi)):
        at += 1
    return at
