"""The log of what went wrong in API calls: the last of it is kept, and told to whoever registered for it.

Nothing is formatted before somebody reads: errors that programs expect must stay cheap.
"""

from __future__ import annotations

import os
import sys
from _thread import get_native_id
from collections import deque
from collections.abc import Callable
from itertools import count
from time import localtime, strftime, time
from typing import NamedTuple

ERROR, WARNING = 0, 1  # CUlogLevel
LIMIT = 256  # entries that are kept

Listener = Callable[[int, str], None]


class Entry(NamedTuple):
    """One message; `number` counts from 0 over the process's life, `time_s` is the time of day."""

    number: int
    time_s: float
    thread: int
    source: str
    level: int
    text: str

    def line(self) -> str:
        """As it is written: [time][thread][source][severity] message."""
        clock = strftime("%H:%M:%S", localtime(self.time_s)) + f".{int(self.time_s * 1000) % 1000:03d}"
        return f"[{clock}][{self.thread}][{self.source}][{'EW'[self.level]}] {self.text}\n"


entries: deque[Entry] = deque(maxlen=LIMIT)
listeners: dict[int, Listener] = {}
_numbers = count()
_state = {"next": 0}


def add(text: str, source: str = "CUDA", level: int = ERROR) -> None:
    """Keep a message and tell it to the listeners and the file that CUDA_LOG_FILE names. Never raises."""
    entry = Entry(next(_numbers), time(), get_native_id(), source, level, text)
    entries.append(entry)
    _state["next"] = max(_state["next"], entry.number + 1)
    path = os.environ.get("CUDA_LOG_FILE")
    if path:
        _write(path, entry.line())
    for listener in list(listeners.values()):
        try:
            listener(level, entry.line())
        except Exception as error:
            print(f"compatlayer: a log callback failed: {error}", file=sys.stderr)


def end() -> int:
    """The number that the next message will have."""
    return _state["next"]


def since(number: int) -> tuple[list[Entry], bool]:
    """The messages from `number` on that are still there, and whether earlier ones of them are gone."""
    found = [entry for entry in list(entries) if entry.number >= number]
    return found, bool(found) and found[0].number > number


def _write(path: str, line: str) -> None:
    try:
        if path in ("stdout", "stderr"):
            print(line, end="", file=getattr(sys, path), flush=True)
        else:
            with open(path, "a", encoding="utf-8") as file:
                file.write(line)
    except (OSError, ValueError):
        pass  # the program's own result must stand
