"""Kernels that launch kernels: what runs, in which order, with which errors, as "CUDA Dynamic Parallelism" in the CUDA
Programming Guide has it since CUDA 12."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator

import numpy as np
import pytest
from cuda.bindings import driver
from engines import ENGINES
from launching import Session, compiled, ok

pytestmark = pytest.mark.timeout(120)
ZERO = np.zeros(1, np.int32)
# An order-dependent step: x = 3 x + n.
STEP = """
__global__ void step(unsigned *x, unsigned n) { *x = *x * 3 + n; }
__global__ void add(int *x, int n) { atomicAdd(x, n); }
"""


@pytest.fixture(params=ENGINES)
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    with contextlib.closing(Session(request.param)) as made:
        yield made


def stepped(numbers: Iterator[int] | range) -> int:
    x = 0
    for n in numbers:
        x = (x * 3 + n) & 0xFFFFFFFF
    return x


def test_a_child_gets_its_shape_and_arguments_of_every_kind(session: Session) -> None:
    session.load("""
struct Pair { short a; double b; char c[3]; };
struct Large { int values[400]; };
template <class T> __global__ void child(T *out, char c, Pair p, const float *more, bool flag, Large large) {
    int i = (blockIdx.y * gridDim.x + blockIdx.x) * blockDim.x * blockDim.y + threadIdx.y * blockDim.x + threadIdx.x;
    out[i] = c + p.a + p.b + p.c[2] + more[1] + flag + large.values[399] + i;
}
extern "C" __global__ void parent(double *out, float *more) {
    Large large;
    large.values[399] = 1000000;
    child<double><<<dim3(3, 2), dim3(8, 5)>>>(out, 'c', Pair{-7, 0.25, {1, 2, 3}}, more, true, large);
}
""")
    more = session.memory(np.array([5, 0.5], np.float32))
    expected = 99 - 7 + 0.25 + 3 + 0.5 + 1 + 1000000 + np.arange(240)
    np.testing.assert_array_equal(session.run("parent", 1, 1, np.zeros(240), more), expected)


QUICKSORT = """
// Lomuto's partition by one thread; below 32 numbers a thread for each finds its place by counting.
__global__ void ranks(const float *from, float *to, int n) {
    int i = threadIdx.x, place = 0;
    if (i >= n) return;
    for (int k = 0; k < n; k++) place += from[k] < from[i] || (from[k] == from[i] && k < i);
    to[place] = from[i];
}
__global__ void copy(const float *from, float *to, int n) { if (threadIdx.x < n) to[threadIdx.x] = from[threadIdx.x]; }
extern "C" __global__ void quicksort(float *data, float *scratch, int low, int high) {
    int n = high - low + 1;
    if (n < 2) return;
    if (n <= 32) {
        ranks<<<1, 32>>>(data + low, scratch + low, n);
        copy<<<1, 32>>>(scratch + low, data + low, n);
        return;
    }
    float pivot = data[(low + high) / 2];
    int i = low, j = high;
    while (i <= j) {
        while (data[i] < pivot) i++;
        while (data[j] > pivot) j--;
        if (i <= j) { float t = data[i]; data[i++] = data[j]; data[j--] = t; }
    }
    cudaStream_t left, right;
    cudaStreamCreateWithFlags(&left, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&right, cudaStreamNonBlocking);
    if (low < j) quicksort<<<1, 1, 0, left>>>(data, scratch, low, j);
    if (i < high) quicksort<<<1, 1, 0, right>>>(data, scratch, i, high);
    cudaStreamDestroy(left);
    cudaStreamDestroy(right);
}
"""


def test_a_recursive_quicksort_sorts(session: Session) -> None:
    session.load(QUICKSORT)
    data = np.random.default_rng(1).normal(size=4000).astype(np.float32)
    scratch = session.memory(data)
    got = session.run("quicksort", 1, 1, data, scratch, np.int32(0), np.int32(len(data) - 1))
    np.testing.assert_array_equal(got, np.sort(data))


MANDELBROT = """
#define LIMIT 60
__device__ int dwell(int x, int y, int n) {
    float cx = -2.0f + 3.0f * x / n, cy = -1.5f + 3.0f * y / n, a = cx, b = cy;
    int i = 0;
    while (i < LIMIT && __fadd_rn(__fmul_rn(a, a), __fmul_rn(b, b)) < 4) {
        float t = __fadd_rn(__fsub_rn(__fmul_rn(a, a), __fmul_rn(b, b)), cx);
        b = __fadd_rn(__fmul_rn(__fmul_rn(2, a), b), cy);
        a = t;
        i++;
    }
    return i;
}
__global__ void pixels(int *out, int n, int x0, int y0, int size) {
    int x = threadIdx.x + blockIdx.x * blockDim.x, y = threadIdx.y + blockIdx.y * blockDim.y;
    if (x < size && y < size) out[(y0 + y) * n + x0 + x] = dwell(x0 + x, y0 + y, n);
}
__global__ void fill(int *out, int n, int x0, int y0, int size, int value) {
    int x = threadIdx.x + blockIdx.x * blockDim.x, y = threadIdx.y + blockIdx.y * blockDim.y;
    if (x < size && y < size) out[(y0 + y) * n + x0 + x] = value;
}
// A square whose border has one dwell is taken to have it inside too; others are cut into four.
extern "C" __global__ void squares(int *out, int n, int x0, int y0, int size) {
    __shared__ int least, most;
    x0 += size * blockIdx.x, y0 += size * blockIdx.y;
    if (threadIdx.x == 0) least = LIMIT + 1, most = -1;
    __syncthreads();
    for (int i = threadIdx.x; i < 4 * size; i += blockDim.x) {
        int along = i % size, side = i / size;
        int x = side == 0 ? 0 : side == 1 ? size - 1 : along, y = side == 2 ? 0 : side == 3 ? size - 1 : along;
        int d = dwell(x0 + x, y0 + y, n);
        atomicMin(&least, d);
        atomicMax(&most, d);
    }
    __syncthreads();
    if (threadIdx.x) return;
    dim3 grid((size + 15) / 16, (size + 15) / 16);
    if (least == most) fill<<<grid, dim3(16, 16)>>>(out, n, x0, y0, size, least);
    else if (size <= 8) pixels<<<grid, dim3(16, 16)>>>(out, n, x0, y0, size);
    else squares<<<dim3(2, 2), 64>>>(out, n, x0, y0, size / 2);
}
"""


def dwells(n: int) -> np.ndarray:
    x, y = np.meshgrid(np.arange(n, dtype=np.float32), np.arange(n, dtype=np.float32))
    cx, cy = np.float32(-2) + np.float32(3) * x / np.float32(n), np.float32(-1.5) + np.float32(3) * y / np.float32(n)
    a, b, count, live = cx.copy(), cy.copy(), np.zeros((n, n), np.int32), np.ones((n, n), bool)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(60):
            live &= a * a + b * b < 4
            count += live
            a, b = np.where(live, a * a - b * b + cx, a), np.where(live, 2 * a * b + cy, b)
    return count


def test_mandelbrot_by_squares_is_that_of_pixels(session: Session) -> None:
    session.load(MANDELBROT)
    n = 128
    got = session.run("squares", 1, 64, np.full((n, n), -1, np.int32), *map(np.int32, (n, 0, 0, n)))
    difference = got != dwells(n)
    assert difference.mean() < 0.002, "fused multiplications of the coordinates move a pixel at the border of the set"
    assert (got >= 0).all()


def test_children_of_a_block_run_in_the_order_of_their_launches(session: Session) -> None:
    session.load(STEP + """
extern "C" __global__ void parent(unsigned *x, int n) {
    for (int turn = 0; turn < n; turn++) {
        if (threadIdx.x == turn) step<<<1, 1>>>(x, turn + 1);
        __syncthreads();
    }
}
""")
    assert session.run("parent", 1, 64, np.zeros(1, np.uint32), np.int32(64))[0] == stepped(range(1, 65))


def test_each_stream_has_an_order_of_its_own(session: Session) -> None:
    session.load(STEP + """
extern "C" __global__ void parent(unsigned *x, int n) {
    cudaStream_t a, b;
    cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking);
    x += 4 * (blockIdx.x * blockDim.x + threadIdx.x);
    for (int i = 1; i <= n; i++) {
        step<<<1, 1, 0, a>>>(x, i);
        step<<<1, 1, 0, b>>>(x + 1, 2 * i);
        step<<<1, 1, 0, cudaStreamPerThread>>>(x + 2, 3 * i);
    }
    x[3] = a == b || cudaGetLastError() != cudaSuccess;
}
""")
    got = session.run("parent", 3, 8, np.zeros((24, 4), np.uint32), np.int32(20))
    expected = [stepped(range(k, k * 21, k)) for k in (1, 2, 3)]
    np.testing.assert_array_equal(got, np.tile(np.array([*expected, 0], np.uint32), (24, 1)))


def test_streams_wait_for_events_of_others(session: Session) -> None:
    session.load(STEP + """
extern "C" __global__ void parent(unsigned *x, int n) {
    cudaStream_t a, b;
    cudaEvent_t event;
    cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking);
    if (cudaEventCreateWithFlags(&event, cudaEventDisableTiming)) return;
    for (int i = 1; i <= n; i++) {
        cudaStream_t one = i % 10 < 5 ? a : b, other = i % 10 < 5 ? b : a;
        step<<<1, 1, 0, one>>>(x, i);
        cudaEventRecord(event, one);
        cudaStreamWaitEvent(other, event, 0);
    }
    cudaEventDestroy(event);
}
""")
    assert session.run("parent", 1, 1, np.zeros(1, np.uint32), np.int32(50))[0] == stepped(range(1, 51))


def test_the_tail_comes_after_all_else_and_after_what_that_launched(session: Session) -> None:
    session.load(STEP + """
__global__ void deeper(int *x) { add<<<4, 8, 0, cudaStreamFireAndForget>>>(x, 1); }
__global__ void square(int *x) { *x = *x * *x; }
__global__ void negate(int *x) { *x = -*x; }
extern "C" __global__ void parent(int *x) {
    if (threadIdx.x == 0) {
        square<<<1, 1, 0, cudaStreamTailLaunch>>>(x);
        negate<<<1, 1, 0, cudaStreamTailLaunch>>>(x);
    }
    deeper<<<1, 1>>>(x);
    deeper<<<1, 1, 0, cudaStreamFireAndForget>>>(x);
}
""")
    assert session.run("parent", 1, 32, ZERO)[0] == -((2 * 32 * 32) ** 2)


def test_the_tail_of_a_tail_comes_before_the_rest_of_the_outer_one(session: Session) -> None:
    session.load(STEP + """
__global__ void inner(unsigned *x) {
    step<<<1, 1, 0, cudaStreamTailLaunch>>>(x, 3);
    step<<<1, 1>>>(x, 2);
    step<<<1, 1, 0, cudaStreamTailLaunch>>>(x, 4);
}
extern "C" __global__ void parent(unsigned *x) {
    inner<<<1, 1, 0, cudaStreamTailLaunch>>>(x);
    step<<<1, 1, 0, cudaStreamTailLaunch>>>(x, 5);
    step<<<1, 1>>>(x, 1);
}
""")
    assert session.run("parent", 1, 1, np.zeros(1, np.uint32))[0] == stepped(range(1, 6))


def test_a_kernel_can_launch_itself_into_its_tail_for_ever_so_long(session: Session) -> None:
    session.load("""
extern "C" __global__ void again(int *x, int n) {
    if (threadIdx.x == 0) {
        ++*x;
        if (n > 1) again<<<1, 8, 0, cudaStreamTailLaunch>>>(x, n - 1);
    }
}
""")
    assert session.run("again", 1, 8, ZERO, np.int32(20000))[0] == 20000


def test_many_children_of_many_blocks_all_run(session: Session) -> None:
    session.load(STEP + 'extern "C" __global__ void parent(int *x) { add<<<3, 5>>>(x + threadIdx.x, blockIdx.x); }')
    got = session.run("parent", 40, 128, np.zeros(128, np.int32))
    assert (got == 15 * sum(range(40))).all()


def test_trees_that_are_wide_and_deep_run_whole(session: Session) -> None:
    session.load(STEP + """
extern "C" __global__ void tree(int *x, int depth) {
    atomicAdd(x, 1);
    if (depth) tree<<<1, 8>>>(x, depth - 1);
}
""")
    assert session.run("tree", 1, 8, ZERO, np.int32(4))[0] == sum(8 ** level for level in range(1, 6))


def test_only_the_lanes_that_launch_have_children(session: Session) -> None:
    session.load(STEP + """
extern "C" __global__ void parent(int *x, const int *counts) {
    int lane = threadIdx.x + blockIdx.x * blockDim.x;
    if (lane % 3 == 1) return;
    for (int i = 0; i < counts[lane]; i++)
        if ((i ^ lane) & 1) add<<<1, lane % 7 + 1>>>(x + lane, 1);
}
""")
    counts = np.random.default_rng(3).integers(0, 9, 96).astype(np.int32)
    expected = [0 if lane % 3 == 1 else sum((i ^ lane) & 1 for i in range(count)) * (lane % 7 + 1)
                for lane, count in enumerate(counts)]
    got = session.run("parent", 2, 48, np.zeros(96, np.int32), session.memory(counts))
    np.testing.assert_array_equal(got, expected)


def test_children_have_dynamic_shared_memory(session: Session) -> None:
    session.load("""
__global__ void reverse(int *x, int n) {
    extern __shared__ int room[];
    for (int i = threadIdx.x; i < n; i += blockDim.x) room[i] = x[i];
    __syncthreads();
    for (int i = threadIdx.x; i < n; i += blockDim.x) x[i] = room[n - 1 - i];
}
extern "C" __global__ void parent(int *x, int n) { if (threadIdx.x == 0) reverse<<<1, 64, 4 * n>>>(x, n); }
""")
    data = np.arange(10000, dtype=np.int32)
    np.testing.assert_array_equal(session.run("parent", 1, 32, data, np.int32(len(data))), data[::-1])


def test_kernels_are_launched_through_pointers(session: Session) -> None:
    session.load("""
__global__ void one(int *x) { atomicAdd(x, 1); }
__global__ void ten(int *x) { atomicAdd(x, 10); }
typedef void (*kernel)(int *);
__device__ kernel table[2] = {one, ten};
__device__ kernel chosen;
extern "C" __global__ void choose(int *x) { chosen = threadIdx.x ? one : ten; }
extern "C" __global__ void parent(int *x) { table[threadIdx.x % 2]<<<1, 3>>>(x); chosen<<<1, 1>>>(x + 1); }
""")
    pointer = session.memory(np.zeros(2, np.int32))
    assert session.launch("choose", 1, 1, pointer) == "CUDA_SUCCESS"
    assert session.launch("parent", 1, 32, pointer) == "CUDA_SUCCESS"
    np.testing.assert_array_equal(session.read(pointer, np.zeros(2, np.int32)), [16 * 3 * 11, 320])


def test_copies_and_fills_keep_their_place_among_launches(session: Session) -> None:
    session.load("""
__global__ void twice(int *x) { x[threadIdx.x] *= 2; }
extern "C" __global__ void parent(int *x) {
    cudaMemsetAsync(x, 1, 64 * sizeof *x);
    twice<<<1, 64>>>(x);
    cudaMemcpyAsync(x + 64, x, 64 * sizeof *x, cudaMemcpyDeviceToDevice, 0);
    twice<<<1, 64>>>(x);
    cudaMemcpyAsync(x + 128, x, 0, cudaMemcpyDeviceToDevice, 0);
}
""")
    got = session.run("parent", 1, 1, np.zeros(129, np.int32))
    np.testing.assert_array_equal(got, np.repeat([0x04040404, 0x02020202, 0], [64, 64, 1]))


def test_work_after_the_parent_comes_after_its_children(session: Session) -> None:
    session.load(STEP + """
__global__ void slow(int *x) { for (int i = 0; i < 20; i++) __nanosleep(1000000); atomicAdd(x, 1); }
extern "C" __global__ void parent(int *x) { slow<<<2, 1>>>(x); }
extern "C" __global__ void twice(int *x) { *x = 10 * *x + 1; }
""")
    pointer, stream = session.memory(ZERO), ok(driver.cuStreamCreate(1))
    seen = np.zeros(1, np.int32)
    address = ctypes.cast(int(pointer), ctypes.POINTER(ctypes.c_int))

    def look(_: object) -> None:
        seen[0] = address[0]

    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(look)
    session.enqueue("parent", 1, 1, pointer, stream=stream)
    ok(driver.cuLaunchHostFunc(stream, ctypes.cast(function, ctypes.c_void_p).value, 0))
    session.enqueue("twice", 1, 1, pointer, stream=stream)
    ok(driver.cuStreamSynchronize(stream))
    assert seen[0] == 2
    assert session.read(pointer, ZERO)[0] == 21


def test_graphs_hold_kernels_that_launch(session: Session) -> None:
    session.load(STEP + """
extern "C" __global__ void parent(unsigned *x, unsigned n) { step<<<1, 1>>>(x, n); step<<<1, 1>>>(x, n + 1); }
""")
    pointer, stream = session.memory(np.zeros(1, np.uint32)), ok(driver.cuStreamCreate(1))
    ok(driver.cuStreamBeginCapture(stream, driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED))
    for n in (1, 3):
        session.enqueue("parent", 1, 1, pointer, np.uint32(n), stream=stream)
    graph = ok(driver.cuStreamEndCapture(stream))
    executable = ok(driver.cuGraphInstantiate(graph, 0))
    for _ in range(3):
        ok(driver.cuGraphLaunch(executable, stream))
    ok(driver.cuStreamSynchronize(stream))
    assert session.read(pointer, np.zeros(1, np.uint32))[0] == stepped(iter([1, 2, 3, 4] * 3))


def test_modules_loaded_twice_have_children_of_their_own(session: Session) -> None:
    cubin, log = compiled("""
__device__ int mine;
__global__ void child(int n) { atomicAdd(&mine, n); }
extern "C" __global__ void parent(int n) { child<<<1, 4>>>(n); }
extern "C" __global__ void show(int *x) { *x = mine; }
""")
    assert cubin, log
    modules = [ok(driver.cuModuleLoadData(cubin)) for _ in range(2)]
    for n, session.module in enumerate(modules, 1):
        assert session.launch("parent", 1, 2, np.int32(n)) == "CUDA_SUCCESS"
    for n, session.module in enumerate(modules, 1):
        assert session.run("show", 1, 1, ZERO)[0] == 8 * n


def test_a_child_of_another_translation_unit_is_linked(session: Session) -> None:
    parts = ["""
__global__ void child(int *x, int n);
extern "C" __global__ void parent(int *x) { child<<<2, 16>>>(x, 7); }
""", """
__global__ void child(int *x, int n) { atomicAdd(x, n); if (n > 1) child<<<1, 1>>>(x, n - 1); }
"""]
    state = ok(driver.cuLinkCreate(0, [], []))
    device_runtime = b"!<arch>\n cudaGetParameterBufferV2 cudaLaunchDeviceV2"  # as libcudadevrt.a
    library = driver.CUjitInputType.CU_JIT_INPUT_LIBRARY
    ok(driver.cuLinkAddData(state, library, device_runtime, len(device_runtime), b"cudadevrt", 0, [], []))
    for part in parts:
        cubin, log = compiled(part)
        assert cubin, log
        ok(driver.cuLinkAddData(state, driver.CUjitInputType.CU_JIT_INPUT_CUBIN, cubin, len(cubin), b"", 0, [], []))
    status, image, size = driver.cuLinkComplete(state)
    assert int(status) == 0
    session.module = ok(driver.cuModuleLoadData(ctypes.string_at(image, size)))
    assert session.run("parent", 1, 1, ZERO)[0] == 32 * sum(range(1, 8))
    ok(driver.cuLinkDestroy(state))


def test_launches_of_several_streams_do_not_meet(session: Session) -> None:
    session.load(STEP + """
__global__ void half(unsigned *x, unsigned n) { if (threadIdx.x == 40) { *x = *x * 3 + n; step<<<1, 1>>>(x, n + 1); } }
extern "C" __global__ void parent(unsigned *x, unsigned n) { half<<<1, 41>>>(x, n); }
""")
    streams = [ok(driver.cuStreamCreate(1)) for _ in range(6)]
    places = [session.memory(np.zeros(1, np.uint32)) for _ in streams]
    for n in range(1, 41, 2):
        for place, stream in zip(places, streams, strict=True):
            session.enqueue("parent", 1, 1, place, np.uint32(n), stream=stream)
    ok(driver.cuCtxSynchronize())
    assert {int(session.read(place, np.zeros(1, np.uint32))[0]) for place in places} == {stepped(range(1, 41))}
