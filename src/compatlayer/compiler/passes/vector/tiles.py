"""Small matrices that a warp shares: rows of them are vectors.

The lanes of the gang hold a matrix row after row (include/device/compatlayer/wmma/tile.h), so a row is a part of one
vector, or some vectors end to end; a product is a multiplication of rows by single elements. All lanes have come
together just before. Memory is read and written by rows or columns, from where the first of the lanes points to.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...ir.build import mangled
from ...ir.instructions import Call, ElementPointer, Phi, Simple
from ...ir.types import I32, I64, PTR, FloatType, Type, VectorType, size_bytes
from ...ir.values import AggregateConstant, Literal, Value, number
from ..contract import rolled_loop
from ..tiles import Tile, tile
from .gang import Gang

_ROWS, _MANY_ROWS = 4, 16  # of the result that are summed up at a time: as many as there are registers
_LINE = 64  # bytes that the rooms are aligned to


def emit(gang: Gang, call: Call) -> None:
    """Emits a call of a function of tiles; the gang learns its value."""
    found = tile(call.callee_name)
    assert found is not None
    if found.what == "store":
        address, pitch = _place(gang, call)
        _store(gang, found, [gang.vector(each) for each in call.arguments[2:]], address, pitch)
        return
    if found.what == "load":
        type_ = call.type.fields[0]  # type: ignore[attr-defined]
        values = _load(gang, found, type_, *_place(gang, call))
    else:
        values = _multiply(gang, found, [gang.vector(each) for each in call.arguments])
    whole: Value = Literal(gang.vector_type(call.type), "poison")
    for index, value in enumerate(values):
        whole = gang.emit.insert(whole, value, index)
    gang.define(call, whole)


def _place(gang: Gang, call: Call) -> tuple[Value, Value]:
    """The address and the elements from line to line, which are the same in all lanes."""
    lane = number(I32, 0) if gang.mask is None else gang.lowest(gang.bits(gang.mask))
    address, pitch = (gang.lane_value(each, lane) for each in call.arguments[:2])
    return address, gang.emit.cast("zext", pitch, I64)


# ---- memory ------------------------------------------------------------------------------------
def _line(gang: Gang, type_: Type, address: Value, pitch: Value, at: int) -> Value:
    index = gang.emit.binary("mul", pitch, number(I64, at))
    return gang.emit.put(ElementPointer(PTR, type_, [address, index]))


def _load(gang: Gang, it: Tile, type_: Type, address: Value, pitch: Value) -> list[Value]:
    rows, columns, down = it.first, it.second, bool(it.third)
    length, count = (rows, columns) if down else (columns, rows)
    line_type = gang.module.types.vector(length, type_)
    lines = [gang.emit.load(line_type, _line(gang, type_, address, pitch, at), size_bytes(type_))
             for at in range(count)]
    flat = _chunks(gang, lines)
    return _turned(gang, flat, count) if down else flat


def _store(gang: Gang, it: Tile, flat: list[Value], address: Value, pitch: Value) -> None:
    rows, columns, down = it.first, it.second, bool(it.third)
    length, count = (rows, columns) if down else (columns, rows)
    if down:
        flat = _turned(gang, flat, rows)
    type_ = flat[0].type.element  # type: ignore[attr-defined]
    for at in range(count):
        gang.emit.store(_row(gang, flat, at, length), _line(gang, type_, address, pitch, at), size_bytes(type_))


# ---- rows and vectors of all lanes -------------------------------------------------------------
def _shuffle(gang: Gang, first: Value, second: Value | None, lanes: Sequence[int]) -> Value:
    types, element = gang.module.types, first.type.element  # type: ignore[attr-defined]
    picks = AggregateConstant(types.vector(len(lanes), I32), ("<", ">"), tuple(number(I32, each) for each in lanes))
    other = gang.undefined(first.type) if second is None else second
    return gang.emit.put(Simple("shufflevector", types.vector(len(lanes), element), [first, other, picks]))


def _row(gang: Gang, flat: Sequence[Value], at: int, length: int) -> Value:
    """The row number `at` of a matrix with rows of `length` elements."""
    vector, start = divmod(at * length, gang.width)
    if length == gang.width:
        return flat[vector]
    return _shuffle(gang, flat[vector], None, range(start, start + length))


def _chunks(gang: Gang, rows: Sequence[Value]) -> list[Value]:
    """The rows end to end, as vectors of all lanes."""
    found = list(rows)
    while _count(found[0]) < gang.width:
        length = _count(found[0])
        found = [_shuffle(gang, a, b, range(2 * length)) for a, b in zip(found[::2], found[1::2], strict=True)]
    return found


def _count(value: Value) -> int:
    assert isinstance(value.type, VectorType)
    return value.type.count


def _turned(gang: Gang, flat: Sequence[Value], rows: int) -> list[Value]:
    """The transposed matrix: a perfect shuffle of its two halves turns the bits of all places by one."""
    width, found = gang.width, list(flat)
    half = len(found) // 2
    if not half:
        columns = width // rows
        return [_shuffle(gang, found[0], None, [lane % rows * columns + lane // rows for lane in range(width)])]
    low = [lane // 2 + lane % 2 * width for lane in range(width)]
    high = [each + width // 2 for each in low]
    for _ in range(rows.bit_length() - 1):
        found = [_shuffle(gang, a, b, picks) for a, b in zip(found[:half], found[half:], strict=True)
                 for picks in (low, high)]
    return found


# ---- products ----------------------------------------------------------------------------------
def _multiply(gang: Gang, it: Tile, values: list[Value]) -> list[Value]:
    rows, columns, depth = it.first, it.second, it.third
    in_left, in_right = rows * depth // gang.width, depth * columns // gang.width
    left, right, total = values[:in_left], values[in_left:in_left + in_right], values[in_left + in_right:]
    places = _room(gang, "left", left), _room(gang, "right", right)
    sums = [_row(gang, total, m, columns) for m in range(rows)]
    together = min(rows, _MANY_ROWS if "avx512f" in gang.module.features else _ROWS)
    for first in range(0, rows, together):
        sums[first:first + together] = _band(gang, it, places, first, sums[first:first + together])
    return _chunks(gang, sums)


def _room(gang: Gang, side: str, flat: list[Value]) -> Value:
    """The matrix in memory, row after row. One place for all of a kernel's: it is written anew before each product."""
    type_ = gang.module.types.array(len(flat), flat[0].type)
    room = gang.tile_rooms.get((side, type_))
    if room is None:
        room = gang.tile_rooms[side, type_] = gang.slots.alloca(type_, _LINE)
    step = size_bytes(flat[0].type)
    for at, each in enumerate(flat):
        gang.emit.store(each, gang.emit.offset(room, at * step), _LINE)
    return room


def _band(gang: Gang, it: Tile, places: tuple[Value, Value], first: int, sums: list[Value]) -> list[Value]:
    """Some rows of the result: a loop over k, that multiplies a row on the right by elements on the left.

    Why a loop, and through memory: an element comes into all places of a vector while it is loaded, for nothing; and
    the whole product without a loop keeps the host's compiler busy for a tenth of a second."""
    emit, columns, depth = gang.emit, it.second, it.third
    row_type = sums[0].type
    element = row_type.element  # type: ignore[attr-defined]
    start, loop, end = gang.blocks[-1], gang.new_block("product"), gang.new_block("product.end")
    gang.jump(loop)
    gang.open(loop)
    k = Phi(I64, [number(I64, 0)], [start])
    so_far = [Phi(row_type, [each], [start]) for each in sums]
    for phi in (k, *so_far):
        emit.put(phi)
    row = emit.put(ElementPointer(PTR, row_type, [places[1], k]))
    factors = emit.load(row_type, row, size_bytes(row_type) if size_bytes(row_type) < _LINE else _LINE)
    column = emit.put(ElementPointer(PTR, element, [places[0], k]))
    found = []
    for m, total in enumerate(so_far):
        one = emit.load(element, emit.offset(column, (first + m) * depth * size_bytes(element)), size_bytes(element))
        found.append(_add(gang, _spread(gang, one, columns), factors, total))
    following = emit.binary("add", k, number(I64, 1))
    for phi, value in zip((k, *so_far), (following, *found), strict=True):
        phi.operands.append(value)
        phi.blocks.append(loop)
    gang.branch(emit.compare("ult", following, number(I64, depth)), loop, end)
    loop.terminator.metadata += (rolled_loop(gang.module),)
    gang.open(end)
    return found


def _spread(gang: Gang, one: Value, count: int) -> Value:
    type_ = gang.module.types.vector(count, one.type)
    single = gang.emit.put(Simple("insertelement", type_, [gang.undefined(type_), one, number(I64, 0)]))
    return gang.emit.put(Simple("shufflevector", type_, [
        single, gang.undefined(type_), Literal(gang.module.types.vector(count, I32), "zeroinitializer")]))


def _add(gang: Gang, a: Value, b: Value, total: Value) -> Value:
    if isinstance(a.type.element, FloatType):  # type: ignore[attr-defined]
        return gang.emit.intrinsic(f"llvm.fma.{mangled(a.type)}", a.type, [a, b, total])
    return gang.emit.binary("add", total, gang.emit.binary("mul", a, b))
