"""Device code itself as the target, packed: for libraries that say they take it, as the stand-ins of the tests do."""

from __future__ import annotations

from pathlib import Path

from .. import container
from ..image import DeviceCode, Sharing
from ..ir.reader import read
from ..passes import facts, prune
from .cpu import Loaded


def lower_module(code: DeviceCode) -> Loaded:
    """The facts of `code`, and its text with the architecture in front."""
    module = prune.run(read(code.ir))
    return Loaded(f"{code.architecture}\n{code.ir}", facts.kernels(module), facts.variables(module), Sharing((), {}))


def assemble(text: str, workdir: Path) -> bytes:
    """The packed form."""
    architecture, _, ir = text.partition("\n")
    return container.pack(DeviceCode(ir, architecture))
