"""How a graph lies in a backend's graph: child graphs take part in the one that they are in, and each body of a
conditional node is a scope of its own."""

from __future__ import annotations

from compatlayer.backends.graph import GraphLayout, Scope
from compatlayer.core.conditional import Condition
from compatlayer.core.graph import Graph, Node
from compatlayer.core.work import ChildWork, ConditionalWork, EventWork
from compatlayer.errors import CudaError, Status


class InvalidStructure(CudaError):
    """A graph that cannot be made executable; `node` is one of those that are to blame."""

    def __init__(self, status: Status, text: str, node: Node | None, result: int) -> None:
        super().__init__(status, text)
        self.node = node
        self.result = result  # CUgraphInstantiateResult


STRUCTURE, OPERATION, HANDLE_UNUSED = 2, 3, 5  # CUgraphInstantiateResult


def ordered(graph: Graph) -> list[Node]:
    """The graph's nodes, each behind those that it depends on; InvalidStructure when there is a cycle."""
    waiting = {node: len(node.before) for node in graph.nodes}
    found = [node for node, missing in waiting.items() if not missing]
    for node in found:
        for after, _ in node.after:
            waiting[after] -= 1
            if not waiting[after]:
                found.append(after)
    if len(found) < len(waiting):
        node = next(node for node, missing in waiting.items() if missing)
        raise InvalidStructure(Status.INVALID_VALUE, "the graph has a cycle", node, STRUCTURE)
    return found


class Plan:
    """Places of nodes: `first[node]` is where a node's steps begin, `last[node]` where they end. `nodes` are all nodes
    in an order that keeps their dependencies."""

    def __init__(self, graph: Graph) -> None:
        self.first: dict[Node, int] = {}
        self.last: dict[Node, int] = {}
        self.nodes: list[Node] = []
        self.fences: list[EventWork] = []  # by slot
        self.slots: dict[Node, int] = {}
        self.scopes: list[Scope] = []
        self.bodies: dict[Node, int] = {}  # the first scope of a conditional node
        self.conditions: dict[Condition, int] = {}
        self._successors: list[list[int]] = []
        self._choices: list[Node] = []
        self._add_scope(graph, 0)
        for node in self._choices:  # grows meanwhile
            self.bodies[node] = len(self.scopes)
            assert isinstance(node.work, ConditionalWork)
            for body in node.work.bodies:
                self._add_scope(body, self.first[node])
        _check_conditions(graph, self.conditions)

    @property
    def layout(self) -> GraphLayout:
        return GraphLayout(self._successors, self.scopes, len(self.conditions))

    def _add_scope(self, graph: Graph, owner: int) -> None:
        begin = len(self._successors)
        self._add(graph, None, None)
        self.scopes.append(Scope(begin, len(self._successors), owner))

    def _add(self, graph: Graph, entry: int | None, end: int | None) -> None:
        """All nodes of `graph`; with `entry` and `end` they are between these."""
        for node in ordered(graph):
            self._place(node)
            for before, _ in node.before:
                self._successors[self.last[before]].append(self.first[node])
            if not node.before and entry is not None:
                self._successors[entry].append(self.first[node])
            if not node.after and end is not None:
                self._successors[self.last[node]].append(end)

    def _place(self, node: Node) -> None:
        work = node.work
        first = self.first[node] = len(self._successors)
        self.nodes.append(node)
        for step in range(work.steps):
            self._successors.append([first + step + 1] if step + 1 < work.steps else [])
        self.last[node] = first + work.steps - 1
        if isinstance(work, ChildWork):
            if work.graph.nodes:
                self._successors[first].clear()
                self._add(work.graph, first, first + 1)
        elif isinstance(work, ConditionalWork):
            self._choices.append(node)
            self.conditions.setdefault(work.condition, len(self.conditions))
        elif isinstance(work, EventWork):
            self.slots[node] = len(self.fences)
            self.fences.append(work)


def _check_conditions(graph: Graph, used: dict[Condition, int]) -> None:
    for condition in graph.conditions:
        if condition not in used:
            raise InvalidStructure(Status.INVALID_VALUE, "a conditional handle of the graph is used by no conditional "
                                                         "node", None, HANDLE_UNUSED)
