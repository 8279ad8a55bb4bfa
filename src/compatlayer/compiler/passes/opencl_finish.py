"""The last look at a kernel for OpenCL: text of one function, everything inlined."""

from __future__ import annotations

import re

from ..ir.reader import read
from .opencl_barriers import divergent
from .opencl_refusal import refused

_END = re.compile(r"^  (?:tail |notail |musttail )?call void @cpl_cl_end\(\)[^\n]*\n  unreachable$", re.MULTILINE)
_WIDE = re.compile(r"(?<![%@.\w-])i(?:6[5-9]|[7-9]\d|\d{3,})\b")
_DECLARED = re.compile(r"^declare [^\n]*@([\w.]+)\([^\n]*\n", re.MULTILINE)


def run(text: str, kernel: str) -> str:
    """The text without what only inlining needed; a refusal for what OpenCL devices cannot do."""
    text = _END.sub("  ret void", text)
    for found in list(_DECLARED.finditer(text)):
        name = found[1]
        if not name.startswith(("llvm.", "_Z")) and re.search(rf"@{re.escape(name)}\b", text.replace(found[0], "")):
            raise refused(f"kernel {kernel} needs the function '{name}'")
    if re.search(r"^define internal ", text, re.MULTILINE):
        raise refused(f"kernel {kernel} calls functions that call themselves; it needs recursion")
    if _WIDE.search(text):
        raise refused(f"kernel {kernel} needs integers of 128 bits")
    text = re.sub(r"^declare [^\n]*@cpl_[^\n]*\n", "", text, flags=re.MULTILINE)
    if "@_Z7barrierj" in text:
        for function in read(text).defined():
            if divergent(function):
                raise refused(f"kernel {kernel} has a barrier that not all threads of a block may come to, some having "
                              "ended or gone another way")
    return text
