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
    kernels = [each.name for each in module.defined() if each.is_kernel]
    refused: dict[str, str] = {}
    while (failed := _first_refused(text, module.host, [each for each in kernels if each not in refused])) is not None:
        refused[failed[0]] = failed[1]
    for name in kernels:
        if name not in refused:
            kernel = _kernel(module, name)
            canonical.run(module, kernel)
            canonical.check(module, kernel)
    verify(module)
    _report(kernels, refused)
    return module


def _first_refused(text: str, host: str, kernels: list[str]) -> tuple[str, str] | None:
    """Tried on a copy: half a transformation is of no use."""
    module = read(text)
    module.host = host
    for name in kernels:
        try:
            canonical.run(module, _kernel(module, name))
        except Unsupported as reason:
            return name, str(reason)
    return None


def _kernel(module: Module, name: str) -> Function:
    found = module.symbols[name]
    assert isinstance(found, Function)
    return found


def _report(kernels: list[str], refused: dict[str, str]) -> None:
    path = os.environ.get("COMPATLAYER_TEST_UNSUPPORTED")
    if path:
        with open(path, "a") as file:
            file.writelines(f"{name}: {refused.get(name, 'canonical')}\n" for name in kernels)


def passes() -> tuple[tuple[str, pipeline.Pass], ...]:
    """The naive engine's passes with the canonical form before the entries."""
    at = [name for name, _ in pipeline.NAIVE].index("entries")
    return (*pipeline.NAIVE[:at], ("canonical", canonicalise), *pipeline.NAIVE[at:])


def pytest_configure() -> None:
    """Runs when this module is loaded as a plugin, not when it is imported."""
    pipeline.NAIVE = passes()
