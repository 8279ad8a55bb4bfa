"""How each value differs between the lanes of a gang: not at all, by a constant step, or arbitrarily.

A uniform value is computed once; an affine one (`lane 0's value + lane * stride`, in units of its type, bytes for
pointers) is kept as lane 0's scalar; a varying one is a vector. Found as a greatest fixed point together with the
branches that part the lanes, because a value that lanes bring together over different paths varies.
"""

from __future__ import annotations

from ...ir.flow import predecessors, users
from ...ir.instructions import (
    Alloca,
    AtomicUpdate,
    Call,
    Cast,
    Compare,
    CompareExchange,
    ElementPointer,
    FieldAccess,
    Instruction,
    MemoryAccess,
    Phi,
    Simple,
)
from ...ir.types import I1, IntType, PointerType, size_bytes
from ...ir.values import BasicBlock, Constant, Function, Literal, Value
from .. import externals
from .alignment import Alignment
from .intrinsics import same_for_same_operands
from .lanes import Lanes
from .local import Locals
from .registers import field_of
from .schedule import Order, pending_sets

VARYING = "varying"
Shape = int | str | None  # a stride in units (0: uniform), VARYING, or None: nothing known yet
_LIMIT = 1 << 20  # larger strides are as good as varying


class Shapes:
    """The shapes of a function's values, and what the schedule needs: divergent branches and pending sets."""

    def __init__(self, function: Function, order: Order, lanes: Lanes, locals_: Locals) -> None:
        self.lanes = lanes
        self.order = order
        self.locals = locals_
        self.alignment = Alignment(function, lanes)
        self.shape: dict[Value, Shape] = {}
        self.divergent: set[BasicBlock] = set()
        self._mixed: set[Phi] = set()
        self.users = users(function)
        self._before = predecessors(function)
        reached = [*order.blocks, *([order.exit] if order.exit else [])]
        self._all = [each for block in reached for each in block.instructions]
        while True:
            self.pending = pending_sets(order, self.divergent)
            mixed = self._mixed_phis()
            self._solve([each for each in mixed if each not in self._mixed] if self._mixed else self._all, mixed)
            divergent = {block for block in order.blocks
                         if len(block.successors) > 1 and self.of(block.terminator.operands[0]) != 0}
            if divergent == self.divergent and mixed == self._mixed:
                break
            self.divergent, self._mixed = divergent, mixed
        for each in self._all:  # phis that only feed each other
            self.shape.setdefault(each, 0)

    def of(self, value: Value) -> Shape:
        """Constants and arguments are uniform."""
        if isinstance(value, Instruction):
            return self.shape.get(value)
        return 0

    def is_scalar(self, value: Value) -> bool:
        """Whether one scalar stands for the value in all lanes."""
        return self.of(value) != VARYING

    # ---- the fixed point ------------------------------------------------------------------------
    def _mixed_phis(self) -> set[Phi]:
        """Phis of blocks where lanes may be waiting already when others come."""
        found: set[Phi] = set()
        for block in self.order.blocks:
            if any(block in self.pending.get(source, ()) for source in self._before[block]):
                for each in block.instructions:
                    if not isinstance(each, Phi):
                        break
                    if not _one_constant(each):
                        found.add(each)
        return found

    def _solve(self, changed: list[Instruction] | list[Phi], mixed: set[Phi]) -> None:
        work: list[Instruction] = list(reversed(changed))
        queued = set(work)
        while work:
            it = work.pop()
            queued.discard(it)
            old = self.shape.get(it)
            if old == VARYING:
                continue
            new = VARYING if it in mixed else self._transfer(it)
            if new is None or new == old:
                continue
            self.shape[it] = new if old is None else VARYING
            for user in self.users.get(it, ()):
                if isinstance(user, Instruction) and user not in queued:
                    queued.add(user)
                    work.append(user)

    def _transfer(self, it: Instruction) -> Shape:
        if isinstance(it, Phi):
            known = {shape for shape in map(self.of, it.operands) if shape is not None}
            return None if not known else known.pop() if len(known) == 1 else VARYING
        if isinstance(it, Alloca):
            return self.locals.stride(it)
        field = field_of(it)
        if field is not None:
            return self._field(field)
        shapes = [self.of(each) for each in it.operands]
        if None in shapes:
            return None
        if isinstance(it, MemoryAccess):
            return 0 if shapes[0] == 0 and it.opcode == "load" and not it.ordering else VARYING
        if isinstance(it, (AtomicUpdate, CompareExchange)):
            return VARYING
        if isinstance(it, Call):
            return self._call(it, shapes)
        if all(shape == 0 for shape in shapes):
            return 0
        return VARYING if VARYING in shapes and not isinstance(it, Simple) else self._step(it, shapes)

    def _field(self, name: str) -> Shape:
        if name in ("thread.x", "lane"):
            return (1 if self.lanes.width > 1 else 0) if name == "lane" or self.lanes.in_row else VARYING
        if name in ("thread.y", "thread.z"):
            return 0 if self.lanes.in_row else VARYING
        return 0

    def _call(self, call: Call, shapes: list[Shape]) -> Shape:
        name = call.callee_name
        if name in _UNIFORM_CALLS:
            return 0
        if name in ("cpl_vote", "cpl_redux"):  # for a mask that all lanes name
            return 0 if shapes[2] == 0 else VARYING
        if name == "cpl_barrier_reduce":
            return 0
        if all(shape == 0 for shape in shapes) and (same_for_same_operands(name) or externals.is_pure(name)):
            return 0
        return VARYING

    def _step(self, it: Instruction, shapes: list[Shape]) -> Shape:
        """The shape of an operation of which an operand is affine."""
        operands = it.operands
        if isinstance(it, ElementPointer):
            return self._pointer(it, shapes)
        if isinstance(it, Cast):
            return self._cast(it, shapes[0])
        if isinstance(it, Compare):
            return 0 if self._decided_alike(it, shapes) else VARYING
        if isinstance(it, FieldAccess) or not isinstance(it, Simple) or not isinstance(it.type, (IntType, PointerType)):
            return VARYING
        first, second = shapes[0], shapes[1] if len(shapes) > 1 else 0
        match it.opcode:
            case "add" if isinstance(first, int) and isinstance(second, int):
                return _bounded(first + second)
            case "or" if isinstance(first, int) and isinstance(second, int) and "disjoint" in it.flags:
                return _bounded(first + second)
            case "sub" if isinstance(first, int) and isinstance(second, int):
                return _bounded(first - second)
            case "mul" if isinstance(first, int) and isinstance(operands[1], Literal):
                return _bounded(first * _number(operands[1]))
            case "mul" if isinstance(second, int) and isinstance(operands[0], Literal):
                return _bounded(second * _number(operands[0]))
            case "shl" if isinstance(first, int) and isinstance(operands[1], Literal):
                return _bounded(first << min(64, _number(operands[1])))
            case "lshr" | "udiv" | "and" | "urem" if isinstance(first, int) and isinstance(operands[1], Literal):
                return self._part(it.opcode, operands[0], first, _number(operands[1]), it.type)
            case "select" if first == 0:
                return shapes[1] if shapes[1] == shapes[2] else VARYING
            case "freeze":
                return first
        return VARYING

    def _span(self, value: Value, stride: int) -> int:
        """The power of two such that the lanes' values lie between two neighbouring multiples of it; 0 if unknown."""
        reach = stride * self.lanes.width
        if stride <= 0:
            return 0
        power = 1 << (reach - 1).bit_length()
        return power if self.alignment.of(value) >= power else 0

    def _part(self, opcode: str, value: Value, stride: int, by: int, type_: IntType | PointerType) -> Shape:
        """High bits (the same for all lanes) or low bits (as affine as before) of an aligned value."""
        if opcode == "lshr":
            by, opcode = 1 << min(by, 63), "udiv"
        if opcode == "and":
            if by < 0 and isinstance(type_, IntType):
                by += 1 << type_.bits
            span = self._span(value, stride)
            if span and by & (span - 1) == 0:
                return 0
            return stride if span and by & (span - 1) == span - 1 else VARYING
        span = self._span(value, stride)
        if not span or by <= 0 or by % span:
            return VARYING
        return 0 if opcode == "udiv" else stride

    def _cast(self, it: Cast, stride: Shape) -> Shape:
        value = it.operands[0]
        if not isinstance(stride, int):
            return VARYING
        match it.opcode:
            case "trunc" if isinstance(it.type, IntType) and it.type.bits >= 16:
                return stride
            case "sext" | "zext" if isinstance(value.type, IntType) and value.type.bits >= 16:
                return stride if self.extends(it) else VARYING
            case "ptrtoint" | "inttoptr" if size_bytes(it.type) == size_bytes(value.type):
                return stride
        return VARYING

    def extends(self, it: Cast) -> bool:
        """Whether an affine value stays affine when it is widened: its lanes' values do not wrap."""
        value = it.operands[0]
        stride = self.of(value)
        assert isinstance(stride, int)
        if self._span(value, stride):
            return True
        if it.opcode == "zext":
            return "nneg" in it.flags  # then both extensions agree, and lane 0 is extended by its sign
        return isinstance(value, Simple) and "nsw" in value.flags and value.opcode in ("add", "sub", "mul", "shl")

    def _decided_alike(self, it: Compare, shapes: list[Shape]) -> bool:
        """`aligned value < multiple of its span` is the same for all lanes."""
        if it.opcode != "icmp" or it.predicate not in ("ult", "uge", "slt", "sge"):
            return False
        stride = shapes[0]
        if not isinstance(stride, int) or shapes[1] != 0:
            return False
        span = self._span(it.operands[0], stride)
        return bool(span) and self.alignment.of(it.operands[1]) >= span

    def _pointer(self, it: ElementPointer, shapes: list[Shape]) -> Shape:
        total = shapes[0]
        scale = self.locals.scale(it)
        for size, index in strides(it):
            shape = self.of(index)
            if not isinstance(shape, int) or not isinstance(total, int):
                return VARYING
            if shape and isinstance(index.type, IntType) and index.type.bits < 64 and not self._widens(index, shape):
                return VARYING
            total += shape * size * scale
        return _bounded(total) if isinstance(total, int) else VARYING

    def _widens(self, index: Value, stride: int) -> bool:
        """An index narrower than 64 bits is sign-extended."""
        if self._span(index, stride):
            return True
        return isinstance(index, Simple) and "nsw" in index.flags


_UNIFORM_CALLS = frozenset(("cpl_clock", "cpl_global_timer", "cpl_active_mask", "cpl_workers"))


def _bounded(stride: int) -> Shape:
    return stride if abs(stride) < _LIMIT else VARYING


def _number(value: Literal) -> int:
    try:
        return int(value.text)
    except ValueError:
        return _LIMIT


def _one_constant(phi: Phi) -> bool:
    first = phi.operands[0]
    return isinstance(first, Constant) and first.type is not I1 and all(
        isinstance(each, Constant) and each.spelling() == first.spelling() for each in phi.operands)


def strides(it: ElementPointer) -> list[tuple[int, Value]]:
    """Bytes per unit of each index that is not a constant field of a struct, with the index."""
    from ...ir.types import ArrayType, VectorType, struct_of

    found: list[tuple[int, Value]] = []
    type_ = it.source
    for number, index in enumerate(it.operands[1:]):
        if number == 0:
            found.append((size_bytes(type_), index))
            continue
        body = struct_of(type_)
        if body is not None:
            assert isinstance(index, Literal)
            type_ = body.fields[int(index.text)]
            continue
        assert isinstance(type_, (ArrayType, VectorType))
        type_ = type_.element
        found.append((size_bytes(type_), index))
    return found
