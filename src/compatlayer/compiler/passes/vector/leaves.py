"""Blocks that only lead to the return block are the return block.

Why: lanes that reach it are gone. An empty block on the way would keep them pending, and every barrier that the others
come to meanwhile would look divergent.
"""

from __future__ import annotations

from ...ir.flow import predecessors
from ...ir.instructions import Terminator
from ...ir.values import BasicBlock, Function


def shorten(function: Function) -> None:
    """Leads branches to such blocks straight to the return block."""
    exit_ = next((block for block in function.blocks if block.terminator.opcode == "ret"), None)
    if exit_ is None:
        return
    before = predecessors(function)
    pending = list(before[exit_])
    while pending:
        block = pending.pop()
        if len(block.instructions) > 1 or block is function.blocks[0] or block.terminator.targets != [exit_]:
            continue
        for source in dict.fromkeys(before[block]):
            _redirect(source, block, exit_)
            pending.append(source)
        function.blocks.remove(block)


def _redirect(source: BasicBlock, old: BasicBlock, new: BasicBlock) -> None:
    last = source.terminator
    targets = [new if each is old else each for each in last.targets]
    if len(targets) == 2 and targets[0] is targets[1]:
        made = Terminator("br", [], targets[:1])
        made.metadata = last.metadata
        source.instructions[-1] = made
    else:
        last.targets[:] = targets
