"""The source line of a fault that the processor raised: the runtime says which instruction of which library it was."""

from __future__ import annotations

import os
from functools import lru_cache


@lru_cache(maxsize=64)
def told(message: str, kernel: str, library: bytes, offset: int) -> str:
    """`message`, which begins with `kernel "name"`, with the line behind the name where the library's file knows it."""
    from compatlayer.backends import line_table

    head = f'kernel "{kernel}"'
    if not message.startswith(head):
        return message
    try:
        with open(os.fsdecode(library), "rb") as file:
            line = line_table.find(file.read(), offset)
    except OSError:  # the cache was cleared meanwhile
        line = None
    if line is None:
        return message
    return f"{head} {'at' if line.exact else 'near'} {line}{message[len(head):]}"
