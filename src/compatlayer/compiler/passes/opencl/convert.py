"""Conversions of floats to integers that saturate and make 0 of NaN: SPIR-V leaves NaN open."""

from __future__ import annotations

import struct

from ...ir.build import Emitter
from ...ir.instructions import Call
from ...ir.types import FLOAT, FloatType, IntType
from ...ir.values import Literal, Value, number


def saturated(call: Call, emit: Emitter) -> Value | None:
    """What replaces `llvm.fptosi.sat` or `llvm.fptoui.sat`; None for vectors."""
    value, type_ = call.arguments[0], call.type
    if not isinstance(type_, IntType) or not isinstance(value.type, FloatType):
        return None
    if value.type.bits == 16:
        value = emit.cast("fpext", value, FLOAT)
    signed = call.callee_name.startswith("llvm.fptosi")
    bits = type_.bits - 1 if signed else type_.bits
    least, most = (-(1 << bits) if signed else 0), (1 << bits) - 1
    result: Value = emit.cast("fptosi" if signed else "fptoui", value, type_)
    result = emit.select(emit.compare("f:oge", value, _power(value, float(1 << bits))), number(type_, most), result)
    low = _power(value, float(least))
    result = emit.select(emit.compare("f:olt", value, low), number(type_, least), result)
    return emit.select(emit.compare("f:uno", value, value), number(type_, 0), result)


def _power(value: Value, constant: float) -> Literal:
    return Literal(value.type, "0x" + struct.pack(">d", constant).hex().upper())
