"""The special registers of a gang: a thread's place in its block from its linear number."""

from __future__ import annotations

from ...ir.types import I32, PTR
from ...ir.values import Value, number
from ..contract import FIELDS, empty_node
from .gang import Gang


def register(gang: Gang, name: str) -> Value:
    """The field of the lanes' threads, as a scalar or vector according to its shape."""
    emit = gang.emit
    if name == "lane":
        return emit.binary("and", gang.first, number(I32, 31))
    if name == "warp":
        return emit.binary("lshr", gang.first, number(I32, 5))
    if name.startswith("thread."):
        return _of_rows(gang, name) if gang.lanes.in_row else _of_threads(gang, name)
    return _field(gang, name)


def _field(gang: Gang, name: str) -> Value:
    """What is the same for all threads of the block. It does not change while a kernel runs."""
    pointer = name in ("shared", "dynamic_shared")
    address = gang.emit.offset(gang.thread, FIELDS[name])
    load = gang.emit.load(PTR if pointer else I32, address, 8 if pointer else 4)
    load.metadata += (("invariant.load", empty_node(gang.module)),)
    return load


def _of_rows(gang: Gang, name: str) -> Value:
    """The gang lies in one row: x of lane 0, y and z of all."""
    from .lanes import LINE

    emit = gang.emit
    if gang.lanes.shape == LINE:
        return gang.first if name == "thread.x" else number(I32, 0)
    size_x = _field(gang, "block_size.x")
    if name == "thread.x":
        return emit.binary("urem", gang.first, size_x)
    row = emit.binary("udiv", gang.first, size_x)
    return emit.binary("urem" if name == "thread.y" else "udiv", row, _field(gang, "block_size.y"))


def _of_threads(gang: Gang, name: str) -> Value:
    """Each lane's own place."""
    emit = gang.emit
    linear = emit.binary("add", gang.broadcast(gang.first), gang.iota(I32))
    size_x = _field(gang, "block_size.x")
    row = _quotient(gang, linear, size_x)
    if name == "thread.x":
        return emit.binary("sub", linear, emit.binary("mul", row, gang.broadcast(size_x)))
    size_y = _field(gang, "block_size.y")
    layer = _quotient(gang, row, size_y)
    if name == "thread.z":
        return layer
    return emit.binary("sub", row, emit.binary("mul", layer, gang.broadcast(size_y)))


def _quotient(gang: Gang, value: Value, by: Value) -> Value:
    """value / by for value < 1056 and by <= 1024: (value * (2^20 / by + 1)) >> 20 is exact below 2^20 / by * by."""
    emit = gang.emit
    factor = emit.binary("add", emit.binary("udiv", number(I32, 1 << 20), by), number(I32, 1))
    product = emit.binary("mul", value, gang.broadcast(factor))
    return emit.binary("lshr", product, gang.vector(number(I32, 20)))
