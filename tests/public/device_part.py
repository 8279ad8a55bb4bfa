"""The device part of a CUDA C++ program's file: what NVRTC can compile of it.

A file for nvcc mixes host and device code; NVRTC, and we, compile device code alone. This cuts a file into its
declarations and keeps preprocessor lines, types, constants and what is marked __device__, __global__ or __constant__.
Included files of the same checkout are cut the same way; host headers are dropped. It reads no meaning into what it
keeps: it is a test's tool for well-formed files, not a parser of C++.
"""

from __future__ import annotations

import re
from pathlib import Path

# What host headers would define. The names are C's and C++'s.
PRELUDE = """#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdint>
#include <type_traits>
typedef unsigned int uint;
typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned long ulong;
#ifndef M_PI
#define M_PI 3.14159265358979323846
#endif
#define RAND_MAX 2147483647
"""
DEVICE_HEADERS = re.compile(r"cooperative_groups|cuda_(fp16|bf16|fp8)|cuda/|cub/|mma\.h|math_constants|cuComplex")
_LITERAL_OR_COMMENT = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'""", re.DOTALL)
_MARKED = re.compile(r"__device__|__global__|__constant__|__host__|__forceinline__")
_TYPE = re.compile(r"(typedef|using|struct|class|enum|union)\b")
_FUNCTION_OF_A_TYPE = re.compile(r"(struct|class|union|enum)\s+\w+\s*[*&]?\s*\w+\s*\(")
_TYPE_TEMPLATE = re.compile(r"template\s*<.*>\s*(struct|class)\b", re.DOTALL)
_ALIGNMENT = re.compile(r"(alignas|__align__|__builtin_align__)\s*\([^)]*\)")
_TEMPLATE = re.compile(r"\s*template\s*<(?:[^<>]|<[^<>]*>)*>")
_HOST_TYPES = re.compile(r"\bstd::(string|vector|map|chrono|thread|function|ostream)\b"
                         r"|\b(FILE|timeval|lrand48|pthread_\w+|cuda(Stream|Event)_t)\b")
_INCLUDE = re.compile(r'#\s*include\s*([<"])([^>"]+)[>"]')


def device_part(path: Path, extra: str = "") -> str:
    """The source to compile for the kernels of `path`; `extra` stands before it, for what a build would define."""
    return PRELUDE + extra + _cut(path, set())


def _cut(path: Path, seen: set[Path]) -> str:
    if path in seen:
        return ""
    seen.add(path)
    text = path.read_text(encoding="utf-8", errors="replace").replace("\r", "")
    kept = []
    for declaration in declarations(_without_comments(text)):
        include = _INCLUDE.match(declaration.strip())
        if include:
            kept.append(_included(path, include, seen))
        elif _is_device(declaration.strip()):
            kept.append(declaration)
    return "".join(kept)


def _included(path: Path, include: re.Match[str], seen: set[Path]) -> str:
    local = (path.parent / include[2]).resolve()
    if include[1] == '"' and local.exists():
        return _cut(local, seen)
    return f"#include <{include[2]}>\n" if DEVICE_HEADERS.search(include[2]) else ""


def _without_comments(text: str) -> str:
    return _LITERAL_OR_COMMENT.sub(lambda found: found[0] if found[0][0] in "\"'" else " ", text)


def declarations(text: str) -> list[str]:
    """Each preprocessor line and each declaration at the outermost level; a namespace's braces are items too."""
    found: list[str] = []
    position = start = depth = 0
    while position < len(text):
        letter = text[position]
        if letter in "\"'":
            position = _LITERAL_OR_COMMENT.match(text, position).end()  # type: ignore[union-attr]
            continue
        if letter == "#" and depth == 0 and not text[start:position].strip():
            start = _line_end(text, position)
            found.append(text[position:start].rstrip("\n") + "\n")
            position = start
            continue
        if letter in "{(":
            depth += 1
        elif letter in "})":
            depth -= 1
        if depth == 0 and letter in "};":
            end = position + 1
            items = _finished(text[start:end])
            if items:
                found += items
                start = end
        position += 1
    return found + [text[start:]] if text[start:].strip() else found


def _line_end(text: str, position: int) -> int:
    """After a preprocessor line that begins at `position`, with its continuations."""
    while True:
        end = text.find("\n", position)
        if end < 0:
            return len(text)
        if text[end - 1] != "\\":
            return end + 1
        position = end + 1


def _finished(text: str) -> list[str]:
    """The items that `text`, which ends in } or ; outside of all braces, makes; none if a ; must still follow."""
    if text.endswith(";"):
        return [text + "\n"]
    head = _TEMPLATE.sub("", _ALIGNMENT.sub("", text.split("{", 1)[0]))
    if re.match(r'\s*(namespace|extern\s*"C")', head) and "(" not in head:
        opened = text.index("{") + 1
        return [text[:opened] + "\n", *declarations(text[opened:-1]), "}\n"]
    is_type = re.search(r"\b(struct|class|enum|union)\b", head) and "(" not in head
    return [] if is_type or "=" in head.split("(")[0] else [text + "\n"]


def _is_device(declaration: str) -> bool:
    head = declaration.split("{")[0]
    if declaration.startswith("#"):
        return not re.match(r"#\s*pragma\s+once", declaration)
    if declaration == "}" or re.match(r"namespace\s+\w+\s*=", declaration):
        return True
    if declaration.endswith("{"):  # a namespace
        return True
    if _TYPE.match(declaration) and not _FUNCTION_OF_A_TYPE.match(declaration):
        return not declaration.startswith("using namespace std") and not _HOST_TYPES.search(declaration)
    if _MARKED.search(head):
        return True
    if _TYPE_TEMPLATE.match(head) and "(" not in _ALIGNMENT.sub("", head):
        return True
    return bool(re.match(r"(static\s+)?constexpr\b", declaration)
                or (re.match(r"(static\s+)?const\b", declaration) and "(" not in head.split("=")[0]))
