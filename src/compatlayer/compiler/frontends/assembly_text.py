"""Registers in inline assembly with one percent sign, `%lanemask_lt`: NVCC takes them, clang wants two signs."""

from __future__ import annotations

import re

COMPLAINT = "invalid % escape in inline assembly"
_START = re.compile(r"\b(?:asm|__asm__|__asm)\b\s*(?:(?:volatile|__volatile__|__volatile)\b\s*)?\(")
_PART = re.compile(r'"(?:[^"\\\n]|\\.)*"|[()]')
_SINGLE = re.compile(r"(?<!%)%(?=[A-Za-z_]{2})")


def escaped(text: str) -> str:
    """`text` with two signs before the names in the assembly's own text; lengths of lines change, lines do not."""
    out, at = [], 0
    for start in _START.finditer(text):
        if start.end() < at:
            continue
        depth, end = 1, start.end()
        out.append(text[at:end])
        at = end
        for part in _PART.finditer(text, end):
            out.append(text[at : part.start()])
            at = part.end()
            depth += {"(": 1, ")": -1}.get(part[0], 0)
            out.append(_SINGLE.sub("%%", part[0]) if part[0][0] == '"' else part[0])
            if depth == 0:
                break
    return "".join(out) + text[at:]
