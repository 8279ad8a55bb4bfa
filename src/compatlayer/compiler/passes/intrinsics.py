"""Replaces every intrinsic of the device by loads, arithmetic and calls of the native runtime.

Why one pass over several tables: a call is looked up once, and what no table knows is refused here by name
and source line. Generic LLVM intrinsics that the host's back end lowers itself are listed and kept.
"""

from __future__ import annotations

import re

from ...errors import CompilerError
from ..ir.build import REMOVED, Emitter, rewrite
from ..ir.instructions import Call, Instruction
from ..ir.values import (
    ConstantExpression,
    Function,
    GlobalVariable,
    Literal,
    Module,
    Value,
    number,
    string_bytes,
)
from . import integers, memory, registers, rounding, synchronise
from .externals import is_c_function
from .facts import module_flag
from .lowering import Lower, Lowering

_TABLE: dict[str, Lower] = {
    **rounding.HANDLERS, **integers.HANDLERS, **memory.HANDLERS, **synchronise.HANDLERS,
}  # fmt: skip
# What the host's back end turns into code or into calls of the C and math libraries.
_KEPT = frozenset(f"llvm.{name}" for name in [
    "memcpy", "memmove", "memset", "lifetime.start", "lifetime.end", "invariant.start", "invariant.end",
    "launder.invariant.group", "strip.invariant.group", "ctlz", "cttz", "ctpop", "bitreverse", "bswap", "fshl",
    "fshr", "abs", "smin", "smax", "umin", "umax", "sadd.sat", "uadd.sat", "ssub.sat", "usub.sat", "sshl.sat",
    "ushl.sat", "sadd.with.overflow", "uadd.with.overflow", "ssub.with.overflow", "usub.with.overflow",
    "smul.with.overflow", "umul.with.overflow", "fma", "fmuladd", "sqrt", "sin", "cos", "tan", "asin", "acos",
    "atan", "atan2", "sinh", "cosh", "tanh", "sincos", "sincospi", "modf", "pow", "powi", "exp", "exp2", "exp10",
    "log", "log2", "log10", "fabs", "floor", "ceil", "trunc", "rint", "nearbyint", "round", "roundeven", "lround",
    "llround", "lrint", "llrint", "copysign", "minimum", "maximum", "minimumnum", "maximumnum", "ldexp", "frexp",
    "canonicalize", "is.fpclass", "is.constant", "fptosi.sat", "fptoui.sat", "convert.to.fp16", "convert.from.fp16",
    "expect", "expect.with.probability", "assume", "stacksave", "stackrestore", "ptrmask", "objectsize",
    "experimental.noalias.scope.decl", "donothing", "sideeffect", "arithmetic.fence", "vector.reduce.add",
    "vector.reduce.mul", "vector.reduce.and", "vector.reduce.or", "vector.reduce.xor", "vector.reduce.smax",
    "vector.reduce.smin", "vector.reduce.umax", "vector.reduce.umin", "vector.reduce.fadd", "vector.reduce.fmul",
    "vector.reduce.fmax", "vector.reduce.fmin", "ssa.copy", "load.relative", "scmp", "ucmp",
])
_HINTS = frozenset(("llvm.prefetch", "llvm.dbg.value", "llvm.dbg.declare", "llvm.dbg.label", "llvm.dbg.assign",
                    "llvm.var.annotation", "llvm.pseudoprobe"))

_TYPE_SUFFIX = re.compile(r"(?:nx)?v?\d*(?:p\d+|i\d+|f\d+|bf16)|s_\w+|sl_\w+")


def run(module: Module) -> Module:
    calls = _Calls(module)
    for function in module.defined():
        calls.lower_in(function)
    return module


class _Calls:
    """The calls of one module; each callee is looked up once."""

    def __init__(self, module: Module) -> None:
        self.it = Lowering(module)
        self.known: dict[str, Lower | None] = {}

    def lower_in(self, function: Function) -> None:
        it = self.it
        it.function = function
        it.slots.clear()
        rewrite(it.module, function, self.lower)
        function.blocks[0].instructions[:0] = it.slots

    def lower(self, instruction: Instruction, emit: Emitter) -> object:
        if not isinstance(instruction, Call):
            return None
        callee = instruction.callee
        if not isinstance(callee, Function) or callee.blocks:
            return None
        name = callee.name
        if name not in self.known:
            self.known[name] = _find(name)
        lower = self.known[name]
        if lower is _keep:
            return None
        answer = None if lower is None else lower(self.it, instruction, emit)
        if answer is None:
            place = self.it.contract.places.of(instruction, self.it.function)
            raise CompilerError(f"{place}: the device function '{name}' is not supported")
        return answer


def _keep(it: Lowering, call: Call, emit: Emitter) -> object:
    return None


def _remove(it: Lowering, call: Call, emit: Emitter) -> object:
    return REMOVED


def _find(name: str) -> Lower | None:
    if name.startswith(registers.PREFIX):
        return registers.lower
    if name in ("__nvvm_reflect", "llvm.nvvm.reflect") or name.startswith("llvm.nvvm.reflect."):
        return _reflect
    if name == "cpl_grid_cooperative":
        return registers.cooperative
    if not name.startswith("llvm.") and (is_c_function(name) or name.startswith("cpl_")):
        return _keep
    base = name
    while True:
        if base in _TABLE:
            return _TABLE[base]
        if base in _KEPT:
            return _keep
        if base in _HINTS:
            return _remove
        base, _, suffix = base.rpartition(".")
        if not _TYPE_SUFFIX.fullmatch(suffix):
            return None  # what follows a known name may change its meaning: `.satfinite`


def _reflect(it: Lowering, call: Call, emit: Emitter) -> object:
    """Answers what the program asks about its compilation: flush-to-zero and the architecture."""
    asked = _text(call.arguments[0])
    if asked == "__CUDA_FTZ":
        return number(call.type, module_flag(it.module, "nvvm-reflect-ftz"))
    if asked == "__CUDA_ARCH":
        raise CompilerError("__nvvm_reflect(\"__CUDA_ARCH\") is not supported; use the macro __CUDA_ARCH__")
    return number(call.type, 0)


def _text(value: Value) -> str:
    while isinstance(value, ConstantExpression):
        value = value.operands[0]
    if isinstance(value, GlobalVariable) and isinstance(value.initializer, Literal) \
            and value.initializer.text.startswith("c"):
        return string_bytes(value.initializer.text).rstrip(b"\0").decode("ascii", "replace")
    return ""
