"""Arithmetic of inline PTX: integers, predicates, selection, conversion, floating point."""

from __future__ import annotations

from collections.abc import Callable

from ..ir.build import mangled
from ..ir.types import DOUBLE, FLOAT, I1, I32, FloatType, IntType, Type, integer
from ..ir.values import Literal, Value
from . import integers, rounding
from .lowering import constant
from .ptx_statements import Operation, Statements, binary, bits, unary


def _shift(opcode: str) -> Operation:
    """shl and shr: amounts past the width shift everything out."""

    def lower(at: Statements, words: list[str], operands: list[str]) -> bool:
        type_ = bits(words)
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


def _three(at: Statements, words: list[str], operands: list[str]) -> bool:
    """lop3.b32 d, a, b, c, table and mad.lo d, a, b, c."""
    type_ = bits(words)
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
            terms = [each if row & mask else emit.binary("xor", each, ones)
                    for each, mask in ((a, 4), (b, 2), (c, 1))]
            result = emit.binary("or", result, emit.binary("and", emit.binary("and", terms[0], terms[1]), terms[2]))
    at.values[operands[0]] = result
    return True


def _high(at: Statements, words: list[str], operands: list[str]) -> bool:
    """mul.hi and mul.wide."""
    type_ = bits(words)
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


def _multiply(at: Statements, words: list[str], operands: list[str]) -> bool:
    return (_low_product if words[1:2] == ["lo"] else _high)(at, words, operands)


_low_product = binary(dict.fromkeys("us", "mul"))


def _bfind(at: Statements, words: list[str], value: Value) -> Value:
    return integers.find_leading(at.it, at.emit, value, words[-1][0] == "s", "shiftamt" in words)


def _counted(name: str) -> Callable[[Statements, list[str], Value], Value]:
    def apply(at: Statements, words: list[str], value: Value) -> Value:
        flag = [Literal(I1, "false")] if name == "ctlz" else []
        result = at.emit.intrinsic(f"llvm.{name}.{value.type.text}", value.type, [value, *flag])
        return at.fit(result, I32) if name != "bitreverse" else result

    return apply


_COMPARISONS = {"eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge", "lo": "lt", "ls": "le",
                "hi": "gt", "hs": "ge"}
_FLOATS: dict[str, FloatType] = {"f32": FLOAT, "f64": DOUBLE}


def _type(word: str) -> Type | None:
    return _FLOATS.get(word) or bits([word])


def _refused(at: Statements, words: list[str], operands: list[str]) -> bool:
    return False


def _either(integral: Operation, opcode: str) -> Operation:
    """The integer form, or the floating-point operator when the type says so (round to nearest, no flags)."""

    def lower(at: Statements, words: list[str], operands: list[str]) -> bool:
        type_ = _FLOATS.get(words[-1])
        if type_ is None:
            return integral(at, words, operands)
        values = at.reads(operands[1:], type_)
        if values is None or len(values) != 2 or set(words[1:-1]) - {"rn", "ftz", "full", "approx"}:
            return False
        if "ftz" in words:
            values = [rounding.flush(at.it, at.emit, value) for value in values]
        result = at.emit.binary(opcode, values[0], values[1])
        at.values[operands[0]] = rounding.flush(at.it, at.emit, result) if "ftz" in words else result
        return True

    return lower


def _move(at: Statements, words: list[str], operands: list[str]) -> bool:
    """mov, also packing and unpacking: `mov.b64 d, {lo, hi}` and `mov.b64 {lo, hi}, a`."""
    type_ = _type(words[-1])
    if type_ is None or len(operands) != 2 or len(words) != 2:
        return False
    target, source = operands
    if target[0] != "{" and source[0] != "{":
        value = at.read(source, type_)
        if value is not None:
            at.values[target] = value
        return value is not None
    names = [each.strip() for each in (source if source[0] == "{" else target)[1:-1].split(",")]
    if not isinstance(type_, IntType) or type_.bits % len(names):
        return False
    part = integer(type_.bits // len(names))
    if source[0] == "{":
        return _pack(at, target, names, type_, part)
    whole = at.read(source, type_)
    if whole is None:
        return False
    for index, name in enumerate(names):
        shifted = at.emit.binary("lshr", whole, constant(part.bits * index, type_))
        at.values[name] = at.emit.cast("trunc", shifted, part)
    return True


def _pack(at: Statements, target: str, names: list[str], type_: IntType, part: IntType) -> bool:
    values = at.reads(names, part)
    if values is None:
        return False
    whole: Value = constant(0, type_)
    for index, value in enumerate(values):
        wide = at.emit.binary("shl", at.emit.cast("zext", value, type_), constant(part.bits * index, type_))
        whole = at.emit.binary("or", whole, wide)
    at.values[target] = whole
    return True


def _compare(at: Statements, words: list[str], operands: list[str]) -> bool:
    """setp.cmp.type p, a, b"""
    type_ = _type(words[-1])
    how = _COMPARISONS.get(words[1])
    values = at.reads(operands[1:], type_) if type_ is not None else None
    if type_ is None or how is None or values is None or len(values) != 2 or len(words) != 3 or "|" in operands[0]:
        return False
    if isinstance(type_, FloatType):
        predicate = f"f:o{how}"  # ordered, `ne` too: the unordered forms are spelled `neu` and so on
    elif how in ("eq", "ne"):
        predicate = how
    else:
        predicate = ("s" if words[-1][0] == "s" else "u") + how
    at.values[operands[0]] = at.emit.compare(predicate, *values)
    return True


def _select(at: Statements, words: list[str], operands: list[str]) -> bool:
    """selp.type d, a, b, p"""
    type_ = _type(words[-1])
    values = at.reads(operands[1:3], type_) if type_ is not None and len(operands) == 4 else None
    condition = at.read(operands[3], I1) if values is not None else None
    if values is None or condition is None:
        return False
    at.values[operands[0]] = at.emit.select(condition, *values)
    return True


def _extreme(word: str) -> Operation:
    def lower(at: Statements, words: list[str], operands: list[str]) -> bool:
        type_ = _type(words[-1])
        values = at.reads(operands[1:], type_) if type_ is not None and len(words) == 2 else None
        if type_ is None or values is None or len(values) != 2:
            return False
        sign = "s" if words[-1][0] == "s" else "u"
        name = f"{word}imumnum" if isinstance(type_, FloatType) else f"{sign}{word}"
        at.values[operands[0]] = at.emit.intrinsic(f"llvm.{name}.{mangled(type_)}", type_, values)
        return True

    return lower


def _fused(at: Statements, words: list[str], operands: list[str]) -> bool:
    type_ = _FLOATS.get(words[-1])
    values = at.reads(operands[1:], type_) if type_ is not None else None
    if values is None or type_ is None or len(values) != 3 or words[1:-1] != ["rn"]:
        return False
    at.values[operands[0]] = at.emit.intrinsic(f"llvm.fma.{mangled(type_)}", type_, values)
    return True


def _approximate(name: str) -> Operation:
    def lower(at: Statements, words: list[str], operands: list[str]) -> bool:
        value = at.read(operands[1], FLOAT) if words[-1] == "f32" and len(operands) == 2 else None
        if value is None or set(words[1:-1]) - {"approx", "ftz", "rn"}:
            return False
        root = name in ("sqrt", "rsqrt")
        result = value if name == "rcp" else rounding.unary(at.it, at.emit, "sqrt" if root else name, value)
        if name in ("rcp", "rsqrt"):
            result = at.emit.binary("fdiv", Literal(FLOAT, "1.0"), result)
        at.values[operands[0]] = result
        return True

    return lower


def _convert(at: Statements, words: list[str], operands: list[str]) -> bool:
    """cvt between integers, between floats, and with rn or rzi between both."""
    if len(words) < 3 or len(operands) != 2:
        return False
    target, source, modes = _type(words[-2]), _type(words[-1]), words[1:-2]
    value = at.read(operands[1], source) if source is not None else None
    if target is None or value is None or target is I1:
        return False
    signed = words[-1][0] == "s"
    if isinstance(target, IntType) and isinstance(value.type, IntType) and not modes:
        wider = target.bits > value.type.bits
        result = at.emit.cast(("sext" if signed else "zext") if wider else "trunc", value, target)
    elif isinstance(target, FloatType) and isinstance(value.type, IntType) and modes == ["rn"]:
        result = at.emit.cast("sitofp" if signed else "uitofp", value, target)
    elif isinstance(target, IntType) and isinstance(value.type, FloatType) and modes == ["rzi"]:
        result = rounding.to_integer(at.emit, value, target, words[-2][0] == "s")
    elif (words[-2], words[-1]) in (("f64", "f32"), ("f32", "f64")) and modes in ([], ["rn"]):
        result = at.emit.cast("fpext" if target is DOUBLE else "fptrunc", value, target)
    else:
        return False
    at.values[operands[0]] = result
    return True


def _handler(count: int) -> Operation:
    """An operation that an intrinsic's table knows too: prmt, bmsk, dp4a, funnel shifts."""

    def lower(at: Statements, words: list[str], operands: list[str]) -> bool:
        spelled = ".".join(words)
        if spelled not in _AS_INTRINSIC:
            return False
        values = at.reads(operands[1:], I32)
        if values is None or len(values) != count:
            return False
        at.values[operands[0]] = at.apply(integers.HANDLERS["llvm.nvvm." + _AS_INTRINSIC[spelled]], I32, values)
        return True

    return lower


_AS_INTRINSIC = {
    "prmt.b32": "prmt", "bmsk.clamp.b32": "bmsk.clamp", "bmsk.wrap.b32": "bmsk.wrap",
    "dp4a.s32.s32": "idp4a.s.s", "dp4a.u32.u32": "idp4a.u.u", "dp4a.s32.u32": "idp4a.s.u",
    "dp4a.u32.s32": "idp4a.u.s", "fns.b32": "fns",
}  # fmt: skip
TABLE: dict[str, Operation] = {
    "mov": _move,
    "bfind": unary(_bfind),
    "brev": unary(_counted("bitreverse")),
    "popc": unary(_counted("ctpop")),
    "clz": unary(_counted("ctlz")),
    "add": _either(binary(dict.fromkeys("us", "add")), "fadd"),
    "sub": _either(binary(dict.fromkeys("us", "sub")), "fsub"),
    "mul": _either(_multiply, "fmul"),
    "div": _either(_refused, "fdiv"),
    "mad": _three,
    "lop3": _three,
    "shl": _shift("shl"),
    "shr": _shift("shr"),
    "not": unary(lambda at, words, value: at.emit.binary("xor", value, constant(-1, value.type))),
    "neg": unary(lambda at, words, value: at.emit.binary("sub", constant(0, value.type), value)),
    "and": binary({"b": "and", "p": "and"}),
    "or": binary({"b": "or", "p": "or"}),
    "xor": binary({"b": "xor", "p": "xor"}),
    "setp": _compare,
    "selp": _select,
    "min": _extreme("min"),
    "max": _extreme("max"),
    "fma": _fused,
    "cvt": _convert,
    "prmt": _handler(3),
    "bmsk": _handler(2),
    "dp4a": _handler(3),
    "fns": _handler(3),
    **{word: _approximate(name) for word, name in (
        ("ex2", "exp2"), ("lg2", "log2"), ("sin", "sin"), ("cos", "cos"), ("tanh", "tanh"), ("sqrt", "sqrt"),
        ("rsqrt", "rsqrt"), ("rcp", "rcp"))},
}
