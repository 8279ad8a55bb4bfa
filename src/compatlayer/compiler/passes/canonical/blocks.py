"""Edges between blocks: those that can never be taken go, and blocks that always run together become one.

Why: every block costs the vector engine a mask and a place in the schedule, and an edge that nothing takes can make a
uniform value look divergent.
"""

from __future__ import annotations

from ...ir.build import replace
from ...ir.flow import predecessors, reverse_postorder
from ...ir.instructions import Instruction, Phi, Terminator
from ...ir.values import BasicBlock, Function, Literal, Value


def remove_edge(before: BasicBlock, target: BasicBlock) -> None:
    """`before` does not lead to `target` any more: its phis take nothing from there."""
    for phi in target.instructions:
        if not isinstance(phi, Phi):
            break
        while before in phi.blocks:
            at = phi.blocks.index(before)
            del phi.blocks[at], phi.operands[at]


def jump(block: BasicBlock, target: BasicBlock) -> None:
    """Ends `block` in a jump to `target`, with the place of the terminator it had."""
    old = block.instructions[-1]
    new = Terminator("br", [], [target])
    new.metadata = tuple(each for each in old.metadata if each[0] == "dbg")
    block.instructions[-1] = new


def run(function: Function) -> None:
    """Folds known branches, drops blocks that nothing reaches and joins straight lines."""
    for block in function.blocks:
        _fold(block)
    _drop_unreached(function)
    before = predecessors(function)
    _single_phis(function, before)
    _join(function, before)


def _fold(block: BasicBlock) -> None:
    """A branch on a constant, or to the same block either way, is a jump."""
    last = block.terminator
    if last.opcode != "br" or not last.operands:
        return
    yes, no = last.targets
    condition = last.operands[0]
    if yes is no:
        _take_once(block, yes)
        jump(block, yes)
    elif isinstance(condition, Literal) and condition.text in ("true", "false"):
        taken, other = (yes, no) if condition.text == "true" else (no, yes)
        remove_edge(block, other)
        jump(block, taken)


def _take_once(block: BasicBlock, target: BasicBlock) -> None:
    """Leaves one entry for `block` in the phis of `target`; LLVM demands that all of them are equal."""
    for phi in target.instructions:
        if not isinstance(phi, Phi):
            break
        while phi.blocks.count(block) > 1:
            at = phi.blocks.index(block)
            del phi.blocks[at], phi.operands[at]


def _drop_unreached(function: Function) -> None:
    order = reverse_postorder(function)
    if len(order) == len(function.blocks):
        return
    reached = set(order)
    for block in function.blocks:
        if block not in reached:
            for target in block.successors:
                if target in reached:
                    remove_edge(block, target)
    function.blocks = [block for block in function.blocks if block in reached]


def _single_phis(function: Function, before: dict[BasicBlock, list[BasicBlock]]) -> None:
    """A phi of one incoming value is that value; loop-closed SSA makes its own later."""
    replaced: dict[Value, Value] = {}
    for block in function.blocks:
        if len(before[block]) != 1:
            continue
        at = 0
        instructions = block.instructions
        while isinstance(instructions[at], Phi):
            replaced[instructions[at]] = instructions[at].operands[0]
            at += 1
        del instructions[:at]
    if replaced:
        replace(function, replaced)


def _join(function: Function, before: dict[BasicBlock, list[BasicBlock]]) -> None:
    """A block that one jump alone leads to becomes the end of the one before it. The block that returns stays alone."""
    gone: set[BasicBlock] = set()
    for block in function.blocks:
        if block in gone:
            continue
        merged: list[Instruction] = block.instructions
        last = block
        while True:
            targets = merged[-1].targets
            if len(targets) != 1 or targets[0] is block:
                break
            target = targets[0]
            if len(before[target]) != 1 or target.instructions[-1].opcode == "ret":
                break
            merged.pop()
            merged += target.instructions
            gone.add(target)
            last = target
        if last is not block:
            for target in dict.fromkeys(merged[-1].targets):
                for phi in target.instructions:
                    if not isinstance(phi, Phi):
                        break
                    phi.blocks = [block if each is last else each for each in phi.blocks]
    if gone:
        function.blocks = [block for block in function.blocks if block not in gone]
