"""What a launch through PyCUDA costs, and how much of it is spent below PyCUDA: needs pycuda (docs/pycuda.md).

    compatlayer run bench/pycuda_launch.py

PyCUDA makes two driver calls for a launch, cuFuncSetBlockShape and cuLaunchKernel with packed arguments. A C loop makes
the same calls on the same function: that is our share. Both are timed in turns over batches that fit the queue; the
kernel counts its launches, and the count is checked.
"""

from __future__ import annotations

import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BATCH, TURNS = 1000, 31
SOURCE = "__global__ void count(int *counter, int by) { if (threadIdx.x == 0) atomicAdd(counter, by); }"
CALLER = """
#include <cuda.h>
#include <time.h>
double launches(CUfunction f, void *arguments, size_t size, int count)
{
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, arguments, CU_LAUNCH_PARAM_BUFFER_SIZE, &size,
                     CU_LAUNCH_PARAM_END};
    struct timespec start, end;
    int failed = 0;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < count; i++) {
        failed |= cuFuncSetBlockShape(f, 32, 1, 1);
        failed |= cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, 0, 0, extra);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    return failed ? -1 : end.tv_sec - start.tv_sec + (end.tv_nsec - start.tv_nsec) * 1e-9;
}
"""


def caller(folder: str) -> ctypes.CDLL:
    """The C loop, built against CUDA_HOME."""
    home = os.environ["CUDA_HOME"]
    source, library = Path(folder) / "caller.c", Path(folder) / "caller.so"
    source.write_text(CALLER)
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", str(source), f"-I{home}/include",
                    f"-L{home}/lib64", "-lcuda", "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def main() -> int:
    import pycuda.autoinit  # noqa: F401
    import pycuda.driver as drv
    from pycuda.compiler import compile as build

    cubin = build(SOURCE)
    kernel = drv.module_from_buffer(cubin).get_function("count")
    counter = drv.to_device(np.zeros(1, np.int32))
    kernel.prepare("Pi")
    packed = np.zeros(1, [("counter", np.uint64), ("by", np.int32), ("rest", np.int32)])
    packed["counter"], packed["by"] = int(counter), 1
    with tempfile.TemporaryDirectory() as folder:
        loop = caller(folder).launches
        loop.restype = ctypes.c_double
        handle = handle_of(cubin)
        times: dict[str, list[float]] = {"prepared call": [], "call with arguments": [], "our share": []}
        one = np.int32(1)
        for _ in range(TURNS):
            start = time.perf_counter()
            for _ in range(BATCH):
                kernel.prepared_async_call((1, 1), (32, 1, 1), None, counter, 1)
            times["prepared call"].append(time.perf_counter() - start)
            drv.Context.synchronize()
            start = time.perf_counter()
            for _ in range(BATCH):
                kernel(counter, one, block=(32, 1, 1), grid=(1, 1))
            times["call with arguments"].append(time.perf_counter() - start)
            drv.Context.synchronize()
            times["our share"].append(loop(handle, ctypes.c_void_p(packed.ctypes.data), ctypes.c_size_t(12), BATCH))
            drv.Context.synchronize()
    launched = int(drv.from_device(counter, (1,), np.int32)[0])
    if launched != 3 * BATCH * TURNS:
        print(f"{launched} launches were counted, {3 * BATCH * TURNS} were made")
        return 1
    for what, each in times.items():
        print(f"{what:20} {statistics.median(each) / BATCH * 1e6:6.2f} us, least {min(each) / BATCH * 1e6:.2f}")
    return 0


def handle_of(cubin: bytes) -> ctypes.c_void_p:
    """The CUfunction of the same kernel, loaded once more: PyCUDA does not give its own away."""
    cuda, module, function = ctypes.CDLL("libcuda.so.1"), ctypes.c_void_p(), ctypes.c_void_p()
    failed = cuda.cuModuleLoadData(ctypes.byref(module), cubin)
    failed = failed or cuda.cuModuleGetFunction(ctypes.byref(function), module, b"count")
    if failed:
        raise RuntimeError(f"the kernel cannot be loaded: error {failed}")
    return function


if __name__ == "__main__":
    sys.exit(main())
