"""The last look at a kernel for OpenCL: text of one function, everything inlined."""

from __future__ import annotations

import re

from ...errors import CompilerError

_END = re.compile(r"^  (?:tail |notail |musttail )?call (?:spir_func )?void @cpl_cl_end\(\)[^\n]*\n  unreachable$",
                  re.MULTILINE)
_DECLARED = re.compile(r"^declare [^\n]*@([\w.]+)\(", re.MULTILINE)


def run(text: str, kernel: str) -> str:
    text = _END.sub("  ret void", text)
    for name in _DECLARED.findall(text):
        if not name.startswith(("llvm.", "_Z")) and f"@{name}(" in text.replace(f"declare void @{name}(", ""):
            if name == "cpl_cl_end":
                continue
            raise CompilerError(f"kernel {kernel} needs the function '{name}', which OpenCL devices do not have; run it "
                                "on the CPU device (COMPATLAYER_DEVICES=cpu)")
    return text
