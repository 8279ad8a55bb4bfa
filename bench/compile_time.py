"""Compile time: cold (empty cache), warm (same process), and a second process that finds everything cached.

usage: compile_time.py          measures, starting itself again as the second process
       compile_time.py --json   ... and ends with a line of JSON: medians in seconds
       compile_time.py --api    prints the seconds from before `import compatlayer` to a loaded kernel
       compile_time.py --child  prints the seconds that the import of cuda.bindings took, from there to a loaded
                                kernel, and from there to the result of its first launch

Kernels are compiled when they are launched first, so the result of that launch is what counts.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

SOURCE = rb"""
#define TILE 16
struct Limits { float low, high; int count; };
__constant__ float weights[9] = {1, 2, 1, 2, 4, 2, 1, 2, 1};
__device__ unsigned int clipped;

template <typename T> __device__ T clip(T value, T low, T high) {
    if (value < low) { atomicAdd(&clipped, 1u); return low; }
    if (value > high) { atomicAdd(&clipped, 1u); return high; }
    return value;
}

__device__ float warp_sum(float value) {
    for (int offset = 16; offset > 0; offset >>= 1) value += __shfl_down_sync(0xffffffffu, value, offset);
    return value;
}

extern "C" __global__ void smooth(const float* input, float* output, double* total, int width, int height,
                                  Limits limits) {
    __shared__ float tile[TILE + 2][TILE + 2];
    __shared__ float partial[32];
    int x = blockIdx.x * TILE + threadIdx.x, y = blockIdx.y * TILE + threadIdx.y;
    int thread = threadIdx.y * TILE + threadIdx.x;
    for (int i = thread; i < (TILE + 2) * (TILE + 2); i += TILE * TILE) {
        int row = blockIdx.y * TILE + i / (TILE + 2) - 1, column = blockIdx.x * TILE + i % (TILE + 2) - 1;
        row = min(max(row, 0), height - 1);
        column = min(max(column, 0), width - 1);
        tile[i / (TILE + 2)][i % (TILE + 2)] = input[row * width + column];
    }
    __syncthreads();
    float value = 0.0f;
    if (x < width && y < height) {
        for (int j = 0; j < 3; ++j)
            for (int i = 0; i < 3; ++i) value += weights[j * 3 + i] * tile[threadIdx.y + j][threadIdx.x + i];
        value = clip(value / 16.0f, limits.low, limits.high);
        for (int i = 0; i < limits.count; ++i) value = sqrtf(value * value + 1e-12f);
        output[y * width + x] = value;
    }
    float sum = warp_sum(value);
    if (thread % 32 == 0) partial[thread / 32] = sum;
    __syncthreads();
    if (thread == 0) {
        double all = 0.0;
        for (int i = 0; i < TILE * TILE / 32; ++i) all += partial[i];
        atomicAdd(total, all + 1e-30 * DISTINCT);
    }
}
"""


def distinct(label: bytes) -> bytes:
    """SOURCE with another constant in its code, so that no cached result of another label fits."""
    return SOURCE.replace(b"DISTINCT", label + b".0")


def load_and_run(label: bytes) -> tuple[float, float]:
    """Compile and load SOURCE made distinct by `label`, and run it.

    Returns the seconds from source to a loaded kernel, and to the end of its first launch.
    """
    from driver_calls import compile_cubin, load

    launch, finish = prepare()
    ready = time.perf_counter()
    module, kernel = load(compile_cubin(distinct(label)), b"smooth")
    loaded = time.perf_counter()
    launch(kernel)
    done = time.perf_counter()
    finish(module)
    return loaded - ready, done - ready


def prepare() -> tuple[Callable[[Any], None], Callable[[Any], None]]:
    """What launches the kernel and waits, and what checks its result and unloads its module."""
    import numpy as np
    from cuda.bindings import driver
    from driver_calls import check

    image = np.ones((32, 32), np.float32)
    total = np.zeros(1)
    devices = [check(driver.cuMemAlloc(size)) for size in (image.nbytes, image.nbytes, total.nbytes)]
    check(driver.cuMemcpyHtoD(devices[0], image.ctypes.data, image.nbytes))
    check(driver.cuMemsetD8(devices[2], 0, total.nbytes))
    limits = np.array([(0.0, 2.0, 3)], np.dtype([("low", "f4"), ("high", "f4"), ("count", "i4")]))
    arguments = [np.array([int(device)], np.uint64) for device in devices]
    arguments += [np.array([32], np.int32), np.array([32], np.int32), limits]
    pointers = np.array([argument.ctypes.data for argument in arguments], np.uint64)

    def launch(kernel: Any) -> None:
        check(driver.cuLaunchKernel(kernel, 2, 2, 1, 16, 16, 1, 0, 0, pointers.ctypes.data, 0))
        check(driver.cuCtxSynchronize())

    def finish(module: Any) -> None:
        check(driver.cuMemcpyDtoH(total.ctypes.data, devices[2], total.nbytes))
        assert abs(total[0] - 1024) < 1e-3, f"the kernel's sum is {total[0]}, expected 1024"
        check(driver.cuModuleUnload(module))
        for device in devices:
            check(driver.cuMemFree(device))

    return launch, finish


def child() -> None:
    begin = time.perf_counter()
    from driver_calls import compile_cubin, load, start

    imported = time.perf_counter()
    start()
    module, kernel = load(compile_cubin(distinct(b"0")), b"smooth")
    loaded = time.perf_counter()
    launch, finish = prepare()
    ready = time.perf_counter()
    launch(kernel)
    done = time.perf_counter()
    finish(module)
    print(f"{imported - begin} {loaded - imported} {loaded - imported + done - ready}")


def api() -> None:
    begin = time.perf_counter()
    import compatlayer

    with compatlayer.Device() as device, compatlayer.Program(device, distinct(b"0").decode()) as program:
        program.kernel("smooth")
        print(time.perf_counter() - begin)


def second_process(how: str) -> list[float]:
    """What a new process prints, called with --child or --api: seconds."""
    text = subprocess.run([sys.executable, __file__, how], check=True, capture_output=True, text=True).stdout
    return [float(word) for word in text.split()]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COMPATLAYER_CACHE_DIR"] = folder
        from driver_calls import start

        start()
        cold = [load_and_run(b"%d" % number) for number in range(9)]
        warm = [load_and_run(b"0") for _ in range(9)]
        children = [second_process("--child") for _ in range(7)]
        second_process("--api")
        programs = [second_process("--api")[0] for _ in range(7)]
    print("| a kernel of 50 lines, from its source | median | fastest | slowest |")
    print("|-|-|-|-|")
    rows = (("cold: to a loaded kernel", [loaded for loaded, _ in cold]),
            ("cold: to its first result", [done for _, done in cold]),
            ("warm, same process: to a loaded kernel", [loaded for loaded, _ in warm]),
            ("warm, same process: to its first result", [done for _, done in warm]),
            ("second process: cuInit to loaded kernel", [loaded for _, loaded, _ in children]),
            ("second process: cuInit to its first result", [done for _, _, done in children]),
            ("second process: import of cuda.bindings itself", [imported for imported, _, _ in children]),
            ("second process: import of compatlayer to loaded kernel", programs))
    for name, times in rows:
        print(f"| {name} | {statistics.median(times) * 1e3:.1f} ms | {min(times) * 1e3:.1f} ms "
              f"| {max(times) * 1e3:.1f} ms |")
    if "--json" in sys.argv:
        print(json.dumps({name: statistics.median(times) for name, times in rows}))


if __name__ == "__main__":
    if "--child" in sys.argv:
        child()
    elif "--api" in sys.argv:
        api()
    else:
        main()
