"""A pytest plugin that puts every kernel into canonical form before the naive engine goes on with it.

Whatever the canonical form breaks, the tests that run kernels then find. What is Unsupported goes to the file that
COMPATLAYER_TEST_UNSUPPORTED names, with a line for each kernel that was transformed.
"""

from __future__ import annotations

import os

from compatlayer.compiler.ir.printer import print_module
from compatlayer.compiler.ir.reader import read
from compatlayer.compiler.ir.values import Function, Module
from compatlayer.compiler.ir.verifier import verify
from compatlayer.compiler.passes import canonical, pipeline
from compatlayer.compiler.passes.unsupported import Unsupported


def canonicalise(module: Module) -> Module:
    """Every kernel that can be, in canonical form; checked."""
    text = print_module(module)
    refused: dict[str, str] = {}
    while True:
        again = False
        for kernel in [each for each in module.defined() if each.is_kernel and each.name not in refused]:
            try:
                canonical.run(module, kernel)
            except Unsupported as reason:
                refused[kernel.name] = str(reason)
                again = True
                break
            canonical.check(module, kernel)
        if not again:
            break
        host = module.host
        module = read(text)  # half a transformation is of no use
        module.host = host
    verify(module)
    _report(module, refused)
    return module


def _report(module: Module, refused: dict[str, str]) -> None:
    path = os.environ.get("COMPATLAYER_TEST_UNSUPPORTED")
    if path:
        with open(path, "a") as file:
            for kernel in module.defined():
                if isinstance(kernel, Function) and kernel.is_kernel:
                    file.write(f"{kernel.name}: {refused.get(kernel.name, 'canonical')}\n")


names = [name for name, _ in pipeline.NAIVE]
if "canonical" not in names:
    at = names.index("entries")
    pipeline.NAIVE = (*pipeline.NAIVE[:at], ("canonical", canonicalise), *pipeline.NAIVE[at:])
