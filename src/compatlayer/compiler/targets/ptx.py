"""PTX text as the target, from LLVM's NVPTX back end: for NVIDIA's own driver, which compiles it."""

from __future__ import annotations

from pathlib import Path

from ...errors import CompilerError
from .. import ptx_text
from ..image import DeviceCode
from . import device_code

lower_module = device_code.lower_module


def assemble(text: str, workdir: Path) -> bytes:
    """PTX text with its NUL. Raises CompilerError when the IR has no PTX form."""
    architecture, _, ir = text.partition("\n")
    ptx = ptx_text.emit(DeviceCode(ir, architecture))
    if ptx.startswith("// No PTX text"):
        raise CompilerError(ptx.partition("\n")[0].removeprefix("// "))
    return ptx.encode() + b"\0"
