"""Functions' types: what PTX says of their parameters, and what is known of those that programs do not define.

A value of an array of bytes is passed as a pointer to memory that nobody else uses; a result of that kind is a first
parameter, where it goes.
"""

from __future__ import annotations

import re
from functools import cache

from ...ir.types import DOUBLE, FLOAT, I32, I64, I128, PRIMITIVES, PTR, VOID, FunctionType, Type, TypeTable, integer
from .module_text import Parameter, Signature

_KNOWN: dict[str, tuple[Type, tuple[Type, ...]]] = {
    "vprintf": (I32, (PTR, PTR)), "malloc": (PTR, (I64,)), "free": (VOID, (PTR,)),
    "__compatlayer_cas_b128": (I128, (PTR, I128, I128)), "__assertfail": (VOID, (PTR, PTR, I32, PTR, I64)),
}


def value_type(parameter: Parameter) -> Type:
    """The type of a parameter that is one value."""
    if parameter.type == "f32":
        return FLOAT
    if parameter.type == "f64":
        return DOUBLE
    return integer(max(parameter.bits, 8))


def function_type(types: TypeTable, signature: Signature) -> FunctionType:
    parameters: list[Type] = [PTR if each.array else value_type(each) for each in signature.parameters]
    result: Type = VOID
    if len(signature.results) > 1:
        result = types.struct([value_type(each) for each in signature.results])
    elif signature.results:
        only = signature.results[0]
        if only.array:
            parameters.insert(0, PTR)
        else:
            result = value_type(only)
    return types.function(result, parameters)


def known_type(types: TypeTable, name: str, signature: Signature) -> FunctionType | None:
    """The type of a function of the runtime or of the math library; None for the program's own."""
    known = _KNOWN.get(name) or (_math(name, signature) if name.startswith("__nv_") else None)
    return types.function(known[0], known[1]) if known else None


@cache
def _math(name: str, signature: Signature) -> tuple[Type, tuple[Type, ...]]:
    """Out of the library's definition; for what it leaves to the C library, by the name: `f` at its end is float."""
    from ... import library

    found = library.load(True)
    base = name.removeprefix("__nv_")
    if found is not None and found.defines(base):
        match = re.search(r"define [^\n@]*?(\w+) @" + re.escape(library.PREFIX + base) + r"\(([^)]*)\)",
                          found.text(base))
        if match:
            return _named(match[1]), tuple(_named(each.split()[0]) for each in match[2].split(",") if each.strip())
    single = base.endswith("f") or "float" in base

    def guess(parameter: Parameter) -> Type:
        if parameter.bits == 64:
            return PTR if "ptr" in parameter.type else DOUBLE
        return FLOAT if single else I32

    result = guess(signature.results[0]) if signature.results else VOID
    return result, tuple(guess(each) for each in signature.parameters)


def _named(word: str) -> Type:
    return PRIMITIVES.get(word, PTR)
