"""The vector engine: a kernel's threads become the lanes of vectors.

`run` turns a kernel in canonical form (passes/canonical) into code that runs its gangs; what a gang is, is in lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...ir.values import Function, Module
from ..canonical.loops import Loops
from . import groups, leaves, report
from .access import read_elsewhere
from .body import Body
from .finish import finish
from .lanes import Lanes, described
from .local import Locals
from .rounds import plan
from .schedule import order
from .shapes import Shapes
from .widen import widen

_GANGS, _BLOCK, _RANGE = 1, 2, 8
REPORTS = ("shapes",)  # what `run` shows for people; it is no IR

__all__ = ["REPORTS", "Facts", "described", "run"]


class Facts(NamedTuple):
    """What the runtime must know of the code."""

    flags: int  # CPL_KERNEL_GANGS or CPL_KERNEL_BLOCK, with _RANGE, of include/compatlayer/runtime.h
    stack_bytes: int  # of a gang's stack, beside the limit of one thread


def run(module: Module, kernel: Function, width: int, shape: int,
        show: Callable[[str, Callable[[], str]], None] | None = None) -> Facts:
    """Replaces the kernel's body by its gangs' for blocks of the class `shape`, `width` threads at a time.

    `show(name, text)` is offered the report on what was found, for dumps.
    Raises Unsupported for kernels that only the naive engine runs.
    """
    lanes = Lanes(width, shape)
    leaves.shorten(kernel)
    loops = Loops(kernel)
    order_ = order(kernel, loops)
    locals_ = Locals(kernel, width)
    shapes = Shapes(kernel, order_, lanes, locals_)
    if show is not None:
        show("shapes", lambda: report.text(module, kernel, order_, shapes, loops))
    body = Body(module, kernel, order_, shapes, lanes, locals_, loops)
    body.groups = groups.find(body)
    read = read_elsewhere(body)
    for values in read.values():
        body.outside |= values
    body.rounds = plan(body, read)
    body.run(widen, finish)
    kernel.attributes = (*kernel.attributes, '"prefer-vector-width"="512"', '"min-legal-vector-width"="512"')
    in_turns = body.rounds is not None and body.rounds.blocks > 1
    flags = _GANGS if body.waits else _BLOCK | _RANGE if in_turns else _BLOCK
    return Facts(flags, body.stack_bytes())
