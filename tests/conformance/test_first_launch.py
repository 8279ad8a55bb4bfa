"""Kernels are compiled when they are launched first, each by itself: what that may not change."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import Packed, build

SHARING = """
struct Shape { virtual __device__ int area(int) { return 0; } };
struct Square : Shape { __device__ int area(int x) override { return x * x; } };
__device__ __noinline__ int twice(int x) { return 2 * x; }
__device__ __noinline__ int thrice(int x) { return 3 * x; }
typedef int (*Step)(int);
__device__ Step table[2] = {twice, thrice};
__device__ Step kept;
__device__ const int known[4] = {3, 1, 4, 1};
__device__ const int *place;
__constant__ int fixed[4] = {1, 2, 3, 4};
static __device__ int hidden = 4;
__device__ int visible = 7;
__device__ Square square;
__device__ Shape *shape;

extern "C" __global__ void write(int n)
{
    hidden += n;
    visible += n;
    kept = n == 2 ? twice : thrice;
    place = &known[n];
    table[0] = thrice;
    shape = new (&square) Square;
}

extern "C" __global__ void read(int *out, int n)
{
    out[0] = hidden;
    out[1] = visible;
    out[2] = kept == twice;
    out[3] = kept == thrice;
    out[4] = kept(5);
    out[5] = place == &known[n];
    out[6] = table[0](5);
    out[7] = shape->area(n);
    out[8] = fixed[n];
    out[9] = table[1] == table[0];
}
"""


@pytest.fixture
def sharing(api: Any, context: Any) -> Any:
    module = api.cuModuleLoadData(build("#include <new>\n" + SHARING))
    yield module
    api.status("cuModuleUnload", module)


def run(api: Any, module: Any, name: bytes, *values: np.generic, block: tuple[int, int, int] = (1, 1, 1)) -> None:
    arguments = Packed(*values)
    api.cuLaunchKernel(api.cuModuleGetFunction(module, name), 1, 1, 1, *block, 0, 0, arguments.pointer, 0)
    api.cuCtxSynchronize()


@pytest.mark.parametrize("block", [(1, 1, 1), (32, 1, 1), (7, 3, 1)])
def test_kernels_of_a_module_share_variables_functions_and_tables(api: Any, sharing: Any,
                                                                  block: tuple[int, int, int]) -> None:
    out = api.cuMemAlloc(40)
    fixed, size = api.cuModuleGetGlobal(sharing, b"fixed")
    assert size == 16
    api.cuMemcpyHtoD(fixed, np.array([1, 2, 50, 4], np.int32), 16)
    run(api, sharing, b"write", np.int32(2))
    run(api, sharing, b"read", np.uint64(int(out)), np.int32(2), block=block)
    found = np.zeros(10, np.int32)
    api.cuMemcpyDtoH(found, out, 40)
    assert found.tolist() == [6, 9, 1, 0, 10, 1, 15, 4, 50, 1]
    visible = np.zeros(1, np.int32)
    api.cuMemcpyDtoH(visible, api.cuModuleGetGlobal(sharing, b"visible")[0], 4)
    assert visible[0] == 9


def test_modules_of_one_image_share_nothing(api: Any, sharing: Any) -> None:
    other = api.cuModuleLoadData(build("#include <new>\n" + SHARING))
    out = api.cuMemAlloc(40)
    run(api, sharing, b"write", np.int32(2))
    run(api, other, b"write", np.int32(1))
    found = np.zeros(10, np.int32)
    for module, wanted in ((sharing, [6, 9, 1, 0, 10, 1]), (other, [5, 8, 0, 1, 15, 0])):
        run(api, module, b"read", np.uint64(int(out)), np.int32(2))
        api.cuMemcpyDtoH(found, out, 40)
        assert found[:6].tolist() == wanted
    api.cuModuleUnload(other)


def test_many_threads_may_launch_a_kernel_first(api: Any, context: Any) -> None:
    module = api.cuModuleLoadData(build(f"""
        extern "C" __global__ void add(unsigned *p) {{ atomicAdd(p, {os.getpid() % 1000} > 2000 ? 2u : 1u); }}"""))
    kernel, out = api.cuModuleGetFunction(module, b"add"), api.cuMemAlloc(4)
    api.cuMemsetD32(out, 0, 1)
    arguments = Packed(np.uint64(int(out)))
    ready, failures = threading.Barrier(8), []

    def launch(number: int) -> None:
        api.cuCtxSetCurrent(context)
        ready.wait()
        for block in (32, 33, 16, 1):
            status = api.status("cuLaunchKernel", kernel, 1, 1, 1, block, 1, 1, 0, 0, arguments.pointer, 0)
            if status != "SUCCESS":
                failures.append(status)

    threads = [threading.Thread(target=launch, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    api.cuCtxSynchronize()
    found = np.zeros(1, np.uint32)
    api.cuMemcpyDtoH(found, out, 4)
    assert not failures and found[0] == 8 * (32 + 33 + 16 + 1)
    api.cuModuleUnload(module)


def test_a_graph_may_hold_the_first_launch_of_a_kernel(api: Any, context: Any) -> None:
    module = api.cuModuleLoadData(build('extern "C" __global__ void add(unsigned *p) { atomicAdd(p, 3u); }'))
    kernel, out = api.cuModuleGetFunction(module, b"add"), api.cuMemAlloc(4)
    api.cuMemsetD32(out, 0, 1)
    arguments = Packed(np.uint64(int(out)))
    stream = api.cuStreamCreate(1)
    api.cuStreamBeginCapture(stream, api.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL)
    for block in ((40, 1, 1), (8, 8, 1)):
        api.cuLaunchKernel(kernel, 1, 1, 1, *block, 0, stream, arguments.pointer, 0)
    graph = api.cuGraphInstantiate(api.cuStreamEndCapture(stream), 0)
    for _ in range(2):
        api.cuGraphLaunch(graph, stream)
    api.cuStreamSynchronize(stream)
    found = np.zeros(1, np.uint32)
    api.cuMemcpyDtoH(found, out, 4)
    assert found[0] == 2 * 3 * (40 + 64)
    api.cuGraphExecDestroy(graph)
    api.cuStreamDestroy(stream)
    api.cuModuleUnload(module)


CHILD = """
import os, sys
import numpy as np
from cuda.bindings import driver as cu

def check(answer):
    assert int(answer[0]) == 0, answer[0]
    return answer[1] if len(answer) == 2 else answer[1:]

check(cu.cuInit(0))
check(cu.cuCtxSetCurrent(check(cu.cuDevicePrimaryCtxRetain(0))))
module = check(cu.cuModuleLoadData(open(sys.argv[1], "rb").read()))
kernel = check(cu.cuModuleGetFunction(module, b"k"))
out = check(cu.cuMemAlloc(4))
cu.cuMemsetD32(out, 0, 1)
value = np.array([int(out)], np.uint64)
pointers = np.array([value.ctypes.data], np.uint64)

def launch(block):
    return int(cu.cuLaunchKernel(kernel, 1, 1, 1, block, 1, 1, 0, 0, pointers.ctypes.data, 0)[0])

"""
SCENARIOS = {
    # What was compiled before needs no reading of IR.
    "cached": """
assert launch(int(sys.argv[2])) == 0 and int(cu.cuCtxSynchronize()[0]) == 0
print(sorted({name for name in sys.modules if name.startswith(("compatlayer.compiler.ir", "compatlayer.compiler.passes",
                                                               "compatlayer.compiler.targets"))}) == [])
""",
    # A launch that cannot be compiled is refused, the context lives on, and the next one may be compiled.
    "hindered": """
from compatlayer.compiler import toolchain
kept = toolchain.TIMEOUT_S
os.environ["TMPDIR"] = "/nowhere"
import tempfile
tempfile.tempdir = None
tempfile.mkdtemp = lambda **_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
print(launch(32))
import importlib
importlib.reload(tempfile)
del os.environ["TMPDIR"]
print(launch(32), int(cu.cuCtxSynchronize()[0]))
""",
    "reported": """
from compatlayer.compiler.targets import cpu
from compatlayer.compiler.passes.unsupported import Unsupported
def refuse(*_):
    raise Unsupported("it is a trial")
cpu._vector = refuse
print(launch(32), launch(1), launch(16), int(cu.cuCtxSynchronize()[0]))
""",
}
SOURCE = 'extern "C" __global__ void k(unsigned *p) { atomicAdd(p, 1u); }'


def child(scenario: str, image: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "compatlayer", "run", "-c", CHILD + SCENARIOS[scenario], str(image),
                           *arguments], capture_output=True, text=True, timeout=90, check=False,
                          env={**os.environ, **environment})


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "k.cubin"
    path.write_bytes(build(SOURCE))
    return path


def test_a_variant_that_is_cached_is_loaded_without_reading_ir(image: Path, tmp_path: Path) -> None:
    answers = [child("cached", image, block, COMPATLAYER_CACHE_DIR=str(tmp_path)).stdout for block in ("32", "32", "7")]
    assert answers == ["False\n", "True\n", "False\n"] or answers == ["False\n", "True\n", "True\n"], answers


def test_a_launch_that_cannot_be_compiled_is_refused_and_may_be_tried_again(image: Path, tmp_path: Path) -> None:
    done = child("hindered", image, COMPATLAYER_CACHE_DIR=str(tmp_path))
    assert done.stdout == "304\n0 0\n", done.stdout + done.stderr  # CUDA_ERROR_OPERATING_SYSTEM


def test_the_report_names_a_kernel_of_the_naive_engine_and_why(image: Path, tmp_path: Path) -> None:
    done = child("reported", image, COMPATLAYER_CACHE_DIR=str(tmp_path), COMPATLAYER_ENGINE_REPORT="1",
                 COMPATLAYER_ENGINE="vector")
    assert done.stdout == "0 0 0 0\n", done.stderr
    assert done.stderr.splitlines() == ["compatlayer: kernel k runs in the naive engine: it is a trial"] * 2
    quiet = child("reported", image, COMPATLAYER_CACHE_DIR=str(tmp_path), COMPATLAYER_ENGINE="vector",
                  COMPATLAYER_ENGINE_REPORT="0")
    assert quiet.stdout == "0 0 0 0\n" and not quiet.stderr
