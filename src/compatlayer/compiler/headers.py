"""Where the headers live that kernels include, and a digest that changes when any of them does."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from ..digest import folder_state, key
from ..errors import CompilerError

BASE = "compatlayer_device.h"


@cache
def folder() -> Path:
    """include/device: at the root of a source checkout, or inside the installed package."""
    package = Path(__file__).resolve().parent.parent
    for candidate in (package.parent.parent / "include" / "device", package / "include" / "device"):
        if (candidate / BASE).is_file():
            return candidate
    raise CompilerError(f"the device headers are missing beside {package}; reinstall compatlayer")


def standard_folder() -> Path:
    """Standard C and C++ names (stdint.h, cassert, ...): searched after the program's own folders."""
    return folder() / "compatlayer" / "std"


@cache
def overlaid_names() -> tuple[str, ...]:
    """Names that must be ours even where the program's folders hold NVIDIA's header of that name."""
    return tuple(sorted(entry.name for entry in os.scandir(folder()) if entry.is_file() and entry.name != BASE))


@cache
def digest() -> str:
    """Changes when a header's place, time or size does, which is when clang refuses a precompiled header of it."""
    return key(folder_state(folder()))
