"""Every stack slot is made in the first block, once, with a size that is known.

Why: a gang keeps a slot for each of its lanes; one made where only some lanes are, or made again in a loop, would need
a stack per lane.
"""

from __future__ import annotations

from ...ir.flow import back_edges, loop_body, predecessors
from ...ir.instructions import Alloca, Instruction
from ...ir.values import BasicBlock, Function, Literal, Module
from ..unsupported import Unsupported


def run(module: Module, function: Function) -> None:
    found: list[Instruction] = []
    repeated: set[BasicBlock] | None = None
    for block in function.blocks:
        own = [it for it in block.instructions if isinstance(it, Alloca)]
        if not own:
            continue
        if block is not function.blocks[0]:
            if repeated is None:
                repeated = _in_loops(function)
            if block in repeated:
                raise Unsupported("alloca() in a loop")
        block.instructions = [it for it in block.instructions if not isinstance(it, Alloca)]
        for it in own:
            _fix_size(module, it)
        found += own
    function.blocks[0].instructions[:0] = found


def _fix_size(module: Module, it: Alloca) -> None:
    if not it.operands:
        return
    count = it.operands[0]
    if not isinstance(count, Literal) or not count.text.isdigit():
        raise Unsupported("alloca() of a size that is not constant")
    it.allocated = module.types.array(int(count.text), it.allocated)
    it.operands = []


def _in_loops(function: Function) -> set[BasicBlock]:
    """Blocks that may run more than once, and perhaps more."""
    before = predecessors(function)
    found: set[BasicBlock] = set()
    for latch, header in back_edges(function):
        found |= loop_body(latch, header, before)
    return found
