"""The body of a kernel for a gang: one node for each block, and the edges between them.

Lanes that go to a block set its mask; a chain of tests picks the next block (see schedule). Around the nodes lies the
loop over the gangs of the call; where the kernel has barriers, that loop runs in rounds (see rounds).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ....errors import CompilerError
from ...ir.build import Emitter
from ...ir.instructions import Alloca, Instruction, Phi, Terminator
from ...ir.types import I32
from ...ir.values import BasicBlock, Function, Module, Value, number
from ..canonical.loops import Loops
from ..contract import FIELDS, rolled_loop
from .gang import Gang, Mask
from .lanes import Lanes
from .local import Locals
from .schedule import Order, surely_meet
from .shapes import Shapes

Widen = Callable[[Gang, Instruction], None]
Choice = Callable[["Body", BasicBlock], bool]


class Body(Gang):
    """Replaces a kernel's body."""

    def __init__(self, module: Module, function: Function, order: Order, shapes: Shapes, lanes: Lanes,
                 locals_: Locals, loops: Loops) -> None:
        super().__init__(module, function, order, shapes, lanes, locals_, loops)
        self._nodes = {block: BasicBlock(f"n{rank}.{block.name or ''}") for block, rank in order.rank.items()}
        self._masks: dict[BasicBlock, Instruction] = {}
        self._chains: dict[tuple[tuple[BasicBlock, ...], bool], BasicBlock] = {}
        self._pending_chains: list[tuple[BasicBlock, tuple[BasicBlock, ...], bool]] = []
        self._leaves_apart = self._lanes_leave_apart()

    def _lanes_leave_apart(self) -> bool:
        """Whether lanes can leave while others of the gang stay."""
        exit_ = self.order.exit
        return any(exit_ in block.successors and (block in self.shapes.divergent or self.shapes.pending[block])
                   for block in self.order.blocks)

    def _mask_slot(self, block: BasicBlock) -> Instruction:
        found = self._masks.get(block)
        if found is None:
            found = self._masks[block] = self.slots.alloca(self.mask_type)
        return found

    def run(self, widen: Widen, finish: Choice | None = None) -> None:
        """Replaces the function's body by the loop over its gangs. `finish` may take over a block, or a loop whose
        header it is, and answers whether vector code for it is needed too."""
        self._begin()
        for block in self.order.blocks:
            if block not in self.taken:
                self._node(block, widen, finish if block in self.loops.headers else None)
            while self._pending_chains:
                self._emit_chain(*self._pending_chains.pop())
        self._finish()
        for value in self._slots:
            if value not in self._stored:  # the optimiser would make anything of it
                raise CompilerError(f"a value of '{self.function.name}' is read and never written: {value!r}")
        self.function.blocks = self.blocks

    def _begin(self) -> None:
        self.blocks += [self.head, self.start]
        head = self.slots
        first_at = head.offset(self.thread, FIELDS["first"])
        self.begin = head.load(I32, first_at, 4)
        self._to = head.load(I32, head.offset(self.thread, FIELDS["end"]), 4)
        self._count = head.load(I32, head.offset(self.thread, FIELDS["blocks"]), 4)
        self._left, self.gangs_before = Phi(I32, [], []), Phi(I32, [], [])
        for phi in (self._left, self.gangs_before, *self.place.values()):
            self.starts.put(phi)
        for name, phi in self.place.items():  # a fault report names the block and the gang by these stores
            self.starts.store(phi, self.starts.offset(self.thread, FIELDS[name]), 4)
        self.open(self.loop)
        self.emit.put(self.first)
        self.emit.store(self.first, first_at, 4)
        self._fresh = BasicBlock("gang.fresh")
        if self.rounds is not None:
            self.rounds.begin(self._fresh)
        self.open(self._fresh)
        if not self.lanes.full:
            left = self.emit.binary("sub", self._to, self.first)
            self.live_slot = self.slots.alloca(self.mask_type)
            self.emit.store(self.emit.compare("ult", self.iota(I32), self.broadcast(left)), self.live_slot)
        elif self._leaves_apart:
            self.live_slot = self.slots.alloca(self.mask_type)
            self.emit.store(self.all(), self.live_slot)
        self.jump(self._nodes[self.order.blocks[0]])

    def _finish(self) -> None:
        """The end of the head and of the gang's start, and the ways to the next gang and to the next block."""
        each_gang = Emitter(self.module, self.loop.instructions)
        for slot in self._masks.values():
            each_gang.store(self.none(), slot)
        self.emit.metadata = ()
        before, after, over = self.start, BasicBlock("block.over"), BasicBlock("over")
        end, first, last, ended = after, self.start, over, BasicBlock("blocks.over")
        if self.rounds is None:
            each_gang.put(Terminator("br", [], [self._fresh]))
        elif self.rounds.blocks == 1:
            before, end = self.rounds.finish(each_gang, self.loop, after)
            self.rounds.restart(self.starts, None)
        else:
            first, last = self.rounds.finish(each_gang, self.start, ended)
        self.open(self.done)
        following = self.emit.binary("add", self.first, number(I32, self.width))
        self.row.finish(self.slots, self.emit, before)
        self.branch(self.emit.compare("ult", following, self._to), self.loop, end)
        self.blocks[-1].terminator.metadata += (rolled_loop(self.module),)
        self.first.operands[:] = [self.begin, following]
        self.first.blocks[:] = [before, self.done]
        self.starts.put(Terminator("br", [], [self.loop if before is self.start else before]))
        head = self.slots
        entering = [self._count, *(head.load(I32, head.offset(self.thread, FIELDS[name]), 4) for name in self.place)]
        if first is self.start:
            self._next_block(after, self.head, entering, over)
        else:
            first = self._batches(entering, first, after, last, ended, over)
        head.put(Terminator("br", [], [first]))
        self.open(over)
        self.emit.store(number(I32, 0), self.emit.offset(self.thread, FIELDS["blocks"]), 4)
        self.emit.ret()

    def _batches(self, entering: Sequence[Value], first: BasicBlock, after: BasicBlock, last: BasicBlock,
                 ended: BasicBlock, over: BasicBlock) -> BasicBlock:
        """Rounds through as many blocks at a time as there is room for; answers where that begins."""
        assert self.rounds is not None
        head, emit, batch = self.slots, self.emit, BasicBlock("blocks")
        slots = [head.alloca(I32) for _ in entering]
        for slot, value in zip(slots, entering, strict=True):
            head.store(value, slot)
        per_block = self._gangs_of_block()
        self.open(batch)
        left, *place = [emit.load(I32, slot) for slot in slots]
        most = number(I32, self.rounds.blocks)
        count = emit.select(emit.compare("ult", left, most), left, most)
        self.rounds.restart(emit, emit.binary("mul", count, per_block))
        self.jump(first)
        following = self._next_block(after, first, [count, *place], last)
        self.open(ended)
        rest = emit.binary("sub", left, count)
        for slot, value in zip(slots, [rest, *following], strict=True):
            emit.store(value, slot)
        self.branch(emit.compare("ne", rest, number(I32, 0)), batch, over)
        return batch

    def _gangs_of_block(self) -> Value:
        head = self.slots
        threads = head.binary("sub", self._to, self.begin)
        return head.binary("lshr", head.binary("add", threads, number(I32, self.width - 1)),
                           number(I32, self.width.bit_length() - 1))

    def _next_block(self, after: BasicBlock, before: BasicBlock, entering: Sequence[Value],
                    over: BasicBlock) -> list[Value]:
        """blockIdx counts on through the grid, x first, in `after`; answers the next block's. The first one comes from
        `before`, with how many there are and its blockIdx."""
        self.open(after)
        head, emit, one, zero = self.slots, self.emit, number(I32, 1), number(I32, 0)
        sizes = [head.load(I32, head.offset(self.thread, FIELDS[f"grid_size.{axis}"]), 4) for axis in "xy"]
        x, y, z = self.place.values()
        x_on = emit.binary("add", x, one)
        x_over = emit.compare("eq", x_on, sizes[0])
        y_on = emit.binary("add", y, emit.cast("zext", x_over, I32))
        y_over = emit.compare("eq", y_on, sizes[1])
        nexts = [emit.select(x_over, zero, x_on), emit.select(y_over, zero, y_on),
                 emit.binary("add", z, emit.cast("zext", y_over, I32))]
        left = emit.binary("sub", self._left, one)
        gangs = emit.binary("add", self.gangs_before, self._gangs_of_block())
        for phi, value, next_ in zip((self._left, x, y, z, self.gangs_before), [*entering, zero],
                                     [left, *nexts, gangs], strict=True):
            phi.operands[:] = [value, next_]
            phi.blocks[:] = [before, after]
        self.branch(emit.compare("ne", left, zero), self.start, over)
        self.blocks[-1].terminator.metadata += (rolled_loop(self.module),)
        return nexts

    def _node(self, block: BasicBlock, widen: Widen, finish: Choice | None) -> None:
        self.block = block
        self.forget()
        self.emit.metadata = ()
        self.open(self._nodes[block])
        if self.alone():
            self.mask = self.live()
        else:
            slot = self._mask_slot(block)
            self.mask = self.emit.load(self.mask_type, slot)
            self.emit.store(self.none(), slot)
        if finish is not None and not finish(self, block):
            return
        for it in block.instructions[:-1]:
            if not isinstance(it, (Phi, Alloca)):
                self.emit.metadata = tuple(each for each in it.metadata if each[0] == "dbg")
                widen(self, it)
        last = block.terminator
        self.emit.metadata = tuple(each for each in last.metadata if each[0] == "dbg")
        self._leave(block, last)

    def _leave(self, block: BasicBlock, last: Instruction) -> None:
        pending = self.shapes.pending[block]
        if last.opcode == "unreachable":  # the call before it does not return
            self.emit.put(Terminator("unreachable", [], []))
            return
        targets = last.targets
        if self.rounds is not None and last in self.rounds.stops:
            self.rounds.stop(last, None)
        if len(targets) == 1:
            self._edge(block, targets[0], self.mask)
            self.go(pending, targets)
        elif block not in self.shapes.divergent:
            arms = [BasicBlock(None), BasicBlock(None)]
            self.branch(self.scalar(last.operands[0]), *arms)
            for arm, target in zip(arms, targets, strict=True):
                self.open(arm)
                self.arm(lambda target=target: self._edge(block, target, self.mask))  # type: ignore[misc]
                self.go(pending, [target])
        else:
            condition = self.vector(last.operands[0])
            masks = [self.both(self.mask, condition), self.both(self.mask, self.invert(condition))]
            for target, mask in zip(targets, masks, strict=True):
                self._edge(block, target, mask)
            self.go(pending, targets)

    def _edge(self, block: BasicBlock, target: BasicBlock, mask: Mask) -> None:
        """Lanes of `mask` go from `block` to `target`, with what its phis take."""
        if target is self.order.exit:
            self.leave(mask)
            return
        values = {}
        for it in target.instructions:  # all are read before one is written: a phi may take another one's old value
            if not isinstance(it, Phi):
                break
            incoming = it.operands[it.blocks.index(block)]
            values[it] = self.scalar(incoming) if self.shapes.is_scalar(it) else self.vector(incoming)
        self.arrive(block, target, mask, values)

    def arrive(self, block: BasicBlock, target: BasicBlock, mask: Mask, values: Mapping[Phi, Value]) -> None:
        """Lanes of `mask` become pending at `target`, where others may be already, and bring values for its phis."""
        waiting = target in self.shapes.pending[block]
        if self.shapes.pending[target]:
            slot = self._mask_slot(target)
            given: Value = self.all() if mask is None else mask
            if waiting:
                given = self.emit.binary("or", given, self.emit.load(self.mask_type, slot))
            self.emit.store(given, slot)
        for phi, value in values.items():
            slot = self.slot(phi)
            if waiting and not self.shapes.is_scalar(phi):
                old = self.emit.load(value.type, slot)
                value = self.emit.select(self.all() if mask is None else mask, value, old)
            self.emit.store(value, slot)
            self._stored.add(phi)

    def to_come(self) -> Value:
        """Bits of the lanes that wait elsewhere and are to meet others from there. Who may leave the kernel instead
        does not count: a return from within a loop often leads through a block that others go on from."""
        pending = self.shapes.pending[self.block]
        meeting = surely_meet(self.function, self.meeting)

        def bits(blocks: Iterable[BasicBlock]) -> Value:
            found: Value = number(self.bits_type, 0)
            for each in sorted(blocks, key=self.order.rank.__getitem__):
                found = self.emit.binary("or", found, self.bits(self.emit.load(self.mask_type, self._mask_slot(each))))
            return found

        last = max(pending, key=self.order.rank.__getitem__)
        if self.shapes.pending[last] or last not in meeting:
            return bits(pending & meeting)
        others = self.emit.binary("or", self.bits(self.mask), bits(pending - {last}))  # the last one has no mask
        staying = self.emit.binary("and", self.bits(self.live()), self.emit.binary(
            "xor", others, number(self.bits_type, -1)))
        return self.emit.binary("or", staying, bits(pending & meeting - {last}))

    def leave(self, mask: Mask) -> None:
        """Lanes of `mask` are gone."""
        if self._leaves_apart:
            assert self.live_slot is not None
            rest = self.none() if mask is None else self.emit.select(
                mask, self.none(), self.emit.load(self.mask_type, self.live_slot))
            self.emit.store(rest, self.live_slot)

    def go(self, pending: set[BasicBlock], targets: list[BasicBlock]) -> None:
        """To the lowest-ranked block that holds lanes."""
        exit_ = self.order.exit
        left = [target for target in targets if target is not exit_]
        waiting = tuple(sorted(pending.union(left), key=self.order.rank.__getitem__))
        # Lanes that went to the exit may have been the last ones.
        self.jump(self._chain(waiting, len(left) < len(targets)))

    def _chain(self, waiting: tuple[BasicBlock, ...], may_be_over: bool) -> BasicBlock:
        if not waiting:
            return self.done if self.rounds is None else self.rounds.left
        if len(waiting) == 1 and not may_be_over:
            return self._nodes[waiting[0]]
        key = (waiting, may_be_over)
        found = self._chains.get(key)
        if found is None:
            found = self._chains[key] = BasicBlock(None)
            self._pending_chains.append((found, waiting, may_be_over))
        return found

    def _emit_chain(self, here: BasicBlock, waiting: tuple[BasicBlock, ...], may_be_over: bool) -> None:
        self.emit.metadata = ()
        self.open(here)
        first = waiting[0]
        if self.shapes.pending[first]:
            mask: Mask = self.emit.load(self.mask_type, self._mask_slot(first))
        else:
            mask = self.live()
        if mask is None:
            self.jump(self._nodes[first])
            return
        self.branch(self.any(mask), self._nodes[first], self._chain(waiting[1:], may_be_over))
