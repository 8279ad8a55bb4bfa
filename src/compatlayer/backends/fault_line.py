"""The source line of a fault that the processor raised: the runtime says which instruction of which library it was."""

from __future__ import annotations

import os
from functools import lru_cache

from compatlayer.backends import line_table


@lru_cache(maxsize=64)
def told(sentence: bytes, kernel: bytes, library: bytes, offset: int) -> str:
    """`sentence`, which begins with `kernel "name"`, with the line behind the name where the library's file knows it.

    An empty `library`: it was not the processor that raised the fault."""
    message, head = sentence.decode("utf-8", "replace"), f'kernel "{kernel.decode("utf-8", "replace")}"'
    if not library or not message.startswith(head):
        return message
    try:
        with open(os.fsdecode(library), "rb") as file:
            line = line_table.find(file.read(), offset)
    except OSError:  # the cache was cleared meanwhile
        line = None
    if line is None:
        return message
    return f"{head} {'at' if line.exact else 'near'} {line}{message[len(head):]}"
