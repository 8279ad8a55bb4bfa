"""Functions that C callers may launch, while other threads end them or change their limits at any point."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import count
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from compatlayer.backends.base import Launchable
from compatlayer.compiler.image import KernelInfo
from compatlayer.core.function import Function, FunctionAttribute, KernelAttributes

Step = Callable[[Function], None]
OWN, LIBRARY = 0, 0x70  # which handle: the function's own, or the number of a library's kernel
POINTS = range(40)


class Doors:
    """Which handles C callers launch by, and up to which limit."""

    def __init__(self) -> None:
        self.rows: dict[int, int] = {}

    def accept(self, handle: int, facts: Launchable, needs_domain: bool) -> None:
        self.rows[handle] = facts.max_dynamic_shared_bytes

    def forget(self, handle: int) -> None:
        self.rows.pop(handle, None)


class Context:
    """Counts the waits, and what could be launched when each began."""

    def __init__(self) -> None:
        self.doors = Doors()
        self.open_at_wait: list[int] = []

    def wait_idle(self) -> None:
        self.open_at_wait.append(len(self.doors.rows))


def function() -> tuple[Function, Context]:
    caps = SimpleNamespace(shared_bytes=1000, shared_optin_bytes=2000, max_block_threads=1024,
                           max_grid_dim=(1, 1, 1), max_block_dim=(1, 1, 1))
    info = KernelInfo("k", "k", (), 0, 0, 0, 0, 0, 1024, False)
    context, device = Context(), SimpleNamespace(caps=caps)
    module: Any = SimpleNamespace(context=context)
    kernel: Any = None
    return Function(module, info, kernel, KernelAttributes(info, device, 90)), context  # type: ignore[arg-type]


def admit(which: int) -> Step:
    return lambda it: it.admit(which or it.handle)


def end(it: Function) -> None:
    it.close()


def limit(it: Function) -> None:
    it.attributes.set(FunctionAttribute.MAX_DYNAMIC_SHARED_SIZE_BYTES, 1500)


def interrupted(it: Function, body: Step, point: int, other: Step) -> bool:
    """Run `body` with `other` before its line number `point`, counted over its calls too; False without such a line."""
    lines, done = count(), []

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line" and frame.f_code.co_filename.endswith("function.py") and next(lines) == point:
            sys.settrace(None)
            frame.f_trace = None
            other(it)
            done.append(point)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        body(it)
    finally:
        sys.settrace(before)
    return bool(done)


OTHERS: dict[str, tuple[Step, ...]] = {
    "it ends": (end,),
    "its limit changes": (limit,),
    "it is admitted and ends": (admit(OWN), end),
    "it ends and is admitted": (end, admit(OWN)),
    "it is admitted and its limit changes": (admit(OWN), limit),
    "its limit changes and it is admitted": (limit, admit(OWN)),
    "it is admitted as a library's kernel and ends": (admit(LIBRARY), end),
}


@pytest.mark.parametrize("which", [OWN, LIBRARY], ids=["function", "library kernel"])
@pytest.mark.parametrize("others", OTHERS.values(), ids=OTHERS)
def test_nothing_outdated_can_be_launched_whatever_happens_while_a_function_is_admitted(
        others: tuple[Step, ...], which: int) -> None:
    reached = 0
    for point in POINTS:
        it, context = function()

        def other(it: Function) -> None:
            for step in others:
                step(it)

        if not interrupted(it, admit(which), point, other):
            break
        reached += 1
        if end in others:
            assert context.doors.rows == {}, f"interrupted at line {point}"
        for handle, bytes_allowed in context.doors.rows.items():
            assert bytes_allowed == it.attributes.max_dynamic_shared_bytes, f"interrupted at line {point}"
            assert handle in it.admitted, f"interrupted at line {point}"
    assert reached > 5


@pytest.mark.parametrize("first", [end, limit], ids=["it ends", "its limit changes"])
def test_nothing_outdated_can_be_launched_when_a_function_is_admitted_while_it_is_withdrawn(first: Step) -> None:
    reached = 0
    for point in POINTS:
        it, context = function()
        it.admit(it.handle)
        if not interrupted(it, first, point, admit(OWN)):
            break
        reached += 1
        assert set(context.doors.rows.values()) <= ({1500} if first is limit else set()), f"interrupted at line {point}"
        assert set(context.doors.rows) <= set(it.admitted), f"interrupted at line {point}"
    assert reached > 5


def test_who_admits_a_function_that_has_ended_waits_for_what_was_launched_meanwhile() -> None:
    it, context = function()
    it.close()
    it.admit(it.handle)
    assert context.open_at_wait == [0]
