"""Drawings of graphs in the DOT language of Graphviz."""

from __future__ import annotations

from compatlayer.core.graph import PLAIN, Graph, Node
from compatlayer.core.work import (
    AllocateWork,
    ConditionalWork,
    CopyBatchWork,
    CopyWork,
    EventWork,
    FillWork,
    FreeWork,
    HostWork,
    KernelWork,
    MemoryOperationWork,
)

FLAGS = 0x3FFFF
VERBOSE, HANDLES = 1, 0x400
_FLAG_OF = {KernelWork: 4, CopyWork: 8, FillWork: 0x10, HostWork: 0x20, EventWork: 0x40, AllocateWork: 0x800,
            FreeWork: 0x1000, MemoryOperationWork: 0x2000, ConditionalWork: 0x8000, CopyBatchWork: 0x10000}
_CHOICES = ("if", "while", "switch")


def draw(graph: Graph, flags: int) -> str:
    """The graph, with graphs inside of nodes as clusters. `flags` are those of CUgraphDebugDot_flags."""
    lines = ["digraph dot {", *_draw(graph, flags, "  "), "}"]
    return "\n".join(lines) + "\n"


def _draw(graph: Graph, flags: int, indent: str) -> list[str]:
    lines = [f"{indent}subgraph cluster_{graph.id} {{", f'{indent}  label="graph_{graph.id}"']
    for node in graph.nodes:
        lines.append(f'{indent}  "{_name(node)}" [shape="record" label="{{{_label(node, flags)}}}"]')
        for place, inner in enumerate(node.subgraphs()):
            lines += _draw(inner, flags, indent + "  ")
            lines += [f'{indent}  "{_name(node)}" -> "{_name(root)}" [style="dashed" label="{place}"]'
                      for root in inner.roots()]
    for before, after, edge in graph.edges():
        label = "" if edge == PLAIN else f' [label="port {edge.from_port} to {edge.to_port}, type {edge.kind}"]'
        lines.append(f'{indent}  "{_name(before)}" -> "{_name(after)}"{label}')
    return [*lines, f"{indent}}}"]


def _name(node: Node) -> str:
    return f"graph_{node.graph.id}_node_{node.id}"


def _label(node: Node, flags: int) -> str:
    parts = [f"{node.id}", node.kind.name]
    if flags & (VERBOSE | HANDLES):
        parts.append(f"handle {node.handle:#x}")
    if isinstance(node.work, KernelWork):
        parts.append(node.work.function.info.name)
    if any(isinstance(node.work, kind) and flags & (flag | VERBOSE) for kind, flag in _FLAG_OF.items()):
        parts += _details(node)
    return "|".join("".join(f"\\{char}" if char in '{}|<>"\\' else char for char in part) for part in parts)


def _details(node: Node) -> list[str]:
    work = node.work
    if isinstance(work, KernelWork):
        shape = work.shape
        return [f"grid {shape.grid}", f"block {shape.block}", f"{shape.dynamic_shared_bytes} bytes shared",
                f"cooperative {int(shape.cooperative)}", f"priority {work.priority}"]
    if isinstance(work, CopyWork):
        box = work.box
        return [f"from {box.source:#x} to {box.destination:#x}",
                f"{box.width_bytes} bytes x {box.height} x {box.depth}"]
    if isinstance(work, FillWork):
        fill = work.fill
        return [f"{fill.destination:#x} with {fill.pattern:#x}",
                f"{fill.width} x {fill.height} elements of {fill.element_bytes} bytes"]
    if isinstance(work, HostWork):
        return [f"function {work.function:#x}", f"data {work.data:#x}"]
    if isinstance(work, EventWork):
        return [f"event {work.event.handle:#x}"]
    if isinstance(work, AllocateWork | FreeWork):
        return [f"{work.memory.record.base:#x}", f"{work.memory.record.size_bytes} bytes"]
    if isinstance(work, MemoryOperationWork):
        return [f"{len(work.operations)} operations"]
    if isinstance(work, CopyBatchWork):
        return [f"{len(work.boxes)} copies", f"{sum(box.width_bytes for box in work.boxes)} bytes"]
    if isinstance(work, ConditionalWork):
        return [_CHOICES[work.choice], f"{len(work.bodies)} bodies", f"conditional handle {work.condition.handle:#x}"]
    return []
