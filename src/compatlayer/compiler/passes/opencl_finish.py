"""The last look at a kernel for OpenCL: text of one function, everything inlined."""

from __future__ import annotations

import re

from ..ir.reader import read
from .opencl_barriers import divergent
from .opencl_names import refused

_END = re.compile(r"^  (?:tail |notail |musttail )?call void @cpl_cl_end\(\)[^\n]*\n  unreachable$", re.MULTILINE)
_DECLARED = re.compile(r"^declare [^\n]*@([\w.]+)\([^\n]*\n", re.MULTILINE)


def run(text: str, kernel: str) -> str:
    """The text without what only inlining needed; a refusal for what OpenCL devices cannot do."""
    text = _END.sub("  ret void", text)
    for found in list(_DECLARED.finditer(text)):
        name = found[1]
        if not name.startswith(("llvm.", "_Z")) and re.search(rf"@{re.escape(name)}\b", text.replace(found[0], "")):
            raise refused(f"kernel {kernel} needs the function '{name}'")
    text = re.sub(r"^declare [^\n]*@cpl_[^\n]*\n", "", text, flags=re.MULTILINE)
    if "@_Z7barrierj" in text:
        for function in read(text).defined():
            if divergent(function):
                raise refused(f"kernel {kernel} has a barrier that not all threads of a block may come to, some having "
                              "ended or gone another way")
    return text
