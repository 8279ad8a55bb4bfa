"""Floating-point intrinsics `llvm.nvvm.*`: explicit rounding, saturation, flushing, minimum and maximum, conversions.

Round-to-nearest is the host's own arithmetic. The other directions are functions of the math library
(`__nv_fadd_rd` and its kin), which change the rounding mode for one operation. PTX: rm = down, rp = up, rz = zero.
"""

from __future__ import annotations

from ..ir.build import Emitter, declare, mangled, splat
from ..ir.instructions import Call, Simple
from ..ir.types import BFLOAT, DOUBLE, FLOAT, HALF, I32, I64, FloatType, IntType, Type, VectorType, integer
from ..ir.values import Literal, Value
from .lowering import Lower, Lowering, constant

HANDLERS: dict[str, Lower] = {}
_N = "llvm.nvvm."
_DIRECTIONS = {"rn": "rn", "rz": "rz", "rm": "rd", "rp": "ru"}
_SMALLEST = "0x3810000000000000"  # 2^-126, the smallest normal float


def unary(it: Lowering, emit: Emitter, name: str, *values: Value) -> Value:
    """`llvm.<name>` overloaded on the type of its operands."""
    type_ = values[0].type
    return emit.intrinsic(f"llvm.{name}.{mangled(type_)}", type_, values)


def extreme(it: Lowering, emit: Emitter, larger: bool, left: Value, right: Value, flags: tuple[str, ...] = ()) -> Value:
    """The hardware's min and max: a number rather than a NaN, -0 below +0.

    Not `llvm.minimumnum`: with AVX-512 LLVM 22 returns the NaN when it knows that the other operand is none. Of equal
    numbers only zeros have different bits, so joining the bits picks the right zero and leaves the others as they are.
    """
    type_ = left.type
    name = f"llvm.{'max' if larger else 'min'}num.{mangled(type_)}"
    plain = emit.intrinsic(name, type_, [left, right], flags)
    element = type_.element if isinstance(type_, VectorType) else type_
    assert isinstance(element, FloatType)
    word: Type = integer(element.bits)
    if isinstance(type_, VectorType):
        word = it.module.types.vector(type_.count, word)
    bits = emit.binary("and" if larger else "or", emit.cast("bitcast", left, word), emit.cast("bitcast", right, word))
    return emit.select(emit.compare("f:oeq", left, right), emit.cast("bitcast", bits, type_), plain)


def saturate(it: Lowering, emit: Emitter, value: Value) -> Value:
    """Clamps to [0, 1]; NaN becomes +0."""
    above = extreme(it, emit, True, value, splat(value.type, "0.0"))
    return extreme(it, emit, False, above, splat(value.type, "1.0"))


def flush(it: Lowering, emit: Emitter, value: Value) -> Value:
    """A subnormal float becomes a zero of its sign; other types are left as they are."""
    if value.type is not FLOAT:
        return value
    small = emit.compare("f:olt", unary(it, emit, "fabs", value), Literal(FLOAT, _SMALLEST))
    return emit.select(small, unary(it, emit, "copysign", Literal(FLOAT, "0.0"), value), value)


def _wrapped(lower: Lower, ftz: bool, sat: bool) -> Lower:
    """`lower` with operands and result flushed, and the result saturated."""

    def wrapped(it: Lowering, call: Call, emit: Emitter) -> object:
        if ftz:
            for index, value in enumerate(call.arguments):
                call.operands[index] = flush(it, emit, value)
        result = lower(it, call, emit)
        assert isinstance(result, Value)
        if ftz:
            result = flush(it, emit, result)
        return saturate(it, emit, result) if sat else result

    return wrapped


def _operator(opcode: str) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        left, right = call.arguments
        return emit.binary(opcode, left, right)  # no fast-math flag: the program asked for this rounding

    return lower


def _same(name: str) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        return unary(it, emit, name, *call.arguments)

    return lower


def _library(name: str) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        arguments = call.arguments
        function = declare(it.module, name, call.type, [each.type for each in arguments])
        return emit.call(function, arguments)

    return lower


def _reciprocal(it: Lowering, call: Call, emit: Emitter) -> object:
    return emit.binary("fdiv", splat(call.type, "1.0"), call.arguments[0])


def _reciprocal_root(it: Lowering, call: Call, emit: Emitter) -> object:
    return emit.binary("fdiv", splat(call.type, "1.0"), unary(it, emit, "sqrt", call.arguments[0]))


def _arithmetic() -> None:
    nearest = {"add": _operator("fadd"), "mul": _operator("fmul"), "div": _operator("fdiv"), "fma": _same("fma"),
               "sqrt": _same("sqrt"), "rcp": _reciprocal, "sub": _operator("fsub")}
    for operation, lower in nearest.items():
        for mode, direction in _DIRECTIONS.items():
            for letter in "fd":
                base = lower if mode == "rn" else _library(f"__nv_{letter if operation != 'fma' else ''}{operation}"
                                                           f"{'f' if operation == 'fma' and letter == 'f' else ''}"
                                                           f"_{direction}")
                for ftz in ("", ".ftz") if letter == "f" else ("",):
                    for sat in ("", ".sat"):
                        name = f"{_N}{operation}.{mode}{ftz}{sat}.{letter}"
                        HANDLERS[name] = _wrapped(base, bool(ftz), bool(sat)) if ftz or sat else base
    for kind in ("f16", "f16x2", "bf16", "bf16x2"):
        for ftz in ("", ".ftz"):
            for sat in ("", ".sat"):
                HANDLERS[f"{_N}fma.rn{ftz}{sat}.{kind}"] = _wrapped(_same("fma"), bool(ftz), bool(sat))
            HANDLERS[f"{_N}fma.rn{ftz}.relu.{kind}"] = _fma_relu


def _fma_relu(it: Lowering, call: Call, emit: Emitter) -> object:
    return extreme(it, emit, True, unary(it, emit, "fma", *call.arguments), splat(call.type, "0.0"))


def _approximate() -> None:
    table: dict[str, Lower] = {
        "sqrt.approx": _same("sqrt"), "rcp.approx": _reciprocal, "rsqrt.approx": _reciprocal_root,
        "div.approx": _operator("fdiv"), "sin.approx": _same("sin"), "cos.approx": _same("cos"),
        "lg2.approx": _same("log2"), "ex2.approx": _same("exp2"), "tanh.approx": _same("tanh"),
        "ceil": _same("ceil"), "floor": _same("floor"), "trunc": _same("trunc"), "round": _same("roundeven"),
        "saturate": lambda it, call, emit: saturate(it, emit, call.arguments[0]),
        "fabs": _same("fabs"), "div.full": _operator("fdiv"), "neg": lambda it, call, emit: emit.negate(
            call.arguments[0]),
    }  # fmt: skip
    for name, lower in table.items():
        for kind in ("", ".f", ".d", ".f16", ".f16x2", ".bf16", ".bf16x2"):
            HANDLERS[f"{_N}{name}{kind}"] = lower
            HANDLERS[f"{_N}{name}.ftz{kind}"] = _wrapped(lower, True, False)
    HANDLERS[_N + "sqrt.f"] = _same("sqrt")


def _extreme(word: str, nan: bool, xorsign: bool) -> Lower:
    def choose(it: Lowering, emit: Emitter, left: Value, right: Value) -> Value:
        if nan:
            return unary(it, emit, "minimum" if word == "fmin" else "maximum", left, right)
        return extreme(it, emit, word == "fmax", left, right)

    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        left, right = call.arguments
        if not xorsign:
            return choose(it, emit, left, right)
        result = choose(it, emit, unary(it, emit, "fabs", left), unary(it, emit, "fabs", right))
        sign = emit.binary("fmul", unary(it, emit, "copysign", splat(call.type, "1.0"), left),
                           unary(it, emit, "copysign", splat(call.type, "1.0"), right))
        return unary(it, emit, "copysign", result, sign)

    return lower


def _extremes() -> None:
    for word in ("fmin", "fmax"):
        for nan in ("", ".nan"):
            for xorsign in ("", ".xorsign.abs"):
                lower = _extreme(word, bool(nan), bool(xorsign))
                for kind in ("f", "d", "f16", "f16x2", "bf16", "bf16x2"):
                    HANDLERS[f"{_N}{word}{nan}{xorsign}.{kind}"] = lower
                    HANDLERS[f"{_N}{word}.ftz{nan}{xorsign}.{kind}"] = _wrapped(lower, True, False)
    # min.f32 of the hardware orders the zeros and prefers numbers; so do the generic forms that C++ calls.
    for name in ("minnum", "minimumnum"):
        HANDLERS["llvm." + name] = _generic_extreme(False)
    for name in ("maxnum", "maximumnum"):
        HANDLERS["llvm." + name] = _generic_extreme(True)


def _generic_extreme(larger: bool) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        left, right = call.arguments
        return extreme(it, emit, larger, left, right, call.flags)

    return lower


_ROUND = {"rn": "roundeven", "rz": "trunc", "rm": "floor", "rp": "ceil"}
_INTEGERS: dict[str, tuple[Type, bool, str]] = {
    "i": (I32, True, "int"), "ui": (I32, False, "uint"), "ll": (I64, True, "ll"), "ull": (I64, False, "ull"),
}
_FLOATS: dict[str, tuple[FloatType, str]] = {"f": (FLOAT, "float"), "d": (DOUBLE, "double")}


def to_integer(emit: Emitter, value: Value, type_: Type, signed: bool) -> Value:
    """Truncation towards zero that saturates; NaN becomes what PTX's cvt makes of it: the top bit alone where the
    float or the integer has 64 bits, 0 elsewhere."""
    name = f"llvm.fpto{'s' if signed else 'u'}i.sat.{mangled(type_)}.{mangled(value.type)}"
    found = emit.intrinsic(name, type_, [value])
    element = type_.element if isinstance(type_, VectorType) else type_
    source = value.type.element if isinstance(value.type, VectorType) else value.type
    assert isinstance(element, IntType)
    if element.bits != 64 and (source is not DOUBLE or element.bits < 16):
        return found
    return emit.select(emit.compare("f:uno", value, value), splat(type_, str(-(1 << (element.bits - 1)))), found)


def _float_to_integer(signed: bool, mode: str, ftz: bool) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        value = call.arguments[0]
        if ftz:
            value = flush(it, emit, value)
        if mode != "rz":
            value = unary(it, emit, _ROUND[mode], value)
        return to_integer(emit, value, call.type, signed)

    return lower


def _convert(opcode: str) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        return emit.cast(opcode, call.arguments[0], call.type)

    return lower


def _conversions() -> None:
    for letter, (_, word) in _FLOATS.items():
        for short, (type_, signed, name) in _INTEGERS.items():
            for mode, direction in _DIRECTIONS.items():
                for ftz in ("", ".ftz"):
                    HANDLERS[f"{_N}{letter}2{short}.{mode}{ftz}"] = _float_to_integer(signed, mode, bool(ftz))
                exact = mode == "rn" or (type_ is I32 and letter == "d")
                HANDLERS[f"{_N}{short}2{letter}.{mode}"] = (
                    _convert("sitofp" if signed else "uitofp") if exact
                    else _library(f"__nv_{name}2{word}_{direction}"))  # fmt: skip
    for mode, direction in _DIRECTIONS.items():
        lower = _convert("fptrunc") if mode == "rn" else _library(f"__nv_double2float_{direction}")
        HANDLERS[f"{_N}d2f.{mode}"] = lower
        HANDLERS[f"{_N}d2f.{mode}.ftz"] = _flushed_result(lower)
    HANDLERS[_N + "f2h.rn"] = HANDLERS[_N + "f2h.rn.ftz"] = _to_half
    HANDLERS[_N + "h2f"] = _from_half


def _flushed_result(lower: Lower) -> Lower:
    def wrapped(it: Lowering, call: Call, emit: Emitter) -> object:
        result = lower(it, call, emit)
        assert isinstance(result, Value)
        return flush(it, emit, result)

    return wrapped


def _to_half(it: Lowering, call: Call, emit: Emitter) -> object:
    return emit.cast("bitcast", emit.cast("fptrunc", call.arguments[0], HALF), call.type)


def _from_half(it: Lowering, call: Call, emit: Emitter) -> object:
    return emit.cast("fpext", emit.cast("bitcast", call.arguments[0], HALF), FLOAT)


def _narrow(type_: FloatType, relu: bool) -> Lower:
    def lower(it: Lowering, call: Call, emit: Emitter) -> object:
        values = [emit.cast("fptrunc", each, type_) for each in call.arguments]
        if relu:
            values = [extreme(it, emit, True, each, splat(type_, "0.0")) for each in values]
        if len(values) == 1:
            return emit.cast("bitcast", values[0], call.type)
        high, low = values  # cvt.rn.x2: the first operand goes into the upper half
        vector: Value = Literal(call.type, "poison")
        assert isinstance(call.type, VectorType)
        for index, value in enumerate((low, high)):
            vector = emit.put(Simple("insertelement", call.type, [vector, value, constant(index)]))
        return vector

    return lower


def _narrowing() -> None:
    for relu in ("", ".relu"):
        HANDLERS[f"{_N}f2bf16.rn{relu}"] = _narrow(BFLOAT, bool(relu))
        HANDLERS[f"{_N}f2f16.rn{relu}"] = _narrow(HALF, bool(relu))
        HANDLERS[f"{_N}ff2bf16x2.rn{relu}"] = _narrow(BFLOAT, bool(relu))
        HANDLERS[f"{_N}ff2f16x2.rn{relu}"] = _narrow(HALF, bool(relu))


def _double_halves(it: Lowering, call: Call, emit: Emitter) -> object:
    bits = emit.cast("bitcast", call.arguments[0], I64)
    if call.callee_name.endswith("hi"):
        bits = emit.binary("lshr", bits, constant(32, I64))
    return emit.cast("trunc", bits, I32)


def _double_of_halves(it: Lowering, call: Call, emit: Emitter) -> object:
    low, high = (emit.cast("zext", each, I64) for each in call.arguments)
    return emit.cast("bitcast", emit.binary("or", emit.binary("shl", high, constant(32, I64)), low), DOUBLE)


HANDLERS |= {_N + "d2i.lo": _double_halves, _N + "d2i.hi": _double_halves, _N + "lohi.i2d": _double_of_halves}
_arithmetic()
_approximate()
_extremes()
_conversions()
_narrowing()
