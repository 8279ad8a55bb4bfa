"""Kernels' libraries as files of their own, for debuggers and profilers (COMPATLAYER_KERNEL_FILES).

A library that is loaded a second time is otherwise a copy in memory, and one of a process without a cache is gone when
the process is: neither can be opened by whoever wants its symbols and lines.
"""

from __future__ import annotations

import os
import re
from itertools import count
from pathlib import Path

from compatlayer.backends import base

_numbers = count(1)
_NAME_CHARACTERS = 80


def keep(path: Path, folder: str, name: str) -> Path:
    """A copy of the library `path` in `folder`, which stays there; its name begins with `name`.

    Raises BackendError when it cannot be written."""
    plain = re.sub(r"[^\w.]", "_", name, flags=re.ASCII)[:_NAME_CHARACTERS]
    copy = Path(folder) / f"{plain}-{os.getpid()}-{next(_numbers)}.so"
    try:
        import shutil

        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    except OSError as error:
        raise base.BackendError(f"COMPATLAYER_KERNEL_FILES={folder}: cannot write {copy.name} ({error.strerror}); "
                                "name a folder that can be written, or leave it out") from error
    return copy
