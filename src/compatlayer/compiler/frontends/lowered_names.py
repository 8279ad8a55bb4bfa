"""Name expressions: instantiate what the program names, and read the symbol it got off the IR.

Each expression initialises a pointer of a known name; after compiling, the pointers are taken out of the IR again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .diagnostics import NAMES_FILE

_PREFIX = "cpl_name_expression_"
_DEFINITION = re.compile(
    rf"^@\w*{_PREFIX}(?P<index>\d+) = .*? constant ptr (?:addrspacecast \(ptr addrspace\(\d+\) )?"
    r'@(?P<symbol>"(?:[^"])*"|[-\w$.]+).*\n', re.MULTILINE)
_USED = re.compile(
    r"^@llvm\.(?:compiler\.)?used = appending global \[\d+ x ptr\] \[(?P<items>.*)\](?P<rest>, section .*)$",
    re.MULTILINE)


def appendix(expressions: Sequence[str]) -> str:
    """Lines to put after the user's source."""
    if not expressions:
        return ""
    lines = ["", "#pragma clang diagnostic push", '#pragma clang diagnostic ignored "-Weverything"',
             f'#line 1 "{NAMES_FILE}"']
    for index, expression in enumerate(expressions):
        target = " ".join(expression.split()).removeprefix("&").strip()
        lines.append(f"__attribute__((device, used)) auto* const {_PREFIX}{index} = &{target};")
    lines.append("#pragma clang diagnostic pop")
    return "\n".join(lines) + "\n"


def extract(ir: str, expressions: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The IR without the pointers, and the symbol of each expression. A named variable becomes visible outside."""
    if not expressions:
        return ir, {}
    symbols: dict[str, str] = {}
    for found in _DEFINITION.finditer(ir):
        symbols[expressions[int(found["index"])]] = found["symbol"]
    ir = _DEFINITION.sub("", ir)
    ir = _USED.sub(_without_names, ir)
    for symbol in set(symbols.values()):
        ir = ir.replace(f"\n@{symbol} = internal ", f"\n@{symbol} = ", 1)
    return ir, {expression: _unquoted(symbol) for expression, symbol in symbols.items()}


def _without_names(found: re.Match[str]) -> str:
    items = [item for item in re.split(r", (?=ptr )", found["items"]) if _PREFIX not in item]
    if not items:
        return ""
    return f"{found[0].split(' = ')[0]} = appending global [{len(items)} x ptr] [{', '.join(items)}]{found['rest']}"


def _unquoted(symbol: str) -> str:
    if not symbol.startswith('"'):
        return symbol
    return re.sub(r"\\([0-9A-F]{2})", lambda code: chr(int(code[1], 16)), symbol[1:-1])
