"""PTX instructions on floating-point numbers: f16, bf16, f32, f64 and packed pairs.

https://docs.nvidia.com/cuda/parallel-thread-execution/#floating-point-instructions
The approximate instructions give the correctly rounded result or that of the math library, which is within the error
that PTX allows them. Half precision rounds once: sums and products of halves are exact enough in wider types.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.build import mangled
from ..ir.types import BFLOAT, DOUBLE, FLOAT, HALF, I32, I64, FloatType, IntType, integer
from ..ir.values import Literal, Value
from .ptx_code import Code, Operation, refuse
from .ptx_integers import joined, parts
from .ptx_types import PtxType, type_of

_SMALLEST = {FLOAT: "0x3810000000000000", HALF: "0xH0400"}  # the smallest normal numbers
ROUNDINGS = ("rn", "rz", "rm", "rp")


def number_of(type_: FloatType, text: str) -> Literal:
    """A constant that every format has: 0.0, 1.0"""
    if type_ in (HALF, BFLOAT):
        one = "3C00" if type_ is HALF else "3F80"
        return Literal(type_, ("0xH" if type_ is HALF else "0xR") + (one if text == "1.0" else "0000"))
    return Literal(type_, text)


def flushed(code: Code, value: Value) -> Value:
    """A subnormal number becomes a zero of its sign; doubles and bfloats are left as they are."""
    type_ = value.type
    if type_ not in _SMALLEST:
        return value
    assert isinstance(type_, FloatType)
    name = mangled(type_)
    small = code.emit.compare("f:olt", code.call(f"fabs.{name}", type_, value), Literal(type_, _SMALLEST[type_]))
    return code.emit.select(small, code.call(f"copysign.{name}", type_, number_of(type_, "0.0"), value), value)


def as_computed(code: Code, value: Value) -> Value:
    """bfloat16 as float, in which all its operations are done; anything else as it is."""
    return widened(code, value) if value.type is BFLOAT else value


def widened(code: Code, value: Value) -> Value:
    """A bfloat16 or half as float."""
    if value.type is BFLOAT:
        bits = code.emit.cast("zext", code.fit(value, integer(16)), I32)
        return code.emit.cast("bitcast", code.emit.binary("shl", bits, code.word(16)), FLOAT)
    return code.emit.cast("fpext", value, FLOAT) if value.type is HALF else value


def narrowed(code: Code, value: Value, type_: FloatType) -> Value:
    """Rounded to nearest, ties to even, in one step."""
    if value.type is type_:
        return value
    if value.type is DOUBLE and type_ in (HALF, BFLOAT):
        value = _odd_float(code, value)
    return code.emit.cast("fptrunc", value, type_)


def _odd_float(code: Code, value: Value) -> Value:
    """A double as float, rounded to odd: rounding that again to fewer bits gives what rounding once would give."""
    emit = code.emit
    near = emit.cast("fptrunc", value, FLOAT)
    back = emit.cast("fpext", near, DOUBLE)
    bits = emit.cast("bitcast", near, I32)
    beyond = emit.compare("f:ogt", code.call("fabs.f64", DOUBLE, back), code.call("fabs.f64", DOUBLE, value))
    toward = emit.binary("sub", bits, emit.cast("zext", beyond, I32))
    odd = emit.binary("or", toward, code.word(1))
    return emit.cast("bitcast", emit.select(emit.compare("f:one", back, value), odd, bits), FLOAT)


def saturated(code: Code, value: Value) -> Value:
    """Within [0, 1]; NaN becomes +0."""
    type_ = value.type
    assert isinstance(type_, FloatType)
    nought, one = number_of(type_, "0.0"), number_of(type_, "1.0")
    value = code.emit.select(code.emit.compare("f:ogt", value, nought), value, nought)
    return code.emit.select(code.emit.compare("f:olt", value, one), value, one)


def rectified(code: Code, value: Value) -> Value:
    """Negative numbers become +0."""
    type_ = value.type
    assert isinstance(type_, FloatType)
    nought = number_of(type_, "0.0")
    return code.emit.select(code.emit.compare("f:ole", value, nought), nought, value)


class _Form:
    """The words between the operation and its type."""

    def __init__(self, words: Sequence[str], allowed: Sequence[str]) -> None:
        found = type_of(words[-1])
        rest = set(words[1:-1])
        if found is None or not found.is_float or rest - set(allowed):
            refuse()
        self.type: PtxType = found
        roundings = [each for each in ROUNDINGS if each in rest]
        if len(roundings) > 1 or ("ftz" in rest and found.bits == 64) or ("sat" in rest and "relu" in rest):
            refuse()
        self.rounding = roundings[0] if roundings else "rn"
        self.ftz = "ftz" in rest
        self.rest = rest

    def sources(self, code: Code, operands: Sequence[str]) -> list[list[Value]]:
        """The operands' elements, flushed where asked: one list per packed element."""
        columns = []
        for operand in operands:
            values = [as_computed(code, each) for each in parts(code, operand, self.type)]
            columns.append([flushed(code, each) for each in values] if self.ftz else values)
        return [list(row) for row in zip(*columns, strict=True)]

    def store(self, code: Code, operand: str, values: Sequence[Value]) -> None:
        element = self.type.element
        assert isinstance(element, FloatType)
        results = []
        for value in values:
            value = narrowed(code, value, element) if value.type is not element else value
            if self.ftz:
                value = flushed(code, value)
            if "sat" in self.rest:
                value = saturated(code, value)
            if "relu" in self.rest:
                value = rectified(code, value)
            results.append(value)
        code.write(operand, joined(code, results, self.type))


_COMMON = ("rn", "rz", "rm", "rp", "ftz", "sat")


def _directed(code: Code, name: str, rounding: str, *values: Value) -> Value:
    """An operation that rounds toward zero, down or up."""
    letter = {FLOAT: "f", DOUBLE: "d"}.get(values[0].type)  # type: ignore[call-overload]
    if letter is None:
        refuse("this type has no such rounding")
    return code.call(f"nvvm.{name}.{rounding}.{letter}", values[0].type, *values)


def _operator(name: str, opcode: str) -> Operation:
    """add, sub, mul"""

    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        form = _Form(words, (*_COMMON, "rnd"))
        if len(operands) != 3:
            refuse()
        results = []
        for a, b in form.sources(code, operands[1:]):
            if form.rounding == "rn":
                results.append(code.emit.binary(opcode, a, b))
            elif name == "sub":
                results.append(_directed(code, "add", form.rounding, a, code.emit.negate(b)))
            else:
                results.append(_directed(code, name, form.rounding, a, b))
        form.store(code, operands[0], results)

    return lower


def _fused(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """fma, and mad, which is the same on every processor of today."""
    form = _Form(words, (*_COMMON, "relu"))
    if len(operands) != 4:
        refuse()
    element = form.type.element
    results = []
    for a, b, c in form.sources(code, operands[1:]):
        if element in (HALF, BFLOAT):
            wide = [code.emit.cast("fpext", each, DOUBLE) for each in (a, b, c)]
            results.append(code.call("fma.f64", DOUBLE, *wide))
        elif form.rounding == "rn":
            results.append(code.call(f"fma.{mangled(a.type)}", a.type, a, b, c))
        else:
            results.append(_directed(code, "fma", form.rounding, a, b, c))
    form.store(code, operands[0], results)


def _divide(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    form = _Form(words, (*_COMMON[:5], "approx", "full"))
    if len(operands) != 3 or form.type.bits < 32:
        refuse()
    results = [code.emit.binary("fdiv", a, b) if form.rounding == "rn" else _directed(code, "div", form.rounding, a, b)
               for a, b in form.sources(code, operands[1:])]
    form.store(code, operands[0], results)


def _extreme(word: str) -> Operation:
    """min and max: a number rather than a NaN unless .NaN says so, -0 below +0"""

    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        form = _Form(words, ("ftz", "NaN", "xorsign", "abs"))
        if len(operands) != 3 or ("xorsign" in words) != ("abs" in words):
            refuse()
        name = f"nvvm.f{word}{'.nan' if 'NaN' in words else ''}{'.xorsign.abs' if 'xorsign' in words else ''}"
        results = []
        for a, b in form.sources(code, operands[1:]):
            kind = {FLOAT: "f", DOUBLE: "d", HALF: "f16"}[a.type]  # type: ignore[index]
            if kind == "d" and len(words) > 2:
                refuse()
            results.append(code.call(f"{name}.{kind}", a.type, a, b))
        form.store(code, operands[0], results)

    return lower


def _sign(negative: bool) -> Operation:
    """neg and abs: the sign bit, of NaN too; .ftz flushes."""

    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        type_ = type_of(words[-1])
        if type_ is None or not type_.is_float or len(operands) != 2 or set(words[1:-1]) - {"ftz"}:
            refuse()
        results = []
        for value in parts(code, operands[1], type_):
            if "ftz" in words:
                value = flushed(code, value)
            bits = integer(type_.bits)
            mask = code.word(1 << type_.bits - 1 if negative else (1 << type_.bits - 1) - 1, bits)
            results.append(code.emit.binary("xor" if negative else "and", code.fit(value, bits), mask))
        code.write(operands[0], joined(code, results, type_))

    return lower


def _function(name: str) -> Operation:
    """sqrt, rsqrt, rcp, ex2, lg2, sin, cos, tanh"""

    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        form = _Form(words, ("approx", *_COMMON[:5]) if name in ("sqrt", "rcp") else ("approx", "ftz"))
        if len(operands) != 2 or (form.type.bits == 64 and name not in ("sqrt", "rcp", "rsqrt")) or \
                (form.type.bits == 16 and name not in ("ex2", "tanh")):
            refuse()
        results = []
        for (value,) in form.sources(code, operands[1:]):
            value = widened(code, value)
            if form.rounding != "rn":
                results.append(_directed(code, name, form.rounding, value))
            else:
                results.append(_nearest(code, name, value))
        form.store(code, operands[0], results)

    return lower


_GENERIC = {"ex2": "exp2", "lg2": "log2", "sin": "sin", "cos": "cos", "tanh": "tanh", "sqrt": "sqrt", "rsqrt": "sqrt"}


def _nearest(code: Code, name: str, value: Value) -> Value:
    if name in _GENERIC:
        value = code.call(f"{_GENERIC[name]}.{mangled(value.type)}", value.type, value)
    if name in ("rcp", "rsqrt"):
        assert isinstance(value.type, FloatType)
        value = code.emit.binary("fdiv", Literal(value.type, "1.0"), value)
    return value


def _gross(name: str) -> Operation:
    """rcp.approx.ftz.f64 and rsqrt.approx.ftz.f64: of the upper 32 bits, to the upper 32 bits"""

    def lower(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
        if len(operands) != 2:
            refuse()
        emit, upper = code.emit, code.word(-1 << 32, I64)
        bits = emit.binary("and", code.read(operands[1], I64), upper)
        bits = _without_subnormals(code, bits)
        result = _nearest(code, name, emit.cast("bitcast", bits, DOUBLE))
        bits = emit.binary("and", emit.cast("bitcast", result, I64), upper)
        code.write(operands[0], _without_subnormals(code, bits))

    return lower


def _without_subnormals(code: Code, bits: Value) -> Value:
    exponent = code.emit.binary("and", bits, code.word(0x7FF << 52, I64))
    small = code.emit.compare("eq", exponent, code.word(0, I64))
    sign = code.emit.binary("and", bits, code.word(1 << 63, I64))
    return code.emit.select(small, sign, bits)


def _copy_sign(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """copysign.type d, a, b: the sign of a and the rest of b"""
    type_ = type_of(words[-1])
    if type_ is None or words[1:] not in (("f32",), ("f64",)) or len(operands) != 3:
        refuse()
    a, b = (code.read(each, type_.element) for each in operands[1:])
    code.write(operands[0], code.call(f"copysign.f{type_.bits}", b.type, b, a))


_CLASSES = ("finite", "infinite", "number", "notanumber", "normal", "subnormal")


def _test(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """testp.class.type p, a"""
    type_ = type_of(words[-1])
    if type_ is None or len(words) != 3 or words[1] not in _CLASSES or words[2] not in ("f32", "f64") or \
            len(operands) != 2:
        refuse()
    bits = code.read(operands[1], type_.whole)
    assert isinstance(bits.type, IntType)
    emit, fraction = code.emit, 23 if type_.bits == 32 else 52
    top = (1 << type_.bits - 1) - (1 << fraction)
    size = emit.binary("and", bits, code.word((1 << type_.bits - 1) - 1, bits.type))
    limit, least, none = (code.word(each, bits.type) for each in (top, 1 << fraction, 0))
    name = words[1]
    if name in ("finite", "number", "infinite", "notanumber"):
        how = {"finite": "ult", "number": "ule", "infinite": "eq", "notanumber": "ugt"}[name]
        code.write(operands[0], emit.compare(how, size, limit))
        return
    big, some = emit.compare("uge", size, least), emit.compare("ne", size, none)
    result = emit.binary("and", big, emit.compare("ult", size, limit)) if name == "normal" else \
        emit.binary("and", some, code.inverted(big))
    code.write(operands[0], result)


FLOATS: dict[str, Operation] = {
    "add": _operator("add", "fadd"), "sub": _operator("sub", "fsub"), "mul": _operator("mul", "fmul"),
    "fma": _fused, "mad": _fused, "div": _divide, "min": _extreme("min"), "max": _extreme("max"),
    "neg": _sign(True), "abs": _sign(False), "copysign": _copy_sign, "testp": _test,
    **{name: _function(name) for name in ("sqrt", "rsqrt", "rcp", "ex2", "lg2", "sin", "cos", "tanh")},
}  # fmt: skip
GROSS: dict[str, Operation] = {name: _gross(name) for name in ("rcp", "rsqrt")}
