"""Reads what processes recorded of their calls (COMPATLAYER_RECORD_CALLS): which tests called which function."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

# Calls with random arguments say nothing about what a test looked at.
_NO_TESTS = ("tests/fuzz/", "tests/soak/")


@dataclass(slots=True)
class Callers:
    """Test files that called a function, below tests/: with success, and with an error."""

    well: set[str] = field(default_factory=set)
    badly: set[str] = field(default_factory=set)


def read(folder: Path) -> dict[str, Callers]:
    """The callers of each function, from every file in `folder`. Lines of no test are left out."""
    found: dict[str, Callers] = {}
    for file in sorted(folder.glob("*.calls")):
        test = ""
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            word, _, rest = line.partition(" ")
            if word == "test":
                test = _test_file(rest)
            elif test:
                callers = found.setdefault(word, Callers())
                well, badly = rest.split()
                if well != "0":
                    callers.well.add(test)
                if badly != "0":
                    callers.badly.add(test)
    return found


def _test_file(node: str) -> str:
    path = node.partition("::")[0].partition(" ")[0]
    if not path.startswith("tests/") or path.startswith(_NO_TESTS):
        return ""
    return path.removeprefix("tests/")
