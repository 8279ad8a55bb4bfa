"""A process's life: what the environment shows, Ctrl-C in a wait, fork, exit with work under way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

START = """
import compatlayer; compatlayer.install()
import ctypes, os, sys, threading
from cuda.bindings import driver as cu
def ok(result):
    assert result[0] == cu.CUresult.CUDA_SUCCESS, result
    return result[1] if len(result) == 2 else result[1:]
def context():
    ok(cu.cuInit(0)); made = ok(cu.cuDevicePrimaryCtxRetain(0)); ok(cu.cuCtxSetCurrent(made)); return made
released = threading.Event()
gate = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda data: released.wait(30) and None)
def hold(stream=0):
    ok(cu.cuLaunchHostFunc(stream, cu.CUhostFn(ctypes.cast(gate, ctypes.c_void_p).value), 0))
"""


def start(program: str, **environment: str) -> subprocess.Popen[str]:
    settings = {**os.environ, **environment}
    return subprocess.Popen([sys.executable, "-c", START + program], env=settings, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(program: str, **environment: str) -> str:
    """Standard output of a program that must end well and say nothing on standard error."""
    process = start(program, **environment)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and errors == "", errors
    return output.strip()


def test_interrupt_ends_a_wait() -> None:
    process = start("""
context(); hold()
try:
    print("waiting", flush=True)
    cu.cuCtxSynchronize()
    print("came back")
except KeyboardInterrupt:
    print("interrupted")
released.set()
ok(cu.cuCtxSynchronize())
""")
    assert process.stdout is not None and process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert output == "interrupted\n" and process.returncode == 0, errors


def test_interrupt_in_a_free_loses_no_memory() -> None:
    process = start("""
context(); pointer = ok(cu.cuMemAlloc(1 << 20)); before = ok(cu.cuMemGetInfo())[0]; hold()
try:
    print("waiting", flush=True)
    cu.cuMemFree(pointer)
except KeyboardInterrupt:
    released.set()
ok(cu.cuCtxSynchronize())
ok(cu.cuMemFree(ok(cu.cuMemAlloc(64))))
print(ok(cu.cuMemGetInfo())[0] - before)
""")
    assert process.stdout is not None and process.stdout.readline() == "waiting\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert int(output) >= 1 << 20, errors


@pytest.mark.parametrize(("asked", "default"), [("0", "legacy"), ("1", "per thread")])
def test_programs_built_for_per_thread_streams_get_them(asked: str, default: str) -> None:
    assert run("""
context()
ids = [ok(cu.cuStreamGetId(cu.CUstream(handle))) for handle in range(3)]
print({ids[1]: "legacy", ids[2]: "per thread"}[ids[0]])
""", CUDA_PYTHON_CUDA_PER_THREAD_DEFAULT_STREAM=asked) == default


def test_exit_with_live_objects_is_quiet() -> None:
    assert run("""
context()
kept = [ok(cu.cuMemAlloc(4096)), ok(cu.cuStreamCreate(0)), ok(cu.cuEventCreate(0)), ok(cu.cuMemAllocAsync(64, 0))]
ok(cu.cuMemsetD8Async(kept[0], 1, 4096, 0))
print("done")
""") == "done"


def test_exit_does_not_wait_for_work_that_cannot_end() -> None:
    assert run("""
context(); hold()
pointer = ok(cu.cuMemAlloc(64))
ok(cu.cuMemsetD8Async(pointer, 1, 64, 0))
print("done", flush=True)
os.environ.clear()
""") == "done"


def test_destructors_at_exit_may_call_us() -> None:
    assert run("""
context()
class Owner:
    def __init__(self): self.pointer = ok(cu.cuMemAlloc(64))
    def __del__(self, free=cu.cuMemFree): free(self.pointer)
keep = Owner(); keep.itself = keep
sys.keep = keep
print("done")
""") == "done"


def test_a_free_on_the_default_stream_works_while_python_shuts_down() -> None:
    assert run("""
import gc
class Owner:
    def __init__(self): self.itself = self
    def __del__(self, free=cu.cuMemFreeAsync, write=sys.stdout.write, flush=sys.stdout.flush):
        write(str(int(free(self.pointer, 0)[0]))); flush()
gc.disable(); context()
keep = Owner(); keep.pointer = ok(cu.cuMemAllocAsync(4096, 0))
sys.modules["held"] = keep
del keep
""") == "0"


def test_a_forked_child_is_told_and_its_parent_goes_on() -> None:
    assert run("""
context(); pointer = ok(cu.cuMemAlloc(64))
child = os.fork()
if child == 0:
    results = [cu.cuCtxSynchronize()[0], cu.cuMemAlloc(64)[0], cu.cuMemFree(pointer)[0], cu.cuInit(0)[0]]
    os._exit(0 if all(int(result) == 3 for result in results) else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
ok(cu.cuMemsetD8(pointer, 1, 64)); ok(cu.cuCtxSynchronize())
""", PYTHONWARNINGS="ignore::DeprecationWarning") == "0"  # Python 3.12 warns of any fork beside threads


@pytest.mark.parametrize(("shown", "visible", "count"), [
    ("cpu", None, "1"), ("cpu:3", None, "3"), ("cpu,cpu", None, "2"), ("cpu:3", "2,0", "2"), ("cpu:2", "1,7,0", "1"),
])
def test_the_environment_says_what_is_shown(shown: str, visible: str | None, count: str) -> None:
    environment: dict[str, Any] = {"COMPATLAYER_DEVICES": shown}
    if visible is not None:
        environment["CUDA_VISIBLE_DEVICES"] = visible
    assert run("ok(cu.cuInit(0)); print(ok(cu.cuDeviceGetCount()))", **environment) == count


@pytest.mark.parametrize(("shown", "visible", "words"), [
    ("abacus", "0", "abacus"), ("cpu:0", "0", "count"), ("", "0", "no device is shown"), ("cpu", "", "no device"),
])
def test_no_device_has_a_sentence(shown: str, visible: str, words: str) -> None:
    process = start("print(int(cu.cuInit(0)[0]))", COMPATLAYER_DEVICES=shown, CUDA_VISIBLE_DEVICES=visible,
                    COMPATLAYER_VERBOSE="1")
    output, errors = process.communicate(timeout=60)
    assert output.strip() == "100"
    assert words in errors and len(errors.strip().splitlines()) == 1


def test_devices_named_twice_are_two_devices() -> None:
    assert run("""
ok(cu.cuInit(0))
print(len({bytes(ok(cu.cuDeviceGetUuid(device)).bytes) for device in range(2)}))
""", COMPATLAYER_DEVICES="cpu,cpu") == "2"


def test_a_memory_limit_and_workers_are_kept() -> None:
    assert run("""
context()
kind = cu.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT
print(ok(cu.cuMemGetInfo())[1], int(cu.cuMemAlloc(65 << 20)[0]), ok(cu.cuDeviceGetAttribute(kind, 0)))
""", COMPATLAYER_MEMORY="64M", COMPATLAYER_WORKERS="3", COMPATLAYER_DEVICES="cpu") == f"{64 << 20} 2 3"
