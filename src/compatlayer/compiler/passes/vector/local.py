"""Local memory: how the lanes' private copies of each stack object lie.

Usually one after another: lane l's object begins l strides after lane 0's, so that its address can go anywhere. An
object whose address stays here and which is only read and written in elements of one size is interleaved: element e of
all lanes side by side. Then access to the same element by all lanes is one vector.
"""

from __future__ import annotations

from ...ir.flow import users
from ...ir.instructions import Alloca, ElementPointer, Instruction, MemoryAccess
from ...ir.types import I1, ArrayType, Type, size_bytes, struct_of
from ...ir.values import Function, Value


class Locals:
    """The stack objects of a kernel in canonical form."""

    def __init__(self, function: Function, width: int) -> None:
        self.width = width
        self.allocas = [each for each in function.instructions() if isinstance(each, Alloca)]
        self.element: dict[Alloca, int] = {}  # bytes of an element of the interleaved ones
        self._root: dict[Value, Alloca] = {}  # pointers into interleaved objects
        if self.allocas:
            uses = users(function)
            for alloca in self.allocas:
                self._examine(alloca, uses)

    def size(self, alloca: Alloca) -> int:
        """Bytes of one lane's object, padded so that every lane's is aligned."""
        align = max(alloca.align, 1)
        return -(-size_bytes(alloca.allocated) // align) * align

    def stride(self, alloca: Alloca) -> int:
        """Bytes between the addresses of neighbouring lanes."""
        return self.element.get(alloca) or self.size(alloca)

    def scale(self, pointer: Value) -> int:
        """By what offsets within the object are multiplied in the interleaved form."""
        return self.width if pointer in self._root else 1

    def _examine(self, alloca: Alloca, uses: dict[Value, list[Value]]) -> None:
        sizes: set[int] = set()
        pointers: list[Value] = [alloca]
        for pointer in pointers:  # grows
            for user in uses.get(pointer, ()):
                if isinstance(user, ElementPointer) and user.operands[0] is pointer:
                    if not _steps(user, sizes):
                        return
                    pointers.append(user)
                elif isinstance(user, MemoryAccess) and not user.ordering and user.operands[-1] is pointer \
                        and not (user.opcode == "store" and user.operands[0] is pointer):
                    type_ = user.type if user.opcode == "load" else user.operands[0].type
                    if type_ is I1:
                        return
                    sizes.add(-size_bytes(type_))
                else:
                    return
        accessed = {-size for size in sizes if size < 0}
        if len(accessed) != 1:
            return
        element = accessed.pop()
        if any(size % element for size in sizes if size > 0) or size_bytes(alloca.allocated) % element:
            return
        self.element[alloca] = element
        for pointer in pointers:
            self._root[pointer] = alloca


def _steps(it: ElementPointer, sizes: set[int]) -> bool:
    """Adds the bytes of each step of the access; constant offsets of struct fields too."""
    from ...ir.types import field_offsets
    from ...ir.values import Literal

    type_: Type = it.source
    for number, index in enumerate(it.operands[1:]):
        if number:
            body = struct_of(type_)
            if body is not None:
                assert isinstance(index, Literal)
                offset = field_offsets(body)[int(index.text)]
                if offset:
                    sizes.add(offset)
                type_ = body.fields[int(index.text)]
                continue
            if not isinstance(type_, ArrayType):
                return False
            type_ = type_.element
        size = size_bytes(type_)
        if isinstance(index, Literal):
            offset = abs(int(index.text)) * size
            if offset:
                sizes.add(offset)
        else:
            sizes.add(size)
    return True


def interleaves(it: Instruction, locals_: Locals) -> bool:
    """Whether the address computation steps within an interleaved object."""
    return locals_.scale(it) > 1
