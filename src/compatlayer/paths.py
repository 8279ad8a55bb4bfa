"""Where the parts of this package lie, in a source checkout and installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def include_dir() -> Path:
    """The folder of the C headers (cuda.h, device/, ...). Raises FileNotFoundError when the package is incomplete."""
    for folder in (_PACKAGE / "include", _PACKAGE.parent.parent / "include"):
        if (folder / "cuda.h").is_file():
            return folder
    raise FileNotFoundError(f"no headers beside {_PACKAGE}; install the package again with `pip install .`")


def library_dir() -> Path:
    """The folder of the native libraries; there only once they are built."""
    return _PACKAGE / "_lib"
