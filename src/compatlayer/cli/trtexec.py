"""`compatlayer trtexec`: the command trtexec, which programs started by `compatlayer run` find in their PATH too."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "build TensorRT engines from ONNX models and measure them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For the list of commands only: main() reads its words itself."""


def main(words: list[str]) -> int:
    """Run it; 0 passed, 1 failed."""
    from compatlayer.trtexec import command

    return command.main(words)
