"""Compiling small C programs in tests: with the system's compiler, else with the ziglang package's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from compatlayer.api.toolchain import find_toolchain


def compile_c(source: str, target: Path, *flags: str) -> Path:
    """Make the program or library `target` (a library with -shared among `flags`) and return it."""
    text = target.with_name(f"{target.name}.c")
    text.write_text(source)
    command = [*find_toolchain().command, "-fPIC", str(text), "-o", str(target), *flags]
    subprocess.run(command, check=True, timeout=110)
    return target
