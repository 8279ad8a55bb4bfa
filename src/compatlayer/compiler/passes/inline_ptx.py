"""Inline PTX: each statement of an asm text is matched against a table of instructions.

Why a table: inline PTX names registers and operations that have an exact meaning in the device IR; what the table
lacks is refused with the source line, never guessed.
"""

from __future__ import annotations

from ..ir.build import Emitter
from ..ir.instructions import Call
from . import ptx_arithmetic, ptx_memory, ptx_threads
from .lowering import Lowering
from .ptx_statements import Statements

_TABLE = {**ptx_arithmetic.TABLE, **ptx_memory.TABLE, **ptx_threads.TABLE}


def lower_assembly(it: Lowering, call: Call, emit: Emitter) -> object:
    """Replaces a call of inline assembly by what its PTX does."""
    return Statements(it, call, emit, _TABLE).run()
