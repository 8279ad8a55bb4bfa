"""Intrinsics on vectors: once per element, or a chain over the elements."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ...ir.build import Emitter, declare, mangled
from ...ir.instructions import Call
from ...ir.types import VOID, Type
from ...ir.values import Value
from ..tiles import scalar_name
from ..unsupported import Unsupported
from .leaves import COMPOSITE, Leaf

_VECTOR = re.compile(r"\.v\d+(?=[a-z])")
_ELEMENTWISE = tuple(f"llvm.{name}." for name in [
    "ctlz", "cttz", "ctpop", "bitreverse", "bswap", "fshl", "fshr", "abs", "smin", "smax", "umin", "umax", "sadd.sat",
    "uadd.sat", "ssub.sat", "usub.sat", "sshl.sat", "ushl.sat", "fma", "fmuladd", "sqrt", "sin", "cos", "tan", "asin",
    "acos", "atan", "atan2", "sinh", "cosh", "tanh", "pow", "powi", "exp", "exp2", "exp10", "log", "log2", "log10",
    "fabs", "floor", "ceil", "trunc", "rint", "nearbyint", "round", "roundeven", "lround", "llround", "lrint",
    "llrint", "copysign", "minnum", "maxnum", "minimum", "maximum", "minimumnum", "maximumnum", "ldexp",
    "canonicalize", "is.fpclass", "fptosi.sat", "fptoui.sat", "scmp", "ucmp", "arithmetic.fence", "ptrmask"])
_REDUCE = "llvm.vector.reduce."
_OPERATORS = {"add": "add", "mul": "mul", "and": "and", "or": "or", "xor": "xor"}
_INTRINSICS = {"smax": "smax", "smin": "smin", "umax": "umax", "umin": "umin", "fmax": "maxnum", "fmin": "minnum",
               "fmaximum": "maximum", "fminimum": "minimum"}


def split(call: Call, of: Callable[[Value], list[Value]], leaves: Sequence[Leaf], emit: Emitter) -> list[Value]:
    """The scalars of the call's result."""
    name = call.callee_name
    if name.startswith(_REDUCE):
        return [_reduce(call, name[len(_REDUCE):].partition(".")[0], of, emit)]
    if not name.startswith(_ELEMENTWISE) or not _VECTOR.search(name):
        what = f"'{name}'" if name else "a function called through a pointer"
        raise Unsupported(f"{what} takes or gives a value of type {_odd_type(call).text}")
    scalar = _VECTOR.sub(".", name)
    columns = [of(each) if type(each.type) in COMPOSITE else [each] * len(leaves) for each in call.arguments]
    return [emit.intrinsic(scalar, leaf.type, [column[at] for column in columns], call.flags)
            for at, leaf in enumerate(leaves)]


def tile(call: Call, of: Callable[[Value], list[Value]], leaves: Sequence[Leaf], emit: Emitter) -> list[Value]:
    """A call of a function of tiles with scalars, without the thread; the scalars of its result."""
    arguments = [part for each in call.arguments[1:] for part in of(each)]
    types, nothing = emit.module.types, call.type is VOID
    result = VOID if nothing else types.struct([leaf.type for leaf in leaves])
    element = arguments[-1].type if nothing else leaves[0].type
    name = f"{scalar_name(call.callee_name)}.{mangled(element)}"
    made = emit.call(declare(emit.module, name, result, [each.type for each in arguments]), arguments)
    return [] if nothing else [emit.extract(made, at, leaf.type) for at, leaf in enumerate(leaves)]


def _odd_type(call: Call) -> Type:
    types = [call.type, *(each.type for each in call.arguments)]
    return next((each for each in types if type(each) in COMPOSITE), call.type)


def _reduce(call: Call, word: str, of: Callable[[Value], list[Value]], emit: Emitter) -> Value:
    parts = of(call.operands[0])
    if word in ("fadd", "fmul"):  # in order, from the start value on
        parts = [call.operands[0], *of(call.operands[1])]
    found = parts[0]
    for part in parts[1:]:
        if word in _INTRINSICS:
            found = emit.intrinsic(f"llvm.{_INTRINSICS[word]}.{mangled(part.type)}", part.type, [found, part],
                                   call.flags)
        elif word in ("fadd", "fmul"):
            found = emit.binary(word, found, part, call.flags)
        elif word in _OPERATORS:
            found = emit.binary(_OPERATORS[word], found, part)
        else:
            raise Unsupported(f"'{call.callee_name}'")
    return found
