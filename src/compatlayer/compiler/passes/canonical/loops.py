"""The natural loops of a function, each known by its header."""

from __future__ import annotations

from ...ir.flow import immediate_dominators, predecessors, reverse_postorder
from ...ir.values import BasicBlock, Function
from ..unsupported import Unsupported


class Loops:
    """Facts of one function, as it is now. Loops that share a header are one loop.

    `order` is the reverse post-order, `rank` a block's place in it, `before` the predecessors, `dominators` the
    immediate dominators. Raises Unsupported when a cycle can be entered at two blocks.
    """

    def __init__(self, function: Function) -> None:
        self.order = reverse_postorder(function)
        self.rank = {block: at for at, block in enumerate(self.order)}
        self.before = predecessors(function)
        self.dominators = immediate_dominators(function)
        self._latches = self._find_latches()
        self.headers = [block for block in self.order if block in self._latches]
        self._innermost: dict[BasicBlock, BasicBlock] = {}
        self._parents: dict[BasicBlock, BasicBlock] = {}
        self._bodies: dict[BasicBlock, set[BasicBlock]] = {header: set() for header in self.headers}
        self._depths: dict[BasicBlock, int] = {}
        for header in reversed(self.headers):  # inner loops come later in the order
            self._collect(header)
        for block, header in self._innermost.items():
            self._bodies[header].add(block)
        for header in reversed(self.headers):
            parent = self._parents.get(header)
            if parent is not None:
                self._bodies[parent] |= self._bodies[header]
        for header in self.headers:
            parent = self._parents.get(header)
            self._depths[header] = 1 if parent is None else self._depths[parent] + 1

    def body(self, header: BasicBlock) -> set[BasicBlock]:
        """The loop's blocks, those of inner loops too."""
        return self._bodies[header]

    def parent(self, header: BasicBlock) -> BasicBlock | None:
        """The header of the loop around it."""
        return self._parents.get(header)

    def latch(self, header: BasicBlock) -> BasicBlock:
        """The block that leads back to the header; canonical form has one."""
        return self._latches[header][0]

    def latches(self, header: BasicBlock) -> list[BasicBlock]:
        return self._latches[header]

    def innermost(self, block: BasicBlock) -> BasicBlock | None:
        """The header of the innermost loop that holds `block`."""
        return self._innermost.get(block)

    def depth(self, block: BasicBlock) -> int:
        """How many loops hold `block`."""
        header = self._innermost.get(block)
        return 0 if header is None else self._depths[header]

    # ---- how they are found -----------------------------------------------------------------
    def _find_latches(self) -> dict[BasicBlock, list[BasicBlock]]:
        found: dict[BasicBlock, list[BasicBlock]] = {}
        rank = self.rank
        for block in self.order:
            place = rank[block]
            latches = [each for each in dict.fromkeys(self.before[block]) if rank[each] >= place]
            if latches:
                found[block] = latches
                for latch in latches:
                    if not self._dominates(block, latch):
                        raise Unsupported("a loop that can be entered at two places")
        return found

    def _dominates(self, header: BasicBlock, block: BasicBlock) -> bool:
        rank, dominators = self.rank, self.dominators
        while rank[block] > rank[header]:
            block = dominators[block]
        return block is header

    def _collect(self, header: BasicBlock) -> None:
        """Walks back from the latches; a loop already found counts as its header."""
        pending = list(self._latches[header])
        self._innermost.setdefault(header, header)
        while pending:
            block = self._outermost(pending.pop())
            if block is header:
                continue
            if block in self._latches:
                self._parents[block] = header
            else:
                self._innermost[block] = header
            latches = self._latches.get(block, ())
            pending += [each for each in self.before[block] if each not in latches]

    def _outermost(self, block: BasicBlock) -> BasicBlock:
        """The header of the outermost loop found so far around `block`; `block` itself when there is none."""
        found = self._innermost.get(block)
        if found is None:
            return block
        while (parent := self._parents.get(found)) is not None:
            found = parent
        return found
