"""The statements of PTX text: labels, scopes, directives and instructions, each with its line.

Inline PTX and whole modules share this: https://docs.nvidia.com/cuda/parallel-thread-execution/#syntax.
"""

from __future__ import annotations

import ast
import operator
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

_COMMENT = re.compile(r'"[^"\n]*"|//[^\n]*|/\*.*?\*/', re.S)
_SPACE = re.compile(r"\s+")
_LABEL = re.compile(r"([A-Za-z_$%][\w$]*)\s*:(?!:)")
_NUMERIC_LABEL = re.compile(r"(\d+)\s*:(?!:)")
_LINE_DIRECTIVE = re.compile(r"\.(?:loc|file)\b[^\n]*")
_GUARD = re.compile(r"@\s*(!?)\s*([A-Za-z_$%][\w$%]*)\s+")
_OPCODE = re.compile(r"[A-Za-z_][\w.:]*")
_DIRECTIVE = re.compile(r"\.\w+")
_INTEGER = re.compile(r"([-+~!]?)\s*(0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9]\d*)[uU]?")
_DECIMAL = re.compile(r"-?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
_OPEN, _CLOSE = "{[(", "}])"


class SyntaxFault(Exception):
    """Text that is no PTX; `line` counts from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


class Statement(NamedTuple):
    """One statement. Kinds: `label`, `{`, `}`, `directive` (words[0] starts with a dot), `instruction`."""

    kind: str
    line: int
    text: str
    words: tuple[str, ...] = ()
    operands: tuple[str, ...] = ()
    guard: str = ""  # the predicate's name
    negated: bool = False


def without_comments(text: str) -> str:
    """`text` with blanks for comments, every line still at its place."""
    if "//" not in text and "/*" not in text:
        return text

    def blank(match: re.Match[str]) -> str:
        found = match[0]
        return found if found[0] == '"' else " " + "\n" * found.count("\n")

    return _COMMENT.sub(blank, text)


class Lines:
    """Line numbers of offsets in a text."""

    def __init__(self, text: str, first: int = 1) -> None:
        self.starts = [at.end() for at in re.finditer("\n", text)]
        self.first = first

    def at(self, offset: int) -> int:
        return bisect_right(self.starts, offset) + self.first


def statements(text: str, start: int = 0, lines: Lines | None = None) -> Iterator[Statement]:
    """The statements of `text` (no comments in it) from `start`: up to the end, or to the brace that closes the
    function whose opening brace is at `start`."""
    lines = lines or Lines(text)
    at, size = start, len(text)
    depth = 0
    whole = text[start : start + 1] == "{" and start > 0
    while True:
        space = _SPACE.match(text, at)
        at = space.end() if space else at
        if at >= size:
            return
        char, line = text[at], lines.at(at)
        if char in "{}":
            depth += 1 if char == "{" else -1
            yield Statement(char, line, char)
            at += 1
            if whole and depth == 0:
                return
            continue
        if char == ";":
            at += 1
            continue
        label = _LABEL.match(text, at) or _NUMERIC_LABEL.match(text, at)
        if label:
            yield Statement("label", line, label[0], (label[1],))
            at = label.end()
            continue
        row = _LINE_DIRECTIVE.match(text, at)
        if row:
            words = row[0].split(None, 1)
            yield Statement("directive", line, row[0].strip(), (words[0],), (words[1] if len(words) > 1 else "",))
            at = row.end()
            continue
        end = text.find(";", at)
        if end < 0:
            raise SyntaxFault(line, f"the statement '{_shown(text[at:])}' does not end with a semicolon")
        yield _statement(text[at:end], line)
        at = end + 1


def _shown(text: str) -> str:
    return " ".join(text.split())[:100]


def _statement(text: str, line: int) -> Statement:
    shown = _shown(text)
    guard = _GUARD.match(text)
    rest = text[guard.end() :] if guard else text
    opcode = (_DIRECTIVE if rest[:1] == "." else _OPCODE).match(rest)
    if opcode is None:
        raise SyntaxFault(line, f"'{shown}' is no PTX statement")
    operands = tuple(split(rest[opcode.end() :]))
    if opcode[0][0] == ".":
        return Statement("directive", line, shown, (opcode[0],), (rest[opcode.end() :].strip(),))
    words = tuple(each for each in opcode[0].split("."))
    return Statement("instruction", line, shown, words, operands, guard[2] if guard else "",
                     bool(guard and guard[1]))


def split(text: str) -> list[str]:
    """Operands between commas that are in no brackets."""
    text = text.strip()
    if not text:
        return []
    if "{" not in text and "[" not in text and "(" not in text:
        return [each.strip() for each in text.split(",")]
    found, depth, start = [], 0, 0
    for at, char in enumerate(text):
        if char in _OPEN:
            depth += 1
        elif char in _CLOSE:
            depth -= 1
        elif char == "," and depth == 0:
            found.append(text[start:at].strip())
            start = at + 1
    found.append(text[start:].strip())
    return found


_OPERATORS: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.LShift: lambda a, b: a << min(b, 64),
    ast.RShift: lambda a, b: a >> min(b, 64), ast.Div: lambda a, b: int(a / b), ast.Mod: operator.mod,
}  # fmt: skip


def integer_of(text: str) -> int | None:
    """The integer constant or constant expression `text`; None when it is none."""
    match = _INTEGER.fullmatch(text)
    if match:
        digits = match[2]
        value = int(digits, 8) if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit() else int(digits, 0)
        return {"-": -value, "~": ~value, "!": int(not value)}.get(match[1], value)
    if re.fullmatch(r"[-+*/%&|^~<>()\w\s]+", text) and text[0] in "(-~0123456789" and re.search(r"[-+*/%&|^~<>]", text):
        try:
            plain = re.sub(r"\b0(?=[0-7]+\b)", "0o", re.sub(r"(?<=[0-9a-fA-F])[uU]\b", "", text))  # Python's octals
            return _evaluate(ast.parse(plain, mode="eval").body)
        except (SyntaxError, ValueError, ArithmeticError, RecursionError):
            return None
    return None


def _evaluate(node: ast.AST) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_evaluate(node.left), _evaluate(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluate(node.operand)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        return ~_evaluate(node.operand)
    raise ValueError("no constant expression")


def float_bits(text: str) -> tuple[int, int] | None:
    """(width, bits) of `0f3F800000` and `0d...`; None for anything else."""
    match = re.fullmatch(r"(-?)0([fFdD])([0-9a-fA-F]+)", text)
    if match is None or len(match[3]) != (8 if match[2] in "fF" else 16):
        return None
    width = 4 * len(match[3])
    return width, int(match[3], 16) ^ ((1 << width - 1) if match[1] else 0)


def decimal_of(text: str) -> float | None:
    """The value of a decimal floating-point constant."""
    return float(text) if _DECIMAL.fullmatch(text) else None
