"""What emitting code for a gang of lanes needs: values, masks, loops over lanes.

Values used in other blocks live in stack slots, from which the host's optimiser makes SSA form: scalars for uniform and
affine values, vectors for varying ones. Body puts the code of all blocks together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...ir.build import Emitter, declare, mangled, splat
from ...ir.instructions import Alloca, Cast, Compare, ElementPointer, Instruction, Phi, Simple, Terminator
from ...ir.types import I1, I8, I32, I64, PTR, IntType, StructType, Type, integer, size_bytes
from ...ir.values import AggregateConstant, BasicBlock, Constant, Function, Literal, Module, Value, number
from ..canonical.loops import Loops
from ..contract import thread
from .lanes import Lanes
from .local import Locals
from .registers import field_of
from .schedule import Order, reach_meetings
from .shapes import VARYING, Shapes
from .threads import Row, register, varies_by_gang

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .groups import Group
    from .rounds import Rounds

_ROOM_BYTES = 32 << 10
_CALLS_BYTES = 64 << 10  # for functions of the program, which one lane at a time calls: what a lone thread has at least
_TRAPPING = frozenset(("udiv", "sdiv", "urem", "srem", "freeze"))
Mask = Value | None  # None: every lane


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
        self.groups: Mapping[Instruction, Group] = {}  # accesses that are emitted together
        self.taken: set[BasicBlock] = set()  # blocks that need no vector code
        self.tile_rooms: dict[tuple[str, Type], Value] = {}  # see tiles
        self._made = 0
        self.meeting = reach_meetings(function)  # blocks from which lanes may come to wait for others
        self.waits = False  # whether the gang may be switched away from
        self.begin: Value  # the first gang's `first`
        self.calls = False  # whether functions of the program are called, whose stack is theirs to say
        self.blocks: list[BasicBlock] = []
        self.head = BasicBlock("gangs")  # runs once: stack slots
        self.slots = Emitter(module, self.head.instructions)
        self.start = BasicBlock("block")  # runs once for each block of the call
        self.starts = Emitter(module, self.start.instructions)
        self.place = {f"block.{axis}": Phi(I32, [], []) for axis in "xyz"}  # blockIdx
        self.emit = Emitter(module)
        self.mask: Mask = None
        self.block: BasicBlock = order.blocks[0]  # of the kernel, the one being emitted
        self._values: dict[Value, Value] = {}  # what is known in the current node
        self._vectors: dict[Value, Value] = {}
        self._slots: dict[Value, Instruction] = {}
        self.home: dict[Value, BasicBlock] = {it: block for block in order.blocks for it in block.instructions}
        self.outside = self._used_outside()  # values that have a slot
        self._stored: set[Value] = set()
        self._fixed: dict[Value, Value] = {}  # the same for all gangs of a block, or for all nodes of a gang
        self._invariant = self._invariants()
        self.live_slot: Instruction | None = None
        self.rounds: Rounds | None = None
        self._objects: dict[Alloca, Value] = {}
        self.loop, self.done = BasicBlock("gang"), BasicBlock("gang.next")
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
        if value in self._fixed:
            return self._fixed[value]
        field = field_of(value)
        if field is not None:
            return self._register(value, field)
        found = self._values.get(value)
        if found is None:
            found = self._values[value] = self.emit.load(self.stored_type(value), self.slot(value))
        return found

    def _register(self, it: Instruction, field: str) -> Value:
        """A special register: once for the call, or for each block, or for each gang."""
        if field in self.place:
            return self.place[field]
        here, self.emit.out = self.emit.out, (self.loop if varies_by_gang(field) else self.head).instructions
        metadata, self.emit.metadata = self.emit.metadata, ()
        self._fixed[it] = register(self, field)
        self.emit.out, self.emit.metadata = here, metadata
        return self._fixed[it]

    def _invariants(self) -> dict[Instruction, bool]:
        """Arithmetic on arguments and on what all threads of the block have in common; with whether the block's place
        is in it."""
        found: dict[Instruction, bool] = {}
        for block in self.order.blocks:
            for it in block.instructions:
                field = field_of(it)
                if field is not None:
                    if not varies_by_gang(field):
                        found[it] = field in self.place
                elif self.shapes.of(it) == 0 and (
                        isinstance(it, (Compare, ElementPointer))
                        or (isinstance(it, (Cast, Simple)) and it.opcode not in _TRAPPING)) and all(
                        each in found or not isinstance(each, Instruction) for each in it.operands):
                    found[it] = any(found.get(each, False) for each in it.operands if isinstance(each, Instruction))
        return found

    def is_invariant(self, it: Value) -> bool:
        """Whether fix() is for it."""
        return it in self._invariant

    def fix(self, it: Instruction, emit_it: Callable[[], Value]) -> None:
        """Emits an invariant at the start of the call, or of each block."""
        here, self.emit.out = self.emit.out, (self.start if self._invariant[it] else self.head).instructions
        self._fixed[it] = emit_it()
        self.emit.out = here

    def forget(self) -> None:
        """After a jump to here from elsewhere: what was computed before is only in slots."""
        self._values, self._vectors = {}, {}

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
        return {operand for block in self.order.blocks for it in block.instructions for operand in it.operands
                if isinstance(operand, Instruction) and (isinstance(it, Phi) or home.get(operand) is not block)}

    def _object(self, it: Alloca) -> Value:
        """The lanes' copies of a stack object; of each gang of the block where gangs take turns."""
        found = self._objects.get(it)
        if found is None:
            size = self.locals.size(it) * self.width
            copies = 1 if self.rounds is None else self.rounds.gangs
            found = self.slots.alloca(self.module.types.array(size * copies, I8), max(it.align, 64))
            if self.rounds is not None:
                found = self.rounds.element(found, self.module.types.array(size, I8))
            self._objects[it] = found
        return found

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
        if self.live_slot is None:
            return None
        return self.emit.load(self.mask_type, self.live_slot)

    def alone(self) -> bool:
        """Whether all live lanes of the gang are in the current block."""
        return not self.shapes.pending[self.block]

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
                   if isinstance(each, Alloca)) * 2 + _ROOM_BYTES + (_CALLS_BYTES if self.calls else 0)


def _byte_steps(base: Value, steps: Value) -> Instruction:
    """An address, or a vector of them, plus bytes."""
    return ElementPointer(base.type, I8, [base, steps])


def _in_memory(type_: Type) -> Type:
    return I8 if type_ is I1 else type_
