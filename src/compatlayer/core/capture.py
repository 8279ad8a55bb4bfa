"""Stream capture: work of streams becomes the nodes of a graph. Follows "Stream Management" and "Graph Management"."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from threading import get_ident
from typing import NoReturn

from compatlayer.core import capture_mode
from compatlayer.core.capture_mode import GLOBAL, RELAXED, THREAD_LOCAL
from compatlayer.core.graph import PLAIN, Graph, Link, Node
from compatlayer.core.stream import Stream
from compatlayer.core.work import Work
from compatlayer.errors import CudaError, Status

ADD_DEPENDENCIES, SET_DEPENDENCIES = 0, 1  # CUstreamUpdateCaptureDependencies_flags

_ids = count(1)


class Capture:
    """A capture in progress: `tails` are the nodes that each stream's next one comes after.

    `graph` is the capture's own, or the caller's that it adds to.
    """

    def __init__(self, origin: Stream, mode: int, graph: Graph | None = None) -> None:
        self.id = next(_ids)
        self.origin = origin
        self.mode = mode
        self.thread = get_ident()
        self.invalid = False
        self.over = False
        self.own = graph is None
        self.graph = graph or Graph()
        self.graph.capture = self
        self.tails: dict[Stream, tuple[Link, ...]] = {}
        self.made: dict[Node, None] = {}  # nodes that streams' work became
        self.shown: object = None  # what the front end handed out last, kept for its caller
        if mode != RELAXED:
            capture_mode.active[self] = None

    def add(self, stream: Stream, work: Work) -> Node:
        """Work of `stream` that is to be done when the graph is launched."""
        self.check()
        node = self.graph.add(work, self.tails[stream])
        self.made[node] = None
        self.tails[stream] = ((node, PLAIN),)
        return node

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

    def take_in(self, stream: Stream, links: tuple[Link, ...]) -> None:
        """Work of `stream` from here on is captured too, after `links`."""
        if stream is stream.context.legacy:
            self.invalidate()
            raise CudaError(Status.STREAM_CAPTURE_IMPLICIT, "the legacy stream cannot be captured; use another one")
        self.tails[stream] = links
        stream.capture_into(self)

    def leave(self) -> None:
        """No stream is captured any more."""
        self.over = True
        self.graph.capture = None
        capture_mode.active.pop(self, None)
        for stream in self.tails:
            stream.capture_into(None)

    def lose(self, stream: Stream) -> None:
        """A captured stream ends: harmless when its work was joined, the end of the capture when it began here."""
        if stream is self.origin:
            self.abandon()
            return
        others = [links for other, links in self.tails.items() if other is not stream]
        if not self._cover(others, [self.tails[stream]]):
            self.invalidate()
        del self.tails[stream]
        stream.capture_into(None)

    def abandon(self) -> None:
        """Its first stream or its context ends."""
        self.invalidate()
        self.leave()
        if self.own:
            self.graph.close()

    def joined(self) -> bool:
        """True when every stream's work comes before the origin's end."""
        return self._cover([self.tails[self.origin]], self.tails.values())

    def _cover(self, ends: Iterable[tuple[Link, ...]], others: Iterable[tuple[Link, ...]]) -> bool:
        """True when the nodes of `others` that were captured are before, or among, those of `ends`."""
        found: set[Node] = set()
        pending = [node for links in ends for node, _ in links]
        while pending:
            node = pending.pop()
            if node not in found:
                found.add(node)
                pending.extend(before for before, _ in node.before)
        return all(node in found or node not in self.made for links in others for node, _ in links)


def begin(stream: Stream, mode: int, graph: Graph | None = None, links: tuple[Link, ...] = ()) -> None:
    """cuStreamBeginCapture; with `graph` its work is added there, after `links`."""
    if mode not in (GLOBAL, THREAD_LOCAL, RELAXED):
        raise CudaError(Status.INVALID_VALUE, f"stream capture mode {mode} is not known")
    if stream is stream.context.legacy:
        raise CudaError(Status.STREAM_CAPTURE_UNSUPPORTED, "the legacy stream cannot be captured; use another one")
    if stream.capture is not None:
        raise CudaError(Status.ILLEGAL_STATE, "the stream is being captured already")
    if graph is not None:
        if graph.capture is not None:
            raise CudaError(Status.INVALID_VALUE, "work is being captured into the graph already")
        for node, _ in links:
            graph.check(node)
    stream.context.check()
    Capture(stream, mode, graph).take_in(stream, links)


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
        if capture.own:
            capture.graph.close()
        raise
    return capture.graph


def wait(stream: Stream, capture: Capture, links: tuple[Link, ...]) -> None:
    """cuStreamWaitEvent on an event that was recorded in a captured stream behind `links`."""
    if capture.over:
        raise CudaError(Status.CAPTURED_EVENT, "the event was recorded in a capture that has ended")
    capture.check()
    if stream.capture is None:
        capture.take_in(stream, links)
    elif stream.capture is capture:
        _join(capture, stream, links)
    else:
        stream.capture.invalidate()
        capture.invalidate()
        raise CudaError(Status.STREAM_CAPTURE_MERGE, "a wait cannot join two captures")


def _join(capture: Capture, stream: Stream, links: Iterable[Link]) -> None:
    tails = dict(capture.tails[stream])
    for node, edge in links:
        tails.setdefault(node, edge)
    capture.tails[stream] = tuple(tails.items())


def update(stream: Stream, links: list[Link], flags: int) -> None:
    """cuStreamUpdateCaptureDependencies: other nodes for the stream's next one to come after."""
    if flags not in (ADD_DEPENDENCIES, SET_DEPENDENCIES):
        raise CudaError(Status.INVALID_VALUE, f"capture dependency flags {flags:#x} are not known")
    capture = stream.capture
    if capture is None:
        raise CudaError(Status.ILLEGAL_STATE, "the stream is not being captured")
    capture.check()
    for node, _ in links:
        capture.graph.check(node)
    if flags == SET_DEPENDENCIES:
        capture.tails[stream] = ()
    _join(capture, stream, links)
