"""The Python API: devices, memory, programs, launches and errors, straight on core."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import compatlayer
from compatlayer import Buffer, CudaError, Device, LaunchConfig, Program, Status, Stream, launch
from compatlayer.frontends.python import CompileError

SOURCE = r"""
struct Pair { int first; double second; };

__global__ void axpy(float *y, const float *x, float a, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] += a * x[i];
}
extern "C" __global__ void scalars(double *out, signed char b, unsigned char u, short s, int i, long long l,
                                   float f, double d, bool flag, unsigned long long big) {
    out[0] = b; out[1] = u; out[2] = s; out[3] = i; out[4] = l; out[5] = f; out[6] = d; out[7] = flag; out[8] = big;
}
extern "C" __global__ void pairs(double *out, Pair p) { out[0] = p.first; out[1] = p.second; }
extern "C" __global__ void dynamic(int *out) {
    extern __shared__ int words[];
    words[threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[threadIdx.x] = words[blockDim.x - 1 - threadIdx.x];
}
extern "C" __global__ void wild(int *out) { out[(1ll << 40) + threadIdx.x] = 1; }
extern "C" __global__ void position(int *out) {
    if (threadIdx.x == 0) out[(blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x] = blockDim.x * blockDim.y;
}
extern "C" __global__ void spin(int *out, int rounds) {
    float x = 1;
    for (int i = 0; i < rounds; i++) x = x * 1.0000001f + 1e-7f;
    out[0] = x > 0;
}
template <typename T, int N> __global__ void scale(T *data) { data[threadIdx.x] *= N; }
__device__ int counter = 7;
extern "C" __global__ void count(void) { atomicAdd(&counter, 1); }
"""


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    with Device() as device:
        yield device


@pytest.fixture(scope="module")
def program(device: Device) -> Iterator[Program]:
    with Program(device, SOURCE, name_expressions=["scale<float, 3>"]) as program:
        yield program


@pytest.fixture
def stream(device: Device) -> Iterator[Stream]:
    with device.stream() as stream:
        yield stream


def status_of(error: pytest.ExceptionInfo[CudaError]) -> Status:
    return error.value.status


def test_a_kernel_computes_what_numpy_does(device: Device, program: Program, stream: Stream) -> None:
    x = np.linspace(0, 1, 1000, dtype=np.float32)
    y = np.arange(1000, dtype=np.float32)
    with device.upload(x) as device_x, device.upload(y) as device_y:
        launch(stream, LaunchConfig(grid=8, block=128), program.kernel("axpy"), device_y, device_x, 2.5, 1000)
        stream.synchronize()
        np.testing.assert_allclose(device_y.copy_to(), y + np.float32(2.5) * x, rtol=1e-6)
        np.testing.assert_array_equal(device_x.copy_to(), x)


def test_numpy_arrays_are_used_in_place(device: Device, program: Program, stream: Stream) -> None:
    x, y = np.ones(64, np.float32), np.zeros(64, np.float32)
    launch(stream, (1, 64), program.kernel("axpy"), y, x, np.float32(3), np.int32(64))
    stream.synchronize()
    assert (y == 3).all()


def test_scalars_arrive_as_what_the_parameters_are(device: Device, program: Program, stream: Stream) -> None:
    with device.array(9, np.float64) as out:
        numbers = (-5, 250, -30000, 2**31 - 1, -(2**62), 3, 0.1, True, 2**63)
        launch(stream, (1, 1), program.kernel("scalars"), out, *numbers)
        stream.synchronize()
        expected = [-5, 250, -30000, 2**31 - 1, -(2.0**62), 3.0, 0.1, 1.0, 2.0**63]
        assert out.copy_to().tolist() == expected
        values = (np.int8(-1), np.uint8(255), np.int16(-2), np.int32(-3), np.int64(-4), np.float32(0.5),
                  np.float64(0.25), np.bool_(True), np.uint64(2**64 - 1))
        launch(stream, (1, 1), program.kernel("scalars"), out, *values)
        stream.synchronize()
        assert out.copy_to().tolist() == [-1, 255, -2, -3, -4, 0.5, 0.25, 1, 2.0**64]


def test_structs_are_passed_by_value(device: Device, program: Program, stream: Stream) -> None:
    kind = np.dtype([("first", np.int32), ("second", np.float64)], align=True)
    with device.array(2, np.float64) as out:
        launch(stream, (1, 1), program.kernel("pairs"), out, np.array((4, 2.5), kind)[()])
        stream.synchronize()
        assert out.copy_to().tolist() == [4, 2.5]
        launch(stream, (1, 1), program.kernel("pairs"), out, np.array((5, 3.5), kind).tobytes())
        stream.synchronize()
        assert out.copy_to().tolist() == [5, 3.5]


@pytest.mark.parametrize(("index", "value"), [
    (0, 1.5), (0, np.zeros(4, np.float32)[::2]), (0, -1), (0, "text"), (0, np.float64(1)),
    (2, np.float64(1)), (2, np.int32(1)), (2, "1"), (2, b"1234"), (2, 1e300), (2, None),
    (3, 1.0), (3, 2**40), (3, -(2**40)), (3, np.int64(3)), (3, np.float32(1)), (3, np.zeros(1, np.int32)),
])
def test_an_argument_that_does_not_fit_is_refused_by_its_number(device: Device, program: Program, stream: Stream,
                                                                index: int, value: object) -> None:
    with device.array(4, np.float32) as y:
        args: list[object] = [y, y, 1.0, 4]
        args[index] = value
        with pytest.raises(CudaError, match=rf"argument {index} of \S*axpy\S*: ") as error:
            launch(stream, (1, 4), program.kernel("axpy"), *args)
        assert status_of(error) is Status.INVALID_VALUE


def test_the_number_of_arguments_is_checked(program: Program, stream: Stream) -> None:
    with pytest.raises(CudaError, match="takes 4 arguments, not 1"):
        launch(stream, (1, 1), program.kernel("axpy"), None)


def test_a_read_only_array_is_refused(program: Program, stream: Stream) -> None:
    fixed = np.zeros(4, np.float32)
    fixed.flags.writeable = False
    with pytest.raises(CudaError, match="argument 1"):
        launch(stream, (1, 4), program.kernel("axpy"), None, fixed, 1.0, 0)


def test_grids_and_blocks_have_up_to_three_extents(device: Device, program: Program, stream: Stream) -> None:
    with device.array((4, 3, 2), np.int32) as out:
        launch(stream, LaunchConfig(grid=(2, 3, 4), block=(5, 6)), program.kernel("position"), out)
        stream.synchronize()
        assert (out.view() == 30).all()


@pytest.mark.parametrize("config", [(0, 1), (1, 0), (1, 2000), ((1, 1, 1, 1), 1), ((), 1), (1, (1024, 2))])
def test_impossible_shapes_are_refused(device: Device, program: Program, stream: Stream, config: object) -> None:
    with device.array(1024, np.int32) as out, pytest.raises(CudaError) as error:
        launch(stream, config, program.kernel("position"), out)  # type: ignore[arg-type]
    assert status_of(error) is Status.INVALID_VALUE


def test_dynamic_shared_memory(device: Device, program: Program, stream: Stream) -> None:
    with device.array(256, np.int32) as out:
        launch(stream, LaunchConfig(1, 256, shared_bytes=1024), program.kernel("dynamic"), out)
        stream.synchronize()
        assert out.copy_to().tolist() == list(range(255, -1, -1))


def test_templates_by_name_expression(device: Device, program: Program, stream: Stream) -> None:
    with device.upload(np.ones(8, np.float32)) as data:
        launch(stream, (1, 8), program.kernel("scale<float, 3>"), data)
        stream.synchronize()
        assert (data.copy_to() == 3).all()


def test_global_variables(device: Device, program: Program, stream: Stream) -> None:
    address, size_bytes = program.symbol("counter")
    assert address and size_bytes == 4
    launch(stream, (2, 8), program.kernel("count"))
    stream.synchronize()


def test_an_unknown_kernel_is_not_found(program: Program) -> None:
    with pytest.raises(CudaError, match="axpy") as error:
        program.kernel("nothing")
    assert status_of(error) is Status.NOT_FOUND


def test_a_source_that_does_not_compile_shows_the_line(device: Device) -> None:
    with pytest.raises(CompileError) as error:
        Program(device, "extern \"C\" __global__ void f(int *x) {\n  x[0] = nonsense;\n}\n", name="mine.cu")
    assert status_of(error) is Status.INVALID_SOURCE
    assert "mine.cu(2)" in error.value.log and "nonsense" in error.value.log and "^" in error.value.log


def test_an_unknown_option_is_refused_by_name(device: Device) -> None:
    with pytest.raises(CudaError, match="--no-such-option") as error:
        Program(device, "", options=["--no-such-option"])
    assert status_of(error) is Status.INVALID_VALUE


def test_headers_and_macros_reach_the_source(device: Device, stream: Stream) -> None:
    source = '#include "value.h"\nextern "C" __global__ void f(int *out) { *out = VALUE + PLUS; }'
    with Program(device, source, options=["-DPLUS=2"], headers={"value.h": "#define VALUE 40\n"}) as program, \
            device.array(1, np.int32) as out:
        launch(stream, (1, 1), program.kernel("f"), out)
        stream.synchronize()
        assert out.copy_to()[0] == 42


def test_a_view_is_the_memory_itself(device: Device) -> None:
    with device.array((2, 3), np.int16) as buffer:
        view = buffer.view()
        assert view.shape == (2, 3) and view.dtype == np.int16 and not view.any()
        view[1, 2] = 5
        assert buffer.copy_to()[1, 2] == 5
        assert buffer.view(np.uint8).tolist()[-2:] == [5, 0]
        assert buffer.view(np.int16, 2).shape == (2,)
        with pytest.raises(CudaError, match="does not fit"):
            buffer.view(np.float64, 2)


def test_a_view_outlives_its_buffer_and_its_device() -> None:
    with Device() as device:
        buffer = device.upload(np.arange(1 << 18))
        view = buffer.view()[5:9]
        buffer.close()
        used = device.memory_bytes - device.free_bytes
        assert used >= view.itemsize << 18
    assert view.tolist() == [5, 6, 7, 8]
    del view
    gc.collect()
    with Device() as device, device.allocate(1):
        assert device.memory_bytes - device.free_bytes < used


def test_copies_check_their_sizes(device: Device) -> None:
    with device.array(4, np.int32) as small, device.array(8, np.int32) as large:
        large.copy_from(np.arange(4, dtype=np.int32))
        large.copy_from(small)
        with pytest.raises(CudaError, match="32 bytes do not fit into 16"):
            small.copy_from(large)
        with pytest.raises(CudaError, match="do not fit"):
            large.copy_to(np.empty(4, np.int32))
        with pytest.raises(CudaError, match="not contiguous"):
            small.copy_to(np.empty((4, 2), np.int32)[:, 0])


def test_buffers_copy_to_each_other_in_a_stream(device: Device, stream: Stream) -> None:
    with device.upload(np.arange(100)) as first, device.array(100, np.int64) as second:
        second.copy_from(first, stream)
        first.fill(255, stream)
        assert second.copy_to(stream=stream).tolist() == list(range(100))
        assert (first.copy_to(stream=stream) == -1).all()


def test_a_closed_object_is_refused(device: Device) -> None:
    buffer, stream, event = device.allocate(16), device.stream(), device.event()
    for thing in (buffer, stream, event):
        thing.close()
        thing.close()
        assert thing.closed
    for call in (buffer.copy_to, buffer.view, stream.synchronize, event.synchronize):
        with pytest.raises(CudaError, match="closed") as error:
            call()
        assert status_of(error) is Status.INVALID_HANDLE


def test_bad_sizes_are_refused(device: Device) -> None:
    with pytest.raises(CudaError) as error:
        device.allocate(0)
    assert status_of(error) is Status.INVALID_VALUE
    with pytest.raises(CudaError) as error:
        device.allocate(1 << 60)
    assert status_of(error) is Status.OUT_OF_MEMORY
    with pytest.raises(CudaError, match="Python objects"):
        device.upload(np.array([object()]))


def test_a_forgotten_buffer_warns_and_is_released(device: Device) -> None:
    before = device.free_bytes
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        device.allocate(1 << 20)
        gc.collect()
    assert any("Buffer was not closed" in str(warning.message) for warning in caught)
    device.allocate(16).close()
    assert device.free_bytes == before


def test_events_measure_the_work_between_them(device: Device, program: Program, stream: Stream) -> None:
    with device.event() as start, device.event() as end, device.array(1, np.int32) as out:
        with pytest.raises(CudaError) as error:
            end.elapsed_s(start)
        assert status_of(error) is Status.INVALID_HANDLE
        stream.record(start)
        launch(stream, (1, 1), program.kernel("spin"), out, 2_000_000)
        stream.record(end)
        end.synchronize()
        assert end.done and start.done
        assert 1e-4 < end.elapsed_s(start) < 60


def test_a_stream_waits_for_an_event_of_another(device: Device, program: Program) -> None:
    with device.stream() as first, device.stream() as second, device.array(1, np.int32) as out:
        launch(first, (1, 1), program.kernel("spin"), out, 2_000_000)
        with first.record() as event:
            second.wait(event)
            copied = out.copy_to(stream=second)
        assert copied[0] == 1


def test_dlpack_and_the_cuda_array_interface(device: Device) -> None:
    with device.upload(np.arange(6, dtype=np.float32).reshape(2, 3)) as buffer:
        again = np.from_dlpack(buffer)
        assert again.tolist() == [[0, 1, 2], [3, 4, 5]]
        interface = buffer.__cuda_array_interface__
        assert interface["shape"] == (2, 3) and interface["typestr"] == "<f4" and interface["version"] == 3
        assert interface["data"] == (buffer.address, False)
    assert again[1, 2] == 5


def test_devices_are_listed() -> None:
    found = compatlayer.devices()
    assert [device.ordinal for device in found] == list(range(len(found))) and found
    for device in found:
        assert device.name and device.memory_bytes > 0 and device.compute_units > 0 and len(device.uuid) == 16
        device.close()
    with pytest.raises(CudaError) as error:
        Device(len(found))
    assert status_of(error) is Status.INVALID_DEVICE


def test_threads_may_share_a_device(device: Device, program: Program) -> None:
    failures: list[object] = []

    def work(number: int) -> None:
        x = np.full(500, number, np.float32)
        for _ in range(20):
            with device.stream() as stream, device.upload(x) as source, device.array(500, np.float32) as target:
                launch(stream, (4, 128), program.kernel("axpy"), target, source, 2.0, 500)
                stream.synchronize()
                if not (target.copy_to() == 2 * number).all():
                    failures.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


FAULT = """
import numpy as np
from compatlayer import CudaError, Device, Program, Status, launch
SOURCE = {source!r}
device = Device()
program = Program(device, SOURCE)
stream = device.stream()
out = device.array(64, np.int32)
launch(stream, (1, 1), program.kernel("wild"), out)
for _ in range(2):
    try:
        stream.synchronize()
    except CudaError as error:
        assert error.status is Status.ILLEGAL_ADDRESS, error
        print(error.text)
for thing in (out, stream, program, device):
    try:
        thing.close()
    except CudaError as error:
        assert error.status is Status.ILLEGAL_ADDRESS, error
with Device() as device, device.array(4, np.int32) as fresh:
    print(fresh.copy_to().tolist())
"""


def test_a_wild_access_is_an_error_that_sticks_until_all_is_closed() -> None:
    words = [sys.executable, "-c", FAULT.format(source=SOURCE)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, env=os.environ.copy())
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert len(lines) == 3 and "wild" in lines[0] and lines[2] == "[0, 0, 0, 0]"


def test_two_devices_do_not_mix() -> None:
    code = """if True:
        import numpy as np
        from compatlayer import CudaError, Device, Program, launch
        first, second = Device(0), Device(1)
        with Program(second, 'extern "C" __global__ void f(int *p) { *p = 1; }') as program, second.stream() as stream:
            for wrong in (first.array(1, np.int32),):
                try:
                    launch(stream, (1, 1), program.kernel("f"), wrong)
                except CudaError as error:
                    print(error.text)
                wrong.close()
        """
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=100,
                          env={**os.environ, "COMPATLAYER_DEVICES": "cpu:2"})
    assert "argument 0" in done.stdout and "device 0" in done.stdout, done.stderr


def test_importing_the_api_is_quick_and_starts_nothing() -> None:
    code = "import compatlayer, sys, os; print('numpy' in sys.modules, len(os.listdir('/proc/self/task')))"
    environment = {name: value for name, value in os.environ.items() if name != "COMPATLAYER_ACTIVE"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    assert done.stdout.split() == ["False", "1"], done.stderr


def test_types_are_exported() -> None:
    assert compatlayer.Buffer is Buffer and compatlayer.CudaError is CudaError
    assert issubclass(CompileError, CudaError)


def test_the_example_of_the_documentation_runs() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "python-api.md").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=100,
                          env=os.environ.copy())
    assert (done.stdout, done.stderr) == ("True\n", "")
