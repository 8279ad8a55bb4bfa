"""A program whose graph faults: run by test_graph_executable.py in a process of its own."""

from __future__ import annotations

import os
import sys

import numpy as np

os.environ.setdefault("COMPATLAYER_DEVICES", "cpu:2")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from compiled import build
from cuda.bindings import driver as cu
from graphs import SOURCE, Arguments, HostCall, add_params, kernel_params


def ok(answer: tuple) -> object:
    status, *rest = answer
    assert int(status) == 0, status
    return rest[0] if rest else None


def name(answer: tuple) -> str:
    return answer[0].name.removeprefix("CUDA_").removeprefix("ERROR_")


def main() -> None:
    ok(cu.cuInit(0))
    context = ok(cu.cuCtxCreate(None, 0, 0))
    module = ok(cu.cuModuleLoadData(build(SOURCE)))
    bad, add = (ok(cu.cuModuleGetFunction(module, each)) for each in (b"bad", b"add"))
    data = ok(cu.cuMemAlloc(4000))
    graph, call = ok(cu.cuGraphCreate(0)), HostCall(cu)
    nothing = Arguments()
    first = ok(cu.cuGraphAddKernelNode(graph, None, 0, kernel_params(cu, bad, nothing, 1, 1)))
    second = ok(cu.cuGraphAddKernelNode(graph, [first], 1, add_params(cu, add, data, 1)))
    third = ok(cu.cuGraphAddHostNode(graph, [second], 1, call.params(cu)))
    ok(cu.cuGraphAddEventRecordNode(graph, [third], 1, ok(cu.cuEventCreate(0))))
    stream = ok(cu.cuStreamCreate(1))
    executable = ok(cu.cuGraphInstantiate(graph, 0))
    print(name(cu.cuGraphLaunch(executable, stream)))
    print(name(cu.cuStreamSynchronize(stream)))
    print(name(cu.cuGraphLaunch(executable, stream)))
    assert call.calls == []
    cu.cuGraphExecDestroy(executable)
    cu.cuGraphDestroy(graph)
    print(name(cu.cuCtxDestroy(context)))
    ok(cu.cuCtxSetCurrent(ok(cu.cuDevicePrimaryCtxRetain(0))))
    again, out = ok(cu.cuMemAlloc(4)), np.zeros(1, np.int32)
    ok(cu.cuMemsetD32(again, 7, 1))
    ok(cu.cuMemcpyDtoH(out, again, 4))
    print(out[0])


main()
