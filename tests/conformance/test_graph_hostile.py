"""Every function of graphs refuses nulls and handles of other things, and says so."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest
from compatlayer._native import ffi, lib

UNSUPPORTED = {"cuGraphExternalSemaphoresSignalNodeGetParams", "cuGraphExternalSemaphoresSignalNodeSetParams",
               "cuGraphExternalSemaphoresWaitNodeGetParams", "cuGraphExternalSemaphoresWaitNodeSetParams",
               "cuGraphExecExternalSemaphoresSignalNodeSetParams", "cuGraphExecExternalSemaphoresWaitNodeSetParams"}
NAMES = sorted(name for name in (ffi.string(lib.cpl_slot_name(0, index)).decode()
                                 for index in range(lib.cpl_slot_count(0)))
               if name.startswith(("cuGraph", "cuUserObject")) and not name.startswith("cuGraphics"))


@pytest.mark.parametrize("name", NAMES)
def test_nulls_are_no_graphs(api: Any, context: Any, name: str) -> None:
    function = getattr(ctypes.CDLL("libcuda.so.1"), name)
    answer = function(*[ctypes.c_void_p(0)] * 8)
    assert answer == (801 if name in UNSUPPORTED else 1) or (answer == 801 and "Semaphores" in name), answer


@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNSUPPORTED and "Semaphores" not in name])
def test_a_stream_is_no_graph(api: Any, stream: Any, name: str) -> None:
    """Valid memory in all places, full of the handle of a stream."""
    if name in ("cuGraphCreate", "cuUserObjectCreate"):
        pytest.skip("takes no handle of a graph")
    memory = (ctypes.c_uint64 * 512)(*[int(stream)] * 512)
    handles = {"hGraph", "hNode", "hGraphExec", "graph", "object", "originalGraph", "hOriginalNode", "hClonedGraph",
               "dst", "src"}
    index = lib.cpl_slot_find(0, name.encode())
    names = ffi.string(lib.cpl_slot_parameters(0, index)).decode().split(",")
    arguments = [ctypes.c_void_p(int(stream)) if each in handles else ctypes.c_void_p(0) if each.startswith("num")
                 else ctypes.c_void_p(ctypes.addressof(memory)) for each in names]
    assert getattr(ctypes.CDLL("libcuda.so.1"), name)(*arguments) in (1, 201, 400)
