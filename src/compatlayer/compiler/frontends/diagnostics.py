"""Clang's diagnostics in the form of NVRTC's log: ``name(line): error: text``, the source line, a caret."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_LINE = re.compile(r"^(?P<file>.+?):(?P<line>\d+):\d+: (?P<kind>fatal error|error|warning|note): (?P<text>.*)$")
_SOURCE = re.compile(r"^ *\d+ \| ?(?P<text>.*)$")
_UNDER = re.compile(r"^ +\| ?(?P<text>.*)$")
_DRIVER = re.compile(r"^(?:fatal )?error: (?P<text>.*)$")
_COUNT = re.compile(r"^\d+ (?:error|warning)s?(?: and \d+ (?:error|warning)s?)? generated")
# Clang names an option of its own.
_OURS = {"requires relocatable device code (i.e. requires -fgpu-rdc)":
         "needs relocatable device code: compile with --relocatable-device-code=true (-rdc=true)"}
# Words that programs and their tests look for in NVRTC's log, and what to use for what CUDA 12 removed.
_WORDS = (
    (re.compile(r"^no template named '(?P<name>texture|surface)'$"),
     'identifier "{name}" is undefined: CUDA 12 removed {name} references; use {name} objects, '
     "which are arguments of kernels"),
    (re.compile(r"^(?:use of undeclared identifier|unknown type name) '(?P<name>[^']*)'"),
     'identifier "{name}" is undefined'),
    (re.compile(r"^unused variable '(?P<name>[^']*)'"), 'variable "{name}" was declared but never referenced'),
)
NAMES_FILE = "<name expressions>"


def format_log(stderr: str, name: str, expressions: Sequence[str], paths: Mapping[str, str]) -> str:
    """The log for the user. `paths` maps folders of ours to what the user may see in their place."""
    for words, better in (*paths.items(), *_OURS.items()):
        stderr = stderr.replace(words, better)
    lines: list[str] = []
    errors = 0
    ours = False  # inside a message about the appended lines, whose text the user never wrote
    for line in stderr.splitlines():
        if _COUNT.match(line):
            continue
        if found := _LINE.match(line):
            kind = found["kind"].removeprefix("fatal ")
            errors += kind == "error"
            ours = found["file"] == NAMES_FILE
            lines.append(f"{_place(found['file'], int(found['line']), expressions)}: {kind}: {_worded(found['text'])}")
        elif found := _SOURCE.match(line) or _UNDER.match(line):
            if not ours:
                lines.append("  " + found["text"])
        elif found := _DRIVER.match(line):
            errors += 1
            lines.append(f"{name}: error: {found['text']}")
        else:
            lines.append(line)
    if errors:
        plural = "" if errors == 1 else "s"
        lines.append(f'\n{errors} error{plural} detected in the compilation of "{name}".')
    return "\n".join(lines) + "\n" if lines else ""


def _worded(text: str) -> str:
    for pattern, words in _WORDS:
        if (found := pattern.match(text)) is not None:
            return words.format(name=found["name"]) + text[found.end() :]
    return text


def _place(file: str, line: int, expressions: Sequence[str]) -> str:
    if file == NAMES_FILE and 0 < line <= len(expressions):
        return f'name expression "{expressions[line - 1]}"'
    return f"{file}({line})"

