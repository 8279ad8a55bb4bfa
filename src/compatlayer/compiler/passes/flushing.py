"""Flush-to-zero (`-ftz=true`): the processor's own mode, set while a kernel runs.

Why a mode: flushing each operation by itself would cost several instructions each. The mode covers double precision
too, which CUDA leaves alone: numbers below 2.3e-308 become zero in kernels compiled with -ftz=true.
"""

from __future__ import annotations

from collections.abc import Callable

from ..ir.build import Emitter, declare
from ..ir.types import I32, I64, PTR, VOID
from ..ir.values import Module, Value, number
from .facts import module_flag

_FLUSH_X86 = 0x8040  # MXCSR: flush results to zero, take subnormal operands as zero
_DEFAULT_X86 = 0x1F80
_FLUSH_ARM = 1 << 24  # FPCR: FZ


def asked(module: Module) -> bool:
    """Whether the program was compiled to flush subnormal floats."""
    return module_flag(module, "nvvm-reflect-ftz") != 0


def end(module: Module, emit: Emitter) -> None:
    """The default mode again, for a thread that ends in the middle of a kernel: its stack serves other threads."""
    if not asked(module):
        return
    if module.host == "aarch64":
        emit.intrinsic("llvm.aarch64.set.fpcr", VOID, [number(I64, 0)])
        return
    slot = emit.alloca(I32, 4)
    emit.store(number(I32, _DEFAULT_X86), slot, 4)
    emit.call(declare(module, "llvm.x86.sse.ldmxcsr", VOID, [PTR]), [slot])


def begin(module: Module, emit: Emitter) -> Callable[[Emitter], None]:
    """Turns flushing on; what is returned turns it back to what it was."""
    if module.host == "aarch64":
        return _begin_arm(module, emit)
    slot = emit.alloca(I32, 4)
    store = declare(module, "llvm.x86.sse.stmxcsr", VOID, [PTR])
    load = declare(module, "llvm.x86.sse.ldmxcsr", VOID, [PTR])
    emit.call(store, [slot])
    before = emit.load(I32, slot, 4)
    emit.store(emit.binary("or", before, number(I32, _FLUSH_X86)), slot, 4)
    emit.call(load, [slot])

    def restore(after: Emitter) -> None:
        after.store(before, slot, 4)
        after.call(load, [slot])

    return restore


def _begin_arm(module: Module, emit: Emitter) -> Callable[[Emitter], None]:
    before: Value = emit.intrinsic("llvm.aarch64.get.fpcr", I64, [])
    emit.intrinsic("llvm.aarch64.set.fpcr", VOID, [emit.binary("or", before, number(I64, _FLUSH_ARM))])

    def restore(after: Emitter) -> None:
        after.intrinsic("llvm.aarch64.set.fpcr", VOID, [before])

    return restore
