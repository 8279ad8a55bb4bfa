"""The table of `compatlayer run --report`: which API functions the program called, and which were missing."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from dataclasses import dataclass

from compatlayer.launcher import libraries


@dataclass(frozen=True, slots=True)
class Row:
    """One called function. `calls` counts calls through its exported symbol."""

    library: str
    function: str
    calls: int
    missing: bool


def at_exit() -> None:
    """Print the report to standard error when this interpreter ends; asking twice prints it once."""
    atexit.unregister(_print)
    atexit.register(_print, os.getpid())


def rows() -> list[Row]:
    """What this process called so far, the most often called first; empty when nothing was."""
    import ctypes

    from compatlayer.api.library import LIBRARIES

    try:
        runtime = ctypes.CDLL(libraries.RUNTIME)
    except OSError:
        return []
    runtime.cpl_slot_name.restype = ctypes.c_char_p
    runtime.cpl_slot_calls.restype = ctypes.c_uint64
    found = []
    for library in LIBRARIES:
        for index in range(runtime.cpl_slot_count(library.number)):
            calls = runtime.cpl_slot_calls(library.number, index)
            if calls:
                name = runtime.cpl_slot_name(library.number, index).decode()
                missing = bool(runtime.cpl_slot_missing(library.number, index))
                found.append(Row(f"lib{library.name}", name, calls, missing))
    return sorted(found, key=lambda row: (-row.calls, row.function))


def text(found: list[Row]) -> str:
    """The report as lines of text."""
    program = " ".join(sys.argv[:1]) or "python"
    lines = [f"compatlayer report of {program} (process {os.getpid()})"]
    if not found:
        lines.append("  no CUDA function was called")
    for row in found:
        lines.append(f"  {row.calls:>9}  {row.library:<9} {row.function}{_remark(row)}")
    missing = [row.function for row in found if row.missing]
    lines.append(f"  {len(found)} functions called; not supported: {', '.join(missing) or 'none'}")
    lines += _compiler_lines()
    return "\n".join(lines) + "\n"


def _remark(row: Row) -> str:
    """That a function is not supported, and why."""
    if not row.missing:
        return ""
    from compatlayer.api.forwarding import reason
    from compatlayer.api.reasons import REASONS

    why = REASONS.get(row.function) or reason(row.function)
    return f"   NOT SUPPORTED: {why}" if why else "   NOT SUPPORTED"


def _compiler_lines() -> list[str]:
    """What the compiler did, when it was used at all."""
    cache = sys.modules.get("compatlayer.compiler.cache")
    counts = getattr(cache, "counts", None)
    if counts is None:
        return []
    return [f"  compiler: {counts.hits} results from the cache, {counts.misses} compiled"]


def _print(process: int) -> None:
    if os.getpid() != process:  # a fork: the report is its parent's
        return
    with suppress(OSError, ValueError):  # standard error may be closed; the program's own result must stand
        sys.stderr.write(text(rows()))
