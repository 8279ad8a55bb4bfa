"""The passes of the naive engine, in order, and the dumps after each.

COMPATLAYER_DUMP=after:<pass> prints the module after that pass to the standard error; after:all does so for each.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from ..ir.printer import print_module
from ..ir.values import Module
from ..ir.verifier import verify
from . import atomics, division, entries, host, intrinsics, progress, prune, shared, shifts, spaces, thread

Pass = Callable[[Module], Module]

NAIVE: tuple[tuple[str, Pass], ...] = (
    ("prune", prune.run),
    ("thread", thread.run),
    ("intrinsics", intrinsics.run),
    ("division", division.run),
    ("shifts", shifts.run),
    ("atomics", atomics.run),
    ("progress", progress.run),
    ("shared", shared.run),
    ("spaces", spaces.run),
    ("entries", entries.run),
)


def lower(module: Module, machine: str, skip: frozenset[str] = frozenset()) -> Module:
    """Runs every pass; `skip` leaves passes out, which only tests of the passes do."""
    module.host = machine
    asked = os.environ.get("COMPATLAYER_DUMP", "")
    _check_dump(asked)
    for name, run in NAIVE:
        if name not in skip:
            module = run(module)
        if asked in (f"after:{name}", "after:all"):
            print(f"; ---- after {name}\n{print_module(module)}", file=sys.stderr)
            verify(module)
    verify(module)
    module = host.run(module)
    if asked in ("after:host", "after:all"):
        print(f"; ---- after host\n{print_module(module)}", file=sys.stderr)
    return module


def _check_dump(asked: str) -> None:
    """Say so when nothing will be dumped for what the environment asks."""
    names = [*(name for name, _ in NAIVE), "host", "all"]
    if asked and asked not in {f"after:{name}" for name in names}:
        print(f"compatlayer: COMPATLAYER_DUMP={asked} names no pass; write after: and one of {', '.join(names)}",
              file=sys.stderr)
