"""The passes in order, and the dumps after each.

Every kernel is lowered by the passes of NAIVE. A variant for a class of block shapes is that lowering, cut down to its
one kernel, with the passes of the vector engine where that can run the kernel, and `imports` before `entries`.

COMPATLAYER_DUMP=after:<pass> prints the module after that pass to the standard error; `all` does so after each. What is
printed is verified, and compiled anew: variants.py takes nothing from the cache then.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from ..ir.printer import print_module
from ..ir.values import Function, Module
from ..ir.verifier import verify
from . import (
    atomics,
    division,
    entries,
    host,
    imports,
    inline_ptx,
    intrinsics,
    math,
    progress,
    prune,
    shared,
    shifts,
    spaces,
    thread,
)

Pass = Callable[[Module], Module]

NAIVE: tuple[tuple[str, Pass], ...] = (
    ("prune", prune.run),
    ("inline_ptx", inline_ptx.run),
    ("thread", thread.run),
    ("intrinsics", intrinsics.run),
    ("division", division.run),
    ("shifts", shifts.run),
    ("atomics", atomics.run),
    ("progress", progress.run),
    ("shared", shared.run),
    ("spaces", spaces.run),
    ("math", math.run),
    ("entries", entries.run),
)
_ALL = ("all", "after:all")
_seen: set[str] = set()  # the names of passes that were offered to be dumped
_told: set[str] = set()  # values of COMPATLAYER_DUMP that were complained about


def names() -> tuple[str, ...]:
    """What COMPATLAYER_DUMP can name, in the order of a variant's passes."""
    from . import canonical, vector

    *bodies, entry = (name for name, _ in NAIVE)
    return (*bodies, *dict.fromkeys(name for name, _ in canonical.PASSES), "canonical", *vector.REPORTS, "vector",
            "imports", entry, "host")


def lower(module: Module, machine: str, skip: frozenset[str] = frozenset()) -> Module:
    """A whole module for the naive engine, in one library. `skip` leaves passes out, which only tests of passes do."""
    _run(module, machine, skip, told=True)
    return finish(module, skip | {"entries"})


def lower_bodies(module: Module, machine: str, told: bool = True) -> Module:
    """Everything up to `spaces` for a pruned module; `told` is whether dumps show it."""
    return _run(module, machine, frozenset(("prune", "entries") if told else ("prune", "math", "entries")), told)


def _run(module: Module, machine: str, skip: frozenset[str], told: bool) -> Module:
    module.host = machine
    for name, run in NAIVE:
        if name not in skip:
            module = run(module)
            if told:
                dump(module, name)
    return module


def import_shared(module: Module, kernel: Function, names: frozenset[str]) -> tuple[str, ...]:
    """Loads addresses of what the kernels of a module share; the names that `kernel` needs."""
    used = imports.run(module, kernel, names)
    dump(module, "imports")
    return used


def finish(module: Module, skip: frozenset[str] = frozenset(), told: bool = True) -> Module:
    """The end of every lowering: entries, and the host's module. `skip` may hold `entries`."""
    for name, run in NAIVE:
        if name == "entries" and name not in skip:
            module = run(module)
            if told:
                dump(module, name)
    verify(module)
    module = host.run(module)
    if told:
        dump(module, "host", checked=False)
    return module


def dump(module: Module, name: str, checked: bool = True) -> None:
    """Prints the module, and verifies it, when the environment asks for the pass `name`."""
    show(module, name, lambda: print_module(module))
    if checked and _asked(name):
        verify(module)


def show(module: Module, name: str, text: Callable[[], str]) -> None:
    """Prints `text` of the module when the environment asks for the pass `name`."""
    if not dumping():
        return
    _seen.add(name)
    if _asked(name):
        of = f": {module.subject}" if module.subject else ""
        print(f"; ---- after {name}{of}\n{text()}", file=sys.stderr)


def dumping() -> bool:
    """Whether anything is to be dumped."""
    return bool(os.environ.get("COMPATLAYER_DUMP"))


def _asked(name: str) -> bool:
    return os.environ.get("COMPATLAYER_DUMP") in (f"after:{name}", *_ALL)


def check_dump() -> None:
    """After a lowering: say so, once, when nothing was dumped for what the environment asks."""
    asked = os.environ.get("COMPATLAYER_DUMP")
    if not asked or asked in _ALL or asked in _told or asked in [f"after:{name}" for name in _seen]:
        return
    _told.add(asked)
    if asked.removeprefix("after:") in names() and asked.startswith("after:"):
        problem = "is a pass that this kernel does not go through; COMPATLAYER_ENGINE_REPORT=1 may say why"
    else:
        problem = f"names no pass; write all, or after: and one of {', '.join(names())}"
    print(f"compatlayer: COMPATLAYER_DUMP={asked} {problem}", file=sys.stderr)
