"""Powers of two that divide the value of each integer in a gang's first lane.

Why: `threadIdx.x` of the first lane is a multiple of the gang's width, so an index made of it cannot wrap within the
gang, `threadIdx.x / 32` is the same for all lanes, and `threadIdx.x < 64` is decided alike for all of them.
"""

from __future__ import annotations

from collections.abc import Callable

from ...ir.instructions import Call, Cast, Instruction, Phi, Simple
from ...ir.types import IntType
from ...ir.values import Function, Literal, Value
from .lanes import Lanes
from .registers import field_of

TOP = 1 << 32


class Alignment:
    """A greatest fixed point over the function: phis start at TOP and sink."""

    def __init__(self, function: Function, lanes: Lanes) -> None:
        self.known: dict[Value, int] = {}
        instructions = [each for block in function.blocks for each in block.instructions
                        if isinstance(each.type, IntType)]
        for each in instructions:
            self.known[each] = TOP
        changed = True
        while changed:
            changed = False
            for each in instructions:
                found = self._of(each, lanes)
                if found < self.known[each]:
                    self.known[each] = found
                    changed = True

    def of(self, value: Value) -> int:
        """The largest known power of two that divides the value in the first lane (at most TOP)."""
        if isinstance(value, Literal):
            return _divisor(value)
        return self.known.get(value, 1)

    def _of(self, it: Instruction, lanes: Lanes) -> int:
        operands = it.operands
        if isinstance(it, Phi):
            return min(map(self.of, operands))
        field = field_of(it)
        if field is not None:
            known = _FIELDS.get(field)
            return known(lanes) if known is not None else 1
        if isinstance(it, Cast):
            return self.of(operands[0]) if it.opcode in ("zext", "sext", "trunc") else 1
        if isinstance(it, Call):
            return 1
        if isinstance(it, Simple):
            match it.opcode:
                case "add" | "sub" | "or" | "xor":
                    return min(self.of(operands[0]), self.of(operands[1]))
                case "and":
                    return max(self.of(operands[0]), self.of(operands[1]))
                case "mul":
                    return min(TOP, self.of(operands[0]) * self.of(operands[1]))
                case "shl" if isinstance(operands[1], Literal):
                    return min(TOP, self.of(operands[0]) << int(operands[1].text))
                case "select":
                    return min(self.of(operands[1]), self.of(operands[2]))
                case "freeze":
                    return self.of(operands[0])
        return 1


def _divisor(value: Literal) -> int:
    try:
        number = int(value.text)
    except ValueError:
        return 1
    return TOP if number == 0 else min(TOP, number & -number)


_FIELDS: dict[str, Callable[[Lanes], int]] = {
    "thread.x": lambda lanes: lanes.width if lanes.in_row else 1,
    "block_size.x": lambda lanes: lanes.row,
    "lane": lambda lanes: lanes.width,
    "first": lambda lanes: lanes.width,
}
