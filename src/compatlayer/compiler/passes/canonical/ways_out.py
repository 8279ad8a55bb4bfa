"""Ways out of a waiting loop of their own.

Why: a kernel that inserts into a hash table leaves its probing loop by the block that stores the value, and so does the
first probe, which the optimiser has put before the loop. Lanes that come from there would wait in that block for the
loop's, and the engine could not tell that the loop's need not wait for what they do. With a copy for those that leave
the loop, each lane goes its way out at once. Where lanes meet, at barriers and operations of the warp, they stay
together.
"""

from __future__ import annotations

from ...ir.flow import predecessors, users
from ...ir.instructions import Call, Instruction, Phi, Terminator
from ...ir.values import BasicBlock, Function, Module, Value
from .clones import copy, remap
from .loops import Loops

_LIMIT = 64  # instructions
_MEETINGS = ("cpl_barrier", "cpl_shuffle", "cpl_vote", "cpl_match", "cpl_redux", "cpl_warp_sync", "cpl_active_mask")


def run(module: Module, kernel: Function) -> None:
    if "cpl_yield" not in module.symbols:
        return
    loops = Loops(kernel)
    waiting = {loops.innermost(block) for block in kernel.blocks if _yields(block)} - {None}
    if not waiting:
        return
    uses = users(kernel)
    before = predecessors(kernel)
    for block in list(kernel.blocks):
        for header in waiting:
            inside = [each for each in before[block] if loops.innermost(each) is header]
            if inside and len(inside) < len(before[block]) and loops.innermost(block) is not header \
                    and _may_be_copied(block, uses):
                _copy_for(kernel, block, inside)
                before = predecessors(kernel)
                uses = users(kernel)


def _yields(block: BasicBlock) -> bool:
    return any(isinstance(it, Call) and it.callee_name == "cpl_yield" for it in block.instructions)


def _may_be_copied(block: BasicBlock, uses: dict[Value, list[Value]]) -> bool:
    """Whether it is short, writes something, is no place where lanes meet, leads out of the kernel by empty blocks,
    and keeps its values."""
    if len(block.instructions) > _LIMIT or len(block.successors) != 1 or not _acts(block):
        return False
    if not _leads_out(block.successors[0]) or any(isinstance(it, Call) and it.callee_name.startswith(_MEETINGS)
                                                  for it in block.instructions):
        return False
    own = set(block.instructions)
    return all(user in own for it in block.instructions for user in uses.get(it, ()))


def _acts(block: BasicBlock) -> bool:
    return any(not isinstance(it, (Phi, Terminator)) for it in block.instructions)


def _leads_out(block: BasicBlock) -> bool:
    while len(block.instructions) == 1:
        if block.terminator.opcode == "ret":
            return True
        if len(block.successors) != 1:
            return False
        block = block.successors[0]
    return False


def _copy_for(kernel: Function, block: BasicBlock, sources: list[BasicBlock]) -> None:
    """Leads `sources` to a copy of `block`."""
    values: dict[Value, Value] = {}
    new = BasicBlock(None)
    blocks = {each: each for each in kernel.blocks} | {block: new}
    for it in block.instructions:
        made: Instruction = copy(it)
        values[it] = made
        new.instructions.append(made)
    for made in new.instructions:
        remap(made, values, blocks)
    for it in new.instructions:
        if isinstance(it, Phi):
            pairs = [(value, each) for value, each in zip(it.operands, it.blocks, strict=True) if each in sources]
            it.operands, it.blocks = [value for value, _ in pairs], [each for _, each in pairs]
    for it in block.instructions:
        if isinstance(it, Phi):
            pairs = [(value, each) for value, each in zip(it.operands, it.blocks, strict=True) if each not in sources]
            it.operands, it.blocks = [value for value, _ in pairs], [each for _, each in pairs]
    for source in sources:
        last = source.terminator
        assert isinstance(last, Terminator)
        last._targets = [new if target is block else target for target in last.targets]
    kernel.blocks.insert(kernel.blocks.index(block), new)
