"""PTX's video instructions: of one element each that selectors choose, and of two or four packed ones.

https://docs.nvidia.com/cuda/parallel-thread-execution/#video-instructions
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.types import I32, I64
from ..ir.values import Value
from .ptx_code import Code, Operation, refuse
from .ptx_integers import absolute, fields

TABLE: dict[str, Operation] = {}
_SELECTORS = {"b0": (8, 0), "b1": (8, 8), "b2": (8, 16), "b3": (8, 24), "h0": (16, 0), "h1": (16, 16)}


def _scalar(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """vadd, vsub, vabsdiff, vmin, vmax, vshl, vshr: .dtype.atype.btype{.sat}{.mode}{.op2} d, a{.sel}, b{.sel}{, c}"""
    name, types, rest = words[0][1:], words[1:4], list(words[4:])
    shift = name in ("shl", "shr")
    second = next((each for each in rest if each in ("add", "min", "max")), "")
    mode = next((each for each in rest if each in ("clamp", "wrap")), "")
    if len(types) != 3 or set(types) - {"s32", "u32"} or set(rest) - {"sat", second, mode} - {""} or \
            bool(mode) != shift or (shift and types[2] != "u32") or len(operands) != 3 + bool(second):
        refuse()
    emit = code.emit
    a, b = (_selected(code, operands[1 + at], types[1 + at] == "s32") for at in (0, 1))
    if shift:
        amount = emit.binary("and", b, code.word(31, I64)) if mode == "wrap" else \
            code.call("umin.i64", I64, b, code.word(32, I64))
        value = emit.binary("shl", a, amount) if name == "shl" else emit.binary("ashr", a, amount)
    elif name in ("min", "max"):
        value = code.call(f"s{name}.i64", I64, a, b)
    elif name == "absdiff":
        value = absolute(code, emit.binary("sub", a, b))
    else:
        value = emit.binary(name, a, b)
    signed = types[0] == "s32"
    if "sat" in rest:
        low, high = (-(1 << 31), (1 << 31) - 1) if signed else (0, (1 << 32) - 1)
        value = code.call("smin.i64", I64, code.call("smax.i64", I64, value, code.word(low, I64)),
                          code.word(high, I64))
    result: Value = emit.cast("trunc", value, I32)
    if second:
        other = code.read(operands[3], I32)
        result = emit.binary("add", result, other) if second == "add" else \
            code.call(f"{'s' if signed else 'u'}{second}.i32", I32, result, other)
    code.write(operands[0], result)


def _selected(code: Code, operand: str, signed: bool) -> Value:
    """A word, or the byte or half of it that a selector names, as i64."""
    base, _, selector = operand.rpartition(".")
    emit = code.emit
    if selector not in _SELECTORS or not base:
        return emit.cast("sext" if signed else "zext", code.read(operand, I32), I64)
    bits, at = _SELECTORS[selector]
    top = emit.binary("shl", code.read(base, I32), code.word(32 - bits - at))
    return emit.cast("sext" if signed else "zext", emit.binary("ashr" if signed else "lshr", top,
                                                              code.word(32 - bits)), I64)


def _video(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """vabsdiff4, vadd4, vsub4, vavrg4, vmin4, vmax4 and the same of two halves, without masks and selectors."""
    lanes = int(words[0][-1])
    bits = 32 // lanes
    name = words[0][1:-1]
    types = words[1:4]
    rest = set(words[4:])
    if len(types) != 3 or set(types) - {"s32", "u32"} or rest - {"sat", "add"} or len(operands) != 4:
        refuse()
    emit = code.emit
    a, b = (fields(code, operands[1 + i], bits, types[1 + i] == "s32", 0, lanes) for i in (0, 1))
    signed = types[0] == "s32"
    results = [_video_lane(code, name, x, y) for x, y in zip(a, b, strict=True)]
    if "sat" in rest:
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        results = [code.call("smin.i32", I32, code.call("smax.i32", I32, each, code.word(low)), code.word(high))
                   for each in results]
    base = code.read(operands[3], I32)
    if "add" in rest:
        for each in results:
            base = emit.binary("add", base, each)
        code.write(operands[0], base)
        return
    whole: Value = code.word(0)
    for index, each in enumerate(results):
        kept = emit.binary("and", each, code.word((1 << bits) - 1))
        whole = emit.binary("or", whole, emit.binary("shl", kept, code.word(bits * index)))
    code.write(operands[0], whole)


def _video_lane(code: Code, name: str, x: Value, y: Value) -> Value:
    emit = code.emit
    if name in ("add", "sub"):
        return emit.binary(name, x, y)
    if name in ("min", "max"):
        return code.call(f"s{name}.i32", I32, x, y)  # both fit an i32 whatever their signs
    if name == "absdiff":
        return absolute(code, emit.binary("sub", x, y))
    total = emit.binary("add", emit.binary("add", x, y), code.word(1))  # avrg rounds halves away from zero
    negative = emit.cast("zext", emit.compare("slt", emit.binary("add", x, y), code.word(0)), I32)
    return emit.binary("ashr", emit.binary("sub", total, negative), code.word(1))


TABLE |= {
    **{f"v{name}": _scalar for name in ("add", "sub", "absdiff", "min", "max", "shl", "shr")},
    **{f"v{name}{lanes}": _video for name in ("absdiff", "add", "sub", "avrg", "min", "max") for lanes in (2, 4)},
}
