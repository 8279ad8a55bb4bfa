"""Graphs: nodes of work and the edges between them, as a program builds them. Follows "Graph Management".

Graphs are not thread-safe, as documented; a node belongs to one graph for its life.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from compatlayer.core import handles
from compatlayer.core.conditional import Condition
from compatlayer.core.user_object import UserObject
from compatlayer.core.work import AllocateWork, ChildWork, ConditionalWork, FreeWork, NodeKind, Work
from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.core.capture import Capture

_ids = count(1)


class Edge(NamedTuple):
    """CUgraphEdgeData: which part of the first node's work the second one waits for. Here always all of it."""

    from_port: int = 0
    to_port: int = 0
    kind: int = 0


PLAIN = Edge()
Link = tuple["Node", Edge]


class Node:
    """One piece of work, and the edges from and to other nodes of its graph."""

    __slots__ = ("after", "before", "graph", "handle", "id", "origin", "shown", "work")
    handle_error: ClassVar[Status] = Status.INVALID_VALUE

    def __init__(self, graph: Graph, work: Work, ident: int) -> None:
        self.graph = graph
        self.work = work
        self.id = ident
        self.before: dict[Link, None] = {}  # nodes that this one comes after
        self.after: dict[Link, None] = {}
        self.origin: Node | None = None  # in a clone: the node that this one was made of
        self.shown: object = None  # memory that the front end gave out about it
        self.handle = handles.add(self)

    @property
    def kind(self) -> NodeKind:
        return self.work.kind

    def subgraphs(self) -> tuple[Graph, ...]:
        """The graphs inside of it."""
        if isinstance(self.work, ChildWork):
            return (self.work.graph,)
        return self.work.bodies if isinstance(self.work, ConditionalWork) else ()


class Graph:
    """Nodes in the order of their making. `parent` is the node that this graph is a part of. close() twice is fine."""

    handle_error: ClassVar[Status] = Status.INVALID_VALUE

    def __init__(self, parent: Node | None = None) -> None:
        self.parent = parent
        self.id = next(_ids)
        self.nodes: dict[Node, None] = {}
        self.conditions: dict[Condition, None] = {}
        self.objects: dict[UserObject, int] = {}  # with the references that this graph holds
        self.origin: Graph | None = None
        self.executables = 0  # made of it and alive
        self.capture: Capture | None = None  # the one that adds to it
        self._numbers = count()
        self.handle = handles.add(self)

    def add(self, work: Work, links: Iterable[Link] = ()) -> Node:
        """A new node behind others of this graph; INVALID_VALUE for those of another."""
        links = list(links)
        if len({node for node, _ in links}) != len(links):
            raise CudaError(Status.INVALID_VALUE, "a node is named twice among the dependencies")
        for before, edge in links:
            self.check(before)
            check_edge(edge, before.work, work)
        node = Node(self, work, next(self._numbers))
        for graph in node.subgraphs():
            graph.parent = node
        self.nodes[node] = None
        for before, edge in links:
            node.before[before, edge] = None
            before.after[node, edge] = None
        if not self.handle:  # another thread has ended the graph meanwhile
            end(node)
            raise CudaError(Status.INVALID_VALUE, "the graph was destroyed by another thread")
        return node

    def check(self, node: Node) -> None:
        if node.graph is not self:
            raise CudaError(Status.INVALID_VALUE, "the node belongs to another graph")

    def connect(self, before: Node, after: Node, edge: Edge = PLAIN) -> None:
        """One edge more; INVALID_VALUE when it is there, or goes from a node to itself."""
        self.check(before)
        self.check(after)
        if before is after:
            raise CudaError(Status.INVALID_VALUE, "a node cannot depend on itself")
        if (before, edge) in after.before:
            raise CudaError(Status.INVALID_VALUE, "the dependency is there already")
        check_edge(edge, before.work, after.work)
        after.before[before, edge] = None
        before.after[after, edge] = None

    def disconnect(self, before: Node, after: Node, edge: Edge = PLAIN) -> None:
        """One edge less; INVALID_VALUE when it is not there."""
        self.check(before)
        self.check(after)
        if (before, edge) not in after.before:
            raise CudaError(Status.INVALID_VALUE, "there is no such dependency")
        self.refuse_with_memory("dependencies cannot be removed")
        del after.before[before, edge], before.after[after, edge]

    def remove(self, node: Node) -> None:
        """cuGraphDestroyNode."""
        if self.memory_works():
            raise CudaError(Status.NOT_SUPPORTED, "nodes cannot be removed from a graph that allocates or frees memory")
        for before, edge in node.before:
            del before.after[node, edge]
        for after, edge in node.after:
            del after.before[node, edge]
        del self.nodes[node]
        end(node)

    def refuse_with_memory(self, what: str) -> None:
        if self.memory_works():
            raise CudaError(Status.NOT_SUPPORTED, f"{what} of a graph that allocates or frees memory")

    def memory_works(self) -> list[AllocateWork | FreeWork]:
        """What its nodes, and those of graphs inside of it, do about memory."""
        found: list[AllocateWork | FreeWork] = []
        for node in self.nodes:
            if isinstance(node.work, AllocateWork | FreeWork):
                found.append(node.work)
            for graph in node.subgraphs():
                found += graph.memory_works()
        return found

    def roots(self) -> list[Node]:
        return [node for node in self.nodes if not node.before]

    def edges(self) -> list[tuple[Node, Node, Edge]]:
        """First node, second node and kind of each edge, by the order of the first nodes."""
        return [(node, after, edge) for node in self.nodes for after, edge in node.after]

    def keep(self, thing: UserObject, count: int) -> None:
        """Hold `count` references, which are the graph's already."""
        thing.held += count
        self.objects[thing] = self.objects.get(thing, 0) + count

    def let_go(self, thing: UserObject, count: int) -> None:
        """Give up `count` references; INVALID_VALUE when the graph holds fewer."""
        held = self.objects.get(thing, 0)
        if count > held:
            raise CudaError(Status.INVALID_VALUE, f"{count} references released, and the graph holds {held}")
        if held > count:
            self.objects[thing] = held - count
        else:
            del self.objects[thing]
        thing.let_go(count)

    def all_objects(self) -> dict[UserObject, None]:
        """The user objects that it and the graphs inside of it hold."""
        found = dict.fromkeys(self.objects)
        for node in self.nodes:
            for graph in node.subgraphs():
                found.update(graph.all_objects())
        return found

    def close(self) -> None:
        """Forget the graph and its nodes; executable graphs made of it live on."""
        if self.handle:
            handles.remove(self.handle)
            self.handle = 0
        while self.objects:
            thing, held = self.objects.popitem()
            thing.let_go(held)
        for node in self.nodes:
            end(node)
        self.conditions.clear()


def end(node: Node) -> None:
    """A node of a graph that ends, or that it is taken out of."""
    if not node.handle:
        return
    handles.remove(node.handle)
    node.handle = 0
    for graph in node.subgraphs():
        graph.close()
    if isinstance(node.work, AllocateWork):
        node.work.memory.drop()


def check_edge(edge: Edge, before: Work, after: Work) -> None:
    """INVALID_VALUE for what CUgraphEdgeData cannot say: only kernels have ports, and only kernels wait for them."""
    kernels = before.kind is after.kind is NodeKind.KERNEL
    if edge.to_port or edge.kind not in (0, 1) or edge.from_port not in (0, 1, 2):
        raise CudaError(Status.INVALID_VALUE, f"edge data {tuple(edge)} is not known")
    if edge.from_port and before.kind is not NodeKind.KERNEL:
        raise CudaError(Status.INVALID_VALUE, "only kernel nodes have ports that edges begin at")
    if edge.kind == 1 and (not kernels or not edge.from_port):
        raise CudaError(Status.INVALID_VALUE, "a programmatic dependency is between two kernel nodes, from port 1 or 2")


def clone(graph: Graph, parent: Node | None = None, again: dict[Node, Node] | None = None) -> Graph:
    """A copy of the graph and of those inside of it. `again` is filled with the new node of each old one."""
    again = {} if again is None else again
    made = Graph(parent)
    made.origin = graph
    made.conditions = dict(graph.conditions)
    for node in graph.nodes:
        work = node.work
        if isinstance(work, ChildWork):
            work = ChildWork(work.context, clone(work.graph, None, again))
        elif isinstance(work, ConditionalWork):
            work = ConditionalWork(work.context, work.condition, work.choice,
                                   [clone(body, None, again) for body in work.bodies])
        elif isinstance(work, AllocateWork):
            work.memory.keep()
        copy = again[node] = made.add(work)
        copy.origin = node
    for node in graph.nodes:
        for before, edge in node.before:
            made.connect(again[before], again[node], edge)
    for thing, held in graph.objects.items():
        thing.retain(held)
        made.keep(thing, held)
    return made


def find_in_clone(node: Node, graph: Graph) -> Node:
    """cuGraphNodeFindInClone: the node of `graph` that was made of `node`; INVALID_VALUE when there is none."""
    for each in graph.nodes:
        if each.origin is node:
            return each
        for inner in each.subgraphs():
            try:
                return find_in_clone(node, inner)
            except CudaError:
                continue
    raise CudaError(Status.INVALID_VALUE, "the graph is no clone with a node of that one")
