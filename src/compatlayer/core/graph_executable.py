"""Executable graphs: a graph as it was when it was instantiated, prepared for its device.

Changes hold for launches to come: the prepared graph is changed in place when no launch of it is under way, otherwise
another one is made, whose launches come after those of the first.
"""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import ClassVar

from compatlayer.backends.base import BackendError, Doors, Fence
from compatlayer.backends.graph import PreparedGraph
from compatlayer.core import graph_memory, handles, host_function
from compatlayer.core.context import Context, current
from compatlayer.core.graph import Graph, Node, clone
from compatlayer.core.graph_plan import OPERATION, InvalidStructure, Plan
from compatlayer.core.launch import prepare
from compatlayer.core.stream import SLICE_S, Stream
from compatlayer.core.user_object import UserObject
from compatlayer.core.work import (
    AllocateWork,
    ChildWork,
    ConditionalWork,
    EventWork,
    FreeWork,
    KernelWork,
    NodeKind,
    RecordWork,
    Work,
)
from compatlayer.errors import CudaError, Status

AUTO_FREE, UPLOAD, DEVICE_LAUNCH, NODE_PRIORITY = 1, 2, 4, 8  # CUgraphInstantiate_flags
SWITCHABLE = (NodeKind.KERNEL, NodeKind.MEMCPY, NodeKind.MEMSET)

_ids = count(1)


class ExecutableGraph:
    """A launchable graph; `nodes` leads from the nodes that it was made of to its own."""

    handle_error: ClassVar[Status] = Status.INVALID_VALUE

    def __init__(self, source: Graph, flags: int) -> None:
        _check_source(source, flags)
        self.id = next(_ids)
        self.flags = flags
        self.source = source
        self.nodes: dict[Node, Node] = {}
        self.disabled: dict[Node, None] = {}
        for node in list(source.nodes):
            node.work.context.live_domain()  # before there is something to undo
        self.graph = clone(source, None, self.nodes)
        try:
            self.plan = Plan(self.graph)
            _refuse_bodies(self.graph, False)
            self.domains = {node.work.context: node.work.context.live_domain() for node in self.plan.nodes}
        except InvalidStructure as error:
            back = {own: node for node, own in self.nodes.items()}
            error.node = None if error.node is None else back.get(error.node)
            self.graph.close()
            raise
        except CudaError:  # another thread ended a context meanwhile
            self.graph.close()
            raise
        self.memory = [node.work for node in self.plan.nodes if isinstance(node.work, AllocateWork | FreeWork)]
        self.objects = self.graph.all_objects()
        self.prepared: PreparedGraph | None = None
        self._admitted: Doors | None = None  # C callers launch it without core
        self._before: PreparedGraph | None = None  # of which launches may be under way
        self._last: Fence | None = None  # behind the last launch
        source.executables += 1
        try:
            self._prepare()
        except CudaError:
            source.executables -= 1
            self.graph.close()
            raise
        self.handle = handles.add(self)

    def _prepare(self) -> PreparedGraph:
        context = next(iter(self.domains), None)
        if context is None:
            context = current()
        try:
            prepared = context.device.hardware.graph(self.plan.layout, self._before)
            for condition, place in self.plan.conditions.items():
                prepared.value(place, condition.handle, condition.initial, condition.assign)
            for node in self.plan.nodes:
                self._set(prepared, node)
        except BackendError as error:
            raise context.translate(error) from None
        self.prepared = prepared
        self._before = None
        return prepared

    def _set(self, prepared: PreparedGraph, node: Node) -> None:
        work, index = node.work, self.plan.first[node]
        home = work.context.home()
        if node in self.disabled:
            prepared.empty(index, home)
        elif isinstance(work, EventWork):
            slot = self.plan.slots[node]
            (prepared.signal if isinstance(work, RecordWork) else prepared.wait)(index, home, slot)
        elif isinstance(work, ConditionalWork):
            prepared.choose(index, home, work.choice, self.plan.conditions[work.condition], self.plan.bodies[node],
                            len(work.bodies))
        else:
            if isinstance(work, KernelWork):
                prepare(work.function, work.shape.block)
                if not self.flags & NODE_PRIORITY and work.priority:
                    work = work.with_settings({}, work.shape.cooperative)
            work.prepare(prepared, index, home)
            if isinstance(work, ChildWork):
                prepared.empty(index + 1, home)

    def own(self, node: Node) -> Node:
        """This graph's node for one that it was made of; INVALID_VALUE for others."""
        found = self.nodes.get(node)
        if found is None:
            raise CudaError(Status.INVALID_VALUE, "the executable graph was not made of a graph with this node")
        return found

    def change(self, own: Node, work: Work) -> None:
        """Launches to come do something else at one of its own nodes."""
        before, own.work = own.work, work
        try:
            self.domains.setdefault(work.context, work.context.live_domain())
            self._again(own)
        except CudaError:
            own.work = before
            raise

    def enable(self, own: Node, enabled: bool) -> None:
        """Launches to come leave a kernel, copy or fill out, or not."""
        self._check_switchable(own)
        if enabled == (own not in self.disabled):
            return
        if enabled:
            del self.disabled[own]
        else:
            self.disabled[own] = None
        self._again(own)

    def _again(self, own: Node) -> None:
        prepared = self.prepared
        if prepared is None:
            if own in self.plan.first and isinstance(own.work, KernelWork):
                prepare(own.work.function, own.work.shape.block)
            return
        if own.work.steps != self.plan.last[own] - self.plan.first[own] + 1:
            self.plan = Plan(self.graph)
        elif not prepared.busy():
            try:
                self._set(prepared, own)
                return
            except BackendError as error:
                raise own.work.context.translate(error) from None
        if isinstance(own.work, KernelWork):
            prepare(own.work.function, own.work.shape.block)
        self.replan()

    def enabled(self, own: Node) -> bool:
        """INVALID_VALUE for kinds of nodes that are always enabled."""
        self._check_switchable(own)
        return own not in self.disabled

    def _check_switchable(self, own: Node) -> None:
        if own.kind not in SWITCHABLE:
            raise CudaError(Status.INVALID_VALUE, "only kernel, memcpy and memset nodes can be disabled, not "
                                                  f"{own.kind.name.lower()} nodes")

    def refresh_events(self) -> None:
        """After an event node was changed."""
        for node, slot in self.plan.slots.items():
            assert isinstance(node.work, EventWork)
            self.plan.fences[slot] = node.work

    def ready(self) -> PreparedGraph:
        """The graph as launches to come will run it."""
        return self.prepared or self._prepare()

    def replan(self, all_anew: bool = False) -> None:
        """Prepare it anew at the next launch; `all_anew` after its nodes were given other work."""
        if all_anew:
            self.plan = Plan(self.graph)
            for node in self.plan.nodes:
                self.domains.setdefault(node.work.context, node.work.context.live_domain())
        self._withdraw()
        if self.prepared is not None:
            self._before, self.prepared = self.prepared, None
            _ending.append((self._last, self._before, self.graph))

    def launch(self, stream: Stream) -> None:
        """One piece of work of `stream`, behind its earlier launches in any stream."""
        stream.context.check()
        if stream.capture is not None:
            stream.capture.check()
            made = clone(self.graph)
            try:
                stream.capture.add(stream, ChildWork(stream.context, made))
            except CudaError:
                made.close()
                raise
            return
        for context, domain in self.domains.items():
            if context.domain is not domain:
                raise CudaError(Status.CONTEXT_IS_DESTROYED, "a context that the graph was made in was destroyed")
        if self.memory:
            graph_memory.launch(self.memory, bool(self.flags & AUTO_FREE))
        prepared = self.ready()
        fences = self._fences() if self.plan.fences else ()
        stream.start(prepared, fences)
        if self._admitted is None:
            self._admit(prepared, stream.context)
        others = [context for context in self.domains if context is not stream.context]
        if _retired:
            collect()
        if self.objects or others:
            self._last = stream.signal()
            for context in others:
                context.alone().wait_fence(self._last)

    def _admit(self, prepared: PreparedGraph, context: Context) -> None:
        """C callers may go on without core, when a launch is nothing but a start of the prepared graph."""
        doors = context.doors
        if doors is None or self.memory or self.objects or self.plan.fences or any(
                each is not context for each in self.domains):
            return
        doors.accept_graph(self.handle, prepared)
        self._admitted = doors

    def _withdraw(self) -> None:
        """Every launch comes through core again, at least once."""
        doors, self._admitted = self._admitted, None
        if doors is not None:
            doors.forget_graph(self.handle)

    def adopt_objects(self, graph: Graph) -> None:
        """Keep the user objects of another graph instead of those so far, which go when no launch is under way."""
        before = take_objects(self.graph)
        self.objects = graph.all_objects()
        for thing in self.objects:
            thing.retain(1)
            self.graph.keep(thing, 1)
        _retired.append((self._last, before))
        collect()

    def _fences(self) -> list[Fence | None]:
        waits = [None if isinstance(work, RecordWork) else work.event.fence for work in self.plan.fences]
        fences: list[Fence | None] = []
        for work, wait in zip(self.plan.fences, waits, strict=True):
            fences.append(work.event.begin_record() if isinstance(work, RecordWork) else wait)
        return fences

    def close(self) -> None:
        """Forget it; launches that were made still run, and keep the user objects until they are done."""
        last = self._last
        if self.objects and last is not None and not last.done():
            host_function.refuse_to_wait()
            while not last.wait(SLICE_S):
                pass
        if not handles.remove(self.handle):
            return
        self._withdraw()
        self.source.executables -= 1
        if self.prepared is not None:
            _ending.append((last, self.prepared, self.graph))
        self.graph.close()
        collect()


# Prepared graphs whose launches may be under way, with what they need: their kernels' code must stay.
_ending: deque[tuple[Fence | None, PreparedGraph, Graph]] = deque()


_retired: deque[tuple[Fence | None, dict[UserObject, int]]] = deque()  # what waits for such launches to be released


def take_objects(graph: Graph) -> dict[UserObject, int]:
    """Take a graph's references to user objects away from it and from those inside of it."""
    taken, graph.objects = graph.objects, {}
    for node in graph.nodes:
        for inner in node.subgraphs():
            for thing, held in take_objects(inner).items():
                taken[thing] = taken.get(thing, 0) + held
    return taken


def collect() -> None:
    """Forget those whose launches are over."""
    for _ in range(len(_retired)):
        try:
            last, objects = _retired.popleft()
        except IndexError:
            break
        if last is None or last.done():
            for thing, held in objects.items():
                thing.let_go(held)
        else:
            _retired.append((last, objects))
    for _ in range(len(_ending)):
        try:
            item = _ending.popleft()
        except IndexError:
            return
        if item[1].busy():
            _ending.append(item)


def _check_source(source: Graph, flags: int) -> None:
    if flags & ~(AUTO_FREE | UPLOAD | DEVICE_LAUNCH | NODE_PRIORITY):
        raise CudaError(Status.INVALID_VALUE, f"graph instantiation flags {flags:#x} are not known")
    if flags & DEVICE_LAUNCH:
        raise InvalidStructure(Status.NOT_SUPPORTED, "graphs that kernels launch are not implemented", None, OPERATION)
    if source.executables and source.memory_works():
        raise CudaError(Status.INVALID_VALUE, "a graph that allocates or frees memory has one executable graph at a "
                                              "time; destroy the other one first")


_IN_BODIES = frozenset((NodeKind.KERNEL, NodeKind.EMPTY, NodeKind.GRAPH, NodeKind.MEMSET, NodeKind.MEMCPY,
                        NodeKind.CONDITIONAL))


def _refuse_bodies(graph: Graph, inside: bool) -> None:
    """The bodies of conditional nodes hold some kinds of nodes only."""
    for node in graph.nodes:
        if inside and node.kind not in _IN_BODIES:
            raise InvalidStructure(Status.NOT_SUPPORTED, f"{node.kind.name.lower()} nodes cannot be in the body of a "
                                                         "conditional node", node, OPERATION)
        for inner in node.subgraphs():
            _refuse_bodies(inner, inside or isinstance(node.work, ConditionalWork))
