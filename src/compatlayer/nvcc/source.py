"""Source files, and what the compiler is told of them."""

from __future__ import annotations

import sys

from compatlayer.nvcc.options import Command, Fatal


def read(path: str) -> str:
    """The text of a source; bytes that are not UTF-8 survive the way to the compiler."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError as error:
        raise Fatal(f"{path}: {error.strerror}") from None


def words(command: Command, architecture: str) -> list[str]:
    """The options of `command`, as NVRTC's."""
    standard = [f"--std={command.standard}"] if command.standard else []
    return [f"--gpu-architecture={architecture}", *standard, "--device-int128", *command.words]


def tell(log: str) -> None:
    """Messages of the compiler, where nvcc has them."""
    if log:
        sys.stderr.write(log if log.endswith("\n") else log + "\n")
