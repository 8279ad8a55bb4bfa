"""Atomics lose their CUDA scope and keep their order.

Why: scopes name sets of threads that the host does not tell apart; without a scope an operation is atomic
among all of them. Operations that x86 lacks are made by the back end with a compare-and-swap loop.
"""

from __future__ import annotations

from ..ir.instructions import AtomicUpdate, CompareExchange, Fence, MemoryAccess
from ..ir.values import Module


def run(module: Module) -> Module:
    for function in module.defined():
        for instruction in function.instructions():
            if isinstance(instruction, (AtomicUpdate, CompareExchange, Fence, MemoryAccess)):
                instruction.scope = ""
    return module
