"""PTX instructions on integers: arithmetic, carries, products, dot products.

https://docs.nvidia.com/cuda/parallel-thread-execution/#integer-arithmetic-instructions
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..ir.types import I1, I32, I64, IntType, integer
from ..ir.values import Literal, Value
from .ptx_code import Code, Operation, refuse, zero
from .ptx_types import PtxType, type_of

TABLE: dict[str, Operation] = {}


def form(words: Sequence[str], operands: Sequence[str], count: int, allowed: Sequence[str] = ()) -> PtxType:
    """The integer type of `op{.allowed}.type` with `count` operands."""
    type_ = type_of(words[-1])
    if type_ is None or not type_.is_integer or len(operands) != count or set(words[1:-1]) - set(allowed):
        refuse()
    return type_


def parts(code: Code, operand: str, type_: PtxType) -> list[Value]:
    """The packed elements of an operand, first the lowest."""
    if type_.lanes == 1:
        return [code.read(operand, type_.element)]
    whole = code.bits(operand, type_)
    part = integer(type_.bits)
    found = []
    for index in range(type_.lanes):
        shifted = code.emit.binary("lshr", whole, code.word(type_.bits * index, type_.whole)) if index else whole
        found.append(code.fit(code.emit.cast("trunc", shifted, part), type_.element))
    return found


def joined(code: Code, values: Sequence[Value], type_: PtxType) -> Value:
    """Elements as the bits of one register."""
    if type_.lanes == 1:
        return values[0]
    whole: Value = code.word(0, type_.whole)
    for index, value in enumerate(values):
        wide = code.emit.cast("zext", code.fit(value, integer(type_.bits)), type_.whole)
        if index:
            wide = code.emit.binary("shl", wide, code.word(type_.bits * index, type_.whole))
            wide = code.emit.binary("or", whole, wide)
        whole = wide
    return whole


def _sum(opcode: str) -> Operation:
    """add, sub with .sat, .cc and packed halves."""

    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        type_ = form(words, operands, 3, ("sat", "cc"))
        rows = zip(parts(code, operands[1], type_), parts(code, operands[2], type_), strict=True)
        if "cc" in words:
            _carrying(code, opcode, type_, operands, Literal(I1, "true" if opcode == "sub" else "false"))
            return
        if "sat" in words:
            name = f"{'s' if type_.signed else 'u'}{opcode}.sat.i{type_.bits}"
            results = [code.call(name, a.type, a, b) for a, b in rows]
        else:
            results = [code.emit.binary(opcode, a, b) for a, b in rows]
        code.write(operands[0], joined(code, results, type_), type_.signed)

    return lower


def _carrying(code: Code, opcode: str, type_: PtxType, operands: Sequence[str], carry: Value) -> None:
    """One step of an addition or subtraction of many words.

    As the hardware has it, a - b is a + ~b + 1: the flag after a subtraction is set where nothing was borrowed. Only
    programs that mix additions and subtractions see that.
    """
    wide = integer(2 * type_.bits)
    emit = code.emit
    a, b = code.read(operands[1], type_.whole), _addend(code, opcode, type_, operands[2])
    total = emit.binary("add", emit.cast("zext", a, wide), emit.cast("zext", b, wide))
    total = emit.binary("add", total, code.fit(carry, wide))
    over = emit.binary("and", emit.binary("lshr", total, code.word(type_.bits, wide)), code.word(1, wide))
    code.write(operands[0], emit.cast("trunc", total, type_.whole))
    code.set_carry(emit.cast("trunc", over, I1))


def _addend(code: Code, opcode: str, type_: PtxType, operand: str) -> Value:
    """What is added for the second operand."""
    value = code.read(operand, type_.whole)
    return code.emit.binary("xor", value, code.word(-1, type_.whole)) if opcode == "sub" else value


def _with_carry(opcode: str) -> Operation:
    """addc and subc; the flag changes only with .cc."""

    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        type_ = form(words, operands, 3, ("cc",))
        flag = code.carry()
        if "cc" in words:
            _carrying(code, opcode, type_, operands, flag)
            return
        total = code.emit.binary("add", code.read(operands[1], type_.whole), _addend(code, opcode, type_, operands[2]))
        code.write(operands[0], code.emit.binary("add", total, code.fit(flag, type_.whole)))

    return lower


def product(code: Code, type_: PtxType, a: Value, b: Value, half: str) -> Value:
    """a * b: its low half, its high half or, for `wide`, all of it."""
    if half == "lo":
        return code.emit.binary("mul", a, b)
    wide = integer(2 * type_.bits)
    opcode = "sext" if type_.signed else "zext"
    whole = code.emit.binary("mul", code.emit.cast(opcode, a, wide), code.emit.cast(opcode, b, wide))
    if half == "wide":
        return whole
    return code.emit.cast("trunc", code.emit.binary("lshr", whole, code.word(type_.bits, wide)), type_.whole)


def _narrowed(code: Code, type_: PtxType, operand: str) -> Value:
    """The low 24 bits of a word, extended."""
    value = code.read(operand, I32)
    shifted = code.emit.binary("shl", value, code.word(8))
    return code.emit.binary("ashr" if type_.signed else "lshr", shifted, code.word(8))


def _product24(code: Code, type_: PtxType, operands: Sequence[str], half: str) -> Value:
    """mul24: bits 0 to 31 of the 48-bit product, or for .hi bits 16 to 47."""
    opcode = "sext" if type_.signed else "zext"
    a, b = (code.emit.cast(opcode, _narrowed(code, type_, each), I64) for each in operands)
    whole = code.emit.binary("mul", a, b)
    if half == "hi":
        whole = code.emit.binary("lshr", whole, code.word(16, I64))
    return code.emit.cast("trunc", whole, I32)


def _half(words: Sequence[str], allowed: Sequence[str] = ("lo", "hi", "wide")) -> str:
    found = [each for each in words if each in allowed]
    if len(found) != 1:
        refuse("it needs one of " + ", ".join("." + each for each in allowed))
    return found[0]


def _multiply(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    type_ = form(words, operands, 3, ("lo", "hi", "wide"))
    half = _half(words)
    a, b = (code.read(each, type_.whole) for each in operands[1:])
    code.write(operands[0], product(code, type_, a, b, half), type_.signed)


def _multiply24(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    type_ = form(words, operands, 3, ("lo", "hi"))
    if type_.bits != 32:
        refuse()
    code.write(operands[0], _product24(code, type_, operands[1:], _half(words, ("lo", "hi"))))


def _multiply_add(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """mad{.lo,.hi,.wide}{.cc}, mad.hi.sat.s32 and madc, which adds the carry too."""
    type_ = form(words, operands, 4, ("lo", "hi", "wide", "cc", "sat"))
    half = _half(words)
    emit = code.emit
    a, b = (code.read(each, type_.whole) for each in operands[1:3])
    value = product(code, type_, a, b, half)
    addend = code.read(operands[3], value.type)
    if "cc" in words or words[0] == "madc":
        assert isinstance(value.type, IntType)
        wide = integer(2 * value.type.bits)
        total = emit.binary("add", emit.cast("zext", value, wide), emit.cast("zext", addend, wide))
        if words[0] == "madc":
            total = emit.binary("add", total, code.fit(code.carry(), wide))
        code.write(operands[0], emit.cast("trunc", total, value.type))
        if "cc" in words:
            code.set_carry(emit.cast("trunc", emit.binary("lshr", total, code.word(value.type.bits, wide)), I1))
    elif "sat" in words:
        if (half, words[-1]) != ("hi", "s32"):
            refuse()
        code.write(operands[0], code.call("sadd.sat.i32", I32, value, addend))
    else:
        code.write(operands[0], emit.binary("add", value, addend), type_.signed)


def _multiply_add24(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    type_ = form(words, operands, 4, ("lo", "hi", "sat"))
    half = _half(words, ("lo", "hi"))
    if type_.bits != 32 or ("sat" in words and (half, words[-1]) != ("hi", "s32")):
        refuse()
    value, addend = _product24(code, type_, operands[1:3], half), code.read(operands[3], I32)
    code.write(operands[0], code.call("sadd.sat.i32", I32, value, addend) if "sat" in words
               else code.emit.binary("add", value, addend))


def _divide(rest: bool) -> Operation:
    """div and rem. PTX leaves division by zero open; here it gives all ones, and the remainder the dividend."""

    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        type_ = form(words, operands, 3)
        emit = code.emit
        a, b = (code.read(each, type_.whole) for each in operands[1:])
        sign = "s" if type_.signed else "u"
        bad = emit.compare("eq", b, zero(b.type))
        if type_.signed:  # the least number by -1 has no quotient
            minus = emit.compare("eq", b, code.word(-1, type_.whole))
            safe = emit.select(emit.binary("or", bad, minus), code.word(1, type_.whole), b)
            found = emit.binary(f"{sign}{'rem' if rest else 'div'}", a, safe)
            other = zero(b.type) if rest else emit.binary("sub", zero(b.type), a)
            found = emit.select(minus, other, found)
        else:
            found = emit.binary(f"{sign}{'rem' if rest else 'div'}", a,
                                emit.select(bad, code.word(1, type_.whole), b))
        code.write(operands[0], emit.select(bad, a if rest else code.word(-1, type_.whole), found), type_.signed)

    return lower


def _extreme(word: str) -> Operation:
    """min and max, packed ones too; .relu makes negative results 0."""

    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        type_ = form(words, operands, 3, ("relu",))
        if type_.letter == "b" or ("relu" in words and not type_.signed):
            refuse()
        name = f"{'s' if type_.signed else 'u'}{word}.i{type_.bits}"
        results = [code.call(name, a.type, a, b) for a, b in
                   zip(parts(code, operands[1], type_), parts(code, operands[2], type_), strict=True)]
        if "relu" in words:
            results = [code.call(f"smax.i{type_.bits}", a.type, a, zero(a.type)) for a in results]
        code.write(operands[0], joined(code, results, type_), type_.signed)

    return lower


def _difference(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """sad: |a - b| + c"""
    type_ = form(words, operands, 4)
    a, b, c = (code.read(each, type_.whole) for each in operands[1:])
    larger = code.emit.compare("sgt" if type_.signed else "ugt", a, b)
    distance = code.emit.select(larger, code.emit.binary("sub", a, b), code.emit.binary("sub", b, a))
    code.write(operands[0], code.emit.binary("add", distance, c), type_.signed)


def _unary(apply: Callable[[Code, Value], Value]) -> Operation:
    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        type_ = form(words, operands, 2)
        results = [apply(code, each) for each in parts(code, operands[1], type_)]
        code.write(operands[0], joined(code, results, type_), type_.signed)

    return lower


def absolute(code: Code, value: Value) -> Value:
    return code.call(f"abs.{value.type.text}", value.type, value, Literal(I1, "false"))


def fields(code: Code, operand: str, bits: int, signed: bool, first: int, count: int) -> list[Value]:
    """`count` fields of a word from the field `first` on, each extended to i32."""
    word = code.read(operand, I32)
    found = []
    for index in range(first, first + count):
        top = code.emit.binary("shl", word, code.word(32 - bits * (index + 1)))
        found.append(code.emit.binary("ashr" if signed else "lshr", top, code.word(32 - bits)))
    return found


def _dot(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """dp4a.atype.btype and dp2a.{lo,hi}.atype.btype."""
    rest = list(words[1:])
    upper = 0
    if words[0] == "dp2a":
        if rest[:1] not in (["lo"], ["hi"]):
            refuse()
        upper = 2 if rest.pop(0) == "hi" else 0
    if len(rest) != 2 or set(rest) - {"s32", "u32"} or len(operands) != 4:
        refuse()
    signed = [each == "s32" for each in rest]
    if words[0] == "dp4a":
        left, right = (fields(code, operands[1 + i], 8, signed[i], 0, 4) for i in (0, 1))
    else:
        left = fields(code, operands[1], 16, signed[0], 0, 2)
        right = fields(code, operands[2], 8, signed[1], upper, 2)
    total = code.read(operands[3], I32)
    for a, b in zip(left, right, strict=True):
        total = code.emit.binary("add", total, code.emit.binary("mul", a, b))
    code.write(operands[0], total)


TABLE |= {
    "add": _sum("add"), "sub": _sum("sub"), "addc": _with_carry("add"), "subc": _with_carry("sub"),
    "mul": _multiply, "mul24": _multiply24, "mad": _multiply_add, "madc": _multiply_add, "mad24": _multiply_add24,
    "div": _divide(False), "rem": _divide(True), "min": _extreme("min"), "max": _extreme("max"), "sad": _difference,
    "neg": _unary(lambda code, value: code.emit.binary("sub", zero(value.type), value)), "abs": _unary(absolute),
    "dp4a": _dot, "dp2a": _dot,
}  # fmt: skip
