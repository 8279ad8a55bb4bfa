"""PTX conversions: cvt between integers, floats, halves, bfloats, tf32 and packed pairs.

https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cvt
A float that an integer has no room for gives the nearest integer there is. NaN gives 0, or the top bit alone where
either side has 64 bits.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.build import mangled
from ..ir.types import BFLOAT, DOUBLE, FLOAT, HALF, I16, I32, FloatType, IntType, integer
from ..ir.values import Literal, Value
from . import ptx_narrow
from .ptx_code import Code, Operation, refuse, zero
from .ptx_floats import ROUNDINGS, flushed, narrowed, rectified, saturated, widened
from .ptx_types import PtxType, type_of

_WHOLE = {"rni": "roundeven", "rzi": "trunc", "rmi": "floor", "rpi": "ceil"}
_LETTERS = {FLOAT: "f", DOUBLE: "d"}


def _convert(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    if words[1] == "pack":
        _pack(code, words, operands)
        return
    if len(words) < 3:
        refuse()
    if words[-1] in ptx_narrow.FORMATS or words[-2] in ptx_narrow.FORMATS:
        ptx_narrow.convert(code, words, operands)
        return
    target, source = type_of(words[-2]), type_of(words[-1])
    modes = set(words[1:-2])
    if target is None or source is None or target.letter == "p" or source.letter == "p" or \
            modes - {*_WHOLE, *ROUNDINGS, "rna", "ftz", "sat", "relu", "satfinite"}:
        refuse()
    if target.lanes == 2:
        _pairs(code, target, source, modes, operands)
        return
    if source.lanes != 1 or len(operands) != 2:
        refuse()
    if target.letter == "tf":
        _tensor_float(code, source, modes, operands)
    elif target.is_float and source.is_float:
        code.write(operands[0], _float_to_float(code, target, source, modes, operands[1]))
    elif source.is_float:
        code.write(operands[0], _float_to_integer(code, target, source, modes, operands[1]), target.signed)
    elif target.is_float:
        code.write(operands[0], _integer_to_float(code, target, source, modes, operands[1]))
    else:
        code.write(operands[0], _integer_to_integer(code, target, source, modes, operands[1]), target.signed)


def _integer_to_integer(code: Code, target: PtxType, source: PtxType, modes: set[str], operand: str) -> Value:
    if modes - {"sat"}:
        refuse()
    value = code.read(operand, source.whole)
    if "sat" in modes:
        return _clamped(code, value, source.signed, target)
    return code.fit(value, target.whole, source.signed)


def _clamped(code: Code, value: Value, signed: bool, target: PtxType) -> Value:
    """The nearest integer that the target has room for."""
    wide = integer(128 if max(target.bits, 64) == 64 and value.type.text == "i64" and target.bits == 64 else 64)
    wide = integer(128) if target.bits == 64 else wide
    value = code.fit(value, wide, signed)
    low, high = (-(1 << target.bits - 1), (1 << target.bits - 1) - 1) if target.signed else (0, (1 << target.bits) - 1)
    value = code.call(f"smax.{wide.text}", wide, value, code.word(low, wide))
    value = code.call(f"smin.{wide.text}", wide, value, code.word(high, wide))
    return code.fit(value, target.whole)


def _float_to_integer(code: Code, target: PtxType, source: PtxType, modes: set[str], operand: str) -> Value:
    rounding = modes & {*_WHOLE}
    if len(rounding) != 1 or modes - rounding - {"ftz", "sat"}:
        refuse("a conversion to an integer needs one of .rni, .rzi, .rmi, .rpi")
    value = widened(code, code.read(operand, source.element))
    if "ftz" in modes:
        value = flushed(code, value)
    name = mangled(value.type)
    mode = rounding.pop()
    if mode != "rzi":
        value = code.call(f"{_WHOLE[mode]}.{name}", value.type, value)
    kind = target.whole
    found = code.call(f"fpto{'s' if target.signed else 'u'}i.sat.{kind.text}.{name}", kind, value)
    if target.bits == 64 or source.bits == 64:
        none = code.emit.compare("f:uno", value, value)
        found = code.emit.select(none, code.word(1 << target.bits - 1, kind), found)
    return found


def _integer_to_float(code: Code, target: PtxType, source: PtxType, modes: set[str], operand: str) -> Value:
    rounding = modes & {*ROUNDINGS}
    element = target.element
    assert isinstance(element, FloatType)
    if len(rounding) != 1 or modes - rounding - {"sat", "ftz"}:
        refuse("a conversion of an integer needs one of .rn, .rz, .rm, .rp")
    mode = rounding.pop()
    value = code.read(operand, source.whole)
    opcode = "sitofp" if source.signed else "uitofp"
    exact = {HALF: 8, BFLOAT: 8, FLOAT: 16, DOUBLE: 32}[element]
    if mode == "rn" or source.bits <= exact:
        if element in (HALF, BFLOAT):  # every integer that is not too large for a half is exact as a double
            result = narrowed(code, _odd_double(code, value, source, opcode), element)
        else:
            result = code.emit.cast(opcode, value, element)
    else:
        if element not in _LETTERS:
            refuse("this type has no such rounding")
        wide = code.fit(value, integer(max(source.bits, 32)), source.signed)
        letters = {32: "i", 64: "ll"}[max(source.bits, 32)]
        prefix = letters if source.signed else "u" + ("i" if letters == "i" else "ll")
        result = code.call(f"nvvm.{prefix}2{_LETTERS[element]}.{mode}", element, wide)
    return saturated(code, result) if "sat" in modes else result


def _odd_double(code: Code, value: Value, source: PtxType, opcode: str) -> Value:
    """An integer as double; the low bits of large ones are gathered in one, so that rounding again is right."""
    if source.bits == 64:
        low = code.emit.binary("and", value, code.word(0xFFF, source.whole))
        some = code.emit.compare("ne", low, zero(low.type))
        high = code.emit.binary("and", value, code.word(~0xFFF, source.whole))
        gathered = code.emit.binary("or", high, code.emit.select(some, code.word(0x800, source.whole), zero(low.type)))
        size = code.call("abs.i64", value.type, value, Literal(integer(1), "false")) if source.signed else value
        large = code.emit.compare("ugt", size, code.word(1 << 52, source.whole))
        value = code.emit.select(large, gathered, value)
    return code.emit.cast(opcode, value, DOUBLE)


def _float_to_float(code: Code, target: PtxType, source: PtxType, modes: set[str], operand: str) -> Value:
    element = target.element
    assert isinstance(element, FloatType)
    value = code.read(operand, source.element)
    if "ftz" in modes:
        value = flushed(code, value)
    whole, rounding = modes & {*_WHOLE}, modes & {*ROUNDINGS}
    if len(whole) + len(rounding) > 1 or "satfinite" in modes or "rna" in modes:
        refuse()
    if whole:
        if source != target:
            refuse()
        wide = widened(code, value)
        value = code.call(f"{_WHOLE[whole.pop()]}.{mangled(wide.type)}", wide.type, wide)
        value = narrowed(code, value, element)
    elif target.bits > source.bits:
        value = widened(code, value)
        value = code.emit.cast("fpext", value, element)
    elif source != target:
        if not rounding:
            refuse("a conversion to fewer bits needs one of .rn, .rz, .rm, .rp")
        value = _rounded(code, value, element, rounding.pop())
    if "ftz" in modes:
        value = flushed(code, value)
    if "sat" in modes:
        value = saturated(code, value)
    return rectified(code, value) if "relu" in modes else value


def _rounded(code: Code, value: Value, element: FloatType, mode: str) -> Value:
    """To fewer bits in any direction: one step back where rounding to nearest went the wrong way."""
    if element is FLOAT:
        return code.call(f"nvvm.d2f.{mode}", FLOAT, value)
    if value.type in (HALF, BFLOAT):
        value = widened(code, value)
    near = narrowed(code, value, element)
    if mode == "rn":
        return near
    emit = code.emit
    back = widened(code, near)
    if value.type is DOUBLE:
        back = emit.cast("fpext", back, DOUBLE)
    bits = emit.cast("bitcast", near, I16)
    above, below = emit.compare("f:ogt", back, value), emit.compare("f:olt", back, value)
    negative = emit.compare("slt", bits, zero(I16))
    if mode == "rz":
        positive = code.inverted(negative)
        wrong = emit.binary("or", emit.binary("and", above, positive), emit.binary("and", below, negative))
        step: Value = code.word(-1, I16)
    else:  # toward the sign's end the bits grow, away from it they shrink
        wrong, grows = (above, negative) if mode == "rm" else (below, code.inverted(negative))
        step = emit.select(grows, code.word(1, I16), code.word(-1, I16))
        # The least numbers of the other sign follow a zero.
        nought = emit.compare("eq", emit.binary("and", bits, code.word(0x7FFF, I16)), zero(I16))
        least = code.word(0x8001 if mode == "rm" else 0x0001, I16)
        moved = emit.select(nought, least, emit.binary("add", bits, step))
        return emit.cast("bitcast", emit.select(wrong, moved, bits), element)
    return emit.cast("bitcast", emit.select(wrong, emit.binary("add", bits, step), bits), element)


def _pairs(code: Code, target: PtxType, source: PtxType, modes: set[str], operands: Sequence[str]) -> None:
    """cvt.rn.f16x2.f32 d, a, b: a goes into the upper half"""
    if source.letter != "f" or source.bits != 32 or source.lanes != 1 or not target.is_float or target.bits != 16 or \
            len(operands) != 3:
        refuse()
    high, low = (_float_to_float(code, PtxType(target.letter, 16), source, modes, each) for each in operands[1:])
    bits = [code.emit.cast("zext", code.fit(each, I16), I32) for each in (low, high)]
    code.write(operands[0], code.emit.binary("or", bits[0], code.emit.binary("shl", bits[1], code.word(16))))


def _tensor_float(code: Code, source: PtxType, modes: set[str], operands: Sequence[str]) -> None:
    """cvt.{rna,rn,rz}.tf32.f32: 10 bits of fraction are kept"""
    if (source.letter, source.bits) != ("f", 32) or len(modes - {"relu"}) != 1 or modes - {"rna", "rn", "rz", "relu"}:
        refuse()
    emit = code.emit
    bits = code.read(operands[1], I32)
    if "rna" in modes:
        moved = emit.binary("add", bits, code.word(0x1000))
    elif "rn" in modes:
        odd = emit.binary("and", emit.binary("lshr", bits, code.word(13)), code.word(1))
        moved = emit.binary("add", emit.binary("add", bits, code.word(0xFFF)), odd)
    else:
        moved = bits
    moved = emit.binary("and", moved, code.word(~0x1FFF))
    special = emit.compare("uge", emit.binary("and", bits, code.word(0x7FFFFFFF)), code.word(0x7F800000))
    result = emit.cast("bitcast", emit.select(special, bits, moved), FLOAT)
    code.write(operands[0], rectified(code, result) if "relu" in modes else result)


def _pack(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """cvt.pack.sat.ctype.s32{.b32} d, a, b{, c}: {c shifted up, a, b}, each saturated"""
    target = type_of(words[3]) if len(words) in (5, 6) else None
    shifted = len(words) == 6
    if target is None or words[2] != "sat" or words[4] != "s32" or target.bits > 16 or target.letter not in "us" or \
            len(operands) != 3 + shifted or (target.bits == 8) != shifted:
        refuse()
    emit, bits = code.emit, target.bits
    whole: Value = emit.binary("shl", code.read(operands[3], I32), code.word(2 * bits)) if shifted else code.word(0)
    for index, operand in enumerate((operands[2], operands[1])):
        value = emit.cast("zext", _clamped(code, code.read(operand, I32), True, target), I32)
        whole = emit.binary("or", whole, emit.binary("shl", value, code.word(bits * index)))
    code.write(operands[0], whole)


TABLE: dict[str, Operation] = {"cvt": _convert}
__all__ = ["TABLE", "IntType"]
