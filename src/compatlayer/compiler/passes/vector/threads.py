"""The special registers of a gang: a thread's place in its block from its linear number.

Why from the number: a gang knows only its first thread; x, y and z of the lanes follow without a division where rows
fill whole gangs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...ir.build import Emitter
from ...ir.instructions import Phi
from ...ir.types import I32, PTR
from ...ir.values import BasicBlock, Value, number
from ..contract import FIELDS, empty_node
from .lanes import LINE

if TYPE_CHECKING:
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


def varies_by_gang(name: str) -> bool:
    """Whether the register is another one for other gangs of the block."""
    return name.startswith("thread.") or name in ("lane", "warp", "first", "end")


def _field(gang: Gang, name: str) -> Value:
    return _load(gang, gang.emit, name)


def _load(gang: Gang, emit: Emitter, name: str) -> Value:
    """What is the same for all threads of the block. It does not change while a kernel runs."""
    pointer = name in ("shared", "dynamic_shared")
    address = emit.offset(gang.thread, FIELDS[name])
    load = emit.load(PTR if pointer else I32, address, 8 if pointer else 4)
    load.metadata += (("invariant.load", empty_node(gang.module)),)
    return load


def _of_rows(gang: Gang, name: str) -> Value:
    """The gang lies in one row: x of lane 0, y and z of all."""
    if gang.lanes.shape == LINE:
        return gang.first if name == "thread.x" else number(I32, 0)
    return gang.row[name]


class Row:
    """x of lane 0 and y and z of a gang that lies in one row, counted on from gang to gang: divisions are slow."""

    def __init__(self, gang: Gang) -> None:
        self.gang = gang
        self.used: dict[str, Phi] = {}

    def __getitem__(self, name: str) -> Value:
        if name not in self.used:
            phi = Phi(I32, [], [])
            self.gang.loop.instructions.insert(0, phi)
            self.used[name] = phi
        return self.used[name]

    def finish(self, start: Emitter, following: Emitter, before: BasicBlock) -> None:
        """Gives the counters their values for the first gang, which comes from `before`, and for the one after."""
        if not self.used:
            return
        gang = self.gang
        for name in ("thread.x", "thread.y", "thread.z")[: 3 if "thread.z" in self.used else 2]:
            self[name]
        size_x, size_y = (_load(gang, start, f"block_size.{axis}") for axis in "xy")
        zero, one = number(I32, 0), number(I32, 1)
        row = start.binary("udiv", gang.begin, size_x)
        firsts: dict[str, Value] = {
            "thread.x": start.binary("urem", gang.begin, size_x), "thread.y": start.binary("urem", row, size_y),
            "thread.z": start.binary("udiv", row, size_y)}
        if not gang.waits:  # then a call begins with the block's first thread
            firsts = dict.fromkeys(firsts, zero)
        x = following.binary("add", self["thread.x"], number(I32, gang.width))
        over = following.compare("eq", x, size_x)
        nexts = {"thread.x": following.select(over, zero, x)}
        y = following.binary("add", self["thread.y"], following.cast("zext", over, I32))
        above = following.compare("eq", y, size_y)
        nexts["thread.y"] = following.select(above, zero, y)
        if "thread.z" in self.used:
            nexts["thread.z"] = following.binary("add", self["thread.z"], following.select(above, one, zero))
        for name, phi in self.used.items():
            phi.operands[:] = [firsts[name], nexts[name]]
            phi.blocks[:] = [before, gang.done]


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
