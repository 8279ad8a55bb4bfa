"""Random programs of memory, streams, events, kernels, captures and graphs from several threads, and a NumPy model
(random_program.py)."""

from __future__ import annotations

import os
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

pytest.importorskip("cuda.bindings.driver")

from random_program import LEGACY, STREAMS, THREADS, WORDS, Buffer, Graph, Step, World, checked

EXAMPLES = int(os.environ.get("FUZZ_PROGRAMS", "30"))
STEPS = int(os.environ.get("FUZZ_PROGRAM_STEPS", "40"))

threads = st.integers(0, THREADS - 1)
streams = st.integers(0, STREAMS - 1)
places = st.integers(0, 99)
values = st.integers(0, (1 << 32) - 1)
pieces = st.tuples(st.sampled_from(("fill", "copy", "mix", "mix", "upload")), places, places, values)
_worlds: list[World] = []


def world() -> World:
    if not _worlds:
        _worlds.append(World())
    return _worlds[0]


class Programs(RuleBasedStateMachine):
    """One program; its buffers and graphs are gone at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.world = world()
        self.buffers: list[Buffer] = []
        self.graphs: list[Graph] = []

    @initialize()
    def first_buffers(self) -> None:
        for kind in ("device", "pool"):
            self.buffers.append(self.world.allocate(kind, WORDS, 2))

    def buffer(self, place: int) -> Buffer:
        return self.buffers[place % len(self.buffers)]

    def step(self, piece: tuple[str, int, int, int], among: list[Buffer] | None = None) -> Step:
        kind, first, second, value = piece
        buffers = self.buffers if among is None else among
        to, origin = buffers[first % len(buffers)], buffers[second % len(buffers)]
        if kind == "copy" and to is not origin:
            return self.world.copy(to, origin)
        if kind == "mix":
            return self.world.mix(to, origin, value, 1 << value % 9)
        if kind == "upload":
            return self.world.upload(to, value)
        return self.world.fill(to, value, second * 7, value % 500)

    @precondition(lambda self: len(self.buffers) < 12)
    @rule(
        kind=st.sampled_from(("device", "pool", "pool", "managed", "pinned")),
        scale=st.integers(1, 40),
        stream=streams,
        thread=threads,
    )
    def allocate(self, kind: str, scale: int, stream: int, thread: int) -> None:
        self.buffers.append(self.world.on(thread, lambda: self.world.allocate(kind, WORDS * scale + scale, stream)))

    @precondition(lambda self: any(not each.graphs for each in self.buffers[2:]))
    @rule(place=places, thread=threads)
    def free(self, place: int, thread: int) -> None:
        unused = [each for each in self.buffers[2:] if not each.graphs]
        buffer = unused[place % len(unused)]
        self.buffers.remove(buffer)
        self.world.on(thread, lambda: self.world.free(buffer))

    @rule(piece=pieces, stream=streams, thread=threads)
    def work(self, piece: tuple[str, int, int, int], stream: int, thread: int) -> None:
        step = self.step(piece)
        self.world.on(thread, lambda: self.world.do(step, stream))

    @rule(todo=st.lists(pieces, min_size=2, max_size=10), stream=streams, thread=threads)
    def several(self, todo: list[tuple[str, int, int, int]], stream: int, thread: int) -> None:
        steps = [self.step(piece) for piece in todo]
        self.world.on(
            thread, lambda: [self.world.do(step, (stream + number // 3) % STREAMS) for number, step in enumerate(steps)]
        )

    @rule(place=places, thread=threads)
    def compare(self, place: int, thread: int) -> None:
        buffer = self.buffer(place)
        self.world.on(thread, lambda: self.world.compare(buffer))

    @rule(thread=threads, stream=streams, everything=st.booleans())
    def wait(self, thread: int, stream: int, everything: bool) -> None:
        self.world.on(
            thread,
            lambda: (
                checked("cuCtxSynchronize")
                if everything
                else checked("cuStreamSynchronize", self.world.streams[stream])
            ),
        )

    @precondition(lambda self: len(self.graphs) < 4)
    @rule(
        todo=st.lists(pieces, min_size=1, max_size=6),
        beside=st.lists(pieces, max_size=3),
        others=st.lists(pieces, max_size=3),
        stream=st.integers(2, STREAMS - 1),
        thread=threads,
    )
    def capture(self, todo: list[Any], beside: list[Any], others: list[Any], stream: int, thread: int) -> None:
        """Work in another stream, by another thread, goes on meanwhile; the fork has buffers of its own."""
        half = len(self.buffers) // 2
        steps = [self.step(piece, self.buffers[:half]) for piece in todo]
        fork = [self.step(piece, self.buffers[half:]) for piece in beside]
        outside = [self.step(piece) for piece in others]

        def meanwhile() -> None:
            for step in outside:
                self.world.on((thread + 1) % THREADS, lambda step=step: self.world.do(step, LEGACY))  # type: ignore[misc]

        for buffer in self.buffers:
            self.world.take(buffer, LEGACY)  # no event may come out of a captured stream
        self.graphs.append(self.world.on(thread, lambda: self.world.capture(steps, fork, stream, meanwhile)))

    @precondition(lambda self: self.graphs)
    @rule(place=places, stream=streams, thread=threads, times=st.integers(1, 3))
    def launch(self, place: int, stream: int, thread: int, times: int) -> None:
        graph = self.graphs[place % len(self.graphs)]
        for _ in range(times):
            self.world.on(thread, lambda: self.world.launch(graph, stream))

    @precondition(lambda self: self.graphs)
    @rule(place=places, thread=threads)
    def end_graph(self, place: int, thread: int) -> None:
        graph = self.graphs.pop(place % len(self.graphs))
        self.world.on(thread, lambda: self.world.end(graph))

    @rule(programs=st.lists(st.lists(pieces, min_size=1, max_size=12), min_size=THREADS, max_size=THREADS))
    def at_once(self, programs: list[list[tuple[str, int, int, int]]]) -> None:
        """Each thread has buffers and a stream of its own, and all run at the same time."""

        def work(number: int) -> None:
            stream = 2 + number % (STREAMS - 2)
            own = [self.world.allocate(kind, WORDS * (number + 1), stream) for kind in ("pool", "device", "managed")]
            for piece in programs[number]:
                self.world.do(self.step(piece, own), stream)
            for buffer in own:
                self.world.compare(buffer)
                self.world.free(buffer)

        running = [self.world.threads[number].submit(work, number) for number in range(THREADS)]
        for each in running:
            each.result(timeout=60)

    def teardown(self) -> None:
        for graph in self.graphs:
            self.world.end(graph)
        for buffer in self.buffers:
            self.world.compare(buffer)
            self.world.free(buffer)
        checked("cuCtxSynchronize")
        self.world.kept.clear()
        checked("cuMemPoolTrimTo", checked("cuDeviceGetDefaultMemPool", 0), 0)


@pytest.mark.timeout(0 if EXAMPLES > 100 else 120)
def test_random_programs_do_what_the_model_says() -> None:
    from compatlayer._native import lib

    world()
    before = int(lib.cpl_memory_count())
    run_state_machine_as_test(
        Programs,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
    assert int(lib.cpl_memory_count()) == before, "a program left memory behind"
