"""What a program sees of an OpenCL device; run by test_opencl.py in a process of its own. Prints one JSON object."""

from __future__ import annotations

import json
import sys

import numpy as np
from cuda.bindings import driver, nvrtc

SOURCE = rb"""
struct Node { float value; Node *next; };
__device__ int counter;
__constant__ float factors[4];
__device__ Node head;
extern "C" __global__ void add(const float *a, const float *b, float *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = a[i] + b[i] * factors[1];
}
extern "C" __global__ void reduce(const float *in, float *out, int n) {
    extern __shared__ float part[];
    __shared__ int arrived;
    if (threadIdx.x == 0) arrived = 0;
    float sum = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += in[i];
    part[threadIdx.x] = sum;
    __syncthreads();
    atomicAdd(&arrived, 1);
    for (int k = blockDim.x / 2; k; k /= 2) {
        if (threadIdx.x < k) part[threadIdx.x] += part[threadIdx.x + k];
        __syncthreads();
    }
    if (threadIdx.x == 0) { atomicAdd(out, part[0]); atomicAdd(&counter, arrived); }
}
extern "C" __global__ void link(Node *nodes, int n) {
    for (int i = 0; i < n; i++) { nodes[i].value = i; nodes[i].next = i + 1 < n ? nodes + i + 1 : nullptr; }
    head = nodes[0];
}
extern "C" __global__ void follow(float *out) {
    float sum = 0;
    for (Node *node = head.next; node; node = node->next) sum += node->value;
    *out = sum;
}
extern "C" __global__ void warps(const int *in, int *out) {
    int i = threadIdx.y * blockDim.x + threadIdx.x, value = in[i];
    for (int k = 16; k; k /= 2) value += __shfl_xor_sync(0xffffffffu, value, k);
    out[i] = value + 1000 * __popc(__ballot_sync(0xffffffffu, in[i] & 1));
}
extern "C" __global__ void say(int i) { printf("number %d, %s, %5.2f\n", i, "text", 2.5); }
extern "C" __global__ void fail(int *p) { if (*p >= 0) __trap(); }
extern "C" __global__ void early(int *p, int n) {
    if (threadIdx.x >= n) return;
    __syncthreads();
    p[threadIdx.x] = 1;
}
extern "C" __global__ void heap(void **out) { *out = malloc(8); }
"""


def ok(answer: tuple) -> object:
    status, *values = answer
    assert int(status) == 0, status
    return values[0] if len(values) == 1 else values


class Session:
    """A context on device `number`, and SOURCE as a module there."""

    def __init__(self, number: int) -> None:
        self.device = ok(driver.cuDeviceGet(number))
        self.context = ok(driver.cuCtxCreate(None, 0, self.device))
        program = ok(nvrtc.nvrtcCreateProgram(SOURCE, b"client.cu", 0, [], []))
        ok(nvrtc.nvrtcCompileProgram(program, 1, [b"--gpu-architecture=sm_86"]))
        code = bytearray(ok(nvrtc.nvrtcGetCUBINSize(program)))
        ok(nvrtc.nvrtcGetCUBIN(program, code))
        self.module = ok(driver.cuModuleLoadData(bytes(code)))

    def up(self, data: np.ndarray) -> np.uint64:
        pointer = ok(driver.cuMemAlloc(data.nbytes))
        ok(driver.cuMemcpyHtoD(pointer, data.ctypes.data, data.nbytes))
        return np.uint64(int(pointer))

    def down(self, pointer: np.uint64, like: np.ndarray) -> np.ndarray:
        out = np.empty_like(like)
        ok(driver.cuMemcpyDtoH(out.ctypes.data, int(pointer), out.nbytes))
        return out

    def symbol(self, name: bytes) -> int:
        return int(ok(driver.cuModuleGetGlobal(self.module, name))[0])

    def launch(self, name: str, grid: int, block: tuple[int, int], *arguments: object, shared: int = 0,
               stream: object = 0) -> str:
        function = ok(driver.cuModuleGetFunction(self.module, name.encode()))
        held = [np.array(each) for each in arguments]
        places = np.array([each.ctypes.data for each in held], np.uint64)
        answer = driver.cuLaunchKernel(function, grid, 1, 1, *block, 1, shared, stream, places.ctypes.data, 0)
        return answer[0].name if int(answer[0]) else driver.cuCtxSynchronize()[0].name


def compute(found: dict[str, object], device: Session) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.random(10007, np.float32), rng.random(10007, np.float32)
    factors = np.array([1, 3, 5, 7], np.float32)
    ok(driver.cuMemcpyHtoD(device.symbol(b"factors"), factors.ctypes.data, factors.nbytes))
    out = device.up(np.zeros_like(a))
    found["add"] = device.launch("add", 79, (128, 1), device.up(a), device.up(b), out, np.int32(a.size))
    found["added"] = bool(np.allclose(device.down(out, a), a + b * 3, rtol=1e-6))
    total = device.up(np.zeros(1, np.float32))
    found["reduce"] = device.launch("reduce", 8, (64, 1), device.up(a), total, np.int32(a.size), shared=256)
    found["reduced"] = bool(np.isclose(device.down(total, factors[:1])[0], a.sum(), rtol=1e-4))
    count = np.zeros(1, np.int32)
    found["counter"] = int(device.down(np.uint64(device.symbol(b"counter")), count)[0])
    device.launch("link", 1, (1, 1), device.up(np.zeros(160, np.uint8)), np.int32(10))
    found["follow"] = device.launch("follow", 1, (1, 1), total)
    found["followed"] = float(device.down(total, factors[:1])[0])


def warps(found: dict[str, object], device: Session) -> None:
    data = np.arange(96, dtype=np.int32)
    out = device.up(data)
    found["warps"] = device.launch("warps", 1, (12, 8), device.up(data), out)
    wanted = np.repeat(data.reshape(3, 32).sum(1), 32) + 16000
    found["warped"] = bool((device.down(out, data) == wanted).all())


def refusals(found: dict[str, object], device: Session) -> None:
    pointer = device.up(np.zeros(64, np.int32))
    iterator = ok(driver.cuLogsCurrent(0))
    found["early"] = device.launch("early", 1, (64, 1), pointer, np.int32(5))
    found["heap"] = device.launch("heap", 1, (1, 1), pointer)
    room = bytearray(20000)
    answer = driver.cuLogsDumpToMemory(iterator, room, len(room), 0)
    found["log"] = bytes(room).rstrip(b"\0").decode() if int(answer[0]) == 0 else str(answer)


def order(found: dict[str, object], device: Session) -> None:
    stream, other = ok(driver.cuStreamCreate(1)), ok(driver.cuStreamCreate(1))
    data = np.arange(1 << 16, dtype=np.int32)
    pointer, back = device.up(data), np.empty_like(data)
    begin, end = ok(driver.cuEventCreate(0)), ok(driver.cuEventCreate(0))
    ok(driver.cuEventRecord(begin, stream))
    ok(driver.cuMemsetD32Async(int(pointer), 7, data.size, stream))
    ok(driver.cuEventRecord(end, stream))
    ok(driver.cuStreamWaitEvent(other, end, 0))
    ok(driver.cuMemcpyDtoHAsync(back.ctypes.data, int(pointer), back.nbytes, other))
    ok(driver.cuStreamSynchronize(other))
    found["filled"] = bool((back == 7).all())
    found["elapsed"] = float(ok(driver.cuEventElapsedTime(begin, end))) >= 0
    found["memory"] = driver.cuMemAlloc(1 << 46)[0].name


def fault(found: dict[str, object], device: Session) -> None:
    sys.stdout.flush()
    found["say"] = device.launch("say", 1, (1, 1), np.int32(42))
    found["fail"] = device.launch("fail", 1, (1, 1), device.up(np.zeros(1, np.int32)))
    found["sticky"] = driver.cuMemAlloc(16)[0].name
    ok(driver.cuCtxDestroy(device.context))
    found["again"] = Session(int(device.device)).launch("say", 1, (1, 1), np.int32(43))


def main() -> None:
    ok(driver.cuInit(0))
    found: dict[str, object] = {"devices": int(ok(driver.cuDeviceGetCount()))}
    found["name"] = ok(driver.cuDeviceGetName(96, 0)).rstrip(b"\0").decode()
    device = Session(0)
    for part in (compute, warps, refusals, order, fault):
        part(found, device)
    print(json.dumps(found))


main()
