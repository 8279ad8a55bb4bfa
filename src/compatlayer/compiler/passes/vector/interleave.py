"""Loops through which the gangs of a block go side by side.

Why: in `for (i = thread; i < n; i += threads_of_the_grid)` or in a walk from plane to plane a gang touches one or two
cache lines and jumps far. Gang after gang through the whole loop, each page is visited once for each of them, and lines
that neighbours share are fetched anew. So they take turns at the end of each iteration, as they would at a barrier.
Where the steps are by the whole grid, the gangs of up to 64 blocks do: what lies between is then read as one stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...ir.instructions import Alloca, Call, Cast, ElementPointer, Instruction, MemoryAccess, Phi, Simple
from ...ir.types import size_bytes
from ...ir.values import BasicBlock, Literal, Value
from .. import externals
from .access import Guess
from .intrinsics import same_for_same_operands
from .registers import field_of
from .shapes import VARYING

if TYPE_CHECKING:
    from .body import Body

_STREAM_BYTES = 512  # processors follow smaller constant steps by themselves
_DEPTH = 12


def turns(body: Body) -> list[Instruction]:
    """The terminators at whose blocks' ends gangs should take turns."""
    found: list[Instruction] = []
    for header in body.loops.headers:
        if body.loops.parent(header) is None and not _has_inner(body, header):
            latch = body.loops.latch(header)
            if not body.shapes.pending[latch] and any(_strides(body, header, it) for block in body.loops.body(header)
                                                      for it in block.instructions):
                found.append(latch.terminator)
    return found


def _has_inner(body: Body, header: BasicBlock) -> bool:
    return any(block is not header and block in body.loops.headers for block in body.loops.body(header))


def _strides(body: Body, header: BasicBlock, it: Instruction) -> bool:
    """Whether the lanes of `it` access neighbours, and the next iteration's are far away."""
    if not isinstance(it, MemoryAccess):
        return False
    address = it.operands[-1]
    size = size_bytes(it.type if it.opcode == "load" else it.operands[0].type)
    shape = body.shapes.of(address)
    if shape != size and (shape != VARYING or Guess(body).stride(address) != size):
        return False
    return _advances(body, header, address, size, 0)


def _advances(body: Body, header: BasicBlock, value: Value, unit: int, depth: int) -> bool:
    home = body.home.get(value)
    if home is None or home not in body.loops.body(header) or depth > _DEPTH or not isinstance(value, Instruction):
        return False
    if isinstance(value, Phi):
        if home is not header:
            return False
        following = value.operands[value.blocks.index(body.loops.latch(header))]
        if isinstance(following, ElementPointer) and following.operands[0] is value:
            return any(_is_far(body, header, index, size_bytes(following.source)) for index in following.operands[1:])
        return isinstance(following, Simple) and following.opcode == "add" and value in following.operands and any(
            _is_far(body, header, each, unit) for each in following.operands if each is not value)
    if isinstance(value, (ElementPointer, Cast, Simple)):
        return any(_advances(body, header, each, unit, depth + 1) for each in value.operands)
    return False


def _is_far(body: Body, header: BasicBlock, step: Value, unit: int) -> bool:
    if isinstance(step, Literal):
        return abs(int(step.text)) * unit >= _STREAM_BYTES
    return body.shapes.of(step) == 0 and body.home.get(step) not in body.loops.body(header)


def through_grid(body: Body, stops: list[Instruction]) -> bool:
    """Whether all blocks of the call may take turns, and should: the steps in the loops are by the grid's size, so that
    a block's neighbours access the memory between. Blocks that take turns have no memory of their own."""
    for it in body.home:
        if isinstance(it, Call):
            name = it.callee_name
            if name != "cpl_yield" and not same_for_same_operands(name) and not externals.is_pure(name):
                return False
        elif isinstance(it, Alloca) or (isinstance(it, Instruction) and field_of(it) in ("shared", "dynamic_shared")):
            return False
    headers = [body.loops.innermost(body.home[stop]) for stop in stops]
    return all(header is not None and _steps_by_grid(body, header) for header in headers)


def _steps_by_grid(body: Body, header: BasicBlock) -> bool:
    latch = body.loops.latch(header)
    for phi in header.instructions:
        if not isinstance(phi, Phi):
            return False
        following = phi.operands[phi.blocks.index(latch)]
        if isinstance(following, (Simple, ElementPointer)) and phi in following.operands and any(
                each is not phi and _of_grid(each, 0) for each in following.operands):
            return True
    return False


def _of_grid(value: Value, depth: int) -> bool:
    """Whether a value is made of gridDim."""
    if not isinstance(value, Instruction) or depth > _DEPTH or isinstance(value, Phi):
        return False
    field = field_of(value)
    if field is not None:
        return field.startswith("grid_size.")
    return any(_of_grid(each, depth + 1) for each in value.operands)
