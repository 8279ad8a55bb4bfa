"""PTX instructions that compare, choose and move: setp, set, selp, slct, mov.

https://docs.nvidia.com/cuda/parallel-thread-execution/#comparison-and-selection-instructions
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.types import FLOAT, I1, FloatType, integer
from ..ir.values import Literal, Value
from .ptx_code import Code, Operation, refuse, zero
from .ptx_floats import as_computed, flushed
from .ptx_integers import parts
from .ptx_types import PREDICATE, PtxType, register_type, type_of

_INTEGER = {"eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge", "lo": "lt", "ls": "le", "hi": "gt",
            "hs": "ge"}
_UNSIGNED = ("lo", "ls", "hi", "hs")
_FLOAT = {**{each: "o" + each for each in ("eq", "ne", "lt", "le", "gt", "ge")}, "equ": "ueq", "neu": "une",
          "ltu": "ult", "leu": "ule", "gtu": "ugt", "geu": "uge", "num": "ord", "nan": "uno"}  # fmt: skip
_COMBINE = ("and", "or", "xor")


def _comparison(code: Code, words: Sequence[str], type_: PtxType, a: Value, b: Value, ftz: bool) -> Value:
    how = words[1]
    if isinstance(a.type, FloatType):
        if how not in _FLOAT:
            refuse()
        if ftz:
            a, b = flushed(code, a), flushed(code, b)
        return code.emit.compare("f:" + _FLOAT[how], a, b)
    if how not in _INTEGER:
        refuse()
    predicate = _INTEGER[how]
    if predicate not in ("eq", "ne"):
        if type_.letter == "b":
            refuse("bits are equal or not, and have no order")
        predicate = ("s" if type_.signed and how not in _UNSIGNED else "u") + predicate
    return code.emit.compare(predicate, a, b)


def _compared(code: Code, words: Sequence[str], type_: PtxType, operands: Sequence[str]) -> list[Value]:
    rows = zip(parts(code, operands[0], type_), parts(code, operands[1], type_), strict=True)
    return [_comparison(code, words, type_, as_computed(code, a), as_computed(code, b), "ftz" in words)
            for a, b in rows]


def _options(words: Sequence[str], known: int) -> tuple[str, set[str]]:
    """The logical operator among the words after the comparison, and the words before the types."""
    rest = set(words[2 : len(words) - known])
    combine = next((each for each in _COMBINE if each in rest), "")
    if rest - {combine, "ftz"} - {""}:
        refuse()
    return combine, rest


def _set_predicate(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """setp.cmp{.bool}{.ftz}.type p{|q}, a, b{, {!}c}"""
    type_ = type_of(words[-1])
    combine, _ = _options(words, 1)
    if type_ is None or len(words) < 3 or len(operands) != 3 + bool(combine):
        refuse()
    results = _compared(code, words, type_, operands[1:3])
    targets = [each.strip() for each in operands[0].split("|")]
    if len(results) == 2:  # packed halves: one predicate each
        if len(targets) != 2:
            refuse("packed values need two predicates")
    else:
        results.append(code.inverted(results[0]))
    if combine:
        other = code.predicate(operands[3])
        results = [code.emit.binary(combine, each, other) for each in results]
    for target, result in zip(targets, results, strict=False):
        code.write(target, result)


def _set(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """set.cmp{.bool}{.ftz}.dtype.stype d, a, b{, {!}c}: ones or 1.0 where it holds"""
    target, type_ = (type_of(words[-2]), type_of(words[-1])) if len(words) > 3 else (None, None)
    combine, _ = _options(words, 2)
    if type_ is None or target is None or len(operands) != 3 + bool(combine):
        refuse()
    results = _compared(code, words, type_, operands[1:3])
    if combine:
        other = code.predicate(operands[3])
        results = [code.emit.binary(combine, each, other) for each in results]
    ones = {("f", 32): 0x3F800000, ("f", 16): 0x3C00, ("bf", 16): 0x3F80}.get((target.letter, target.bits), -1)
    element = integer(target.bits)
    if len(results) == 1:
        code.write(operands[0], code.emit.select(results[0], code.word(ones, element), zero(element)))
        return
    whole: Value = code.word(0, integer(32))
    for index, result in enumerate(results):
        half = code.emit.select(result, code.word((ones & 0xFFFF) << 16 * index, integer(32)), zero(integer(32)))
        whole = code.emit.binary("or", whole, half)
    code.write(operands[0], whole)


def _select(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """selp.type d, a, b, p"""
    type_ = type_of(words[-1])
    if type_ is None or len(words) != 2 or len(operands) != 4:
        refuse()
    a, b = (code.read(each, register_type(type_)) for each in operands[1:3])
    code.write(operands[0], code.emit.select(code.predicate(operands[3]), a, b), type_.signed)


def _choose(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """slct{.ftz}.dtype.{s32,f32} d, a, b, c: a where c >= 0; NaN chooses b"""
    type_ = type_of(words[-2]) if len(words) in (3, 4) else None
    if type_ is None or words[-1] not in ("s32", "f32") or len(operands) != 4 or set(words[1:-2]) - {"ftz"}:
        refuse()
    a, b = (code.read(each, register_type(type_)) for each in operands[1:3])
    if words[-1] == "f32":
        c = code.read(operands[3], FLOAT)
        if "ftz" in words:
            c = flushed(code, c)
        condition = code.emit.compare("f:oge", c, Literal(FLOAT, "0.0"))
    else:
        c = code.read(operands[3], integer(32))
        condition = code.emit.compare("sge", c, zero(c.type))
    code.write(operands[0], code.emit.select(condition, a, b), type_.signed)


def _move(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """mov, also packing and unpacking: `mov.b64 d, {lo, hi}` and `mov.b64 {lo, hi}, a`"""
    type_ = type_of(words[-1])
    if type_ is None or len(operands) != 2 or len(words) not in (2, 3):
        refuse()
    target, source = operands
    if len(words) == 3:  # mov.v4: element by element
        names, sources = code.vector(target), code.vector(source)
        if words[1] != f"v{len(names)}" or len(names) != len(sources):
            refuse()
        values = [code.read(each, register_type(type_)) for each in sources]
        for name, value in zip(names, values, strict=True):
            code.write(name, value, type_.signed)
        return
    if code.vector(target) != [target]:
        target = "{" + ", ".join(code.vector(target)) + "}"
    if code.vector(source) != [source]:
        source = "{" + ", ".join(code.vector(source)) + "}"
    if target[:1] != "{" and source[:1] != "{":
        if type_ is PREDICATE:
            code.write(target, code.predicate(source))
        else:
            code.write(target, code.read(source, register_type(type_)), type_.signed)
        return
    names = code.vector(source if source[:1] == "{" else target)
    whole, count = type_.whole, len(names)
    if whole.bits % count or type_.letter == "p":
        refuse()
    part = integer(whole.bits // count)
    if source[:1] == "{":
        joined: Value = code.word(0, whole)
        for index, name in enumerate(names):
            wide = code.emit.cast("zext", code.read(name, part), whole)
            if index:
                wide = code.emit.binary("shl", wide, code.word(part.bits * index, whole))
            joined = code.emit.binary("or", joined, wide) if index else wide
        code.write(target, joined)
        return
    value = code.read(source, whole)
    results = []
    for index in range(count):
        shifted = code.emit.binary("lshr", value, code.word(part.bits * index, whole)) if index else value
        results.append(code.emit.cast("trunc", shifted, part))
    for name, result in zip(names, results, strict=True):
        code.write(name, result)


TABLE: dict[str, Operation] = {
    "setp": _set_predicate, "set": _set, "selp": _select, "slct": _choose, "mov": _move,
}
__all__ = ["I1", "TABLE"]
