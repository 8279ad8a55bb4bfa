"""Graphs by their nodes, and streams captured into graphs."""

from __future__ import annotations

import ctypes
from ctypes import c_int, c_uint64

from _common import KernelNode, MemsetNode, Packed, alloc, event, fetch, function, i32, launch, stream, u64

from compatlayer.oracle.calls import Cuda, program


def _count(cuda: Cuda, graph: int) -> None:
    number = u64()
    cuda.cuGraphGetNodes(graph, None, number)
    cuda.note("nodes", number.value)


def _run(cuda: Cuda, graph: int, times: int = 1) -> int:
    executable, queue = u64(), stream(cuda)
    cuda.cuGraphInstantiateWithFlags(executable, graph, 0)
    for _ in range(times):
        cuda.cuGraphLaunch(executable.value, queue)
    cuda.cuStreamSynchronize(queue)
    return executable.value


@program
def empty_nodes(cuda: Cuda) -> None:
    graph, first, second, kind = u64(), u64(), u64(), i32()
    cuda.cuGraphCreate(graph, 0)
    cuda.cuGraphAddEmptyNode(first, graph.value, None, 0)
    cuda.cuGraphAddEmptyNode(second, graph.value, first, 1)
    cuda.cuGraphNodeGetType(second.value, kind)
    cuda.note("kind", kind.value)
    _count(cuda, graph.value)
    roots = u64()
    cuda.cuGraphGetRootNodes(graph.value, None, roots)
    cuda.note("roots", roots.value)
    cuda.cuGraphRemoveDependencies(graph.value, first, second, 1)
    cuda.cuGraphGetRootNodes(graph.value, None, roots)
    cuda.note("roots", roots.value)
    cuda.cuGraphDestroyNode(second.value)
    _count(cuda, graph.value)
    cuda.cuGraphExecDestroy(_run(cuda, graph.value))
    cuda.cuGraphDestroy(graph.value)


@program
def a_cycle(cuda: Cuda) -> None:
    graph, first, second, executable = u64(), u64(), u64(), u64()
    cuda.cuGraphCreate(graph, 0)
    cuda.cuGraphAddEmptyNode(first, graph.value, None, 0)
    cuda.cuGraphAddEmptyNode(second, graph.value, first, 1)
    cuda.cuGraphAddDependencies(graph.value, second, first, 1)
    cuda.cuGraphInstantiateWithFlags(executable, graph.value, 0)


@program
def kernel_and_memset(cuda: Cuda) -> None:
    graph, fill, node, context = u64(), u64(), u64(), u64()
    pointer, kernel = alloc(cuda, 64), function(cuda, "add_one")
    cuda.cuCtxGetCurrent(context)
    cuda.cuGraphCreate(graph, 0)
    cuda.cuGraphAddMemsetNode(fill, graph.value, None, 0, MemsetNode(pointer, 64, 5, 4, 8, 1), context.value)
    packed = Packed(c_uint64(pointer), c_int(3))
    shape = KernelNode(kernel, 1, 1, 1, 8, 1, 1, 0, ctypes.addressof(packed.addresses))
    cuda.cuGraphAddKernelNode_v2(node, graph.value, fill, 1, shape)
    executable = _run(cuda, graph.value, 3)
    fetch(cuda, pointer, 5, "content")
    packed = Packed(c_uint64(pointer), c_int(1))
    shape.parameters = ctypes.addressof(packed.addresses)
    cuda.cuGraphExecKernelNodeSetParams_v2(executable, node.value, shape)
    cuda.cuGraphLaunch(executable, 0)
    fetch(cuda, pointer, 5, "changed")
    seen = KernelNode()
    cuda.cuGraphKernelNodeGetParams_v2(node.value, seen)
    cuda.note("block", [seen.block_x, seen.block_y, seen.block_z])
    shape.block_x = 0
    cuda.cuGraphAddKernelNode_v2(node, graph.value, fill, 1, shape)
    cuda.cuGraphExecDestroy(executable)


@program
def bad_graphs(cuda: Cuda) -> None:
    graph, node = u64(), u64()
    cuda.cuGraphCreate(None, 0)
    cuda.cuGraphCreate(graph, 1)
    cuda.cuGraphCreate(graph, 0)
    cuda.cuGraphAddEmptyNode(None, graph.value, None, 0)
    cuda.cuGraphAddEmptyNode(node, None, None, 0)
    cuda.cuGraphAddEmptyNode(node, graph.value, None, 1)
    cuda.cuGraphAddKernelNode_v2(node, graph.value, None, 0, None)
    cuda.cuGraphInstantiateWithFlags(None, graph.value, 0)
    cuda.cuGraphLaunch(None, None)
    cuda.cuGraphDestroy(None)


@program
def a_clone(cuda: Cuda) -> None:
    graph, copy, node, found = u64(), u64(), u64(), u64()
    cuda.cuGraphCreate(graph, 0)
    cuda.cuGraphAddEmptyNode(node, graph.value, None, 0)
    cuda.cuGraphClone(copy, graph.value)
    _count(cuda, copy.value)
    cuda.cuGraphNodeFindInClone(found, node.value, copy.value)
    cuda.note("another", found.value != node.value)
    cuda.cuGraphDestroy(graph.value)
    _count(cuda, copy.value)


@program
def capture(cuda: Cuda) -> None:
    queue, pointer, kernel = stream(cuda), alloc(cuda, 64), function(cuda, "add_one")
    graph, state = u64(), i32()
    cuda.cuMemsetD8_v2(pointer, 0, 64)
    cuda.cuStreamBeginCapture_v2(queue, 0)
    cuda.cuStreamIsCapturing(queue, state)
    cuda.note("capturing", state.value)
    cuda.cuMemsetD32Async(pointer, 8, 4, queue)
    launch(cuda, kernel, c_uint64(pointer), c_int(2), on=queue)
    cuda.cuStreamEndCapture(queue, graph)
    cuda.cuStreamIsCapturing(queue, state)
    cuda.note("capturing", state.value)
    fetch(cuda, pointer, 3, "nothing ran")
    _count(cuda, graph.value)
    _run(cuda, graph.value, 2)
    fetch(cuda, pointer, 5, "content")


@program
def capture_across_streams(cuda: Cuda) -> None:
    queue, other, fork, join, graph = stream(cuda), stream(cuda), event(cuda), event(cuda), u64()
    pointer, edges = alloc(cuda, 64), u64()
    cuda.cuStreamBeginCapture_v2(queue, 0)
    cuda.cuMemsetD32Async(pointer, 1, 4, queue)
    cuda.cuEventRecord(fork, queue)
    cuda.cuStreamWaitEvent(other, fork, 0)
    cuda.cuMemsetD32Async(pointer + 16, 2, 4, other)
    cuda.cuEventRecord(join, other)
    cuda.cuMemsetD32Async(pointer + 32, 3, 4, queue)
    cuda.cuStreamWaitEvent(queue, join, 0)
    cuda.cuMemsetD32Async(pointer + 48, 4, 4, queue)
    cuda.cuStreamEndCapture(queue, graph)
    _count(cuda, graph.value)
    cuda.cuGraphGetEdges(graph.value, None, None, edges)
    cuda.note("edges", edges.value)
    _run(cuda, graph.value)
    fetch(cuda, pointer, 16, "content")


@program
def capture_rules(cuda: Cuda) -> None:
    queue, other, graph, mark = stream(cuda), stream(cuda), u64(), event(cuda)
    cuda.cuStreamEndCapture(queue, graph)
    cuda.cuStreamBeginCapture_v2(0, 0)
    cuda.cuStreamBeginCapture_v2(queue, 99)
    cuda.cuStreamBeginCapture_v2(queue, 2)
    cuda.cuStreamBeginCapture_v2(queue, 2)
    cuda.cuStreamEndCapture(other, graph)
    cuda.cuStreamEndCapture(queue, graph)
    cuda.cuStreamBeginCapture_v2(queue, 2)
    cuda.cuStreamSynchronize(queue)
    cuda.cuStreamEndCapture(queue, graph)
    cuda.note("no graph", graph.value == 0)
    cuda.cuStreamBeginCapture_v2(queue, 2)
    cuda.cuEventRecord(mark, queue)
    cuda.cuEventQuery(mark)
    cuda.cuStreamEndCapture(queue, graph)
    cuda.cuStreamQuery(queue)


@program
def a_fork_that_never_joins(cuda: Cuda) -> None:
    queue, other, fork, graph = stream(cuda), stream(cuda), event(cuda), u64()
    cuda.cuStreamBeginCapture_v2(queue, 2)
    cuda.cuEventRecord(fork, queue)
    cuda.cuStreamWaitEvent(other, fork, 0)
    cuda.cuMemsetD32Async(alloc(cuda, 64), 2, 4, other)
    cuda.cuStreamEndCapture(queue, graph)
    cuda.cuStreamQuery(other)


@program
def capture_modes_of_a_thread(cuda: Cuda) -> None:
    mode = i32(2)
    cuda.cuThreadExchangeStreamCaptureMode(mode)
    cuda.note("was", mode.value)
    cuda.cuThreadExchangeStreamCaptureMode(mode)
    cuda.note("was", mode.value)
    mode.value = 99
    cuda.cuThreadExchangeStreamCaptureMode(mode)
    cuda.cuThreadExchangeStreamCaptureMode(None)


@program
def uploads_and_updates(cuda: Cuda) -> None:
    first, second, node, executable, queue = u64(), u64(), u64(), u64(), stream(cuda)
    pointer, context = alloc(cuda, 64), u64()
    cuda.cuCtxGetCurrent(context)
    for graph, value in ((first, 1), (second, 2)):
        cuda.cuGraphCreate(graph, 0)
        cuda.cuGraphAddMemsetNode(node, graph.value, None, 0, MemsetNode(pointer, 64, value, 4, 4, 1), context.value)
    cuda.cuGraphInstantiateWithFlags(executable, first.value, 0)
    cuda.cuGraphUpload(executable.value, queue)
    cuda.cuGraphLaunch(executable.value, queue)
    cuda.cuStreamSynchronize(queue)
    fetch(cuda, pointer, 2, "first")
    result = (ctypes.c_uint64 * 4)()
    cuda.cuGraphExecUpdate_v2(executable.value, second.value, result)
    cuda.note("result", result[0] & 0xFFFFFFFF)
    cuda.cuGraphLaunch(executable.value, queue)
    cuda.cuStreamSynchronize(queue)
    fetch(cuda, pointer, 2, "updated")
