"""A program that uses device 0 until its input ends: 96 MiB of memory, and kernels most of the time.

It prints one line with its process number when the first kernel has run.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

SOURCE = b"""
extern "C" __global__ void spin(float *x, int rounds) {
    float value = x[threadIdx.x];
    for (int i = 0; i < rounds; i++)
        value = value * 0.999f + 1.0f;
    x[blockIdx.x * blockDim.x + threadIdx.x] = value;
}
"""
MEMORY_BYTES = 96 << 20


class Client:
    """This program as a child of a test's."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, str(Path(__file__))], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.number = int(self.process.stdout.readline())

    def stop(self) -> None:
        """End it and wait for its end."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait(60)


def check(result: tuple[object, ...]) -> object:
    assert int(result[0]) == 0, result[0]  # type: ignore[call-overload]
    return result[1] if len(result) == 2 else None


def main() -> None:
    import numpy as np

    import compatlayer

    compatlayer.install()
    from cuda.bindings import driver, nvrtc

    check(driver.cuInit(0))
    device = check(driver.cuDeviceGet(0))
    check(driver.cuCtxSetCurrent(check(driver.cuDevicePrimaryCtxRetain(device))))
    program = check(nvrtc.nvrtcCreateProgram(SOURCE, b"spin.cu", 0, [], []))
    check(nvrtc.nvrtcCompileProgram(program, 0, []))
    image = b" " * int(check(nvrtc.nvrtcGetPTXSize(program)))  # type: ignore[call-overload]
    check(nvrtc.nvrtcGetPTX(program, image))
    kernel = check(driver.cuModuleGetFunction(check(driver.cuModuleLoadData(np.char.array(image))), b"spin"))
    memory = check(driver.cuMemAlloc(MEMORY_BYTES))
    arguments = (np.array([int(memory)], np.uint64), np.array([4000], np.int32))  # type: ignore[call-overload]
    pointers = np.array([argument.ctypes.data for argument in arguments], np.uint64)
    told = False
    while not select.select([sys.stdin], [], [], 0)[0]:
        check(driver.cuLaunchKernel(kernel, 2048, 1, 1, 256, 1, 1, 0, 0, pointers.ctypes.data, 0))
        check(driver.cuCtxSynchronize())
        if not told:
            print(os.getpid(), flush=True)
            told = True


if __name__ == "__main__":
    main()
