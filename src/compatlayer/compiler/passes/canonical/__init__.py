"""The canonical form: one flat function of scalars with natural loops, which the vector engine schedules.

Why: a gang runs all lanes through one copy of each block. That is only right when every call is in line, every way out
is one block, every value is a scalar and no value leaves a loop but through a phi.
"""

from __future__ import annotations

from collections.abc import Callable

from ...ir.values import Function, Module
from . import allocas, blocks, dead, exits, latches, lcssa, markers, parameters, scalarise, shuffles, switches, ways_out
from . import inline as inlining
from .check import check
from .loops import Loops

__all__ = ["PASSES", "Loops", "check", "run"]

# `blocks` runs twice: the passes before it leave blocks that nothing reaches.
PASSES: tuple[tuple[str, Callable[[Module, Function], None]], ...] = (
    ("inline", inlining.run),
    ("markers", markers.run),
    ("exits", exits.run),
    ("blocks", lambda _, kernel: blocks.run(kernel)),
    ("allocas", allocas.run),
    ("parameters", parameters.run),
    ("scalarise", scalarise.run),
    ("switches", switches.run),
    ("blocks", lambda _, kernel: blocks.run(kernel)),
    ("shuffles", shuffles.run),
    ("dead", lambda _, kernel: dead.run(kernel)),
    ("ways_out", ways_out.run),
    ("latches", lambda _, kernel: latches.run(kernel)),
    ("lcssa", lambda _, kernel: lcssa.run(kernel)),
)


def run(module: Module, kernel: Function, after: Callable[[str], None] | None = None) -> None:
    """Brings `kernel` into canonical form; calls `after(name)` after each pass, for dumps.

    Raises Unsupported; the module is then of no further use."""
    for name, transform in PASSES:
        transform(module, kernel)
        if after is not None:
            after(name)
