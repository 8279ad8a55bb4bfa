"""The part of a module's text that one of its functions needs: reading the rest costs time for nothing.

Works on lines, and keeps rather too much: whatever looks like a name of a symbol or of a metadata node is followed.
"""

from __future__ import annotations

import re

_SYMBOL = re.compile(r'@("[^"]*"|[-\w.$]+)')
_NODE = re.compile(r"!(\d+)")


def excerpt(text: str, root: str) -> str:
    """`text` without the definitions, variables and metadata that the symbol `root` (as written after @) does not
    reach. All that remains is as it was."""
    symbols: dict[str, str] = {}
    nodes: dict[str, str] = {}
    rest: list[str] = []
    lines = text.split("\n")
    at, last = 0, len(lines)
    while at < last:
        line = lines[at]
        at += 1
        if line.startswith("define"):
            begin = at - 1
            while lines[at] != "}":
                at += 1
            at += 1
            symbols[_name(line)] = "\n".join(lines[begin:at])
        elif line[:1] == "@":
            symbols[_name(line)] = line
        elif line[:1] == "!" and line[1:2].isdigit():
            nodes[line[1:line.index(" ")]] = line
        else:
            rest.append(line)
    kept = _reached(symbols, _SYMBOL, [root])
    chunks = [*(chunk for name, chunk in symbols.items() if name in kept), *rest]
    used = _reached(nodes, _NODE, [each for chunk in chunks for each in _NODE.findall(chunk)])
    return "\n".join([*chunks, *(line for number, line in nodes.items() if number in used), ""])


def _name(line: str) -> str:
    found = _SYMBOL.search(line)
    assert found is not None
    return found[1]


def _reached(chunks: dict[str, str], mention: re.Pattern[str], roots: list[str]) -> set[str]:
    found: set[str] = set()
    pending = list(roots)
    while pending:
        name = pending.pop()
        if name not in found and name in chunks:
            found.add(name)
            pending += mention.findall(chunks[name])
    return found
