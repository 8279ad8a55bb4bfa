"""Whether a function uses what only whole warps have. Its blocks then run in gangs that are whole warps."""

from __future__ import annotations

import re

from ..ir.instructions import Call, Instruction, MemoryAccess
from ..ir.types import PointerType
from ..ir.values import Function, InlineAssembly, string_bytes

_GENERIC, _SHARED = 0, 3
_OPERATION = re.compile(
    r"llvm\.nvvm\.(?:(?:shfl|vote|match|redux|elect)\..*|activemask|bar\.warp\.sync"
    r"|read\.ptx\.sreg\.(?:laneid|lanemask\..*|warpid|nwarpid)"
    r"|barrier\.cta\.(?:arrive.*|.*\.count)|barrier\.sync\.cnt|barrier)")
# The same in inline PTX, and barriers of a part of the block.
_WORDS = re.compile(
    r"\b(?:shfl|vote|match|redux|elect|activemask|(?:ld|st)matrix|w?mma|bar(?:rier)?(?:\.cta)?\.(?:warp|arrive)|volatile)\b"
    r"|%(?:laneid|lanemask|warpid|nwarpid)"
    r"|\bbar(?:rier)?(?:\.\w+)*\s+[^,;]+,")


def needed(function: Function) -> bool:
    return any(_needs(each) for each in function.instructions())


def _needs(instruction: Instruction) -> bool:
    if isinstance(instruction, Call):
        callee = instruction.callee
        if isinstance(callee, InlineAssembly):
            return _WORDS.search(string_bytes(callee.text).decode("ascii", "replace")) is not None
        name = instruction.callee_name
        return name.startswith("llvm.nvvm.") and _OPERATION.fullmatch(name) is not None
    if isinstance(instruction, MemoryAccess) and "volatile" in instruction.flags:
        # Threads of a warp that talk through shared memory without barriers. A generic pointer may lead there.
        pointer = instruction.operands[-1].type
        return isinstance(pointer, PointerType) and pointer.space in (_GENERIC, _SHARED)
    return False
