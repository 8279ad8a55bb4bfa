"""`compatlayer coverage`: how much of each library's interface has a handler."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from compatlayer.cli.command import complain
from compatlayer.cli.table import columns, markdown

SUMMARY = "show how much of each library is implemented"

_PAGE = """\
# Coverage

Functions that each library exports, and those with a handler. The others answer "not supported" and are counted
(`compatlayer run --report`). A handler may still refuse a part, with the reason in its error text:
`COMPATLAYER_VERBOSE=1` shows it. Made by `compatlayer coverage --markdown`, from the tables of the running libraries.
"""


@dataclass(frozen=True, slots=True)
class Surface:
    """One library: its functions in order, and those without a handler."""

    library: str
    functions: tuple[str, ...]
    missing: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--missing", action="store_true", help="list the functions without a handler")
    parser.add_argument("--markdown", action="store_true", help="print the page docs/coverage.md")


def main(arguments: argparse.Namespace) -> int:
    try:
        surfaces = read()
    except ImportError as error:
        return complain(f"{error}; `compatlayer doctor` says what is missing")
    rows = [("library", "functions", "handled", "share")]
    for surface in surfaces:
        total = len(surface.functions)
        handled = total - len(surface.missing)
        rows.append((surface.library, str(total), str(handled), f"{100 * handled / max(total, 1):.0f} %"))
    if arguments.markdown:
        print(_PAGE)
        print(markdown(rows))
        for surface in surfaces:
            print(f"\n## {surface.library}: not handled\n\n{', '.join(surface.missing) or 'none'}")
    elif arguments.missing:
        for surface in surfaces:
            for name in surface.missing:
                print(f"{surface.library} {name}")
    else:
        print(columns(rows))
    return 0


def read() -> list[Surface]:
    """Load every handler and ask the jump tables. Raises ImportError when the native part is not built."""
    from compatlayer import boot
    from compatlayer._native import ffi, lib
    from compatlayer.api.library import LIBRARIES

    surfaces = []
    for library in LIBRARIES:
        boot.load(library.number)
        names = [ffi.string(lib.cpl_slot_name(library.number, index)).decode()
                 for index in range(lib.cpl_slot_count(library.number))]
        missing = tuple(name for index, name in enumerate(names) if lib.cpl_slot_missing(library.number, index))
        surfaces.append(Surface(f"lib{library.name}", tuple(names), missing))
    return surfaces
