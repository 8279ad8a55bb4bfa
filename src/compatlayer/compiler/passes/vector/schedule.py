"""In which order the blocks of a kernel run, and which lanes may be waiting elsewhere meanwhile.

Blocks have ranks: topological order with every loop contiguous, its header first and its latch last. Lanes that part
at a divergent branch are pending at its targets; the lowest-ranked pending block runs next, so they meet again at the
first block that all of them reach. Blocks that lanes only leave by, and that meet nobody on the way, come as early as
they can, in the loop that they are left from: nobody has to wait for such lanes. `pending[x]` is the set of blocks that
may hold other lanes while x runs; all of them rank above x. Where it is empty, all live lanes of the gang are in x:
control flow there is as in scalar code.
"""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from ...ir.flow import predecessors
from ...ir.instructions import Call, Instruction
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
    found = next((block for block in function.blocks if block.terminator.opcode == "ret"), None)
    ranked = _Ranks(function, loops, found).run()
    if len(ranked) != len(function.blocks):
        raise Unsupported("irreducible control flow")
    blocks = [block for block in ranked if block is not found]
    return Order(blocks, {block: index for index, block in enumerate(blocks)}, found)


def meets_others(it: Instruction) -> bool:
    """Whether an instruction waits for other lanes or threads."""
    return isinstance(it, Call) and it.callee_name in _MEETINGS


_MEETINGS = frozenset(("cpl_barrier", "cpl_barrier_reduce", "cpl_barrier_arrive", "cpl_shuffle",
                       "cpl_shuffle_wide", "cpl_vote",
                       "cpl_match_any", "cpl_match_all", "cpl_redux", "cpl_warp_sync", "cpl_active_mask", "cpl_yield"))


def reach_meetings(function: Function) -> set[BasicBlock]:
    """The blocks from which lanes may come to an operation that waits for others, in the block itself or later."""
    before = predecessors(function)
    found = {block for block in function.blocks if any(map(meets_others, block.instructions))}
    work = list(found)
    while work:
        for block in before[work.pop()]:
            if block not in found:
                found.add(block)
                work.append(block)
    return found


def surely_meet(function: Function, meeting: Set[BasicBlock]) -> set[BasicBlock]:
    """The blocks of `meeting` (see above) from which no way leads out of the kernel past all such operations."""
    before = predecessors(function)
    work = [block for block in function.blocks if block.terminator.opcode == "ret"]
    past = set(work)
    while work:
        for block in before[work.pop()]:
            if block not in past and not any(map(meets_others, block.instructions)):
                past.add(block)
                work.append(block)
    return set(meeting - past)


class _Ranks:
    """Sorts one function."""

    def __init__(self, function: Function, loops: Loops, exit_: BasicBlock | None) -> None:
        self.loops, self.exit = loops, exit_
        self.before = predecessors(function)
        self.position = {block: index for index, block in enumerate(function.blocks)}
        self.meets = reach_meetings(function)
        self.blocks = function.blocks
        self.home: dict[BasicBlock, BasicBlock | None] = {block: loops.innermost(block) for block in function.blocks}
        self._place_ways_out()
        self.members: dict[BasicBlock | None, list[BasicBlock]] = {}
        for block in function.blocks:  # a header stands for its loop in the loop around it
            if block in loops.headers:
                self.members.setdefault(loops.parent(block), []).append(block)
            self.members.setdefault(self.home[block], []).append(block)
        self.out: list[BasicBlock] = []

    def run(self) -> list[BasicBlock]:
        self._rank(None)
        return self.out

    def _place_ways_out(self) -> None:
        """Blocks that only lead out belong to the loop that all their predecessors are in."""
        out = {self.exit}
        for block in reversed(self.loops.order):
            if block is not self.exit and block not in self.meets and self.home[block] is None \
                    and all(target in out for target in block.successors):
                out.add(block)
        for block in self.loops.order:
            if block in out and block is not self.exit:
                homes = {self.home[each] for each in self.before[block]}
                if len(homes) == 1:
                    self.home[block] = homes.pop()

    def _key(self, block: BasicBlock) -> tuple[bool, int]:
        """The greatest comes first."""
        return block not in self.meets, -self.position[block]

    def _rank(self, header: BasicBlock | None) -> None:
        """Appends the blocks of one loop (None: the whole function) in topological order."""
        nodes = self.members.get(header, [])
        represented = self._representatives(header, nodes)
        latch = self.loops.latch(header) if header is not None else None
        waits = {node: 0 for node in nodes}
        leads: dict[BasicBlock, list[BasicBlock]] = {node: [] for node in nodes}
        for block, node in represented.items():
            for target in block.successors:
                to = represented.get(target)
                if to is not None and to is not node and to is not header:
                    waits[to] += 1
                    leads[node].append(to)
        # A stack of what can come next keeps the arms of a branch together.
        ready = sorted((node for node in nodes if waits[node] == 0), key=self._key)
        last: BasicBlock | None = None
        while ready:
            node = ready.pop()
            if node is latch and ready:  # everything else of the loop comes before its latch
                last = node
                continue
            if node is header or node not in self.members:
                self.out.append(node)
            else:
                self._rank(node)
            after = []
            for target in leads[node]:
                waits[target] -= 1
                if waits[target] == 0:
                    after.append(target)
            ready.extend(sorted(after, key=self._key))
        if last is not None:
            self.out.append(last)

    def _representatives(self, header: BasicBlock | None, nodes: list[BasicBlock]) -> dict[BasicBlock, BasicBlock]:
        """Every block of the loop, with the node that stands for it: itself, or the header of an inner loop."""
        found: dict[BasicBlock, BasicBlock] = {}
        work = [(node, node) for node in nodes]
        while work:
            block, node = work.pop()
            found[block] = node
            if block is not header and block in self.members:
                work.extend((each, node) for each in self.members[block] if each is not block)
        return found


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
