"""The last look at a kernel for OpenCL: text of one function, everything inlined.

Why last: only after the optimiser is it known which functions, wide integers and barriers are left, and what is left
that OpenCL cannot do has to be refused here.
"""

from __future__ import annotations

import re

from ...ir.printer import print_module
from ...ir.reader import read
from . import barriers, fuse, spaces
from .refusal import refused

_END = re.compile(r"^  (?:tail |notail |musttail )?call void @cpl_cl_end\(\)[^\n]*\n  unreachable$", re.MULTILINE)
_WIDE = re.compile(r"(?<![%@.\w-])i(?:6[5-9]|[7-9]\d|\d{3,})\b")
_RANGE = re.compile(r"range\(i64 -?\d+, -?\d+\) ")  # known to the optimiser, which has done its work
_SUBGROUP = re.compile(r"!intel_reqd_sub_group_size !\d+")
_HEAD = re.compile(r"^(define spir_kernel [^\n]*) \{$", re.MULTILINE)
_DECLARED = re.compile(r"^declare [^\n]*@([\w.]+)\([^\n]*\n", re.MULTILINE)


def run(text: str, kernel: str) -> str:
    """The text without what only inlining needed; a refusal for what OpenCL devices cannot do."""
    text = _RANGE.sub("", _END.sub("  ret void", text))
    for found in list(_DECLARED.finditer(text)):
        name = found[1]
        if not name.startswith(("llvm.", "_Z")) and re.search(rf"@{re.escape(name)}\b", text.replace(found[0], "")):
            raise refused(f"kernel {kernel} needs the function '{name}'")
    if re.search(r"^define internal ", text, re.MULTILINE):
        raise refused(f"kernel {kernel} calls functions that call themselves; it needs recursion")
    if _WIDE.search(text):
        raise refused(f"kernel {kernel} needs integers of 128 bits")
    text = re.sub(r"^declare [^\n]*@cpl_[^\n]*\n", "", text, flags=re.MULTILINE)
    module = read(text)
    for function in module.defined():
        if barriers.divergent(function):
            raise refused(f"kernel {kernel} has a barrier that not all threads of a block may come to, some having "
                          "ended or gone another way")
        if barriers.in_step(function):
            raise refused(f"kernel {kernel} has volatile accesses to shared memory; it relies on threads of a warp "
                          "that go in step")
        fuse.run(module, function)
        spaces.run(function)
    printed = print_module(module)
    size = _SUBGROUP.search(text)  # the printer knows no metadata of functions but their place
    return printed if size is None else _HEAD.sub(rf"\1 {size[0]} {{", printed)
