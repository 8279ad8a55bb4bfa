"""One inline assembly as PTX statements: its registers, its predicates, and the operations' common forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from ...errors import CompilerError
from ..ir.build import REMOVED, Emitter
from ..ir.instructions import Call
from ..ir.types import FLOAT, I1, I64, I128, PTR, IntType, PointerType, Type, integer
from ..ir.values import NULL, InlineAssembly, Literal, Value, string_bytes
from .lowering import Lower, Lowering, constant
from .registers import read_register

_STATEMENT = re.compile(r"(?:@(!?)([\w$%]+)\s+)?([a-z][\w.:]*)\s*(.*)", re.S)
_OPERAND = re.compile(r"\{[^}]*\}|\[[^\]]*\]|[^,\s][^,{\[]*")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
# What cannot be undone where a predicate is false, and does not look at it.
UNCONDITIONAL = frozenset(("bar", "barrier", "exit", "trap", "brkpt", "nanosleep", "activemask", "shfl", "vote",
                            "match", "redux", "atom", "red", "discard"))


class Statements:
    """The values of an asm's operands while its statements are lowered in order."""

    def __init__(self, it: Lowering, call: Call, emit: Emitter, table: Mapping[str, Operation]) -> None:
        callee = call.callee
        assert isinstance(callee, InlineAssembly)
        self.it, self.call, self.emit, self.table = it, call, emit, table
        self.text = string_bytes(callee.text).decode("utf-8", "replace")
        constraints = [each for each in callee.constraints.strip('"').split(",") if each and each[0] != "~"]
        self.outputs = [each for each in constraints if each[0] == "="]
        self.values: dict[str, Value] = {}
        self.predicate: Value | None = None  # of the statement being lowered
        for index, value in enumerate(call.arguments):
            self.values[f"${len(self.outputs) + index}"] = value
        for index, each in enumerate(constraints[len(self.outputs) :]):
            if each.isdigit():
                self.values[f"${each}"] = call.arguments[index]

    def error(self, what: str) -> CompilerError:
        place = self.it.contract.places.of(self.call, self.it.function)
        return CompilerError(f"{place}: inline PTX '{what.strip()}' is not supported")

    def output_type(self, index: int) -> Type:
        type_ = self.call.type
        return type_.fields[index] if len(self.outputs) > 1 else type_  # type: ignore[attr-defined, no-any-return]

    def run(self) -> object:
        for statement in _COMMENT.sub("", self.text).split(";"):
            if statement.strip():
                self.statement(statement.strip())
        if not self.outputs:
            if not self.text.strip():
                return None  # an empty asm only fences the compiler, and every back end takes it
            return REMOVED
        results = [self.result(index) for index in range(len(self.outputs))]
        if len(results) == 1:
            return results[0]
        whole: Value = Literal(self.call.type, "poison")
        for index, value in enumerate(results):
            whole = self.emit.insert(whole, value, index)
        return whole

    def result(self, index: int) -> Value:
        found = self.values.get(f"${index}")
        if found is None:
            raise self.error(self.text)
        return self.fit(found, self.output_type(index))

    def fit(self, value: Value, type_: Type) -> Value:
        if isinstance(value, Literal) and isinstance(type_, IntType):
            return Literal(type_, value.text)
        if value.type is type_:
            return value
        if isinstance(value.type, IntType) and isinstance(type_, IntType):
            return self.emit.cast("zext" if type_.bits > value.type.bits else "trunc", value, type_)
        if isinstance(value.type, PointerType):
            return self.fit(self.emit.cast("ptrtoint", value, I64), type_)
        if isinstance(type_, PointerType):
            return self.emit.cast("inttoptr", self.fit(value, I64), type_)
        return self.emit.cast("bitcast", value, type_)

    def statement(self, text: str) -> None:
        while text[:1] in ("{", "}"):  # a scope; names of different scopes do not clash in practice
            text = text[1:].lstrip()
        if not text or text.startswith(".reg"):
            return
        match = _STATEMENT.fullmatch(text)
        if match is None:
            raise self.error(text)
        words = match[3].split(".")
        operands = [each.strip() for each in _OPERAND.findall(match[4])]
        lower = self.table.get(words[0])
        self.predicate = self._predicate(match[1], match[2], words[0], text) if match[2] else None
        before = dict(self.values)
        if lower is None or not lower(self, words, operands):
            raise self.error(text)
        if self.predicate is not None:
            self._keep_where_false(before)

    def _predicate(self, negated: str, name: str, opcode: str, text: str) -> Value:
        found = self.values.get(name)
        if found is None or found.type is not I1 or opcode in UNCONDITIONAL:
            raise self.error(text)
        return self.emit.binary("xor", found, Literal(I1, "true")) if negated else found

    def _keep_where_false(self, before: dict[str, Value]) -> None:
        """A register that a predicated instruction wrote keeps its value where the predicate is false."""
        assert self.predicate is not None
        for name, value in list(self.values.items()):
            old = before.get(name)
            if old is not value:
                other = self.fit(old, value.type) if old is not None else Literal(value.type, "zeroinitializer")
                self.values[name] = self.emit.select(self.predicate, value, other)

    def address(self, operand: str, shared: bool = False) -> Value | None:
        """The pointer in `[register+offset]`; where the predicate is false, that of a stack slot nobody reads."""
        match = re.fullmatch(r"\[\s*([\w$%]+)\s*(?:\+\s*(-?\w+)\s*)?\]", operand)
        base = self.read(match[1], I64 if shared else PTR) if match else None
        if match is None or base is None:
            return None
        # A shared address is an offset in the block's shared memory.
        pointer = self.emit.offset(self.it.field(self.emit, "shared"), base) if shared else base
        if match[2]:
            pointer = self.emit.offset(pointer, int(match[2], 0))
        if self.predicate is None:
            return pointer
        slot = Emitter(self.it.module).alloca(I128, 16)
        self.it.slots.append(slot)
        return self.emit.select(self.predicate, pointer, slot)

    def read(self, operand: str, type_: Type) -> Value | None:
        found = self.values.get(operand)
        if found is None and operand.startswith("%"):
            found = read_register(self.it, self.emit, operand[1:])
        if found is not None:
            return self.fit(found, type_)
        if re.fullmatch(r"-?(0[xX][0-9a-fA-F]+|\d+)U?", operand):
            return self.fit(constant(int(operand.rstrip("U"), 0)), type_)
        if re.fullmatch(r"0[fF][0-9a-fA-F]{8}", operand):
            return self.fit(self.emit.cast("bitcast", constant(int(operand[2:], 16)), FLOAT), type_)
        return None

    def apply(self, lower: Lower, result: Type, values: Sequence[Value]) -> Value:
        """What the handler of an intrinsic answers for `values`."""
        type_ = self.it.module.types.function(result, [each.type for each in values])
        found = lower(self.it, Call(type_, NULL, list(values)), self.emit)
        assert isinstance(found, Value)
        return found

    def reads(self, operands: Sequence[str], type_: Type) -> list[Value] | None:
        """Several operands of one type; None when one of them is not understood."""
        values = [self.read(each, type_) for each in operands]
        return None if any(value is None for value in values) else [value for value in values if value is not None]


Operation = Callable[[Statements, list[str], list[str]], bool]


def bits(words: list[str]) -> IntType | None:
    """The integer type that the last word names: `s32`, `b64`, `pred`."""
    if words[-1] == "pred":
        return I1
    match = re.fullmatch(r"[busf](8|16|32|64)", words[-1])
    return integer(int(match[1])) if match else None


def unary(apply: Callable[[Statements, list[str], Value], Value | None]
           ) -> Operation:
    """An instruction `op d, a` on integers."""

    def lower(at: Statements, words: list[str], operands: list[str]) -> bool:
        type_ = bits(words)
        if type_ is None or len(operands) != 2:
            return False
        value = at.read(operands[1], type_)
        result = None if value is None else apply(at, words, value)
        if result is None:
            return False
        at.values[operands[0]] = result
        return True

    return lower


def binary(opcodes: dict[str, str]) -> Operation:
    """An instruction `op d, a, b`; `opcodes` maps the sign letter of the type to the operation."""

    def lower(at: Statements, words: list[str], operands: list[str]) -> bool:
        type_ = bits(words)
        opcode = opcodes.get(words[-1][0])
        if type_ is None or opcode is None or len(operands) != 3 or (len(words) > 2 and words[1] not in ("lo",)):
            return False
        left, right = at.read(operands[1], type_), at.read(operands[2], type_)
        if left is None or right is None:
            return False
        at.values[operands[0]] = at.emit.binary(opcode, left, right)
        return True

    return lower


