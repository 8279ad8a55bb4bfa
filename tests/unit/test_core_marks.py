"""Marks of streams: whatever the threads that enqueue do at the same time, work is never taken for done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from compatlayer.core import stream as streams
from compatlayer.core.stream import NON_BLOCKING, Stream


class Queue:
    """Always done at once."""

    def idle(self) -> bool:
        return True


class Door:
    """Counts the launches of C callers."""

    def __init__(self) -> None:
        self.count = 0

    def launches(self) -> int:
        return self.count


class Context:
    """The streams with work."""

    def __init__(self) -> None:
        self.busy: dict[Stream, None] = {}
        self.doors = self.legacy = None


def late(usual: Iterator[int], meanwhile: Callable[[], None]) -> Iterator[int]:
    """One of the usual marks; another thread does `meanwhile` between its being taken and stored."""
    first = next(usual)
    meanwhile()
    yield first


@pytest.mark.parametrize("others", [1, 2, 3])
def test_launches_in_c_are_waited_for_after_two_threads_stored_their_marks_in_the_other_order(
        monkeypatch: pytest.MonkeyPatch, others: int) -> None:
    context: Any = Context()
    queue: Any = Queue()
    door: Any = Door()
    stream = Stream(context, queue, NON_BLOCKING, 0)
    stream.door = door

    def meanwhile() -> None:
        monkeypatch.setattr(streams, "_marks", usual)
        for _ in range(others):
            stream.mark()
        stream.drain()

    usual = streams._marks
    monkeypatch.setattr(streams, "_marks", late(usual, meanwhile))
    stream.mark()
    for launches in range(others + 2):
        door.count = launches
        assert not stream.known_idle(), f"{launches} launches were lost"
