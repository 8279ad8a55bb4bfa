"""Updates of executable graphs by a graph of the same shape. Follows "Graph Update" of the CUDA C++ programming guide.

Nodes belong together by the order in which they were made; an update holds wholly or not at all.
"""

from __future__ import annotations

from enum import IntEnum

from compatlayer.core.graph import Graph, Node
from compatlayer.core.graph_executable import ExecutableGraph
from compatlayer.core.graph_plan import ordered
from compatlayer.core.launch import prepare
from compatlayer.core.work import (
    AllocateWork,
    ChildWork,
    ConditionalWork,
    CopyBatchWork,
    FreeWork,
    KernelWork,
    MemoryOperationWork,
    Work,
)
from compatlayer.errors import CudaError, Status


class UpdateResult(IntEnum):
    """CUgraphExecUpdateResult values."""

    SUCCESS = 0
    ERROR = 1
    TOPOLOGY_CHANGED = 2
    NODE_TYPE_CHANGED = 3
    FUNCTION_CHANGED = 4
    PARAMETERS_CHANGED = 5
    NOT_SUPPORTED = 6
    UNSUPPORTED_FUNCTION_CHANGE = 7
    ATTRIBUTES_CHANGED = 8


class UpdateFailure(CudaError):
    """The graph does not fit: `node` of it is to blame, or the edge to it from `before`."""

    def __init__(self, result: UpdateResult, text: str, node: Node | None = None, before: Node | None = None) -> None:
        super().__init__(Status.GRAPH_EXEC_UPDATE_FAILURE, text)
        self.result = result
        self.node = node
        self.before = before


Pairs = list[tuple[Node, Node]]  # of the executable graph, and of the other one


def update(executable: ExecutableGraph, graph: Graph) -> None:
    """cuGraphExecUpdate: launches to come do what `graph` says."""
    pairs = _pair(executable.graph, graph)
    for _, node in pairs:
        if isinstance(node.work, KernelWork):
            prepare(node.work.function, node.work.shape.block)
    for own, node in pairs:
        _take_over(own, node)
    executable.graph.conditions = dict(graph.conditions)
    executable.replan(all_anew=True)
    executable.adopt_objects(graph)


def _take_over(own: Node, node: Node) -> None:
    """Work of an executable graph's node becomes that of its partner; graphs inside were paired on their own."""
    mine, theirs = own.work, node.work
    if isinstance(mine, ConditionalWork) and isinstance(theirs, ConditionalWork):
        own.work = ConditionalWork(mine.context, theirs.condition, mine.choice, mine.bodies)
    elif not isinstance(mine, ChildWork | AllocateWork | FreeWork):
        own.work = theirs


def replace_child(executable: ExecutableGraph, own: Node, graph: Graph) -> None:
    """cuGraphExecChildGraphNodeSetParams: as an update of one child graph; INVALID_VALUE when it does not fit."""
    assert isinstance(own.work, ChildWork)
    try:
        pairs = _pair(own.work.graph, graph)
    except UpdateFailure as failure:
        raise CudaError(Status.INVALID_VALUE, failure.text) from None
    for _, node in pairs:
        if isinstance(node.work, KernelWork):
            prepare(node.work.function, node.work.shape.block)
    for inner, node in pairs:
        _take_over(inner, node)
    executable.replan(all_anew=True)


def _pair(own: Graph, other: Graph) -> Pairs:
    """The nodes that belong together, also those of graphs inside."""
    if len(own.nodes) != len(other.nodes):
        odd = list(other.nodes)[len(own.nodes):]
        raise UpdateFailure(UpdateResult.TOPOLOGY_CHANGED, f"the executable graph has {len(own.nodes)} nodes, the "
                                                           f"other one {len(other.nodes)}", odd[0] if odd else None)
    ordered(other)
    partner = dict(zip(own.nodes, other.nodes, strict=True))
    pairs: Pairs = []
    for mine, theirs in partner.items():
        if mine.kind is not theirs.kind:
            raise UpdateFailure(UpdateResult.NODE_TYPE_CHANGED, f"a {mine.kind.name} node became a {theirs.kind.name} "
                                                                "node", theirs)
        wanted = {(partner[before], edge) for before, edge in mine.before}
        found = set(theirs.before)
        if wanted != found:
            odd_edge = next(iter(found - wanted), None)
            raise UpdateFailure(UpdateResult.TOPOLOGY_CHANGED, "a node comes after other nodes than before", theirs,
                                None if odd_edge is None else odd_edge[0])
        _check_work(mine.work, theirs.work, theirs)
        pairs.append((mine, theirs))
        for mine_inside, theirs_inside in zip(mine.subgraphs(), theirs.subgraphs(), strict=True):
            pairs += _pair(mine_inside, theirs_inside)
    return pairs


def _check_work(mine: Work, theirs: Work, node: Node) -> None:
    """What an update cannot change."""
    if mine.context is not theirs.context:
        raise UpdateFailure(UpdateResult.UNSUPPORTED_FUNCTION_CHANGE if isinstance(mine, KernelWork)
                            else UpdateResult.PARAMETERS_CHANGED, "a node cannot move to another context", node)
    if isinstance(mine, KernelWork) and isinstance(theirs, KernelWork) \
            and mine.shape.cooperative != theirs.shape.cooperative:
        raise UpdateFailure(UpdateResult.ATTRIBUTES_CHANGED, "a kernel cannot become or cease to be cooperative", node)
    if isinstance(mine, MemoryOperationWork | CopyBatchWork) and mine.steps != theirs.steps:
        raise UpdateFailure(UpdateResult.PARAMETERS_CHANGED, "the number of operations of a batch cannot change", node)
    if isinstance(mine, AllocateWork) and isinstance(theirs, AllocateWork) and mine.memory is not theirs.memory:
        raise UpdateFailure(UpdateResult.NOT_SUPPORTED, "allocation nodes cannot be updated", node)
    if isinstance(mine, FreeWork) and isinstance(theirs, FreeWork) and mine.memory is not theirs.memory:
        raise UpdateFailure(UpdateResult.PARAMETERS_CHANGED, "the memory that a node frees cannot change", node)
    if isinstance(mine, ConditionalWork) and isinstance(theirs, ConditionalWork) \
            and (mine.choice, len(mine.bodies)) != (theirs.choice, len(theirs.bodies)):
        raise UpdateFailure(UpdateResult.PARAMETERS_CHANGED, "a conditional node cannot change its kind or bodies",
                            node)


