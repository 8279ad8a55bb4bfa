"""Every vendor's row, on a stand-in library; libraries that crash, lack a call, have no device, or lose it."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from c_compiler import compile_c

from compatlayer import compiler
from compatlayer.backends import vendor_amd
from compatlayer.backends.vendor_rows import NOT_CONFIRMED, ROWS
from compatlayer.errors import CompilerError

sys.path.insert(0, str(Path(__file__).resolve().parent))
import standin_library

pytest.importorskip("cuda.bindings.driver")

PROGRAM = '''
import ctypes
import numpy as np
from cuda.bindings import driver as cu, nvrtc

def ok(answer):
    assert int(answer[0]) == 0, answer
    return answer[1] if len(answer) == 2 else answer[1:]

ok(cu.cuInit(0))
context = ok(cu.cuDevicePrimaryCtxRetain(0))
ok(cu.cuCtxSetCurrent(context))
stream = ok(cu.cuStreamCreate(1))
numbers = np.arange(1000, dtype=np.float32)
memory, pinned = ok(cu.cuMemAlloc(numbers.nbytes)), ok(cu.cuMemHostAlloc(numbers.nbytes, 0))
first, last = ok(cu.cuEventCreate(0)), ok(cu.cuEventCreate(0))
ok(cu.cuEventRecord(first, stream))
ok(cu.cuMemcpyHtoDAsync(memory, numbers, numbers.nbytes, stream))
ok(cu.cuEventRecord(last, stream))
ok(cu.cuMemcpyDtoHAsync(pinned, memory, numbers.nbytes, stream))
ok(cu.cuStreamSynchronize(stream))
assert ok(cu.cuEventElapsedTime(first, last)) >= 0
assert np.array_equal(np.frombuffer((ctypes.c_char * numbers.nbytes).from_address(int(pinned)), np.float32), numbers)
ok(cu.cuMemsetD32Async(memory, 0x3f800000, 500, stream))
ok(cu.cuStreamSynchronize(stream))
back = np.empty_like(numbers)
ok(cu.cuMemcpyDtoH(back, memory, numbers.nbytes))
assert (back[:500] == 1).all() and (back[500:] == numbers[500:]).all()
print("copies")
source = b"""__device__ int bias = 3;
extern "C" __global__ void scale(float *p, float by, int n)
{ int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) p[i] = p[i] * by + bias; }"""
program = ok(nvrtc.nvrtcCreateProgram(source, b"k.cu", 0, [], []))
ok(nvrtc.nvrtcCompileProgram(program, 1, [b"--gpu-architecture=sm_86"]))
image = bytes(ok(nvrtc.nvrtcGetPTXSize(program)))
ok(nvrtc.nvrtcGetPTX(program, image))
status, module = cu.cuModuleLoadData(image)
print("load", int(status))
if int(status) == 0:
    kernel, types = ok(cu.cuModuleGetFunction(module, b"scale")), (ctypes.c_void_p, ctypes.c_float, ctypes.c_int)
    for launch in range(2):
        ok(cu.cuMemcpyHtoD(memory, numbers, numbers.nbytes))
        status, = cu.cuLaunchKernel(kernel, 4, 1, 1, 256, 1, 1, 0, stream, ((int(memory), 2.0, 1000), types), 0)
        print("launch", int(status))
        if int(status) == 0:
            ok(cu.cuStreamSynchronize(stream))
            ok(cu.cuMemcpyDtoH(back, memory, numbers.nbytes))
            assert np.array_equal(back, numbers * 2 + 3)
        else:
            print("copy", int(cu.cuMemAlloc(16)[0]))
'''


def run(words: list[str], environment: dict[str, str], **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "compatlayer", *words], env={**os.environ, **environment, **more},
                          capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("standin")


@pytest.fixture(scope="module")
def program(libraries: Path) -> str:
    path = libraries / "program.py"
    path.write_text(PROGRAM)
    return str(path)


# The two forms with all of their calls, and the row with exceptions to most rules.
@pytest.mark.parametrize("row", ["rocm", "musa", "biren"])
def test_a_program_runs_on_a_row(row: str, libraries: Path, program: str) -> None:
    done = run(["run", "--devices", row, program], standin_library.environment(row, libraries / row))
    assert done.stdout.split("\n")[:-1] == ["copies", "load 0", "launch 0", "launch 0"], done.stderr


def test_a_runtime_that_loads_no_modules_still_copies(libraries: Path, program: str) -> None:
    done = run(["run", program], standin_library.environment("kunlunxin", libraries / "kunlunxin"),
               COMPATLAYER_VERBOSE="1")
    assert done.stdout.split("\n")[:-1] == ["copies", "load 801"], done.stderr
    assert "a module: libcudart.so has no load; this needs it" in done.stderr


def test_a_lost_device_is_a_documented_error_with_the_vendors_code(libraries: Path, program: str) -> None:
    done = run(["run", program], standin_library.environment("musa", libraries / "musa"), STANDIN_LOSE_AFTER="2",
               COMPATLAYER_VERBOSE="1")
    assert done.stdout.split("\n")[:-1] == ["copies", "load 0", "launch 0", "launch 719", "copy 719"], done.stderr
    assert "launch of scale: Moore Threads answered 1214 MU_ERROR_DEVICE_UNAVAILABLE" in done.stderr


def test_states_of_backends(libraries: Path) -> None:
    environment = standin_library.environment("rocm", libraries / "rocm")
    lines = {line.split()[0]: line for line in run(["devices", "--backends"], environment).stdout.splitlines()}
    assert set(ROWS) <= set(lines)
    assert "works: 1 device(s)" in lines["rocm"]
    assert "not installed" in lines["enflame"]
    assert all(NOT_CONFIRMED in lines[name] for name in ROWS)
    none = run(["devices", "--backends"], environment, STANDIN_DEVICES="0").stdout
    assert "library found, no device (libamdhip64.so.7: initialisation answered 1100 hipErrorNoDevice)" in none


def test_a_library_that_crashes_when_loaded_takes_no_program_with_it(libraries: Path, program: str) -> None:
    environment = standin_library.environment("rocm", libraries / "rocm")
    done = run(["devices", "--devices", "rocm"], environment, STANDIN_CRASH="1")
    assert done.returncode > 0
    assert "crashes when it is loaded: signal 11" in done.stderr
    beside = run(["devices", "--devices", "cpu"], environment, STANDIN_CRASH="1")
    assert beside.returncode == 0


def test_a_library_without_a_call_that_everything_needs_is_named(libraries: Path) -> None:
    folder = libraries / "half"
    folder.mkdir()
    compile_c("int hipInit(unsigned flags) { return (int)flags; }\nint hipGetDeviceCount(int *n) { return *n = 0; }\n",
              folder / "libamdhip64.so.7", "-shared")
    done = run(["devices", "--devices", "rocm"], {"COMPATLAYER_VENDOR_PATH": str(folder)})
    assert done.returncode > 0
    assert "libamdhip64.so.7 has no hipMalloc; this needs it" in done.stderr


def test_a_vendor_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = run(["devices", "--devices", "metax"], {"COMPATLAYER_VENDOR_PATH": str(tmp_path)})
    assert done.returncode > 0
    assert "COMPATLAYER_DEVICES names metax, and not installed (none of libmcruntime.so in" in done.stderr


def test_the_architecture_of_an_amd_device_is_read_from_the_kernel_driver(tmp_path: Path) -> None:
    for number, (version, location) in enumerate([(0, 0), (90402, 0x300), (110000, 0x4100), (90010, 0x8100)]):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "properties").write_text(
            f"cpu_cores_count 0\ngfx_target_version {version}\nlocation_id {location}\ndomain 0\n")
    names = [vendor_amd.architecture(bus, 0, tmp_path) for bus in ("0000:03:00.0", "0000:41:00.0", "0000:81:00.0")]
    assert names == ["gfx942", "gfx1100", "gfx90a"]
    assert vendor_amd.architecture("", 1, tmp_path) == "gfx1100"
    assert vendor_amd.architecture("0000:99:00.0", 0, tmp_path) == ""


def test_every_row_says_where_it_comes_from() -> None:
    for row in ROWS.values():
        assert row.source and row.libraries and row.state == NOT_CONFIRMED
        assert bool(row.image) != bool(row.why_no_kernels), row.name


KERNELS = """
__device__ int bias = 3;
__constant__ float table[4];
extern "C" __global__ void scale(float *p, float by, int n)
{ int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) p[i] = p[i] * by + bias + table[i & 3]; }
extern "C" __global__ void sums(const int *p, int *out, int n)
{
    __shared__ int part[256];
    extern __shared__ double more[];
    int own[4] = {0}, t = threadIdx.x;
    for (int i = blockIdx.x * blockDim.x + t; i < n; i += gridDim.x * blockDim.x)
        own[i & 3] += p[i];
    part[t] = own[n & 3];
    more[t] = sqrt((double)own[0]);
    __syncthreads();
    if (t == 0) { atomicAdd(out, part[1]); __threadfence(); }
}
"""


@pytest.mark.parametrize(("architecture", "machine"), [("gfx90a", 0x3F), ("gfx942", 0x4C), ("gfx1100", 0x41)])
def test_amd_code_objects_have_their_architecture_and_kernels(architecture: str, machine: int) -> None:
    code = compiler.compile_cuda(KERNELS, "k.cu", ["--gpu-architecture=sm_86"])
    image = compiler.build_native(code, f"amdgcn:{architecture}")
    assert image.path is not None
    data = image.path.read_bytes()
    assert data[:4] == b"\x7fELF"
    assert struct.unpack_from("<H", data, 18)[0] == 224, "EM_AMDGPU"
    assert struct.unpack_from("<I", data, 48)[0] & 0xFF == machine
    for name in (b"scale.kd", b"sums.kd", b"bias", b"table", b"amdhsa.kernels", b".kernarg_segment_size"):
        assert name in data
    assert [len(each.parameters) for each in image.kernels] == [3, 3]


@pytest.mark.parametrize(("body", "reason"), [
    ("*p = __shfl_sync(~0u, *p, 3);", "llvm.nvvm.shfl.sync.idx.i32 has no counterpart"),
    ('asm("membar.cta;");', "inline PTX assembly"),
    ('printf("%d", *p);', "vprintf is not there"),
])
def test_what_amd_devices_do_not_have_is_refused_by_name(body: str, reason: str) -> None:
    source = f'#include <stdio.h>\nextern "C" __global__ void k(int *p) {{ {body} }}'
    code = compiler.compile_cuda(source, "k.cu", ["--gpu-architecture=sm_86"])
    with pytest.raises(CompilerError, match=re.escape(reason)):
        compiler.build_native(code, "amdgcn:gfx942")


LOOPS = """
typedef int call(void *);
double spent_ns(call *function, long times);
#include <time.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e9 + t.tv_nsec; }
double spent_ns(call *function, long times)
{
    void *context;
    double start = now();
    for (long each = 0; each < times; each++)
        function(&context);
    return (now() - start) / (double)times;
}
"""
MEASURE = """
import ctypes, sys
ours = ctypes.CDLL("libcuda.so.1")
assert ours.cuInit(0) == 0
theirs = ctypes.CDLL(sys.argv[1])
spent = ctypes.CDLL(sys.argv[2]).spent_ns
spent.restype, spent.argtypes = ctypes.c_double, (ctypes.c_void_p, ctypes.c_long)
def of(library):
    return ctypes.cast(library.cuCtxGetCurrent, ctypes.c_void_p)
pairs = [(spent(of(ours), 200_000), spent(of(theirs), 200_000)) for _ in range(7)]
print(min(a for a, _ in pairs) - min(b for _, b in pairs))
table = ours.cuGetExportTable(ctypes.byref(ctypes.c_void_p()), (ctypes.c_char * 16)())
print(ours.cuStreamSynchronize(None), ours.cuStreamSynchronize_ptsz(None), table)
version = ctypes.c_int()
ours.cuDriverGetVersion(ctypes.byref(version))
print(version.value, ours.cuArray3DCreate_v2(None, None))
"""


def test_the_pass_through_runs_a_program_on_the_drivers_own_functions(libraries: Path, program: str) -> None:
    environment = standin_library.environment("nvidia", libraries / "nvidia")
    done = run(["run", "--report", program], environment)
    assert done.stdout.split("\n")[:-1] == ["copies", "load 0", "launch 0", "launch 0"], done.stderr


def test_the_pass_through_costs_next_to_nothing(libraries: Path, tmp_path: Path) -> None:
    environment = standin_library.environment("nvidia", libraries / "nvidia")
    loops = compile_c(LOOPS, tmp_path / "loops.so", "-shared", "-O1")
    (tmp_path / "measure.py").write_text(MEASURE)
    theirs = libraries / "nvidia" / "libcuda.so.1"
    done = run(["run", str(tmp_path / "measure.py"), str(theirs), str(loops)], environment)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    cost, functions, rest = done.stdout.splitlines()
    assert float(cost) < 300, "nanoseconds for each call"
    assert functions == "0 2999 801"  # the per-thread variant is the driver's; this table is not documented
    assert rest == "12040 801"  # the driver's own version; a function that it lacks


def test_nvidia_without_a_driver_says_so(tmp_path: Path) -> None:
    done = run(["devices", "--devices", "nvidia"], {"COMPATLAYER_VENDOR_PATH": str(tmp_path)})
    assert done.returncode > 0
    assert "COMPATLAYER_DEVICES names nvidia, and not installed" in done.stderr
