"""Every loop has one block that leads back to its header, by a jump.

Why: the scheduler runs a loop again when the lanes that stay in it have all come to that block.
"""

from __future__ import annotations

from ...ir.flow import predecessors, reverse_postorder
from ...ir.instructions import Phi, Terminator
from ...ir.values import BasicBlock, Function, Value


def run(function: Function) -> None:
    order = reverse_postorder(function)
    rank = {block: at for at, block in enumerate(order)}
    before = predecessors(function)
    added: dict[BasicBlock, list[BasicBlock]] = {}
    for header in order:
        back = [each for each in dict.fromkeys(before[header]) if rank[each] >= rank[header]]
        if len(back) > 1 or (back and len(back[0].successors) > 1):
            last = max(back, key=rank.__getitem__)
            added.setdefault(last, []).append(_merge(header, back))
    if added:
        function.blocks = [each for block in function.blocks for each in (block, *added.get(block, ()))]


def _merge(header: BasicBlock, back: list[BasicBlock]) -> BasicBlock:
    """A new block between `back` and `header`."""
    latch = BasicBlock(None)
    for phi in header.instructions:
        if not isinstance(phi, Phi):
            break
        _redirect(phi, latch, back)
    jump = Terminator("br", [], [header])
    jump.metadata = tuple(each for each in back[-1].terminator.metadata if each[0] in ("dbg", "llvm.loop"))
    latch.instructions.append(jump)
    for block in back:
        terminator = block.terminator
        assert isinstance(terminator, Terminator)
        terminator._targets = [latch if each is header else each for each in terminator._targets]
        terminator.metadata = tuple(each for each in terminator.metadata if each[0] != "llvm.loop")
    return latch


def _redirect(phi: Phi, latch: BasicBlock, back: list[BasicBlock]) -> None:
    """What came from the blocks of `back` comes from `latch`, through a phi there where the values differ."""
    pairs = list(zip(phi.blocks, phi.operands, strict=True))
    arriving: dict[BasicBlock, Value] = {block: value for block, value in pairs if block in back}
    values = list(arriving.values())
    merged: Value = values[0]
    if any(each is not merged for each in values):
        merged = Phi(phi.type, values, list(arriving), phi.flags)
        merged.metadata = phi.metadata
        latch.instructions.append(merged)
    outside = [(block, value) for block, value in pairs if block not in arriving]
    phi.blocks = [*(block for block, _ in outside), latch]
    phi.operands = [*(value for _, value in outside), merged]
