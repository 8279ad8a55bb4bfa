"""Makes the text of the device math library: C sources here -> LLVM IR, cut into functions.

A file of the result starts with one line per function, `name offset bytes needed...`, then an empty line, then the
functions' texts; offsets count from the first text. What a function needs are declarations by name: intrinsics, and
scalar C functions for slow paths; the texts of those follow the functions under their own names.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...errors import CompilerError
from .. import toolchain
from . import INVARIANT, MATH, PARTS, file_name

SOURCES = Path(__file__).resolve().parent
# Both sides of a choice are computed and one is selected, whatever that costs: branches would end at SIMD lanes.
_STRAIGHT = ("-mllvm", "-phi-node-folding-threshold=1000", "-mllvm", "-two-entry-phi-node-folding-threshold=1000")
_TEXTURE = ("texture.c",)  # here branches are what all lanes take together
# Kind -> what the sources are compiled with. The processor only tells the optimiser what is cheap.
KINDS: dict[str, tuple[str, ...]] = {
    "fused": ("-target-cpu", "x86-64-v3"),
    "unfused": ("-target-cpu", "x86-64-v2", "-DCPL_NO_FMA"),
}
_CLANG = ("clang", "-cc1", "-triple", "x86_64-unknown-linux-gnu", "-x", "c", "-std=c11", "-O2", "-ffp-contract=off",
          "-Wall", "-Wextra", "-Werror", "-Wno-unused-const-variable", "-emit-llvm", "-o", "-")  # fmt: skip
_DEFINITION = re.compile(r"^define [^\n]*?@cpl_math_(\w+)\(.*?^}\n", re.MULTILINE | re.DOTALL)
_DECLARATION = re.compile(r"^declare ([^\n]*?)@([\w.]+)\(([^\n]*?)\)[^\n]*\n", re.MULTILINE)
_METADATA = re.compile(r",? ![\w.]+ ![0-9]+")
_INVARIANT = re.compile(r", !nontemporal ![0-9]+")  # how C says that nothing changes what a load reads
_COMMENT = re.compile(r" +;[^\n]*")
_GROUP = re.compile(r"\) #\d+")
_PARAMETER = re.compile(r"\b(?:noundef|signext|zeroext|dso_local|local_unnamed_addr|writeonly|nocapture|dead_on_return|"
                        r"captures\(none\)|initializes\(\([^)]*\)\)) ")
_CALLED = re.compile(r"@([\w.]+)\(")


def make(folder: Path) -> None:
    """Writes both kinds into `folder`, unless they are newer than the sources. Raises CompilerError."""
    layouts = SOURCES.parents[3] / "include" / "compatlayer" / "texture.h"
    newest = max(path.stat().st_mtime for path in [*SOURCES.glob("*.[ch]"), layouts, Path(__file__)])
    for kind in KINDS:
        for part in PARTS:
            target = folder / file_name(kind, part)
            if target.is_file() and target.stat().st_mtime > newest:
                continue
            fresh = target.with_name(f".{target.name}.{os.getpid()}")
            fresh.write_text(library(kind, part), encoding="ascii")
            os.replace(fresh, target)


def library(kind: str, part: str = MATH) -> str:
    """The text of one kind of a part."""
    sources = [each for each in sorted(SOURCES.glob("*.c")) if (each.name in _TEXTURE) == (part != MATH)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        texts = list(pool.map(lambda source: _compile(source, KINDS[kind]), sources))
    functions: dict[str, str] = {}
    declarations: dict[str, str] = {}
    for text in texts:
        for found in _DEFINITION.finditer(text):
            functions[found[1]] = _function(found[0])
        for found in _DECLARATION.finditer(text):
            parameters = ", ".join(each.split()[0] for each in found[3].split(",")) if found[3] else ""
            result = found[1].split()[-1]
            declarations[found[2]] = f"declare {result} @{found[2]}({parameters})\n"
    return _indexed(functions, declarations)


def _compile(source: Path, flags: tuple[str, ...]) -> str:
    shape = () if source.name in _TEXTURE else _STRAIGHT
    status, output, errors = toolchain.run([*_CLANG, *shape, *flags, str(source)])
    if status != 0:
        raise CompilerError(f"{source.name} of the device math library does not compile: "
                            f"{errors.decode('utf-8', 'replace').strip()}")
    return output.decode("ascii")


def _function(text: str) -> str:
    """One definition without attributes that mean nothing once it is inlined."""
    marked = _METADATA.sub("", _INVARIANT.sub(f", !{INVARIANT} ?0", _COMMENT.sub("", text))).replace("?0", "!0")
    head, _, body = marked.partition("\n")
    head = _PARAMETER.sub("", head.replace("@cpl_math_", "@cpl.math."))
    head = re.sub(r"\) (?:unnamed_addr )?#\d+ {$", ") alwaysinline nounwind {", head)
    head = re.sub(r"^define [^@]*?(<[^>]*>|\w+) @", r"define internal \1 @", head)
    body = _GROUP.sub(")", body).replace("tail call ", "call ").replace("noundef ", "")
    return head + "\n" + body


def _indexed(functions: dict[str, str], declarations: dict[str, str]) -> str:
    lines, texts, offset = [], [], 0
    for name, text in [*sorted(functions.items()), *sorted(declarations.items())]:
        needed = [each for each in dict.fromkeys(_CALLED.findall(text)) if each in declarations and each != name]
        lines.append(" ".join([name, str(offset), str(len(text)), *needed]))
        texts.append(text)
        offset += len(text)
    return "\n".join(lines) + "\n\n" + "".join(texts)
