"""Intrinsics of LLVM that work on vectors as they do on scalars, and how their names spell the types.

Why a list: a name that is not in it would be a call of a function that the host's compiler does not have.
"""

from __future__ import annotations

# base name -> which types the name spells: "r" the result's, then the number of an argument. The arguments listed last
# stay scalar (flags such as is_zero_poison).
WIDENS: dict[str, tuple[tuple[str | int, ...], tuple[int, ...]]] = {
    **{f"llvm.{name}": (("r",), ()) for name in (
        "fabs", "sqrt", "fma", "fmuladd", "floor", "ceil", "trunc", "rint", "nearbyint", "round", "roundeven",
        "copysign", "minimum", "maximum", "minnum", "maxnum", "minimumnum", "maximumnum", "canonicalize", "sin", "cos",
        "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "exp", "exp2", "exp10", "log", "log2", "log10",
        "pow", "smin", "smax", "umin", "umax", "ctpop", "bitreverse", "bswap", "fshl", "fshr", "sadd.sat", "uadd.sat",
        "ssub.sat", "usub.sat", "sshl.sat", "ushl.sat", "sadd.with.overflow", "uadd.with.overflow",
        "ssub.with.overflow", "usub.with.overflow", "smul.with.overflow", "umul.with.overflow", "arithmetic.fence")},
    **{f"llvm.{name}": (("r",), (1,)) for name in ("abs", "ctlz", "cttz")},
    **{f"llvm.{name}": (("r", 0), ()) for name in ("fptosi.sat", "fptoui.sat", "lround", "llround", "lrint", "llrint",
                                                   "scmp", "ucmp")},
    "llvm.ldexp": (("r", 1), ()),
    "llvm.is.fpclass": ((0,), (1,)),
}


def base_of(name: str) -> str | None:
    """The name without its types when it is in WIDENS."""
    base = name
    while base not in WIDENS:
        base, dot, _ = base.rpartition(".")
        if not dot:
            return None
    return base


def same_for_same_operands(name: str) -> bool:
    """Whether a call of the intrinsic depends on its operands alone."""
    return base_of(name) is not None or name.startswith(("llvm.powi.", "llvm.ptrmask."))
