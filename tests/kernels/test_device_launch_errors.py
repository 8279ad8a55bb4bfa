"""Kernels that launch kernels: what goes wrong, who is told, and what stops running."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import pytest
from cuda.bindings import driver
from engines import ENGINES
from launching import Session, compiled, ok

pytestmark = pytest.mark.timeout(120)
ZERO = np.zeros(1, np.int32)
STEP = """
__global__ void step(unsigned *x, unsigned n) { *x = *x * 3 + n; }
__global__ void add(int *x, int n) { atomicAdd(x, n); }
"""


@pytest.fixture(params=ENGINES)
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    with contextlib.closing(Session(request.param)) as made:
        yield made


def test_a_kernel_that_is_defined_nowhere_is_named(session: Session) -> None:
    cubin, log = compiled("__global__ void lost(int *x);\n__global__ void parent(int *x) { lost<<<1, 1>>>(x); }")
    assert cubin, log
    assert driver.cuModuleLoadData(cubin)[0].name != "CUDA_SUCCESS"


# ---- errors -------------------------------------------------------------------------------------------------------
ERRORS = """
__global__ void child(int *x) { atomicAdd(x, 1); }
__global__ void __launch_bounds__(64) small(int *x) { atomicAdd(x, 1); }
extern "C" __global__ void errors(int *codes, int *ran) {
    int t = threadIdx.x;
    cudaStream_t stream = 0;
    if (t == 0) child<<<0, 1>>>(ran);
    if (t == 1) child<<<1, 0>>>(ran);
    if (t == 2) child<<<1, 1025>>>(ran);
    if (t == 3) child<<<1, dim3(1, 1, 65)>>>(ran);
    if (t == 4) child<<<dim3(1, 65536), 1>>>(ran);
    if (t == 5) child<<<1, dim3(32, 33)>>>(ran);
    if (t == 6) child<<<1, 1, 1 << 20>>>(ran);
    if (t == 7) small<<<1, 65>>>(ran);
    if (t == 8) child<<<1, 1, 0, (cudaStream_t)0x123456>>>(ran);
    if (t == 9) child<<<1, 1, 0, cudaStreamLegacy>>>(ran);
    if (t == 10) cudaStreamCreateWithFlags(&stream, cudaStreamDefault);
    if (t == 11) cudaStreamDestroy(0);
    if (t == 12) cudaLaunchDevice(ran, cudaGetParameterBuffer(64, 8), dim3(1), dim3(1), 0, 0);
    if (t == 13) cudaLaunchDevice((void *)child, cudaGetParameterBuffer(64, 4), dim3(1), dim3(1), 0, 0);
    if (t == 14) cudaMemsetAsync(ran, 1, 4, (cudaStream_t)77);
    if (t == 15) small<<<1, 64>>>(ran);
    codes[3 * t] = cudaPeekAtLastError();
    codes[3 * t + 1] = cudaGetLastError();
    codes[3 * t + 2] = cudaGetLastError();
}
"""


def test_bad_launches_are_errors_of_the_thread_that_made_them(session: Session) -> None:
    session.load(ERRORS)
    ran = session.memory(ZERO)
    got = session.run("errors", 1, 16, np.full((16, 3), -1, np.int32), ran)
    codes = [9] * 8 + [400, 400, 1, 400, 98, 1, 400, 0]
    np.testing.assert_array_equal(got, np.array([codes, codes, [0] * 16]).T)
    assert session.read(ran, ZERO)[0] == 64


def test_twenty_four_levels_nest_and_no_more(session: Session) -> None:
    session.load("""
extern "C" __global__ void deep(int *x, int level) {
    x[level] += 1;
    deep<<<1, 1>>>(x, level + 1);
    x[64 + level] = cudaGetLastError();
}
""")
    got = session.run("deep", 1, 1, np.zeros(128, np.int32), np.int32(0))
    np.testing.assert_array_equal(got[:26], [1] * 25 + [0])
    np.testing.assert_array_equal(got[64:90], [0] * 24 + [65, 0])


def test_launches_beyond_the_limit_are_refused_and_the_others_run(session: Session) -> None:
    session.load(STEP + """
extern "C" __global__ void parent(int *x, int n) {
    int refused = 0;
    for (int i = 0; i < n; i++) {
        add<<<1, 1>>>(x, 1);
        refused += cudaGetLastError() == 69;  // cudaErrorLaunchPendingCountExceeded
    }
    x[1] = refused;
}
""")
    assert ok(driver.cuCtxGetLimit(driver.CUlimit.CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT)) == 2048
    most = 1 << 18
    got = session.run("parent", 1, 1, np.zeros(2, np.int32), np.int32(most + 100))
    np.testing.assert_array_equal(got, [most, 100])
    ok(driver.cuCtxSetLimit(driver.CUlimit.CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT, most + 60))
    got = session.run("parent", 1, 1, np.zeros(2, np.int32), np.int32(most + 100))
    np.testing.assert_array_equal(got, [most + 60, 40])


def test_buffers_that_are_never_launched_do_no_harm(session: Session) -> None:
    session.load(STEP + """
extern "C" __global__ void parent(int *x) {
    for (int i = 0; i < 10; i++) ((int *)cudaGetParameterBuffer(64, 100))[i] = i;
    add<<<1, 1>>>(x, 5);
    cudaGetParameterBuffer(64, 1);
}
""")
    assert session.run("parent", 1, 8, ZERO)[0] == 40


def test_a_fault_in_a_child_ends_the_context_and_all_that_waits(session: Session) -> None:
    session.load(STEP + """
__global__ void broken(int *x) { x[threadIdx.x] = 1; }
extern "C" __global__ void parent(int *x) {
    for (int i = 0; i < 200; i++) add<<<1, 1>>>(x, 1);
    broken<<<1, 32>>>((int *)16);
    for (int i = 0; i < 200; i++) add<<<1, 1>>>(x, 1);
    add<<<1, 1, 0, cudaStreamTailLaunch>>>(x, 1);
}
""")
    assert session.launch("parent", 1, 1, session.memory(ZERO)) == "CUDA_ERROR_ILLEGAL_ADDRESS"
    assert driver.cuCtxSynchronize()[0].name == "CUDA_ERROR_ILLEGAL_ADDRESS"


def test_a_fault_of_the_parent_drops_its_children(session: Session) -> None:
    session.load(STEP + """
extern "C" __global__ void parent(int *x) { add<<<1, 1>>>(x, 1); __syncthreads(); if (threadIdx.x == 9) __trap(); }
""")
    assert session.launch("parent", 8, 64, session.memory(ZERO)) == "CUDA_ERROR_LAUNCH_FAILED"


def test_printed_lines_of_a_parent_come_before_those_of_its_children(session: Session,
                                                                     capfd: pytest.CaptureFixture[str]) -> None:
    session.load(r"""
__global__ void child(int n) { printf("child %d\n", n); }
extern "C" __global__ void parent(int *x) {
    child<<<1, 1>>>(1);
    child<<<1, 1>>>(2);
    child<<<1, 1, 0, cudaStreamTailLaunch>>>(3);
    printf("parent\n");
}
""")
    session.run("parent", 1, 1, ZERO)
    assert capfd.readouterr().out.split("\n")[:4] == ["parent", "child 1", "child 2", "child 3"]


# ---- what does not compile ------------------------------------------------------------------------------------------
def test_launches_need_relocatable_code_and_the_log_says_so() -> None:
    ok(driver.cuInit(0))
    cubin, log = compiled("__global__ void a() {}\n__global__ void b() { a<<<1, 1>>>(); }", ())
    assert not cubin
    assert "-rdc=true" in log and "launches.cu(2)" in log


def test_waiting_for_children_is_refused_with_the_way_out() -> None:
    ok(driver.cuInit(0))
    cubin, log = compiled("__global__ void a() {}\n__global__ void b() { a<<<1, 1>>>(); cudaDeviceSynchronize(); }")
    assert not cubin
    assert "cudaStreamTailLaunch" in log and "CUDA 12 removed" in log
