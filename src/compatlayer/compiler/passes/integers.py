"""Integer intrinsics `llvm.nvvm.*`: high products, byte permutes, dot products, bit search and fields."""

from __future__ import annotations

from ..ir.build import Emitter
from ..ir.instructions import Call
from ..ir.types import I1, I16, I32, I64, IntType, integer
from ..ir.values import Literal, Value
from .lowering import Lower, Lowering, constant

HANDLERS: dict[str, Lower] = {}
_N = "llvm.nvvm."


def _high_product(type_: IntType, signed: bool) -> Lower:
    wide = integer(type_.bits * 2)
    opcode = "sext" if signed else "zext"

    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        left, right = (emit.cast(opcode, each, wide) for each in call.arguments)
        product = emit.binary("lshr", emit.binary("mul", left, right), constant(type_.bits, wide))
        return emit.cast("trunc", product, type_)

    return lower


for _suffix, _type, _signed in (("i", I32, True), ("ui", I32, False), ("ll", I64, True), ("ull", I64, False),
                                ("s", I16, True), ("us", I16, False)):
    HANDLERS[f"{_N}mulhi.{_suffix}"] = _high_product(_type, _signed)


def _product24(signed: bool) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        eight = constant(8)
        left, right = (emit.binary("ashr" if signed else "lshr", emit.binary("shl", each, eight), eight)
                       for each in call.arguments)
        return emit.binary("mul", left, right)

    return lower


def _difference(signed: bool) -> Lower:
    """|a - b| + c"""

    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        a, b, c = call.arguments
        larger = emit.compare("sgt" if signed else "ugt", a, b)
        distance = emit.select(larger, emit.binary("sub", a, b), emit.binary("sub", b, a))
        return emit.binary("add", distance, c)

    return lower


for _suffix, _signed in (("i", True), ("ui", False), ("ll", True), ("ull", False), ("s", True), ("us", False)):
    HANDLERS[f"{_N}sad.{_suffix}"] = _difference(_signed)
HANDLERS[_N + "mul24.i"] = _product24(True)
HANDLERS[_N + "mul24.ui"] = _product24(False)


def find_leading(it: Lowering, emit: Emitter, value: Value, signed: bool, shift_amount: bool) -> Value:
    """PTX bfind: the position of the highest bit that differs from the sign; all ones when there is none."""
    type_ = value.type
    assert isinstance(type_, IntType)
    if signed:
        value = emit.binary("xor", value, emit.binary("ashr", value, constant(type_.bits - 1, type_)))
    zeros = emit.intrinsic(f"llvm.ctlz.{type_.text}", type_, [value, Literal(I1, "false")])
    found: Value = zeros if shift_amount else emit.binary("sub", constant(type_.bits - 1, type_), zeros)
    if shift_amount:
        nothing = emit.compare("eq", value, constant(0, type_))
        found = emit.select(nothing, constant(-1, type_), found)
    return emit.cast("trunc", found, I32) if type_ is I64 else found


def _find(signed: bool) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        shift = call.arguments[1]
        wanted = isinstance(shift, Literal) and shift.text in ("true", "1", "-1")
        return find_leading(it, emit, call.arguments[0], signed, wanted)

    return lower


HANDLERS[_N + "flo.s"] = _find(True)
HANDLERS[_N + "flo.u"] = _find(False)


# ---- ready-made functions: longer than a handler should be ------------------------------------
_PERMUTE = """
define internal i32 @cpl.prmt(i32 %a, i32 %b, i32 %s) alwaysinline nounwind {
entry:
  %al = zext i32 %a to i64
  %bl = zext i32 %b to i64
  %bh = shl i64 %bl, 32
  %all = or i64 %al, %bh
""" + "".join(f"""
  %s{i} = lshr i32 %s, {4 * i}
  %n{i} = and i32 %s{i}, 7
  %h{i} = shl i32 %n{i}, 3
  %z{i} = zext i32 %h{i} to i64
  %v{i} = lshr i64 %all, %z{i}
  %t{i} = trunc i64 %v{i} to i8
  %e{i} = ashr i8 %t{i}, 7
  %m{i} = and i32 %s{i}, 8
  %c{i} = icmp ne i32 %m{i}, 0
  %p{i} = select i1 %c{i}, i8 %e{i}, i8 %t{i}
  %w{i} = zext i8 %p{i} to i32
  %x{i} = shl i32 %w{i}, {8 * i}
  %r{i} = or i32 {f"%r{i - 1}" if i else 0}, %x{i}
""" for i in range(4)) + """  ret i32 %r3
}
"""

_FIND_NTH = """
define internal i32 @cpl.fns(i32 %mask, i32 %base, i32 %offset) nounwind {
entry:
  %none = icmp eq i32 %offset, 0
  %up = icmp sgt i32 %offset, 0
  %step = select i1 %up, i32 1, i32 -1
  %left = call i32 @llvm.abs.i32(i32 %offset, i1 false)
  br label %loop
loop:
  %at = phi i32 [ %base, %entry ], [ %next, %again ]
  %todo = phi i32 [ %left, %entry ], [ %rest, %again ]
  %out = icmp ugt i32 %at, 31
  br i1 %out, label %fail, label %look
look:
  %bit = lshr i32 %mask, %at
  %one = and i32 %bit, 1
  %set = icmp ne i32 %one, 0
  %fewer = sub i32 %todo, %one
  %last = icmp sle i32 %fewer, 0
  %hit = and i1 %set, %last
  %direct = and i1 %none, %set
  %stop = or i1 %hit, %direct
  br i1 %stop, label %found, label %check
check:
  br i1 %none, label %fail, label %again
again:
  %rest = phi i32 [ %fewer, %check ]
  %next = add i32 %at, %step
  br label %loop
found:
  ret i32 %at
fail:
  ret i32 -1
}
declare i32 @llvm.abs.i32(i32, i1)
"""


def _ready(name: str, text: str) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        return emit.call(it.ready(name, text), call.arguments)

    return lower


def _permute_mode(mode: str) -> Lower:
    """prmt with a mode: the selector's low two bits say where to start."""

    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        arguments = call.arguments
        a, selector = arguments[0], arguments[-1]
        b = arguments[1] if len(arguments) > 2 else a
        low = emit.binary("and", selector, constant(3))
        table = _MODES[mode]
        word: Value = constant(table[3])
        for index in range(3):
            word = emit.select(emit.compare("eq", low, constant(index)), constant(table[index]), word)
        return emit.call(it.ready("cpl.prmt", _PERMUTE), [a, b, word])

    return lower


_MODES = {
    "f4e": (0x3210, 0x4321, 0x5432, 0x6543), "b4e": (0x5670, 0x6701, 0x7012, 0x0123),
    "rc8": (0x0000, 0x1111, 0x2222, 0x3333), "ecl": (0x3210, 0x3211, 0x3222, 0x3333),
    "ecr": (0x0000, 0x1110, 0x2210, 0x3210), "rc16": (0x1010, 0x3232, 0x1010, 0x3232),
}  # fmt: skip
HANDLERS[_N + "prmt"] = _ready("cpl.prmt", _PERMUTE)
HANDLERS[_N + "fns"] = _ready("cpl.fns", _FIND_NTH)
for _mode in _MODES:
    HANDLERS[f"{_N}prmt.{_mode}"] = _permute_mode(_mode)


def _lanes(emit: Emitter, word: Value, bits: int, count: int, signed: bool, first: int = 0) -> list[Value]:
    """`count` fields of `bits` bits of a 32-bit word, each extended to i32."""
    found = []
    for index in range(first, first + count):
        top = emit.binary("shl", word, constant(32 - bits * (index + 1)))
        found.append(emit.binary("ashr" if signed else "lshr", top, constant(32 - bits)))
    return found


def _dot(signed_a: bool, signed_b: bool, halves: bool) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        a, b, total = call.arguments[0], call.arguments[1], call.arguments[-1]
        if halves:
            high = call.arguments[2]
            upper = isinstance(high, Literal) and high.text in ("true", "1", "-1")
            pairs = zip(_lanes(emit, a, 16, 2, signed_a), _lanes(emit, b, 8, 2, signed_b, 2 if upper else 0),
                        strict=True)
        else:
            pairs = zip(_lanes(emit, a, 8, 4, signed_a), _lanes(emit, b, 8, 4, signed_b), strict=True)
        for left, right in pairs:
            total = emit.binary("add", total, emit.binary("mul", left, right))
        return total

    return lower


for _a in "su":
    for _b in "su":
        HANDLERS[f"{_N}idp4a.{_a}.{_b}"] = _dot(_a == "s", _b == "s", False)
        HANDLERS[f"{_N}idp2a.{_a}.{_b}"] = _dot(_a == "s", _b == "s", True)


def _funnel_clamp(left: bool) -> Lower:
    """shf.clamp: a shift of 32 or more takes the whole other word."""

    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        high, low, shift = call.arguments
        amount = emit.intrinsic("llvm.umin.i32", I32, [shift, constant(32)])
        wide = emit.binary("or", emit.binary("shl", emit.cast("zext", high, I64), constant(32, I64)),
                           emit.cast("zext", low, I64))
        count = emit.cast("zext", amount, I64)
        if left:
            return emit.cast("trunc", emit.binary("lshr", emit.binary("shl", wide, count), constant(32, I64)), I32)
        return emit.cast("trunc", emit.binary("lshr", wide, count), I32)

    return lower


def _amount(emit: Emitter, value: Value, clamp: bool) -> Value:
    """A shift count as i64: at most 32, or its low five bits."""
    count = emit.intrinsic("llvm.umin.i32", I32, [value, constant(32)]) if clamp \
        else emit.binary("and", value, constant(31))
    return emit.cast("zext", count, I64)


def _mask(clamp: bool) -> Lower:
    """bmsk: ones in the given number of bits from the given position."""

    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        start, width = (_amount(emit, each, clamp) for each in call.arguments)
        ones = emit.binary("sub", emit.binary("shl", constant(1, I64), width), constant(1, I64))
        return emit.cast("trunc", emit.binary("shl", ones, start), I32)

    return lower


def _extend(signed: bool, clamp: bool) -> Lower:
    """szext: the low bits of a word, extended."""

    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        value, width = call.arguments
        unused = emit.binary("sub", constant(64, I64), _amount(emit, width, clamp))
        high = emit.binary("shl", emit.cast("zext", value, I64), emit.binary("and", unused, constant(63, I64)))
        kept = emit.binary("ashr" if signed else "lshr", high, emit.binary("and", unused, constant(63, I64)))
        nothing = emit.compare("eq", unused, constant(64, I64))
        return emit.cast("trunc", emit.select(nothing, constant(0, I64), kept), I32)

    return lower


for _clamp, _word in ((True, "clamp"), (False, "wrap")):
    HANDLERS[f"{_N}bmsk.{_word}"] = _mask(_clamp)
    HANDLERS[f"{_N}zext.{_word}"] = _extend(False, _clamp)
    HANDLERS[f"{_N}sext.{_word}"] = _extend(True, _clamp)
HANDLERS[_N + "fshl.clamp"] = _funnel_clamp(True)
HANDLERS[_N + "fshr.clamp"] = _funnel_clamp(False)
