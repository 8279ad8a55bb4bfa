"""Static variables of device code: the program may still write them, so the optimiser must not know them.

A file-scope `static __device__` or `__constant__` variable, or one in an unnamed namespace, has internal linkage in
C++: clang would fold its first value into the kernels. NVRTC keeps it, under its plain name, for cuModuleGetGlobal. So
a source that has such variables is compiled in two steps: they become visible in the IR before it is optimised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .. import toolchain

_HIDING = re.compile(r"\bstatic\b|\bnamespace\s*\{")
_VARIABLE = re.compile(r"\b__(?:device|constant|managed)__\s+(?P<type>[^;(){}=\[\]]*?)\b(?P<name>\w+)\s*(?=[;=\[{,])")
_INTERNAL = re.compile(
    r"^@(?P<symbol>_ZL\d+(?P<plain>\w+)|_ZN12_GLOBAL__N_1\d+(?P<unnamed>\w+)E) = internal (?:unnamed_addr )?"
    r"(?P<rest>addrspace\([14]\) (?:externally_initialized )?)", re.MULTILINE)


def names(texts: Iterable[str]) -> frozenset[str]:
    """Names of variables that may be hidden; a name too many costs a little time, nothing else."""
    found: set[str] = set()
    for text in texts:
        if ("__constant__" in text or "__device__" in text) and _HIDING.search(text):
            for variable in _VARIABLE.finditer(text):
                if not re.search(r"\bconst(?:expr)?\b", variable["type"]) or "*" in variable["type"]:
                    found.add(variable["name"])
    return frozenset(found)


def expose(ir: str, wanted: frozenset[str]) -> str:
    """Unoptimised IR in which the variables can be found and changed from outside."""
    for found in _INTERNAL.finditer(ir):
        name = found["plain"] or found["unnamed"]
        if name not in wanted:
            continue
        rest = found["rest"].replace("externally_initialized ", "") + "externally_initialized "
        ir = ir.replace(found[0], f"@{found['symbol']} = {rest}", 1)
        if found["plain"] and not re.search(rf"@{name}\b", ir):
            ir = re.sub(rf"@{found['symbol']}\b", f"@{name}", ir)
    return ir


def optimise(ir: str, cpu: str, feature: str, folder: str) -> tuple[int, str, str]:
    """What clang's own pipeline makes of the IR: exit status, IR, messages."""
    status, output, errors = toolchain.run(
        ["clang", "-cc1", "-triple", "nvptx64-nvidia-cuda", "-target-cpu", cpu, "-target-feature", feature, "-w", "-O1",
         "-fno-unroll-loops", "-emit-llvm", "-x", "ir", "-", "-o", "-"],
        ir.encode("utf-8", "surrogateescape"), cwd=folder)
    return status, output.decode("utf-8", "surrogateescape"), errors.decode("utf-8", "replace")
