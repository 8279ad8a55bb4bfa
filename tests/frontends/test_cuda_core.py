"""cuda.core's Program, ObjectCode, Kernel, Linker and launch, as its users write them."""

from __future__ import annotations

import ctypes
import warnings
from typing import Any

import numpy as np
import pytest

core = pytest.importorskip("cuda.core")

SOURCE = """
template <typename T> __global__ void saxpy(T a, const T *x, const T *y, T *out, size_t n)
{
    for (size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        out[i] = a * x[i] + y[i];
}

extern "C" __global__ void sum_of_arguments(double *out, int i, float f, double d, bool b, short s, signed char c,
                                            unsigned long long u, float2 z, double2 w, unsigned short h)
{
    extern __shared__ double slot[];
    slot[threadIdx.x] = i + f + d + b + s + c + u + z.x + z.y + w.x + w.y + h;
    __syncthreads();
    out[threadIdx.x] = slot[blockDim.x - 1 - threadIdx.x];
}
"""
NAMES = ("saxpy<float>", "saxpy<double>")


@pytest.fixture(scope="module")
def device() -> Any:
    found = core.Device(0)
    found.set_current()
    return found


@pytest.fixture
def stream(device: Any) -> Any:
    device.set_current()
    made = device.create_stream()
    yield made
    made.close()


def options(device: Any, **more: Any) -> Any:
    return core.ProgramOptions(std="c++17", arch=f"sm_{device.arch}", **more)


def compiled(device: Any, form: str = "cubin", **more: Any) -> Any:
    return core.Program(SOURCE, "c++", options(device, **more)).compile(form, name_expressions=NAMES)


def on_device(device: Any, stream: Any, *arrays: np.ndarray) -> tuple[list, list[np.ndarray]]:
    """Pinned buffers of arrays, with a NumPy view of each: host and device both see them."""
    resource = core.LegacyPinnedMemoryResource()
    buffers = [resource.allocate(array.nbytes, stream=stream) for array in arrays]
    views = [np.from_dlpack(buffer).view(array.dtype) for buffer, array in zip(buffers, arrays, strict=True)]
    for view, array in zip(views, arrays, strict=True):
        view[:] = array
    return buffers, views


@pytest.mark.parametrize("form", ["cubin", "ptx"])
@pytest.mark.parametrize(("name", "dtype"), [("saxpy<float>", np.float32), ("saxpy<double>", np.float64)])
def test_a_template_compiles_loads_and_runs(device: Any, stream: Any, form: str, name: str, dtype: type) -> None:
    kernel = compiled(device, form).get_kernel(name)
    n = 777
    x, y = (np.random.default_rng(seed).random(n).astype(dtype) for seed in (1, 2))
    buffers, views = on_device(device, stream, x, y, np.zeros_like(x))
    config = core.LaunchConfig(grid=3, block=64)
    core.launch(stream, config, kernel, dtype(2.5), *buffers, np.uint64(n))
    stream.sync()
    np.testing.assert_allclose(views[2], dtype(2.5) * x + y, rtol=1e-6)


def test_device_memory_of_the_default_resource_works(device: Any, stream: Any) -> None:
    kernel = compiled(device).get_kernel("saxpy<float>")
    x = np.arange(100, dtype=np.float32)
    (host,), (view,) = on_device(device, stream, x)
    buffer = device.allocate(x.nbytes, stream=stream)
    buffer.copy_from(host, stream=stream)
    config = core.LaunchConfig(grid=1, block=32)
    core.launch(stream, config, kernel, np.float32(2), buffer, buffer, buffer, np.uint64(100))
    buffer.copy_to(host, stream=stream)
    stream.sync()
    np.testing.assert_array_equal(view, 3 * x)
    buffer.close(stream)


def test_arguments_of_every_kind_arrive(device: Any, stream: Any) -> None:
    kernel = compiled(device).get_kernel("sum_of_arguments")
    (out,), (view,) = on_device(device, stream, np.zeros(33))
    config = core.LaunchConfig(grid=1, block=33, shmem_size=33 * 8)
    core.launch(stream, config, kernel, out, 5, ctypes.c_float(2.5), 1.75, True, np.int16(-300), ctypes.c_int8(7),
                np.uint64(2**40), np.complex64(1 + 2j), complex(3, 4), ctypes.c_uint16(60000))
    stream.sync()
    assert (view == 5 + 2.5 + 1.75 + 1 - 300 + 7 + 2**40 + 3 + 7 + 60000).all()


def test_a_buffer_by_address_is_the_same(device: Any, stream: Any) -> None:
    kernel = compiled(device).get_kernel("saxpy<double>")
    buffers, views = on_device(device, stream, np.arange(10.0), np.ones(10), np.zeros(10))
    core.launch(stream, core.LaunchConfig(grid=(2, 1, 1), block=(5, 1, 1)), kernel, 3.0,
                *(int(buffer.handle) for buffer in buffers), np.uint64(10))
    stream.sync()
    np.testing.assert_array_equal(views[2], 3 * np.arange(10.0) + 1)


def test_a_kernel_describes_itself(device: Any) -> None:
    kernel = compiled(device).get_kernel("saxpy<double>")
    assert kernel.num_arguments == 5
    assert [(one.offset, one.size) for one in kernel.arguments_info] == [(8 * place, 8) for place in range(5)]
    attributes = kernel.attributes
    assert attributes.max_threads_per_block == 1024
    assert attributes.binary_version == attributes.ptx_version == 86
    assert attributes.shared_size_bytes == 0
    occupancy = kernel.occupancy
    assert occupancy.max_active_blocks_per_multiprocessor(256, 0) == 6
    assert occupancy.max_potential_block_size(0, 0).max_block_size <= 1024
    assert occupancy.available_dynamic_shared_memory_per_block(1, 256) == 48 * 1024


def test_a_cooperative_launch_runs_or_says_that_it_is_too_large(device: Any, stream: Any) -> None:
    kernel = compiled(device).get_kernel("saxpy<double>")
    buffers, _ = on_device(device, stream, np.arange(10.0), np.ones(10), np.zeros(10))
    rest = (2.0, *buffers, np.uint64(10))
    core.launch(stream, core.LaunchConfig(grid=2, block=32, is_cooperative=True), kernel, *rest)
    stream.sync()
    with pytest.raises(Exception, match=r"exceeds the limit|COOPERATIVE_LAUNCH_TOO_LARGE"):
        core.launch(stream, core.LaunchConfig(grid=1 << 20, block=32, is_cooperative=True), kernel, *rest)
    with pytest.raises(Exception, match=r"INVALID_VALUE|block"):
        core.launch(stream, core.LaunchConfig(grid=1, block=2048), kernel, *rest)


def test_a_compile_error_is_raised_with_its_log(device: Any) -> None:
    program = core.Program("__global__ void broken() { undeclared(); }", "c++", options(device))
    # The program dies while the exception is on its way, which calls us with that exception set.
    with pytest.raises(Exception, match="undeclared"):
        program.compile("cubin")


def test_object_code_travels_as_bytes(device: Any, tmp_path: Any) -> None:
    for form in ("cubin", "ptx"):
        made = compiled(device, form)
        again = getattr(core.ObjectCode, f"from_{form}")(made.code, symbol_mapping=made.symbol_mapping)
        assert again.get_kernel("saxpy<float>").num_arguments == 5
        path = tmp_path / form
        path.write_bytes(made.code)
        loaded = getattr(core.ObjectCode, f"from_{form}")(str(path))
        assert loaded.get_kernel("sum_of_arguments").num_arguments == 11


def test_bad_code_and_unknown_kernels_raise(device: Any) -> None:
    with pytest.raises(Exception, match="INVALID_IMAGE"):
        core.ObjectCode.from_cubin(b"nothing that is a cubin").get_kernel("x")
    with pytest.raises(Exception, match="NOT_FOUND"):
        compiled(device).get_kernel("nothing")


def test_the_linker_joins_pieces(device: Any, stream: Any) -> None:
    caller = """
    extern __device__ int twice(int);
    extern "C" __global__ void k(int *out) { out[threadIdx.x] = twice(threadIdx.x); }
    """
    callee = "__device__ int twice(int x) { return 2 * x; }"
    pieces = [core.Program(text, "c++", options(device, relocatable_device_code=True)).compile("ptx")
              for text in (caller, callee)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that nvJitLink is not there
        linker = core.Linker(*pieces, options=core.LinkerOptions(arch=f"sm_{device.arch}"))
    kernel = linker.link("cubin").get_kernel("k")
    (out,), (view,) = on_device(device, stream, np.zeros(32, np.int32))
    core.launch(stream, core.LaunchConfig(grid=1, block=32), kernel, out)
    stream.sync()
    np.testing.assert_array_equal(view, 2 * np.arange(32))


def test_ltoir_is_made_for_linking(device: Any) -> None:
    code = compiled(device, "ltoir", link_time_optimization=True)
    assert code.code_type == "ltoir"
    assert len(code.code) > 100
