"""PTX text that cannot be loaded."""

from __future__ import annotations

from ....errors import CompilerError


class PtxFault(CompilerError):
    """What is wrong in PTX text: the message names line and statement, as the JIT error log shows it."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"ptx: line {line}: error: {what}")
        self.line = line


class PtxVersionFault(PtxFault):
    """The text's .version is newer than what this version of CUDA knows."""
