"""Inline PTX: each statement of an asm text is matched against a table of instructions.

Why a table: inline PTX names registers and operations that have an exact meaning in the device IR; what the table
lacks is refused with the source line, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ...errors import CompilerError
from ..ir.build import REMOVED, Emitter
from ..ir.instructions import Call, Fence
from ..ir.types import I1, I32, IntType, Type, integer
from ..ir.values import InlineAssembly, Literal, Value, string_bytes
from . import flushing, integers
from .lowering import Lowering, constant
from .registers import read_register

_STATEMENT = re.compile(r"([a-z][\w.]*)\s*(.*)", re.S)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)


class _Statements:
    """The values of an asm's operands while its statements are lowered in order."""

    def __init__(self, it: Lowering, call: Call, emit: Emitter) -> None:
        callee = call.callee
        assert isinstance(callee, InlineAssembly)
        self.it, self.call, self.emit = it, call, emit
        self.text = string_bytes(callee.text).decode("utf-8", "replace")
        constraints = [each for each in callee.constraints.strip('"').split(",") if each and each[0] != "~"]
        self.outputs = [each for each in constraints if each[0] == "="]
        self.values: dict[str, Value] = {}
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
        return self.emit.cast("bitcast", value, type_)

    def statement(self, text: str) -> None:
        match = _STATEMENT.fullmatch(text)
        if match is None:
            raise self.error(text)
        words = match[1].split(".")
        operands = [each.strip() for each in match[2].split(",")] if match[2] else []
        lower = _TABLE.get(words[0])
        if lower is None or not lower(self, words, operands):
            raise self.error(text)

    def read(self, operand: str, type_: Type) -> Value | None:
        if operand.startswith("%"):
            return read_register(self.it, self.emit, operand[1:])
        found = self.values.get(operand)
        if found is not None:
            return self.fit(found, type_)
        if re.fullmatch(r"-?(0[xX][0-9a-fA-F]+|\d+)U?", operand):
            return constant(int(operand.rstrip("U"), 0), type_)
        return None


def _bits(words: list[str]) -> IntType | None:
    match = re.fullmatch(r"[busf](8|16|32|64)", words[-1])
    return integer(int(match[1])) if match else None


def _unary(apply: Callable[[_Statements, list[str], Value], Value | None]
           ) -> Callable[[_Statements, list[str], list[str]], bool]:
    """An instruction `op d, a` on integers."""

    def lower(at: _Statements, words: list[str], operands: list[str]) -> bool:
        type_ = _bits(words)
        if type_ is None or len(operands) != 2:
            return False
        value = at.read(operands[1], type_)
        result = None if value is None else apply(at, words, value)
        if result is None:
            return False
        at.values[operands[0]] = result
        return True

    return lower


def _binary(opcodes: dict[str, str]) -> Callable[[_Statements, list[str], list[str]], bool]:
    """An instruction `op d, a, b`; `opcodes` maps the sign letter of the type to the operation."""

    def lower(at: _Statements, words: list[str], operands: list[str]) -> bool:
        type_ = _bits(words)
        opcode = opcodes.get(words[-1][0])
        if type_ is None or opcode is None or len(operands) != 3 or (len(words) > 2 and words[1] not in ("lo",)):
            return False
        left, right = at.read(operands[1], type_), at.read(operands[2], type_)
        if left is None or right is None:
            return False
        at.values[operands[0]] = at.emit.binary(opcode, left, right)
        return True

    return lower


def _shift(opcode: str) -> Callable[[_Statements, list[str], list[str]], bool]:
    """shl and shr: amounts past the width shift everything out."""

    def lower(at: _Statements, words: list[str], operands: list[str]) -> bool:
        type_ = _bits(words)
        if type_ is None or len(operands) != 3 or len(words) != 2:
            return False
        value, amount = at.read(operands[1], type_), at.read(operands[2], I32)
        if value is None or amount is None:
            return False
        emit = at.emit
        signed = opcode == "shr" and words[1][0] == "s"
        bound = constant(type_.bits - 1 if signed else type_.bits)
        wide = integer(128 if type_.bits == 64 else 64)
        amount = emit.intrinsic("llvm.umin.i32", I32, [amount, bound])
        extended = emit.cast("sext" if signed else "zext", value, wide)
        operation = "shl" if opcode == "shl" else "ashr" if signed else "lshr"
        shifted = emit.binary(operation, extended, emit.cast("zext", amount, wide))
        at.values[operands[0]] = emit.cast("trunc", shifted, type_)
        return True

    return lower


def _three(at: _Statements, words: list[str], operands: list[str]) -> bool:
    """lop3.b32 d, a, b, c, table and mad.lo d, a, b, c."""
    type_ = _bits(words)
    values = [at.read(each, type_) for each in operands[1:4]] if type_ is not None else []
    if len(values) != 3 or any(value is None for value in values) or type_ is None:
        return False
    a, b, c = (value for value in values if value is not None)
    emit = at.emit
    if words[:2] == ["mad", "lo"] and len(words) == 3 and len(operands) == 4:
        at.values[operands[0]] = emit.binary("add", emit.binary("mul", a, b), c)
        return True
    if words != ["lop3", "b32"] or len(operands) != 5:
        return False
    table, ones = int(operands[4], 0), constant(-1)
    result: Value = constant(0)
    for row in range(8):
        if table >> row & 1:
            bits = [each if row & mask else emit.binary("xor", each, ones)
                    for each, mask in ((a, 4), (b, 2), (c, 1))]
            result = emit.binary("or", result, emit.binary("and", emit.binary("and", bits[0], bits[1]), bits[2]))
    at.values[operands[0]] = result
    return True


def _high(at: _Statements, words: list[str], operands: list[str]) -> bool:
    """mul.hi and mul.wide."""
    type_ = _bits(words)
    if type_ is None or len(operands) != 3 or type_.bits > 64 or len(words) != 3:
        return False
    left, right = at.read(operands[1], type_), at.read(operands[2], type_)
    if left is None or right is None:
        return False
    wide = integer(2 * type_.bits)
    opcode = "sext" if words[2][0] == "s" else "zext"
    product = at.emit.binary("mul", at.emit.cast(opcode, left, wide), at.emit.cast(opcode, right, wide))
    if words[1] == "hi":
        product = at.emit.cast("trunc", at.emit.binary("lshr", product, constant(type_.bits, wide)), type_)
    at.values[operands[0]] = product
    return True


def _multiply(at: _Statements, words: list[str], operands: list[str]) -> bool:
    return (_low_product if words[1:2] == ["lo"] else _high)(at, words, operands)


_low_product = _binary(dict.fromkeys("us", "mul"))


def _bfind(at: _Statements, words: list[str], value: Value) -> Value:
    return integers.find_leading(at.it, at.emit, value, words[-1][0] == "s", "shiftamt" in words)


def _counted(name: str) -> Callable[[_Statements, list[str], Value], Value]:
    def apply(at: _Statements, words: list[str], value: Value) -> Value:
        flag = [Literal(I1, "false")] if name == "ctlz" else []
        result = at.emit.intrinsic(f"llvm.{name}.{value.type.text}", value.type, [value, *flag])
        return at.fit(result, I32) if name != "bitreverse" else result

    return apply


def _activemask(at: _Statements, words: list[str], operands: list[str]) -> bool:
    at.values[operands[0]] = at.it.runtime(at.emit, "cpl_active_mask", at.it.site(at.call))
    return True


def _nanosleep(at: _Statements, words: list[str], operands: list[str]) -> bool:
    value = at.read(operands[0], I32)
    if value is not None:
        at.it.runtime(at.emit, "cpl_nanosleep", value)
    return value is not None


def _fence(at: _Statements, words: list[str], operands: list[str]) -> bool:
    at.emit.put(Fence("seq_cst"))
    return True


def _barrier(at: _Statements, words: list[str], operands: list[str]) -> bool:
    if words[1:2] == ["warp"]:
        mask = at.read(operands[0], I32)
        if mask is not None:
            at.it.runtime(at.emit, "cpl_warp_sync", mask, at.it.site(at.call))
        return mask is not None
    if ("sync" not in words and "arrive" not in words) or not operands:
        return False
    values = [at.read(each, I32) for each in operands]
    number, count = values[0], values[1] if len(values) > 1 else constant(0)
    if number is None or count is None:
        return False
    name = "cpl_barrier_arrive" if "arrive" in words else "cpl_barrier"
    at.it.runtime(at.emit, name, number, count, at.it.site(at.call))
    return True


def _end(name: str) -> Callable[[_Statements, list[str], list[str]], bool]:
    def lower(at: _Statements, words: list[str], operands: list[str]) -> bool:
        flushing.end(at.it.module, at.emit)
        at.it.runtime(at.emit, name, *([at.it.site(at.call)] if name == "cpl_trap" else []))
        return True

    return lower


_TABLE: dict[str, Callable[[_Statements, list[str], list[str]], bool]] = {
    "mov": _unary(lambda at, words, value: value),
    "bfind": _unary(_bfind),
    "brev": _unary(_counted("bitreverse")),
    "popc": _unary(_counted("ctpop")),
    "clz": _unary(_counted("ctlz")),
    "add": _binary(dict.fromkeys("us", "add")),
    "sub": _binary(dict.fromkeys("us", "sub")),
    "mul": _multiply,
    "mad": _three,
    "lop3": _three,
    "shl": _shift("shl"),
    "shr": _shift("shr"),
    "not": _unary(lambda at, words, value: at.emit.binary("xor", value, constant(-1, value.type))),
    "neg": _unary(lambda at, words, value: at.emit.binary("sub", constant(0, value.type), value)),
    "and": _binary({"b": "and"}),
    "or": _binary({"b": "or"}),
    "xor": _binary({"b": "xor"}),
    "activemask": _activemask,
    "nanosleep": _nanosleep,
    "membar": _fence,
    "fence": _fence,
    "bar": _barrier,
    "barrier": _barrier,
    "exit": _end("cpl_exit"),
    "trap": _end("cpl_trap"),
    "brkpt": _end("cpl_trap"),
}


def lower_assembly(it: Lowering, call: Call, emit: Emitter) -> object:
    """Replaces a call of inline assembly by what its PTX does."""
    return _Statements(it, call, emit).run()
