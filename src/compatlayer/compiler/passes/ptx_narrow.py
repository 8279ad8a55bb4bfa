"""PTX conversions from and to floats of 8 bits, two in a register of 16: e4m3x2 and e5m2x2.

https://docs.nvidia.com/cuda/parallel-thread-execution/#data-movement-and-conversion-instructions-cvt
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..ir.types import FLOAT, HALF, I16, I32
from ..ir.values import Literal, Value
from .ptx_code import Code, refuse
from .ptx_floats import narrowed, rectified, widened
from .ptx_integers import joined, parts
from .ptx_types import PtxType


class _Format(NamedTuple):
    fraction: int
    bias: int
    largest: int  # bits
    magic: float  # a float in whose unit the subnormal numbers count


FORMATS = {"e4m3x2": _Format(3, 7, 0x7E, 2.0**14), "e5m2x2": _Format(2, 15, 0x7B, 2.0**7)}


def convert(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """cvt.rn.satfinite{.relu}.e4m3x2.f32 d, a, b (a goes up), the same of one f16x2, and cvt.rn{.relu}.f16x2.e4m3x2"""
    target, source, modes = words[-2], words[-1], set(words[1:-2])
    relu = "relu" in modes
    if target in FORMATS and modes - {"relu"} == {"rn", "satfinite"}:
        if source == "f32" and len(operands) == 3:
            values = [code.read(each, FLOAT) for each in reversed(operands[1:])]
        elif source == "f16x2" and len(operands) == 2:
            values = [widened(code, each) for each in parts(code, operands[1], PtxType("f", 16, 2))]
        else:
            refuse()
        low, high = (_narrow(code, rectified(code, each) if relu else each, FORMATS[target]) for each in values)
        whole = code.emit.binary("or", low, code.emit.binary("shl", high, code.word(8)))
        code.write(operands[0], code.emit.cast("trunc", whole, I16))
    elif target == "f16x2" and source in FORMATS and modes - {"relu"} == {"rn"} and len(operands) == 2:
        word = code.emit.cast("zext", code.read(operands[1], I16), I32)
        halves = [_widen(code, code.emit.binary("lshr", word, code.word(at)), FORMATS[source]) for at in (0, 8)]
        if relu:
            halves = [rectified(code, each) for each in halves]
        code.write(operands[0], joined(code, halves, PtxType("f", 16, 2)))
    else:
        refuse()


def _float(code: Code, bits: Value) -> Value:
    return code.emit.cast("bitcast", bits, FLOAT)


def _narrow(code: Code, value: Value, form: _Format) -> Value:
    """The 8 bits nearest to a float, in an i32; too large becomes the largest, NaN stays one."""
    emit = code.emit
    bits = emit.cast("bitcast", value, I32)
    size = emit.binary("and", bits, code.word(0x7FFFFFFF))
    shift = 23 - form.fraction
    largest = ((form.largest >> form.fraction) - form.bias + 127 << 23) | (
        (form.largest & (1 << form.fraction) - 1) << shift)
    clamped = code.call("umin.i32", I32, size, code.word(largest))
    odd = emit.binary("and", emit.binary("lshr", clamped, code.word(shift)), code.word(1))
    moved = emit.binary("add", emit.binary("add", clamped, code.word((1 << shift - 1) - 1)), odd)
    normal = emit.binary("sub", emit.binary("lshr", moved, code.word(shift)),
                         code.word(127 - form.bias << form.fraction))
    magic = Literal(FLOAT, repr(form.magic))
    counted = emit.cast("bitcast", emit.binary("fadd", _float(code, clamped), magic), I32)
    subnormal = emit.binary("sub", counted, emit.cast("bitcast", magic, I32))
    small = emit.compare("ult", clamped, code.word(128 - form.bias << 23))
    found = emit.select(small, subnormal, normal)
    found = emit.select(emit.compare("ugt", size, code.word(0x7F800000)), code.word(0x7F), found)
    sign = emit.binary("and", emit.binary("lshr", bits, code.word(24)), code.word(0x80))
    nan = emit.compare("ugt", size, code.word(0x7F800000))
    return emit.binary("or", found, emit.select(nan, code.word(0), sign))


def _widen(code: Code, word: Value, form: _Format) -> Value:
    """The half that the low 8 bits stand for."""
    emit = code.emit
    sign = emit.binary("shl", emit.binary("and", word, code.word(0x80)), code.word(8))
    size = emit.binary("and", word, code.word(0x7F))
    bits = emit.binary("shl", size, code.word(10 - form.fraction))
    if form.bias != 15:  # as a half it is too small by the difference of the biases
        half = emit.cast("bitcast", emit.cast("trunc", bits, I16), HALF)
        scaled = emit.binary("fmul", widened(code, half), Literal(FLOAT, repr(2.0 ** (15 - form.bias))))
        bits = emit.cast("zext", code.fit(narrowed(code, scaled, HALF), I16), I32)
        bits = emit.select(emit.compare("eq", size, code.word(0x7F)), code.word(0x7FFF), bits)
    return code.fit(emit.cast("trunc", emit.binary("or", bits, sign), I16), HALF)
