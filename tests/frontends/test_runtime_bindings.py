"""cuda.bindings.runtime and ctypes users of libcudart, as programs meet them."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from compatlayer.launcher import runtime_calls

table = pytest.importorskip("cuda.bindings._internal.runtime")


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    import os

    command = [sys.executable, "-m", "compatlayer", "run", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | variables)


def test_ctypes_finds_the_library_by_every_name() -> None:
    done = run("""
import ctypes, ctypes.util
assert ctypes.util.find_library("cudart").startswith("libcudart.so"), ctypes.util.find_library("cudart")
for name in ("libcudart.so", "libcudart.so.13", "libcudart.so.12", ctypes.util.find_library("cudart")):
    library, count = ctypes.CDLL(name), ctypes.c_int()
    assert library.cudaGetDeviceCount(ctypes.byref(count)) == 0 and count.value > 0
    library.cudaGetErrorString.restype = ctypes.c_char_p
    assert library.cudaSetDevice(99) == 101 and library.cudaGetErrorString(library.cudaGetLastError())
print("good")
""")
    assert done.stdout.split() == ["good"], done.stderr


def test_no_device_is_an_error_of_the_runtimes() -> None:
    done = run("""
from cuda.bindings import runtime as rt
print(rt.cudaGetDeviceCount()[0].name, rt.cudaMalloc(16)[0].name, rt.cudaGetLastError()[0].name)
""", COMPATLAYER_CPU="graniterapids")  # which has instructions that this machine most likely lacks
    if done.stdout.startswith("cudaSuccess"):
        pytest.skip("this machine runs code for every processor")
    assert done.stdout.split() == ["cudaErrorNoDevice"] * 3, done.stderr


@pytest.mark.parametrize("asked", ["0", "1"])
def test_the_per_thread_default_stream_can_be_asked_for(asked: str) -> None:
    done = run("""
from cuda.bindings import runtime as rt
own = [rt.cudaStreamGetId(stream)[1] for stream in (0, 1, 2)]
print(own[0] == own[1], own[0] == own[2])
""", CUDA_PYTHON_CUDA_PER_THREAD_DEFAULT_STREAM=asked)
    assert done.stdout.split() == (["False", "True"] if asked == "1" else ["True", "False"]), done.stderr


def test_a_forked_child_gets_an_error_and_ends() -> None:
    done = run("""
import os
from cuda.bindings import runtime as rt
rt.cudaFree(0)
child = os.fork()
if child == 0:
    os._exit(int(rt.cudaMalloc(16)[0]))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), int(rt.cudaMalloc(16)[0]))
""")
    assert done.stdout.split() == ["3", "0"], done.stderr


def test_a_program_ends_well_with_work_and_memory_about() -> None:
    done = run("""
from cuda.bindings import runtime as rt
status, address = rt.cudaMalloc(1 << 20)
status, stream = rt.cudaStreamCreate()
rt.cudaMemsetAsync(address, 1, 1 << 20, stream)
class Late:
    def __del__(self):
        rt.cudaFree(address)
late = Late()
""")
    assert done.returncode == 0 and done.stderr == ""


def test_the_report_names_what_is_missing() -> None:
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", "--report", "-c", """
from cuda.bindings import runtime as rt
assert rt.cudaCtxResetPersistingL2Cache()[0] == rt.cudaGetLastError()[0] == rt.cudaError_t.cudaErrorNotSupported
"""], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "libcudart" in done.stderr and "not supported: cudaCtxResetPersistingL2Cache" in done.stderr, done.stderr


def module_like_the_real_one() -> Any:
    return SimpleNamespace(__pyx_capi__=dict(table.__pyx_capi__))


def test_a_known_version_is_served_whole() -> None:
    module = module_like_the_real_one()
    runtime_calls.serve(module)
    before, after = table.__pyx_capi__, module.__pyx_capi__
    left = {name for name in after if after[name] is before[name]}
    assert left == {"getDriverEglFrame", "getRuntimeEglFrame"}, "they turn one structure into another, without calls"
    assert all(repr(after[name]).split(" at ")[0] == repr(before[name]).split(" at ")[0] for name in after)


def test_an_unknown_version_is_told_of_and_left_alone(monkeypatch: pytest.MonkeyPatch,
                                                      capsys: pytest.CaptureFixture[str]) -> None:
    module = module_like_the_real_one()
    monkeypatch.setattr(runtime_calls, "_version", lambda: "14.2.0")
    runtime_calls.serve(module)
    before, after = table.__pyx_capi__, module.__pyx_capi__
    assert {name for name in after if after[name] is not before[name]} == set(runtime_calls._PLAIN)
    said = capsys.readouterr().err
    assert "cuda.bindings 14.2.0 is not a version that this compatlayer knows" in said and "13.5" in said
