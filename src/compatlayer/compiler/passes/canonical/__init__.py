"""The canonical form: one flat function of scalars with natural loops, which the vector engine schedules.

Why: a gang runs all lanes through one copy of each block. That is only right when every call is in line, every way out
is one block, every value is a scalar and no value leaves a loop but through a phi.
"""

from __future__ import annotations

from ...ir.values import Function, Module
from . import allocas, blocks, dead, exits, latches, lcssa, markers, parameters, scalarise, switches
from . import inline as inlining
from .check import check
from .loops import Loops

__all__ = ["Loops", "check", "run"]


def run(module: Module, kernel: Function) -> None:
    """Brings `kernel` into canonical form. Raises Unsupported; the module is then of no further use."""
    inlining.run(module, kernel)
    markers.run(module, kernel)
    exits.run(module, kernel)
    blocks.run(kernel)
    allocas.run(module, kernel)
    parameters.run(module, kernel)
    scalarise.run(module, kernel)
    switches.run(module, kernel)
    blocks.run(kernel)
    dead.run(kernel)
    latches.run(kernel)
    lcssa.run(kernel)
