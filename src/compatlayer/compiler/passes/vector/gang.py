"""The body of a kernel for a gang of lanes: masks, values and edges between blocks.

Every block of the kernel becomes one node. Lanes that go to a block set its mask; a chain of tests picks the next block
(see schedule). Values used in other blocks live in stack slots, from which the host's optimiser makes SSA form: scalars
for uniform and affine values, vectors for varying ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ....errors import CompilerError
from ...ir.build import Emitter, declare, mangled, splat
from ...ir.instructions import Alloca, ElementPointer, Instruction, Phi, Simple, Terminator
from ...ir.types import I1, I8, I32, I64, PTR, IntType, StructType, Type, integer, size_bytes
from ...ir.values import AggregateConstant, BasicBlock, Constant, Function, Literal, Module, Value, number
from ..canonical.loops import Loops
from ..contract import FIELDS, thread
from .lanes import Lanes
from .local import Locals
from .schedule import Order, reach_meetings
from .shapes import VARYING, Shapes
from .threads import Row

_ROOM_BYTES = 32 << 10
Mask = Value | None  # None: every lane


Widen = Callable[["Gang", Instruction], None]
Choice = Callable[["Gang", BasicBlock], bool]


class Gang:
    """Emits nodes; other files of this package say how each instruction is widened."""

    def __init__(self, module: Module, function: Function, order: Order, shapes: Shapes, lanes: Lanes,
                 locals_: Locals, loops: Loops) -> None:
        self.module, self.function, self.order, self.shapes, self.lanes = module, function, order, shapes, lanes
        self.locals, self.loops = locals_, loops
        self.width = lanes.width
        self.thread = thread(function)
        self.bits_type = integer(lanes.width)
        self.mask_type = self.vector_type(I1)
        self._before_loop: BasicBlock | None = None  # set while a loop over lanes is emitted
        self._spilled: dict[Value, Value] = {}
        self.taken: set[BasicBlock] = set()  # blocks that need no vector code
        self._made = 0
        self.meeting = reach_meetings(function)  # blocks from which lanes may come to wait for others
        self.waits = False  # whether the gang may be switched away from
        self.calls = False  # whether functions of the program are called, whose stack is theirs to say
        self.blocks: list[BasicBlock] = []
        self.head = BasicBlock("gangs")  # runs once: stack slots
        self.slots = Emitter(module, self.head.instructions)
        self.emit = Emitter(module)
        self.mask: Mask = None
        self.block: BasicBlock = order.blocks[0]  # of the kernel, the one being emitted
        self._nodes = {block: BasicBlock(f"n{rank}.{block.name or ''}") for block, rank in order.rank.items()}
        self._values: dict[Value, Value] = {}  # what is known in the current node
        self._vectors: dict[Value, Value] = {}
        self._slots: dict[Value, Instruction] = {}
        self._masks: dict[BasicBlock, Instruction] = {}
        self._chains: dict[tuple[tuple[BasicBlock, ...], bool], BasicBlock] = {}
        self._pending_chains: list[tuple[BasicBlock, tuple[BasicBlock, ...], bool]] = []
        self.home: dict[Value, BasicBlock] = {it: block for block in order.blocks for it in block.instructions}
        self.outside = self._used_outside()  # values that have a slot
        self._stored: set[Value] = set()
        self._leaves_apart = self._lanes_leave_apart()
        self._live: Instruction | None = None
        self._objects: dict[Alloca, Value] = {}
        self.loop, self.done = BasicBlock("gang"), BasicBlock("gang.over")
        self.row = Row(self)
        self.first = Phi(I32, [], [])  # the linear number of lane 0's thread in its block

    # ---- types and constants --------------------------------------------------------------------
    def vector_type(self, type_: Type) -> Type:
        """One `type_` for each lane; a struct becomes a struct of vectors."""
        if isinstance(type_, StructType):
            return self.module.types.struct([self.vector_type(each) for each in type_.fields], type_.packed)
        return self.module.types.vector(self.lanes.width, type_)

    def per_lane(self, type_: Type, values: list[int]) -> Constant:
        """A constant vector."""
        return AggregateConstant(self.vector_type(type_), ("<", ">"), tuple(number(type_, each) for each in values))

    def iota(self, type_: Type, stride: int = 1) -> Constant:
        return self.per_lane(type_, [lane * stride for lane in range(self.width)])

    def undefined(self, type_: Type) -> Literal:
        return Literal(type_, "poison")

    def none(self) -> Literal:
        """The mask without lanes."""
        return Literal(self.mask_type, "zeroinitializer")

    def all(self) -> Constant:
        return splat(self.mask_type, "true")

    # ---- values ---------------------------------------------------------------------------------
    def stored_type(self, value: Value) -> Type:
        return value.type if self.shapes.is_scalar(value) else self.vector_type(value.type)

    def define(self, it: Instruction, value: Value) -> None:
        """The value of an instruction of the kernel, as a scalar or vector according to its shape."""
        self._values[it] = value
        if it in self.outside:
            self._stored.add(it)
            self.emit.store(value, self.slot(it))

    def raw(self, value: Value) -> Value:
        """The scalar of a uniform or affine value, the vector of a varying one."""
        if not isinstance(value, Instruction):
            return value
        if isinstance(value, Alloca):
            return self._object(value)
        found = self._values.get(value)
        if found is None:
            found = self._values[value] = self.emit.load(self.stored_type(value), self.slot(value))
        return found

    def scalar(self, value: Value) -> Value:
        """The one value of a uniform one, lane 0's of an affine one."""
        assert self.shapes.is_scalar(value), f"{value!r} varies"
        return self.raw(value)

    def vector(self, value: Value) -> Value:
        """One value for each lane."""
        if isinstance(value, Instruction):
            found = self._vectors.get(value)
            if found is None:
                found = self._vectors[value] = self._spread(value)
            return found
        if isinstance(value, Literal):
            text = value.text
            if text in ("poison", "undef", "zeroinitializer"):
                return Literal(self.vector_type(value.type), text)
            return splat(self.vector_type(value.type), text)
        return self.broadcast(value)

    def _spread(self, value: Instruction) -> Value:
        shape = self.shapes.of(value)
        raw = self.raw(value)
        if shape == VARYING:
            return raw
        spread = self.broadcast(raw)
        return self.add_strides(spread, shape) if isinstance(shape, int) and shape else spread

    def add_strides(self, base: Value, stride: int) -> Value:
        """Lane l's own: `base` and l strides."""
        element = base.type.element  # type: ignore[attr-defined]
        if element is PTR:
            return self.emit.put(_byte_steps(base, self.iota(I64, stride)))
        return self.emit.binary("add", base, self.iota(element, stride))

    def broadcast(self, scalar: Value) -> Value:
        type_ = self.vector_type(scalar.type)
        if isinstance(type_, StructType):
            raise TypeError("structs are not broadcast")
        one = self.emit.put(Simple("insertelement", type_, [self.undefined(type_), scalar, number(I64, 0)]))
        return self.emit.put(Simple("shufflevector", type_, [
            one, self.undefined(type_), Literal(self.vector_type(I32), "zeroinitializer")]))

    def lane_value(self, value: Value, lane: Value) -> Value:
        """One lane's scalar; `lane` is an i32."""
        shape = self.shapes.of(value)
        if shape == VARYING and self._before_loop is not None:
            type_ = _in_memory(value.type)
            element = self.emit.load(type_, self.emit.put(ElementPointer(PTR, type_, [self._spill(value), lane])))
            return self.emit.cast("trunc", element, I1) if value.type is I1 else element
        raw = self.raw(value)
        if shape == VARYING:
            return self.extract(raw, lane)
        if not shape:
            return raw
        assert isinstance(shape, int)
        if raw.type is PTR:
            steps = self.emit.binary("mul", self.emit.cast("zext", lane, I64), number(I64, shape))
            return self.emit.put(_byte_steps(raw, steps))
        assert isinstance(raw.type, IntType)
        wide = self.emit.cast("zext" if raw.type.bits > 32 else "trunc", lane, raw.type)
        return self.emit.binary("add", raw, self.emit.binary("mul", wide, number(raw.type, shape)))

    def extract(self, vector: Value, lane: Value) -> Value:
        return self.emit.put(Simple("extractelement", vector.type.element, [vector, lane]))  # type: ignore[attr-defined]

    def insert(self, vector: Value, value: Value, lane: Value) -> Value:
        return self.emit.put(Simple("insertelement", vector.type, [vector, value, lane]))

    def slot(self, value: Value) -> Instruction:
        found = self._slots.get(value)
        if found is None:
            found = self._slots[value] = self.slots.alloca(self.stored_type(value))
        return found

    def _used_outside(self) -> set[Value]:
        """Values that another block or a phi uses."""
        home = self.home
        return {operand for it, block in home.items() for operand in it.operands
                if isinstance(operand, Instruction) and (isinstance(it, Phi) or home.get(operand) is not block)}

    # ---- masks ----------------------------------------------------------------------------------
    def bits(self, mask: Mask) -> Value:
        """The mask as an integer, bit 0 for lane 0."""
        if mask is None:
            return number(self.bits_type, -1)
        return self.emit.cast("bitcast", mask, self.bits_type)

    def any(self, mask: Value) -> Value:
        return self.emit.compare("ne", self.bits(mask), number(self.bits_type, 0))

    def lanes_mask(self, bits: Value) -> Value:
        return self.emit.cast("bitcast", bits, self.mask_type)

    def both(self, mask: Mask, condition: Value) -> Value:
        """Lanes of `mask` where the condition holds; not `and`: in other lanes the condition may be poison."""
        if mask is not None:
            condition = self.emit.select(mask, condition, self.none())
        return self.emit.put(Simple("freeze", self.mask_type, [condition]))

    def invert(self, condition: Value) -> Value:
        return self.emit.binary("xor", condition, self.all())

    def live(self) -> Mask:
        """The lanes that have not left the kernel."""
        if self._live is None:
            return None
        return self.emit.load(self.mask_type, self._live)

    def alone(self) -> bool:
        """Whether all live lanes of the gang are in the current block."""
        return not self.shapes.pending[self.block]

    def _mask_slot(self, block: BasicBlock) -> Instruction:
        found = self._masks.get(block)
        if found is None:
            found = self._masks[block] = self.slots.alloca(self.mask_type)
        return found

    def _lanes_leave_apart(self) -> bool:
        """Whether lanes can leave while others of the gang stay."""
        exit_ = self.order.exit
        return any(exit_ in block.successors and (block in self.shapes.divergent or self.shapes.pending[block])
                   for block in self.order.blocks)

    # ---- new blocks within a node ---------------------------------------------------------------
    def new_block(self, name: str) -> BasicBlock:
        """A block to be opened later; its name is there for readers of dumps."""
        self._made += 1
        return BasicBlock(f"{name}.{self._made}")

    def open(self, block: BasicBlock) -> None:
        """Goes on emitting in `block`."""
        self.blocks.append(block)
        self.emit.out = block.instructions

    def jump(self, target: BasicBlock) -> None:
        self.emit.put(Terminator("br", [], [target]))

    def branch(self, condition: Value, yes: BasicBlock, no: BasicBlock) -> None:
        self.emit.put(Terminator("br", [condition], [yes, no]))

    def arm(self, emit_arm: Callable[[], None]) -> None:
        """Emits code that only some paths through the node run: what it computes is not known afterwards."""
        values, vectors = dict(self._values), dict(self._vectors)
        emit_arm()
        self._values, self._vectors = values, vectors

    def each_lane(self, name: str, body: Callable[[Value], Value | None], result: Type | None = None) -> Value | None:
        """A loop over the active lanes in order; `body(lane)` answers the lane's result, read by lane_value().

        Vectors go through memory: an element whose number is not constant is cheap there."""
        start, loop, end = self.blocks[-1], self.new_block(f"{name}.lane"), self.new_block(f"{name}.end")
        bits = self.bits(self.mask)
        self.open(loop)
        left = Phi(self.bits_type, [bits], [start])
        self.emit.put(left)
        lane = self.lowest(left)
        outer, self._before_loop = self._before_loop, start
        spilled, self._spilled = self._spilled, {}
        values, vectors = dict(self._values), dict(self._vectors)
        value = body(lane)
        self._values, self._vectors = values, vectors
        self._before_loop, self._spilled = outer, spilled
        place: Instruction | None = None
        if result is not None and value is not None:
            place = self.slots.alloca(self.vector_type(_in_memory(result)), 64)
            self.emit.store(self.emit.cast("zext", value, I8) if result is I1 else value,
                            self.emit.put(ElementPointer(PTR, _in_memory(result), [place, lane])))
        rest = self.emit.binary("and", left, self.emit.binary("sub", left, number(self.bits_type, 1)))
        more = self.emit.compare("ne", rest, number(self.bits_type, 0))
        left.operands.append(rest)
        left.blocks.append(self.blocks[-1])
        self.branch(more, loop, end)
        Emitter(self.module, start.instructions).put(Terminator("br", [], [loop]))
        self.open(end)
        if place is None or result is None:
            return None
        whole: Value = self.emit.load(self.vector_type(_in_memory(result)), place, 64)
        return self.emit.cast("trunc", whole, self.mask_type) if result is I1 else whole

    def _spill(self, value: Value) -> Value:
        """Where the vector lies in memory, put there before the loop over the lanes."""
        found = self._spilled.get(value)
        if found is None:
            assert self._before_loop is not None
            here, self.emit.out = self.emit.out, self._before_loop.instructions
            values, vectors = dict(self._values), dict(self._vectors)
            vector = self.raw(value)
            if value.type is I1:
                vector = self.emit.cast("zext", vector, self.vector_type(I8))
            found = self._spilled[value] = self.slots.alloca(vector.type, 64)
            self.emit.store(vector, found, 64)
            self._values, self._vectors = values, vectors
            self.emit.out = here
        return found

    def lowest(self, bits: Value) -> Value:
        """The number of the lowest set bit, as an i32."""
        count = self.emit.intrinsic(f"llvm.cttz.{mangled(bits.type)}", bits.type, [bits, Literal(I1, "true")])
        return self.as_i32(count)

    def as_i32(self, value: Value) -> Value:
        assert isinstance(value.type, IntType)
        return self.emit.cast("zext" if value.type.bits < 32 else "trunc", value, I32)

    def intrinsic(self, name: str, result: Type, arguments: list[Value]) -> Value:
        return self.emit.call(declare(self.module, name, result, [each.type for each in arguments]), arguments)

    def stack_bytes(self) -> int:
        """What the code may need at most: every slot in memory, and room for the runtime's calls."""
        return sum(size_bytes(each.allocated) + 64 for each in self.head.instructions
                   if isinstance(each, Alloca)) * 2 + _ROOM_BYTES

    # ---- nodes and edges ------------------------------------------------------------------------
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
        self.blocks.append(self.head)
        start = self.slots
        first_at = start.offset(self.thread, FIELDS["first"])
        self.begin = start.load(I32, first_at, 4)
        self._to = start.load(I32, start.offset(self.thread, FIELDS["end"]), 4)
        self.open(self.loop)
        self.emit.put(self.first)
        self.emit.store(self.first, first_at, 4)  # a fault report names the gang by it
        if not self.lanes.full:
            left = self.emit.binary("sub", self._to, self.first)
            self._live = self.slots.alloca(self.mask_type)
            self.emit.store(self.emit.compare("ult", self.iota(I32), self.broadcast(left)), self._live)
        elif self._leaves_apart:
            self._live = self.slots.alloca(self.mask_type)
            self.emit.store(self.all(), self._live)

    def _finish(self) -> None:
        """The end of the head and of the gang's start, and the way to the next gang."""
        start = Emitter(self.module, self.loop.instructions)
        for slot in self._masks.values():
            start.store(self.none(), slot)
        start.put(Terminator("br", [], [self._nodes[self.order.blocks[0]]]))
        self.emit.metadata = ()
        self.open(self.done)
        following = self.emit.binary("add", self.first, number(I32, self.width))
        self.row.finish(self.slots, self.emit, self.width)
        self.slots.put(Terminator("br", [], [self.loop]))
        over = BasicBlock("over")
        self.branch(self.emit.compare("ult", following, self._to), self.loop, over)
        self.first.operands[:] = [self.begin, following]
        self.first.blocks[:] = [self.head, self.done]
        self.open(over)
        self.emit.ret()

    def _node(self, block: BasicBlock, widen: Widen, finish: Choice | None) -> None:
        self.block = block
        self._values, self._vectors = {}, {}
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

    def _object(self, it: Alloca) -> Value:
        found = self._objects.get(it)
        if found is None:
            size = self.locals.size(it) * self.width
            found = self._objects[it] = self.slots.alloca(self.module.types.array(size, I8), max(it.align, 64))
        return found

    def _leave(self, block: BasicBlock, last: Instruction) -> None:
        pending = self.shapes.pending[block]
        if last.opcode == "unreachable":  # the call before it does not return
            self.emit.put(Terminator("unreachable", [], []))
            return
        targets = last.targets
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

    def leave(self, mask: Mask) -> None:
        """Lanes of `mask` are gone."""
        if self._leaves_apart:
            assert self._live is not None
            rest = self.none() if mask is None else self.emit.select(
                mask, self.none(), self.emit.load(self.mask_type, self._live))
            self.emit.store(rest, self._live)

    def go(self, pending: set[BasicBlock], targets: list[BasicBlock]) -> None:
        """To the lowest-ranked block that holds lanes."""
        exit_ = self.order.exit
        left = [target for target in targets if target is not exit_]
        waiting = tuple(sorted(pending.union(left), key=self.order.rank.__getitem__))
        # Lanes that went to the exit may have been the last ones.
        self.jump(self._chain(waiting, len(left) < len(targets)))

    def _chain(self, waiting: tuple[BasicBlock, ...], may_be_over: bool) -> BasicBlock:
        if not waiting:
            return self.done
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


def _byte_steps(base: Value, steps: Value) -> Instruction:
    """An address, or a vector of them, plus bytes."""
    return ElementPointer(base.type, I8, [base, steps])


def _in_memory(type_: Type) -> Type:
    return I8 if type_ is I1 else type_
