"""In which order the blocks of a kernel run, and which lanes may be waiting elsewhere meanwhile.

Blocks have ranks: topological order with every loop contiguous, its header first and its latch last. Lanes that part
at a divergent branch are pending at its targets; the lowest-ranked pending block runs next, so they meet again at the
first block that all of them reach. `pending[x]` is the set of blocks that may hold other lanes while x runs; all of
them rank above x. Where it is empty, all live lanes of the gang are in x: control flow there is as in scalar code.
"""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from ...ir.flow import predecessors
from ...ir.values import BasicBlock, Function
from ..canonical.loops import Loops
from ..unsupported import Unsupported


class Order(NamedTuple):
    """The blocks in rank order (the return block is not among them: lanes that reach it are gone)."""

    blocks: list[BasicBlock]
    rank: dict[BasicBlock, int]
    exit: BasicBlock | None


def order(function: Function, loops: Loops) -> Order:
    """The ranks of a function in canonical form."""
    before = predecessors(function)
    position = {block: index for index, block in enumerate(function.blocks)}
    members: dict[BasicBlock | None, list[BasicBlock]] = {}
    for block in function.blocks:  # a header stands for its loop in the loop around it
        if block in loops.headers:
            members.setdefault(loops.parent(block), []).append(block)
            members.setdefault(block, []).append(block)
        else:
            members.setdefault(loops.innermost(block), []).append(block)
    ranked: list[BasicBlock] = []
    _rank_loop(None, members, loops, before, position, ranked)
    if len(ranked) != len(function.blocks):
        raise Unsupported("irreducible control flow")
    found = next((block for block in ranked if block.terminator.opcode == "ret"), None)
    blocks = [block for block in ranked if block is not found]
    return Order(blocks, {block: index for index, block in enumerate(blocks)}, found)


def _rank_loop(header: BasicBlock | None, members: dict[BasicBlock | None, list[BasicBlock]], loops: Loops,
               before: dict[BasicBlock, list[BasicBlock]], position: dict[BasicBlock, int],
               out: list[BasicBlock]) -> None:
    """Appends the blocks of one loop (None: the whole function) in topological order."""
    nodes = members.get(header, [])
    represented: dict[BasicBlock, BasicBlock] = {}
    for node in nodes:
        if node is not header and node in loops.headers:
            for block in loops.body(node):
                represented[block] = node
        else:
            represented[node] = node
    latch = loops.latch(header) if header is not None else None
    waits = {node: 0 for node in nodes}
    leads: dict[BasicBlock, list[BasicBlock]] = {node: [] for node in nodes}
    for node in nodes:
        if node is header:
            continue
        for block in before[node]:
            source = represented.get(block)
            if source is not None and source is not node:
                waits[node] += 1
                leads[source].append(node)
    # A stack of what can come next keeps the arms of a branch together; source order breaks ties.
    ready = sorted((node for node in nodes if waits[node] == 0), key=position.__getitem__, reverse=True)
    last: BasicBlock | None = None
    while ready:
        node = ready.pop()
        if node is latch and ready:  # everything else of the loop comes before its latch
            last = node
            continue
        if node is header or node not in loops.headers:
            out.append(node)
        else:
            _rank_loop(node, members, loops, before, position, out)
        after = []
        for target in leads[node]:
            waits[target] -= 1
            if waits[target] == 0:
                after.append(target)
        ready.extend(sorted(after, key=position.__getitem__, reverse=True))
    if last is not None:
        out.append(last)


def pending_sets(order_: Order, divergent: Set[BasicBlock]) -> dict[BasicBlock, set[BasicBlock]]:
    """pending[x] for every block, when the branches at the end of `divergent` part the lanes."""
    rank, exit_ = order_.rank, order_.exit
    pending: dict[BasicBlock, set[BasicBlock]] = {block: set() for block in order_.blocks}
    work = [order_.blocks[0]]
    queued = set(work)
    reached: set[BasicBlock] = set()
    while work:
        block = work.pop()
        queued.discard(block)
        reached.add(block)
        targets = [target for target in block.successors if target is not exit_]
        groups = [targets] if block in divergent or not targets else [[target] for target in targets]
        for group in groups:
            waiting = sorted(pending[block].union(group), key=rank.__getitem__)
            for index, target in enumerate(waiting):
                later = waiting[index + 1:]
                known = pending[target]
                if target not in reached or not known.issuperset(later):
                    known.update(later)
                    if target not in queued:
                        queued.add(target)
                        work.append(target)
    return pending
