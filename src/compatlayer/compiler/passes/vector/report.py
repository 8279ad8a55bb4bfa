"""What the vector engine found of a kernel, as text for people: COMPATLAYER_DUMP=after:shapes.

Why: the speed of a kernel is decided here. A load of stride 4 is one vector, a varying one is 32 loads; a block that
lanes wait elsewhere of runs under a mask, and so does all that follows until they meet.
"""

from __future__ import annotations

from ...ir.debug import Places
from ...ir.instructions import Alloca, Instruction
from ...ir.printer import print_annotated
from ...ir.types import VOID
from ...ir.values import BasicBlock, Function, Module
from ..canonical.loops import Loops
from .schedule import Order
from .shapes import VARYING, Shapes


def text(module: Module, kernel: Function, order: Order, shapes: Shapes, loops: Loops) -> str:
    """The kernel's blocks in the order in which they run, each value with its class and line."""
    return _Report(module, kernel, order, shapes, loops).text()


class _Report:
    def __init__(self, module: Module, kernel: Function, order: Order, shapes: Shapes, loops: Loops) -> None:
        self.kernel, self.order, self.shapes, self.loops = kernel, order, shapes, loops
        self.places = Places(module)

    def text(self) -> str:
        blocks = [*self.order.blocks, *([self.order.exit] if self.order.exit else [])]
        apart = sum(1 for each in self.order.blocks if self.shapes.pending[each])
        head = (f"; {len(self.order.blocks)} blocks; while {apart} of them run, lanes may wait elsewhere\n"
                f"; {len(self.shapes.divergent)} branches part the lanes\n"
                f"; values: {self._counts()}\n")
        return head + print_annotated(self.kernel, blocks, self.above, self.beside) + "\n"

    def _counts(self) -> str:
        found = [self.shape(each) for block in self.order.blocks for each in block.instructions
                 if each.type is not VOID]
        names = ("uniform", "stride", "varying")
        return ", ".join(f"{sum(each.startswith(name) for each in found)} {name}" for name in names)

    def shape(self, it: Instruction) -> str:
        shape = self.shapes.of(it)
        return VARYING if shape == VARYING else f"stride {shape}" if shape else "uniform"

    def above(self, block: BasicBlock) -> str:
        if block is self.order.exit:
            return "the way out: lanes that come here are gone"
        waiting = sorted(self.order.rank[each] for each in self.shapes.pending[block])
        mask = f"lanes may wait at {', '.join(map(str, waiting))}" if waiting else "every live lane is here"
        header = self.loops.innermost(block)
        where = "" if header is None else f"; in the loop of {self.order.rank[header]}"
        return f"rank {self.order.rank[block]}{where}; {mask}"

    def beside(self, it: Instruction) -> str:
        place = self.places.of(it, self.kernel)
        line = f"line {place.line}" if place.line else ""
        if it.type is not VOID:
            found = self.shape(it)
            if isinstance(it, Alloca) and it in self.shapes.locals.element:
                found += ", lanes interleaved"
        elif len(it.targets) > 1 if it.opcode == "br" else False:
            found = "parts the lanes" if it in self._parting() else "one way for all lanes"
        else:
            found = ""
        return ", ".join(each for each in (found, line) if each)

    def _parting(self) -> set[Instruction]:
        return {block.terminator for block in self.shapes.divergent}
