"""What the fuzzers have found: each defect as the shortest program that showed it."""

from __future__ import annotations

import os
import subprocess
import sys

START = """
import ctypes, os
from ctypes import byref, c_char_p, c_int, c_size_t, c_uint, c_void_p
from pathlib import Path
import compatlayer
cu = ctypes.CDLL(str(Path(compatlayer.__file__).parent / "_lib" / "libcuda.so.1"))
def ok(name, *arguments):
    status = getattr(cu, name)(*arguments)
    assert status == 0, f"{name} answers {status}"
def primary(device=0):
    context = c_void_p()
    ok("cuDevicePrimaryCtxRetain", byref(context), device)
    ok("cuCtxPushCurrent_v2", context)
    return context
ok("cuInit", 0)
"""


def run(program: str, **variables: str) -> str:
    """The output of a Python program with the driver library as `cu`; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", START + program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COMPATLAYER_DEVICES": "cpu:2", **variables},
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "unexpected error" not in done.stderr, done.stderr
    return done.stdout.strip()


def test_a_reset_ends_captures_of_per_thread_streams() -> None:
    assert (
        run("""
primary()
ok("cuStreamBeginCapture_v2", c_void_p(2), 2)
ok("cuDevicePrimaryCtxReset_v2", 0)
memory = c_void_p()
ok("cuMemAlloc_v2", byref(memory), c_size_t(64))
print(cu.cuMemcpyHtoD_v2(memory, bytes(64), c_size_t(64)))
""")
        == "0"
    )


def test_a_fill_of_memory_that_another_thread_frees_is_an_error_and_no_crash() -> None:
    assert (
        run("""
from compatlayer.backends.base import BadArgument
from compatlayer.core.runtime import state
try:
    state.device(0).hardware.fill_now(0x10000, 1, 4, 4)
except BadArgument:
    print("refused")
""")
        == "refused"
    )


def test_an_allocation_of_nearly_all_numbers_is_out_of_memory() -> None:
    assert (
        run("""
primary()
memory = c_void_p()
size = c_size_t(2**64 - 1)
print(cu.cuMemAllocAsync(byref(memory), size, None), cu.cuMemAlloc_v2(byref(memory), size),
      cu.cuMemAllocHost_v2(byref(memory), c_size_t(2**64 - 1)))
""")
        == "2 2 2"
    )


def test_a_header_name_that_is_no_file_name_is_a_compile_error() -> None:
    assert (
        run("""
rtc = ctypes.CDLL(str(Path(compatlayer.__file__).parent / "_lib" / "libnvrtc.so.13"))
for names in ([b"a" * 3000], [b"x", b"x/y"]):
    program = c_void_p()
    texts = (c_char_p * len(names))(*[b""] * len(names))
    rtc.nvrtcCreateProgram(byref(program), b"", b"p.cu", len(names), texts, (c_char_p * len(names))(*names))
    size = c_size_t()
    status = rtc.nvrtcCompileProgram(program, 0, None)
    rtc.nvrtcGetProgramLogSize(program, byref(size))
    print(status, size.value > 20)
""")
        == "6 True\n6 True"
    )


def test_default_pools_are_as_many_as_the_machine_has_places() -> None:
    assert (
        run("""
from compatlayer.core import handles
from compatlayer.core.pool import Pool
primary()
answers = set()
for ident in (0, 1, 7, 100, 99999, -5):
    pool = c_void_p()
    place = (c_int * 2)(2, ident)
    answers.add((cu.cuMemGetDefaultMemPool(byref(pool), place, 1), pool.value))
    cu.cuMemGetDefaultMemPool(byref(pool), (c_int * 2)(3, 5000 + ident), 1)
print(len(answers), len(handles.live(Pool)), cu.cuMemGetDefaultMemPool(byref(pool), (c_int * 2)(3, 99999), 1))
""")
        == "1 1 1"
    )


def test_pinned_memory_of_a_pool_can_be_freed_without_a_stream() -> None:
    assert (
        run("""
primary()
pool, memory = c_void_p(), c_void_p()
ok("cuMemGetDefaultMemPool", byref(pool), (c_int * 2)(2, 0), 1)
ok("cuMemAllocFromPoolAsync", byref(memory), c_size_t(100), pool, None)
ok("cuMemFree_v2", memory)
print(cu.cuMemFree_v2(memory))
""")
        == "1"
    )


def test_a_destroyed_pool_gives_back_memory_that_was_busy_when_it_was_freed() -> None:
    assert (
        run("""
from compatlayer.core import pool as pools
primary()
class Place(ctypes.Structure):
    _fields_ = [("type", c_int), ("id", c_int)]
class Props(ctypes.Structure):
    _fields_ = [("allocType", c_int), ("handleTypes", c_int), ("location", Place), ("rest", ctypes.c_char * 128)]
import threading
gate = threading.Event()
wait = ctypes.CFUNCTYPE(None, c_void_p)(lambda data: gate.wait(20) and None)
pool, memory, stream = c_void_p(), c_void_p(), c_void_p()
ok("cuMemPoolCreate", byref(pool), byref(Props(1, 0, Place(1, 0))))
ok("cuStreamCreate", byref(stream), 1)
ok("cuMemAllocFromPoolAsync", byref(memory), c_size_t(1 << 20), pool, stream)
ok("cuLaunchHostFunc", stream, wait, None)
ok("cuMemPoolDestroy", pool)
ok("cuMemFreeAsync", memory, stream)
gate.set()
ok("cuCtxSynchronize")
free, total = c_size_t(), c_size_t()
ok("cuMemGetInfo_v2", byref(free), byref(total))
print(total.value - free.value, len(pools._pools))
""")
        == "0 0"
    )


def test_a_destroyed_pools_memory_goes_with_the_context_whose_work_used_it() -> None:
    assert (
        run("""
from compatlayer._native import lib
from compatlayer.core import pool as pools
import threading
primary(1)
own, pool, memory, stream = c_void_p(), c_void_p(), c_void_p(), c_void_p()
class Place(ctypes.Structure):
    _fields_ = [("type", c_int), ("id", c_int)]
class Props(ctypes.Structure):
    _fields_ = [("allocType", c_int), ("handleTypes", c_int), ("location", Place), ("rest", ctypes.c_char * 128)]
gate = threading.Event()
wait = ctypes.CFUNCTYPE(None, c_void_p)(lambda data: gate.wait(20) and None)
before = lib.cpl_memory_count()
for device in (0, 1):  # the stream's own device, and another one
    gate.clear()
    ok("cuCtxCreate_v2", byref(own), 0, 0)
    ok("cuMemPoolCreate", byref(pool), byref(Props(1, 0, Place(1, device))))
    ok("cuStreamCreate", byref(stream), 1)
    ok("cuMemAllocFromPoolAsync", byref(memory), c_size_t(4096), pool, stream)
    ok("cuLaunchHostFunc", stream, wait, None)
    ok("cuMemPoolDestroy", pool)
    ok("cuMemFreeAsync", memory, stream)
    print(len(pools._pools), end=" ")
    gate.set()
    ok("cuCtxDestroy_v2", own)
    print(len(pools._pools), lib.cpl_memory_count() - before, end=" ")
""")
        == "1 0 0 1 0 0"
    )


def test_an_image_whose_content_is_not_what_it_should_be_is_an_invalid_image() -> None:
    assert run("""
import json, zlib
from compatlayer.compiler import container
primary()
good = {"ir": "", "architecture": "sm_86", "names": {}}
for record in (None, [], 1, "x", {**good, "ir": None}, {**good, "architecture": "sm_"}, {**good, "names": []},
               {**good, "names": {"a": 1}}, {**good, "architecture": "compute_x"}, {"ir": ""}):
    payload = zlib.compress(json.dumps(record).encode())
    head = (container.MAGIC, container.VERSION, 64, 64 + len(payload), 0, 86, container.checksum_of(payload))
    module = c_void_p()
    print(cu.cuModuleLoadData(byref(module), container._HEADER.pack(*head) + payload), end=" ")
""") == " ".join(["200"] * 10)


def test_a_refused_free_of_graph_memory_changes_nothing() -> None:
    assert (
        run("""
primary()
graph, node = c_void_p(), c_void_p()
class Params(ctypes.Structure):
    _fields_ = [("words", c_int * 22), ("access", c_void_p), ("count", c_size_t), ("bytesize", c_size_t),
                ("dptr", ctypes.c_uint64)]
params = Params()
params.words[0], params.words[2], params.bytesize = 1, 1, 4096
ok("cuGraphCreate", byref(graph), 0)
ok("cuGraphAddMemAllocNode", byref(node), graph, None, c_size_t(0), byref(params))
address, other = ctypes.c_uint64(params.dptr), c_void_p()
print(cu.cuMemFree_v2(address), cu.cuMemFree_v2(address), cu.cuMemAlloc_v2(byref(other), c_size_t(64)), end=" ")
ok("cuGraphDestroy", graph)
print(cu.cuDeviceGraphMemTrim(0), cu.cuMemFree_v2(other), cu.cuDeviceGraphMemTrim(0))
""")
        == "1 1 0 0 0 0"
    )


def test_a_graph_launch_that_a_capture_refuses_leaves_no_copy_of_the_graph() -> None:
    assert (
        run("""
from compatlayer.core import handles
from compatlayer.core.graph import Graph
primary()
graph, node, executable, stream = c_void_p(), c_void_p(), c_void_p(), c_void_p()
ok("cuGraphCreate", byref(graph), 0)
ok("cuGraphAddEmptyNode", byref(node), graph, None, c_size_t(0))
ok("cuGraphInstantiateWithFlags", byref(executable), graph, ctypes.c_uint64(0))
ok("cuStreamCreate", byref(stream), 1)
ok("cuStreamBeginCapture_v2", stream, 2)
before = len(handles.live(Graph))
print(cu.cuStreamSynchronize(stream) != 0, cu.cuGraphLaunch(executable, stream) != 0, len(handles.live(Graph)) - before)
""")
        == "True True 0"
    )


def test_an_instantiation_that_fails_leaves_no_graph_behind() -> None:
    assert (
        run("""
from compatlayer.core import handles
from compatlayer.core.graph import Graph
from compatlayer.core.graph_executable import ExecutableGraph
class Params(ctypes.Structure):
    _fields_ = [("flags", ctypes.c_uint64), ("stream", c_void_p), ("node", c_void_p), ("result", c_int)]
own, graph, node, executable, stream = (c_void_p() for _ in range(5))
primary()
ok("cuGraphCreate", byref(graph), 0)
ok("cuCtxCreate_v2", byref(own), 0, 0)
ok("cuStreamCreate", byref(stream), 1)
ok("cuGraphAddEmptyNode", byref(node), graph, None, c_size_t(0))
ok("cuCtxDestroy_v2", own)
primary()
before = len(handles.live(Graph))
print(cu.cuGraphInstantiateWithFlags(byref(executable), graph, ctypes.c_uint64(0)) != 0,
      cu.cuGraphInstantiateWithParams(byref(executable), graph, byref(Params(2, stream))) != 0,
      len(handles.live(Graph)) - before, len(handles.live(ExecutableGraph)))
""")
        == "True True 0 0"
    )


def test_memory_and_code_may_end_while_a_stream_with_earlier_work_is_captured() -> None:
    assert (
        run("""
primary()
memory, stream, graph = c_void_p(), c_void_p(), c_void_p()
ok("cuMemAlloc_v2", byref(memory), c_size_t(1 << 20))
ok("cuStreamCreate", byref(stream), 1)
ok("cuMemsetD8Async", memory, 1, c_size_t(1 << 20), stream)
ok("cuStreamBeginCapture_v2", stream, 2)
print(cu.cuMemFree_v2(memory), cu.cuStreamEndCapture(stream, byref(graph)))
""")
        == "0 0"
    )


def test_no_thread_calls_a_handler_whose_module_is_still_being_imported() -> None:
    assert (
        run("""
import sys, threading
from compatlayer._native import lib
from compatlayer import boot
primary()
seen = []
size, value = c_size_t(8), ctypes.c_uint64()
index = lib.cpl_slot_find(0, b"cuCoredumpGetAttribute")
assert lib.cpl_slot_asleep(0, index)
def trace(frame, event, argument):
    if "coredump.py" in frame.f_code.co_filename and frame.f_code.co_name == "<module>":
        seen.append(bool(lib.cpl_slot_asleep(0, index)))
        return trace
sys.settrace(trace)
boot.load(0, index)
sys.settrace(None)
print(bool(seen), all(seen), lib.cpl_slot_asleep(0, index))
""")
        == "True True 0"
    )


def test_a_program_cannot_release_the_references_that_graphs_hold() -> None:
    assert (
        run("""
from compatlayer.core import handles
from compatlayer.core.graph import Node
primary()
ended = []
destroy = ctypes.CFUNCTYPE(None, c_void_p)(lambda data: ended.append(1))
thing, graph, node = c_void_p(), c_void_p(), c_void_p()
ok("cuGraphCreate", byref(graph), 0)
ok("cuGraphAddEmptyNode", byref(node), graph, None, c_size_t(0))
ok("cuUserObjectCreate", byref(thing), None, destroy, 1, 1)
ok("cuGraphRetainUserObject", graph, thing, 1, 1)
print(cu.cuUserObjectRelease(thing, 1), len(ended), cu.cuGraphDestroy(graph), len(ended), len(handles.live(Node)))
""")
        == "1 0 0 1 0"
    )


def test_what_is_made_while_another_thread_ends_the_context_is_ended_too() -> None:
    assert (
        run("""
from compatlayer._native import lib
from compatlayer.core import context, handles, memory
from compatlayer.core.stream import Stream
from compatlayer.errors import CudaError
own = c_void_p()
for what in ("memory", "stream"):
    ok("cuCtxCreate_v2", byref(own), 0, 0)
    made = context.current()
    before = int(lib.cpl_memory_count())
    ended = made.live_domain
    def and_then_ends(real=ended):
        domain = real()
        vars(made).pop("live_domain")
        made.close()
        return domain
    made.check = lambda: None
    made.live_domain = and_then_ends
    try:
        memory.allocate(made, 64, memory.MemoryKind.DEVICE) if what == "memory" else made.new_stream(0, 0)
    except CudaError as error:
        left = int(lib.cpl_memory_count()) - before
        print(int(error.status), left, len(memory.live_records()), len(handles.live(Stream)))
    context.pop()
""")
        == "709 0 0 0\n709 0 0 0"
    )


def test_memory_that_is_given_back_while_it_is_exported_is_an_invalid_value() -> None:
    assert run("""
from compatlayer.core import memory
primary()
address = c_void_p()
handle = ctypes.create_string_buffer(64)
ok("cuMemAlloc_v2", byref(address), c_size_t(4096))
ok("cuIpcGetMemHandle", handle, address)
memory.live_at(address.value).shared.close()
print(cu.cuIpcGetMemHandle(handle, address))
""") == "1"


def test_a_texture_references_anisotropy_beyond_an_int_is_the_largest_int() -> None:
    assert run("""
primary()
reference = c_void_p()
ok("cuTexRefCreate", byref(reference))
ok("cuTexRefSetMaxAnisotropy", reference, ctypes.c_uint(0xFFFFFFFF))
value = ctypes.c_int()
print(cu.cuTexRefGetMaxAnisotropy(byref(value), reference), value.value)
""") == "0 2147483647"


def test_a_context_that_another_thread_ends_first_is_ended_once() -> None:
    assert run("""
from compatlayer.core import context
primary()
made = context.current_or_none()
class Doors:
    def end(self):
        made.doors = None
        made.close()
made.doors = Doors()
made.close()
print(made.domain)
""") == "None"
