"""PTX instructions on bits: logic, shifts, fields, permutes, counts.

https://docs.nvidia.com/cuda/parallel-thread-execution/#logic-and-shift-instructions
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..ir.types import I1, I32, I64, IntType
from ..ir.values import Literal, Value
from .ptx_code import Code, Operation, refuse, zero
from .ptx_integers import form
from .ptx_syntax import integer_of
from .ptx_types import PREDICATE, PtxType, type_of

TABLE: dict[str, Operation] = {}
_FALSE = Literal(I1, "false")


def _logic_type(words: Sequence[str], operands: Sequence[str], count: int) -> PtxType:
    type_ = type_of(words[-1])
    if type_ is None or type_.letter not in "bp" or len(words) != 2 or len(operands) != count:
        refuse()
    return type_


def _value(code: Code, operand: str, type_: PtxType) -> Value:
    return code.predicate(operand) if type_ is PREDICATE else code.read(operand, type_.whole)


def _logic(opcode: str) -> Operation:
    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        type_ = _logic_type(words, operands, 3)
        left, right = (_value(code, each, type_) for each in operands[1:])
        code.write(operands[0], code.emit.binary(opcode, left, right))

    return lower


def _not(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    type_ = _logic_type(words, operands, 2)
    value = _value(code, operands[1], type_)
    ones = Literal(I1, "true") if type_ is PREDICATE else code.word(-1, type_.whole)
    code.write(operands[0], code.emit.binary("xor", value, ones))


def _cnot(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """1 for 0, else 0."""
    type_ = _logic_type(words, operands, 2)
    value = code.read(operands[1], type_.whole)
    code.write(operands[0], code.emit.cast("zext", code.emit.compare("eq", value, zero(value.type)), type_.whole))


def _lop3(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """lop3.b32 d, a, b, c, table and lop3.or/.and.b32 d|p, a, b, c, table, q."""
    combine = words[1] if words[1] in ("or", "and") and len(words) == 3 else ""
    if words[-1] != "b32" or len(words) != 2 + bool(combine) or len(operands) != 5 + bool(combine):
        refuse()
    table = integer_of(operands[4])
    if table is None or not 0 <= table < 256:
        refuse("its table is no constant from 0 to 255")
    a, b, c = (code.read(each, I32) for each in operands[1:4])
    result = ternary(code, a, b, c, table)
    target, _, flag = operands[0].partition("|")
    code.write(target.strip(), result)
    if combine:
        code.write(flag.strip(), code.emit.binary(combine, code.emit.compare("ne", result, code.word(0)),
                                                  code.predicate(operands[5])))


def ternary(code: Code, a: Value, b: Value, c: Value, table: int) -> Value:
    """The function of three bits that `table` gives, bit 4a+2b+c of it."""
    emit, ones = code.emit, code.word(-1)

    def chosen(chooser: Value, yes: Value, no: Value) -> Value:
        return emit.binary("xor", no, emit.binary("and", chooser, emit.binary("xor", yes, no)))

    def low(two: int) -> Value:
        return (code.word(0), emit.binary("xor", c, ones), c, ones)[two]

    def pair(four: int) -> Value:
        yes, no = four >> 2, four & 3
        return low(no) if yes == no else chosen(b, low(yes), low(no))

    known = {0xC0: ("and", a, b), 0xFC: ("or", a, b), 0x3C: ("xor", a, b)}
    if table in known:
        return emit.binary(*known[table])
    if table == 0x96:
        return emit.binary("xor", emit.binary("xor", a, b), c)
    yes, no = table >> 4, table & 15
    return pair(no) if yes == no else chosen(a, pair(yes), pair(no))


def _shift(opcode: str) -> Operation:
    """shl and shr: amounts past the width shift everything out."""

    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        type_ = form(words, operands, 3)
        emit, width = code.emit, type_.bits
        value, amount = code.read(operands[1], type_.whole), code.read(operands[2], I32)
        known = integer_of(operands[2])
        signed = opcode == "shr" and type_.signed
        operation = "shl" if opcode == "shl" else "ashr" if signed else "lshr"
        if known is not None and 0 <= known < width:
            code.write(operands[0], emit.binary(operation, value, code.word(known, type_.whole)), signed)
            return
        inside = code.call("umin.i32", I32, amount, code.word(width - 1))
        shifted = emit.binary(operation, value, code.fit(inside, type_.whole))
        if not signed:
            shifted = emit.select(emit.compare("ult", amount, code.word(width)), shifted, zero(value.type))
        code.write(operands[0], shifted, signed)

    return lower


def _funnel(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """shf.{l,r}.{wrap,clamp}.b32 d, low, high, amount"""
    if len(words) != 4 or words[1] not in "lr" or words[2] not in ("wrap", "clamp") or words[3] != "b32" \
            or len(operands) != 4:
        refuse()
    low, high, amount = (code.read(each, I32) for each in operands[1:])
    if words[2] == "wrap":
        code.write(operands[0], code.call(f"fsh{words[1]}.i32", I32, high, low, amount))
        return
    emit = code.emit
    amount = emit.cast("zext", code.call("umin.i32", I32, amount, code.word(32)), I64)
    wide = emit.binary("or", emit.binary("shl", emit.cast("zext", high, I64), code.word(32, I64)),
                       emit.cast("zext", low, I64))
    if words[1] == "l":
        wide = emit.binary("lshr", emit.binary("shl", wide, amount), code.word(32, I64))
    else:
        wide = emit.binary("lshr", wide, amount)
    code.write(operands[0], emit.cast("trunc", wide, I32))


def _counted(name: str) -> Operation:
    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        type_ = form(words, operands, 2)
        value = code.read(operands[1], type_.whole)
        flag = [_FALSE] if name == "ctlz" else []
        result = code.call(f"{name}.i{type_.bits}", value.type, value, *flag)
        code.write(operands[0], result if name == "bitreverse" else code.fit(result, I32))

    return lower


def _find_leading(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """bfind{.shiftamt}: the highest bit that is not the sign; all ones when there is none."""
    type_ = form(words, operands, 2, ("shiftamt",))
    emit, whole = code.emit, type_.whole
    value = code.read(operands[1], whole)
    if type_.signed:
        value = emit.binary("xor", value, emit.binary("ashr", value, code.word(type_.bits - 1, whole)))
    zeros = code.fit(code.call(f"ctlz.i{type_.bits}", whole, value, _FALSE), I32)
    found = zeros if "shiftamt" in words else emit.binary("sub", code.word(type_.bits - 1), zeros)
    nothing = emit.compare("eq", value, zero(whole))
    code.write(operands[0], emit.select(nothing, code.word(-1), found))


def _low_byte(code: Code, operand: str) -> Value:
    return code.emit.binary("and", code.read(operand, I32), code.word(255))


def _ones(code: Code, length: Value, type_: IntType) -> Value:
    """As many ones as `length` says, at most all."""
    emit = code.emit
    inside = code.fit(code.call("umin.i32", I32, length, code.word(type_.bits - 1)), type_)
    mask = emit.binary("xor", emit.binary("shl", code.word(-1, type_), inside), code.word(-1, type_))
    return emit.select(emit.compare("ult", length, code.word(type_.bits)), mask, code.word(-1, type_))


def _extract(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """bfe d, a, position, length; past the highest bit and beyond the length comes the sign of the field."""
    type_ = form(words, operands, 4)
    emit, whole, width = code.emit, type_.whole, type_.bits
    value, at, length = code.read(operands[1], whole), _low_byte(code, operands[2]), _low_byte(code, operands[3])
    inside = code.fit(code.call("umin.i32", I32, at, code.word(width - 1)), whole)
    shifted = emit.binary("ashr" if type_.signed else "lshr", value, inside)
    if not type_.signed:
        shifted = emit.select(emit.compare("ult", at, code.word(width)), shifted, zero(whole))
        code.write(operands[0], emit.binary("and", shifted, _ones(code, length, whole)))
        return
    unused = emit.binary("sub", code.word(width), code.call("umin.i32", I32, length, code.word(width)))
    by = code.fit(emit.binary("and", unused, code.word(width - 1)), whole)
    field = emit.binary("ashr", emit.binary("shl", shifted, by), by)
    empty = emit.compare("eq", length, code.word(0))
    code.write(operands[0], emit.select(empty, zero(whole), field))


def _insert(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """bfi d, field, into, position, length"""
    type_ = form(words, operands, 5)
    emit, whole, width = code.emit, type_.whole, type_.bits
    field, into = code.read(operands[1], whole), code.read(operands[2], whole)
    at, length = _low_byte(code, operands[3]), _low_byte(code, operands[4])
    by = code.fit(code.call("umin.i32", I32, at, code.word(width - 1)), whole)
    mask = emit.binary("shl", _ones(code, length, whole), by)
    mask = emit.select(emit.compare("ult", at, code.word(width)), mask, zero(whole))
    kept = emit.binary("and", into, emit.binary("xor", mask, code.word(-1, whole)))
    code.write(operands[0], emit.binary("or", kept, emit.binary("and", emit.binary("shl", field, by), mask)))


def _nvvm(name: Callable[[Sequence[str]], str | None], count: int) -> Operation:
    """An instruction of words that is an intrinsic."""

    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        found = name(words)
        if found is None or len(operands) != count + 1:
            refuse()
        code.write(operands[0], code.call(f"nvvm.{found}", I32, *(code.read(each, I32) for each in operands[1:])))

    return lower


_MODES = ("f4e", "b4e", "rc8", "ecl", "ecr", "rc16")


def _permute(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """prmt.b32{.mode} d, a, b, selector"""
    if words[1] != "b32" or len(words) > 3 or len(operands) != 4 or (len(words) == 3 and words[2] not in _MODES):
        refuse()
    values = [code.read(each, I32) for each in operands[1:]]
    mode = words[2] if len(words) == 3 else ""
    if mode in ("rc8", "ecl", "ecr", "rc16"):
        values = [values[0], values[2]]  # these look at the first word only
    code.write(operands[0], code.call(f"nvvm.prmt{'.' + mode if mode else ''}", I32, *values))


def _clamped(words: Sequence[str], prefix: str) -> str | None:
    return f"{prefix}.{words[1]}" if len(words) == 3 and words[1] in ("clamp", "wrap") else None


def _szext(words: Sequence[str]) -> str | None:
    return _clamped(words, "sext" if words[-1] == "s32" else "zext") if words[-1] in ("s32", "u32") else None


TABLE |= {
    "and": _logic("and"), "or": _logic("or"), "xor": _logic("xor"), "not": _not, "cnot": _cnot, "lop3": _lop3,
    "shl": _shift("shl"), "shr": _shift("shr"), "shf": _funnel, "popc": _counted("ctpop"), "clz": _counted("ctlz"),
    "brev": _counted("bitreverse"), "bfind": _find_leading, "bfe": _extract, "bfi": _insert, "prmt": _permute,
    "bmsk": _nvvm(lambda words: _clamped(words, "bmsk") if words[-1] == "b32" else None, 2),
    "szext": _nvvm(_szext, 2), "fns": _nvvm(lambda words: "fns" if words[1:] == ("b32",) else None, 3),
}  # fmt: skip
