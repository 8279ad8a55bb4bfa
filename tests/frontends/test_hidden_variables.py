"""Static and unnamed-namespace variables of kernels: found by the host, and never folded to their first value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("cuda.bindings.driver")

SOURCE = """
static __device__ bool done;
static __constant__ float weights[3] = {1.0f, 2.0f, 3.0f};
__device__ static int factor = 2, unlisted;
static __device__ const int table[2] = {7, 8};
namespace { __constant__ int hidden = 5; }
extern "C" __global__ void work(float *out)
{
    done = true;
    out[0] = weights[1];
    out[1] = factor;
    out[2] = hidden;
    out[3] = table[threadIdx.x];
}
"""


@pytest.fixture
def module() -> Any:
    import compatlayer

    compatlayer.install()
    from cuda.core import Device, Program, ProgramOptions

    device = Device()
    device.set_current()
    options = ProgramOptions(std="c++17", arch="sm_86")
    return Program(SOURCE, "c++", options).compile("cubin", name_expressions=("hidden",))


def ok(result: Any) -> Any:
    assert int(result[0]) == 0, result
    return result[1] if len(result) == 2 else result[1:]


def write(pointer: Any, values: np.ndarray) -> None:
    from cuda.bindings import driver

    ok(driver.cuMemcpyHtoD(pointer, values, values.nbytes))


def test_the_host_finds_them_and_the_kernel_sees_what_it_writes(module: Any) -> None:
    from cuda.bindings import driver

    loaded = ok(driver.cuModuleLoadData(module.code))
    addresses = {name: ok(driver.cuModuleGetGlobal(loaded, name)) for name in (b"done", b"weights", b"factor")}
    assert [size for _, size in addresses.values()] == [1, 12, 4]
    write(addresses[b"weights"][0], np.array([4, 5, 6], np.float32))
    write(addresses[b"factor"][0], np.array([9], np.int32))
    lowered = module.symbol_mapping["hidden"]
    lowered = lowered if isinstance(lowered, bytes) else lowered.encode()
    write(ok(driver.cuModuleGetGlobal(loaded, lowered))[0], np.array([11], np.int32))
    out, result = ok(driver.cuMemAlloc(16)), np.zeros(4, np.float32)
    kernel = ok(driver.cuModuleGetFunction(loaded, b"work"))
    argument = np.array([int(out)], np.uint64)
    holder = np.array([argument.ctypes.data], np.uint64)
    ok(driver.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, 0, holder.ctypes.data, 0))
    ok(driver.cuMemcpyDtoH(result, out, 16))
    assert result.tolist() == [5, 9, 11, 7]
    done = np.zeros(1, np.bool_)
    ok(driver.cuMemcpyDtoH(done, addresses[b"done"][0], 1))
    assert done[0]
    ok(driver.cuMemFree(out))
    ok(driver.cuModuleUnload(loaded))
