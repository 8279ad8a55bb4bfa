"""Atomic updates: lane after lane; updates of one address whose old value nobody needs are combined first, and so are
integer additions whose old values follow from the first one's.

Shared memory belongs to one block, and a block's gangs take turns on one processor, only where the code says so:
updates there need no bus lock.
"""

from __future__ import annotations

from ...ir.build import mangled
from ...ir.instructions import AtomicUpdate, CompareExchange, ElementPointer, Instruction, Simple
from ...ir.types import I32, FloatType, IntType, Type
from ...ir.values import AggregateConstant, Literal, Value, number
from .gang import Gang
from .registers import field_of

_COMBINES = {"add": "add", "sub": "add", "and": "and", "or": "or", "xor": "xor", "max": "smax", "min": "smin",
             "umax": "umax", "umin": "umin", "fadd": "fadd"}


_PLAIN = {"add": "add", "sub": "sub", "and": "and", "or": "or", "xor": "xor", "max": "smax", "min": "smin",
          "umax": "umax", "umin": "umin", "fadd": "fadd", "fsub": "fsub", "xchg": "xchg"}
_DEPTH = 16


def emit(gang: Gang, it: AtomicUpdate | CompareExchange) -> None:
    """Emits the atomic operation `it`; its value is the vector of old values."""
    if isinstance(it, CompareExchange):
        _exchange(gang, it)
        return
    address, value = it.operands
    if gang.shapes.of(address) == 0 and it.operation in _COMBINES:
        if not _is_used(gang, it):
            _update(gang, it, gang.scalar(address), _combined(gang, it.operation, value))
            return
        if it.operation in ("add", "sub"):
            gang.define(it, _in_turn(gang, it, gang.scalar(address), value))
            return

    def one(lane: Value) -> Value:
        return _update(gang, it, gang.lane_value(address, lane), gang.lane_value(value, lane))

    found = gang.each_lane("atomic", one, it.type if _is_used(gang, it) else None)
    if found is not None:
        gang.define(it, found)


def _is_used(gang: Gang, it: Instruction) -> bool:
    return it in gang.shapes.users


def in_shared(address: Value) -> bool:
    """Whether the address is surely one of the block's shared memory."""
    for _ in range(_DEPTH):
        if not isinstance(address, Instruction):
            return False
        if isinstance(address, ElementPointer):
            address = address.operands[0]
        else:
            return field_of(address) in ("shared", "dynamic_shared")
    return False


def _update(gang: Gang, it: AtomicUpdate, address: Value, value: Value) -> Value:
    plain = _PLAIN.get(it.operation)
    if plain is not None and in_shared(it.operands[0]):
        emit_ = gang.emit
        old = emit_.load(value.type, address, it.align)
        if plain == "xchg":
            new = value
        elif plain in ("smax", "smin", "umax", "umin"):
            new = emit_.intrinsic(f"llvm.{plain}.{mangled(value.type)}", value.type, [old, value])
        else:
            new = emit_.binary(plain, old, value)
        emit_.store(new, address, it.align)
        return old
    return gang.emit.put(AtomicUpdate(value.type, it.operation, [address, value], it.flags, it.scope, it.ordering,
                                      it.align))


def _combined(gang: Gang, operation: str, value: Value) -> Value:
    """The active lanes' values in one."""
    name, vector = _COMBINES[operation], gang.vector(value)
    neutral = _neutral(operation, value.type)
    if gang.mask is not None:
        vector = gang.emit.select(gang.mask, vector, gang.vector(neutral))
    intrinsic = f"llvm.vector.reduce.{name}.{mangled(vector.type)}"
    if name == "fadd":  # the order in which lanes add is anyone's
        return gang.emit.intrinsic(intrinsic, value.type, [neutral, vector], ("reassoc",))
    return gang.emit.intrinsic(intrinsic, value.type, [vector])


def _in_turn(gang: Gang, it: AtomicUpdate, address: Value, value: Value) -> Value:
    """The old values when the active lanes add to one address, or subtract from it, in their order."""
    emit, type_ = gang.emit, value.type
    steps = gang.shapes.of(value) == 0  # all add the same: the lanes before one are counted
    counted = gang.vector(number(type_, 1)) if steps else gang.vector(value)
    if gang.mask is not None:
        counted = emit.select(gang.mask, counted, gang.vector(number(type_, 0)))
    before = _before(gang, counted)
    if steps:
        before = emit.binary("mul", before, gang.vector(value))
    first = _update(gang, it, address, _combined(gang, it.operation, value))
    return emit.binary(it.operation, gang.broadcast(first), before)


def _before(gang: Gang, vector: Value) -> Value:
    """For each lane the sum over the lanes before it."""
    emit, width, zero = gang.emit, gang.width, gang.vector(number(vector.type.element, 0))  # type: ignore[attr-defined]
    total, distance = _later(gang, vector, zero, 1), 1
    while distance < width:
        total = emit.binary("add", total, _later(gang, total, zero, distance))
        distance *= 2
    return total


def _later(gang: Gang, vector: Value, zero: Value, distance: int) -> Value:
    """Each lane has what the lane `distance` before it had; zero where there is none."""
    numbers = tuple(number(I32, lane - distance if lane >= distance else gang.width) for lane in range(gang.width))
    picks = AggregateConstant(gang.vector_type(I32), ("<", ">"), numbers)
    return gang.emit.put(Simple("shufflevector", vector.type, [vector, zero, picks]))


def _neutral(operation: str, type_: Type) -> Literal:
    if isinstance(type_, FloatType):
        return Literal(type_, {"half": "0xH8000", "bfloat": "0xR8000"}.get(type_.text, "-0.0"))
    assert isinstance(type_, IntType)
    low, high = -(1 << type_.bits - 1), (1 << type_.bits - 1) - 1
    return number(type_, {"and": -1, "umin": -1, "max": low, "min": high}.get(operation, 0))


def _exchange(gang: Gang, it: CompareExchange) -> None:
    type_ = it.operands[1].type
    flags = tuple(each for each in it.flags if each != "weak")  # so that equal values mean success

    def one(lane: Value) -> Value:
        if in_shared(it.operands[0]):
            address, expected, wanted = (gang.lane_value(each, lane) for each in it.operands)
            found = gang.emit.load(type_, address, it.align)
            here = gang.emit.compare("eq", found, expected)
            gang.emit.store(gang.emit.select(here, wanted, found), address, it.align)
            return found
        pair = gang.emit.put(CompareExchange(it.type, [gang.lane_value(each, lane) for each in it.operands], flags,
                                             it.scope, it.success, it.failure, it.align))
        return gang.emit.extract(pair, 0, type_)

    old = gang.each_lane("exchange", one, type_)
    assert old is not None
    same = gang.emit.compare("eq", old, gang.vector(it.operands[1]))
    empty = Literal(gang.vector_type(it.type), "poison")
    gang.define(it, gang.emit.insert(gang.emit.insert(empty, old, 0), same, 1))
