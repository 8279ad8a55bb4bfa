"""Stream capture: work of streams becomes the nodes of a graph. Follows "Stream Management" and "Graph Management".

A graph runs its nodes in the order in which they were captured, which keeps every dependency; branches do not overlap.
"""

from __future__ import annotations

from itertools import count
from threading import get_ident
from typing import ClassVar, NoReturn

from compatlayer.backends.base import Fence
from compatlayer.core import handles, host_function
from compatlayer.core.context import Context
from compatlayer.core.stream import SLICE_S, Put, Stream
from compatlayer.core.user_object import UserObject
from compatlayer.errors import CudaError, Status

GLOBAL, THREAD_LOCAL, RELAXED = range(3)

_ids = count(1)


class Node:
    """One piece of work, and the nodes that it comes after."""

    __slots__ = ("after", "handle", "put")
    handle_error: ClassVar[Status] = Status.INVALID_VALUE

    def __init__(self, after: tuple[Node, ...], put: Put) -> None:
        self.after = after
        self.put = put
        self.handle = handles.add(self)


class Graph:
    """Nodes in an order that keeps their dependencies. close() twice is fine."""

    handle_error: ClassVar[Status] = Status.INVALID_VALUE

    def __init__(self, context: Context) -> None:
        self.context = context
        self.nodes: list[Node] = []
        self.objects: dict[UserObject, int] = {}  # with the references that this graph holds
        self.handle = handles.add(self)

    def keep(self, thing: UserObject, count: int) -> None:
        """Hold `count` references, which are the graph's already."""
        self.objects[thing] = self.objects.get(thing, 0) + count

    def let_go(self, thing: UserObject, count: int) -> None:
        """Give up `count` references; INVALID_VALUE when the graph holds fewer."""
        held = self.objects.get(thing, 0)
        if count > held:
            raise CudaError(Status.INVALID_VALUE, f"{count} references released, and the graph holds {held}")
        self.objects[thing] = held - count
        thing.release(count)

    def close(self) -> None:
        """Forget the graph and its nodes; executable graphs made of it live on."""
        for thing in list(self.objects):
            self.let_go(thing, self.objects[thing])
            del self.objects[thing]
        owners: list[Graph | Node] = [self, *self.nodes]
        for owner in owners:
            if owner.handle:
                handles.remove(owner.handle)
                owner.handle = 0


class ExecutableGraph:
    """A graph as it was when it was instantiated."""

    handle_error: ClassVar[Status] = Status.INVALID_VALUE

    def __init__(self, graph: Graph) -> None:
        self.context = graph.context
        self.work = tuple(node.put for node in graph.nodes)
        self.objects = tuple(graph.objects)
        self._last: Fence | None = None  # behind the last launch
        for thing in self.objects:
            thing.retain(1)
        self.handle = handles.add(self)

    def launch(self, stream: Stream) -> None:
        """Enqueue all nodes on `stream`."""
        if stream.context is not self.context:
            raise CudaError(Status.NOT_SUPPORTED, "a graph runs only in streams of the context that it was captured in")
        self.context.check()
        for put in self.work:
            stream.enqueue(put)
        if self.objects and stream.capture is None:
            self._last = stream.signal()

    def close(self) -> None:
        """Forget it; launches that were made still run, and keep the user objects until they are done."""
        last = self._last
        if last is not None and not last.done():
            host_function.refuse_to_wait()
            while not last.wait(SLICE_S):
                pass
        handles.remove(self.handle)
        for thing in self.objects:
            thing.release(1)


class Capture:
    """A capture in progress: `tails` are the nodes that each stream's next one comes after."""

    def __init__(self, origin: Stream, mode: int) -> None:
        self.id = next(_ids)
        self.origin = origin
        self.mode = mode
        self.thread = get_ident()
        self.invalid = False
        self.over = False
        self.graph = Graph(origin.context)
        self.tails: dict[Stream, tuple[Node, ...]] = {}
        self.shown: object = None  # what the front end handed out last, kept for its caller

    def add(self, stream: Stream, put: Put) -> None:
        """Work of `stream` that is to be done when the graph is launched."""
        self.check()
        node = Node(self.tails[stream], put)
        self.graph.nodes.append(node)
        self.tails[stream] = (node,)

    def check(self) -> None:
        """INVALIDATED after a call that capture does not allow."""
        if self.invalid:
            raise CudaError(Status.STREAM_CAPTURE_INVALIDATED, "an earlier call made this capture invalid; end it")

    def refuse(self, what: str) -> NoReturn:
        """A call that cannot be captured makes the capture invalid."""
        self.invalidate()
        raise CudaError(Status.STREAM_CAPTURE_UNSUPPORTED, f"{what} while the stream is captured; end that first")

    def invalidate(self) -> None:
        self.invalid = True

    def take_in(self, stream: Stream, nodes: tuple[Node, ...]) -> None:
        """Work of `stream` from here on is captured too, after `nodes`."""
        if stream is stream.context.legacy:
            self.invalidate()
            raise CudaError(Status.STREAM_CAPTURE_IMPLICIT, "the legacy stream cannot be captured; use another one")
        if stream.context is not self.graph.context:
            self.invalidate()
            raise CudaError(Status.NOT_SUPPORTED, "a capture over streams of several contexts is not implemented")
        self.tails[stream] = nodes
        stream.capture_into(self)

    def leave(self) -> None:
        """No stream is captured any more."""
        self.over = True
        for stream in self.tails:
            stream.capture_into(None)

    def lose(self, stream: Stream) -> None:
        """A captured stream ends: harmless when its work was joined, the end of the capture when it began here."""
        if stream is self.origin:
            self.abandon()
            return
        if not self.joined():
            self.invalidate()
        del self.tails[stream]
        stream.capture_into(None)

    def abandon(self) -> None:
        """Its first stream or its context ends."""
        self.invalidate()
        self.leave()
        self.graph.close()

    def joined(self) -> bool:
        """True when every stream's work comes before the origin's end."""
        found: set[Node] = set()
        pending = list(self.tails[self.origin])
        while pending:
            node = pending.pop()
            if node not in found:
                found.add(node)
                pending.extend(node.after)
        return all(found.issuperset(nodes) for nodes in self.tails.values())


def begin(stream: Stream, mode: int) -> None:
    """cuStreamBeginCapture."""
    if mode not in (GLOBAL, THREAD_LOCAL, RELAXED):
        raise CudaError(Status.INVALID_VALUE, f"stream capture mode {mode} is not known")
    if stream is stream.context.legacy:
        raise CudaError(Status.STREAM_CAPTURE_UNSUPPORTED, "the legacy stream cannot be captured; use another one")
    if stream.capture is not None:
        raise CudaError(Status.ILLEGAL_STATE, "the stream is being captured already")
    stream.context.check()
    Capture(stream, mode).take_in(stream, ())


def end(stream: Stream) -> Graph:
    """cuStreamEndCapture: the graph, which the caller owns."""
    capture = stream.capture
    if capture is None:
        raise CudaError(Status.ILLEGAL_STATE, "the stream is not being captured")
    if capture.origin is not stream:
        capture.invalidate()
        raise CudaError(Status.STREAM_CAPTURE_UNMATCHED, "end a capture on the stream where it began")
    if capture.mode != RELAXED and capture.thread != get_ident():
        raise CudaError(Status.STREAM_CAPTURE_WRONG_THREAD, "only the thread that began this capture may end it")
    joined = capture.joined()
    capture.leave()
    try:
        capture.check()
        if not joined:
            raise CudaError(Status.STREAM_CAPTURE_UNJOINED, "a stream that was captured along was not joined again: "
                                                            "let the first one wait for an event of it")
    except CudaError:
        capture.graph.close()
        raise
    return capture.graph


def wait(stream: Stream, capture: Capture, nodes: tuple[Node, ...]) -> None:
    """cuStreamWaitEvent on an event that was recorded in a captured stream behind `nodes`."""
    if capture.over:
        raise CudaError(Status.CAPTURED_EVENT, "the event was recorded in a capture that has ended")
    capture.check()
    if stream.capture is None:
        capture.take_in(stream, nodes)
    elif stream.capture is capture:
        capture.tails[stream] = tuple(dict.fromkeys((*capture.tails[stream], *nodes)))
    else:
        stream.capture.invalidate()
        capture.invalidate()
        raise CudaError(Status.STREAM_CAPTURE_MERGE, "a wait cannot join two captures")
