"""Which loads read the fields of the thread: the special registers of CUDA.

Why they are recognised again: the passes before have made them loads like any other, and the vector engine knows for
each how it differs from lane to lane.
"""

from __future__ import annotations

from ...ir.instructions import ElementPointer, Instruction, MemoryAccess
from ...ir.values import Argument, Literal, Value
from ..contract import FIELDS

_AT = {offset: name for name, offset in FIELDS.items()}


def field_of(it: Instruction) -> str | None:
    """The field's name when `it` is a load of a field of the hidden thread parameter."""
    if not isinstance(it, MemoryAccess) or it.opcode != "load":
        return None
    address: Value = it.operands[0]
    offset = 0
    if isinstance(address, ElementPointer) and len(address.operands) == 2 and isinstance(address.operands[1], Literal) \
            and address.source.text == "i8":
        offset = int(address.operands[1].text)
        address = address.operands[0]
    if isinstance(address, Argument) and address.name == "cpl.thread":
        return _AT.get(offset)
    return None
