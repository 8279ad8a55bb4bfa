"""__shared__ variables of types with constructors, which clang refuses and NVCC takes.

CUDA runs no constructor for them (C++ language support, "__shared__ variables"): programs initialise them, as they do
barriers by init(). So room of the type's size in place of the variable, and a reference with its name, are the same."""

from __future__ import annotations

import re

COMPLAINT = "initialization is not supported for __shared__ variables"
_PLACE = re.compile(rf"^(.*):(\d+):(\d+): error: {COMPLAINT}", re.MULTILINE)
_ALIGN = re.compile(r"alignas\s*\([^()]*(?:\([^()]*\)[^()]*)*\)|__align__\s*\(\s*\w+\s*\)")
_BEFORE = re.compile(rf"(?:(?:\bstatic\b|{_ALIGN.pattern})\s*)*\b__shared__\b[^;{{}}]*\Z")
_AFTER = re.compile(r"(\w+)((?:\s*\[[^\];]*\])*)\s*;")


def as_room(text: str, messages: str, name: str) -> str:
    """The program with the variables that the messages name replaced; those that it cannot replace stay.

    `text` begins with lines before the program's first, which `#line 1` ends; `name` is how messages call it."""
    lines = [text.index("\n", text.index("#line 1 ")) + 1]
    lines.extend(match.end() for match in re.finditer("\n", text[lines[0]:]))
    lines[1:] = [lines[0] + at for at in lines[1:]]
    places = {(int(line), int(column)) for file, line, column in _PLACE.findall(messages) if file == name}
    for line, column in sorted(places, reverse=True):
        if line <= len(lines):
            text = _replaced(text, lines[line - 1] + column - 1, line)
    return text


def _replaced(text: str, at: int, line: int) -> str:
    """Clang points at the variable's name, in bytes of UTF-8: where that misses, nothing is replaced."""
    start = max(text.rfind(end, 0, at) for end in ";{}") + 1
    before, after = _BEFORE.search(text[start:at]), _AFTER.match(text, at)
    if before is None or after is None:
        return text
    declared = before[0]
    kind = _ALIGN.sub(" ", declared).replace("__shared__", " ").replace("static", " ").strip()
    if not kind:
        return text
    type_, room = f"cpl_of_{after[1]}_{line}", f"cpl_room_of_{after[1]}_{line}"
    made = (f"typedef {kind} {type_}{after[2]}; __shared__ {' '.join(_ALIGN.findall(declared))} "
            f"__attribute__((aligned(alignof({type_})))) char {room}[sizeof({type_})]; "
            f"{type_} &{after[1]} = reinterpret_cast<{type_} &>({room});")
    lost = text[start + before.start():after.end()].count("\n") - made.count("\n")
    return text[:start + before.start()] + made + "\n" * lost + text[after.end():]
