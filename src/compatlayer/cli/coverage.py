"""`compatlayer coverage`: what each library's functions are: handled and tested by what, or not supported and why."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from compatlayer.cli.command import complain
from compatlayer.cli.recorded_calls import Callers
from compatlayer.cli.recorded_calls import read as read_calls
from compatlayer.cli.table import columns, markdown

SUMMARY = "show how much of each library is implemented"

_PAGE = """\
# Coverage

Every function that each library exports: handled, and by which tests it was called (files below `tests/`; with success,
and with an error), or not supported, and why. Made by `make coverage` from the tables of the running libraries and
from what the tests called when they ran. Tests with random arguments (`fuzz/`, `soak/`) are not counted. A function
that is not supported answers "not supported" and is counted (`compatlayer run --report`); one that is
handled may still refuse a part, with the reason in its error text: `COMPATLAYER_VERBOSE=1` shows it.
"""
SHOWN = 3  # test files named in one cell


@dataclass(frozen=True, slots=True)
class Surface:
    """One library: its functions in order, and those without a handler with the reason, or "" when there is none."""

    library: str
    functions: tuple[str, ...]
    missing: dict[str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--missing", action="store_true", help="list the functions without a handler, and why")
    parser.add_argument("--markdown", action="store_true", help="print the page docs/coverage.md")
    parser.add_argument("--calls", metavar="FOLDER", help="what tests recorded there, for the page")


def main(arguments: argparse.Namespace) -> int:
    try:
        surfaces = read()
    except ImportError as error:
        return complain(f"{error}; `compatlayer doctor` says what is missing")
    if arguments.markdown:
        print(page(surfaces, read_calls(Path(arguments.calls)) if arguments.calls else {}))
    elif arguments.missing:
        for surface in surfaces:
            for name, reason in surface.missing.items():
                print(f"{surface.library} {name}" + (f": {reason}" if reason else ""))
    else:
        print(columns(_totals(surfaces)))
    return 0


def read() -> list[Surface]:
    """Load every handler and ask the jump tables. Raises ImportError when the native part is not built."""
    from compatlayer import boot
    from compatlayer._native import ffi, lib
    from compatlayer.api.library import LIBRARIES
    from compatlayer.frontends.missing import reason

    surfaces = []
    for library in LIBRARIES:
        boot.load(library.number)
        names = [ffi.string(lib.cpl_slot_name(library.number, index)).decode()
                 for index in range(lib.cpl_slot_count(library.number))]
        missing = {name: reason(name) for index, name in enumerate(names)
                   if lib.cpl_slot_missing(library.number, index)}
        surfaces.append(Surface(f"lib{library.name}", tuple(names), missing))
    return surfaces


def page(surfaces: list[Surface], calls: dict[str, Callers]) -> str:
    """The page in Markdown."""
    parts = [_PAGE, markdown(_totals(surfaces))]
    for surface in surfaces:
        rows = [("function", "state", "called well by", "answered an error to")]
        for name in surface.functions:
            callers = calls.get(name, Callers())
            if name in surface.missing:
                rows.append((name, f"not supported: {surface.missing[name] or 'nobody said why'}", "", ""))
            else:
                rows.append((name, "handled", _cell(callers.well), _cell(callers.badly)))
        parts.append(f"\n## {surface.library}\n\n{markdown(rows)}")
    return "\n".join(parts)


def _totals(surfaces: list[Surface]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("library", "functions", "handled", "not supported, with a reason", "open")]
    for surface in surfaces:
        total, missing = len(surface.functions), len(surface.missing)
        with_reason = sum(bool(reason) for reason in surface.missing.values())
        rows.append((surface.library, str(total), str(total - missing), str(with_reason), str(missing - with_reason)))
    return rows


def _cell(tests: set[str]) -> str:
    """Some of the files, those of the conformance tests first."""
    ordered = sorted(tests, key=lambda test: (not test.startswith("conformance/"), test))
    more = f" and {len(ordered) - SHOWN} more" if len(ordered) > SHOWN else ""
    return ", ".join(f"`{test}`" for test in ordered[:SHOWN]) + more
