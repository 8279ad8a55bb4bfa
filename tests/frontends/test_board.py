"""COMPATLAYER_PROFILE: programs are told that they run on an Orin board, everywhere the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("compatlayer._native")

from compatlayer import board, config

IDENTITY = """
import ctypes, json
from cuda.bindings import driver
driver.cuInit(0)
A = driver.CUdevice_attribute
def attribute(name):
    return driver.cuDeviceGetAttribute(getattr(A, "CU_DEVICE_ATTRIBUTE_" + name), 0)[1]
seen = {"driver": [driver.cuDeviceGetName(64, 0)[1].split(b"\\0")[0].decode(), int(driver.cuDeviceTotalMem(0)[1]),
                   attribute("COMPUTE_CAPABILITY_MAJOR"), attribute("COMPUTE_CAPABILITY_MINOR"),
                   attribute("MULTIPROCESSOR_COUNT"), attribute("INTEGRATED")]}
from cuda.bindings import runtime
p = runtime.cudaGetDeviceProperties(0)[1]
seen["runtime"] = [p.name.split(b"\\0")[0].decode(), p.totalGlobalMem, p.major, p.minor, p.multiProcessorCount,
                   p.integrated]
seen["attribute"] = [runtime.cudaDeviceGetAttribute(runtime.cudaDeviceAttr.cudaDevAttrMultiProcessorCount, 0)[1],
                     runtime.cudaDeviceGetAttribute(runtime.cudaDeviceAttr.cudaDevAttrIntegrated, 0)[1]]
driver.cuCtxSetCurrent(driver.cuDevicePrimaryCtxRetain(0)[1])
free, total = driver.cuMemGetInfo()[1:]
seen["memory"] = [int(total), 0 < int(free) <= int(total)]
seen["too much"] = int(driver.cuMemAlloc(int(total) + 4096)[0])
print(json.dumps(seen))
"""
PACKAGES = {
    "numba": """
import json
from numba import cuda
d = cuda.get_current_device()
name = d.name if isinstance(d.name, str) else d.name.decode()
print(json.dumps([name, list(d.compute_capability), d.MULTIPROCESSOR_COUNT]))
""",
    "pycuda": """
import json
import pycuda.driver as drv
drv.init()
d = drv.Device(0)
count = d.get_attribute(drv.device_attribute.MULTIPROCESSOR_COUNT)
print(json.dumps([d.name(), list(d.compute_capability()), count]))
""",
    "cuda.core": """
import json
from cuda.core import Device
d = Device(0)
print(json.dumps([d.name, list(d.compute_capability), d.properties.multiprocessor_count]))
""",
    "pynvml": """
import json, pynvml
pynvml.nvmlInit()
h = pynvml.nvmlDeviceGetHandleByIndex(0)
print(json.dumps([pynvml.nvmlDeviceGetName(h), list(pynvml.nvmlDeviceGetCudaComputeCapability(h)),
                  pynvml.nvmlDeviceGetMemoryInfo(h).total]))
""",
}
FILES = r"""
import glob, io, os, pathlib, stat, subprocess, sys
RELEASE, MODEL = "/etc/nv_tegra_release", "/proc/device-tree/model"
first = open(RELEASE).readline()
assert first.startswith("# R36 (release), REVISION: 4.3"), first
for path in (MODEL, "/sys/firmware/devicetree/base/model"):
    assert open(path).read().rstrip("\0") == "NVIDIA Jetson Orin Nano Developer Kit"
with io.open(MODEL, "rb") as file:
    assert file.name == MODEL and file.read().endswith(b"\0")
    assert file.seek(0) == 0 and file.read(6) == b"NVIDIA"
path = pathlib.Path(RELEASE)
assert path.exists() and path.is_file() and path.read_text().startswith("# R36") and path.stat().st_size > 100
assert os.path.exists(MODEL) and os.path.isfile(MODEL) and os.path.getsize(RELEASE) == len(path.read_bytes())
assert os.path.isdir("/proc/device-tree") and os.listdir("/proc/device-tree") == ["compatible", "model"]
assert sorted(glob.glob("/proc/device-tree/m*")) == [MODEL]
assert [each.name for each in os.scandir("/proc/device-tree")] == ["compatible", "model"]
assert "nvidia,tegra234" in open("/proc/device-tree/compatible").read().split("\0")
assert stat.S_ISREG(os.lstat(RELEASE).st_mode) and os.access(RELEASE, os.R_OK) and not os.access(RELEASE, os.W_OK)
number = os.open(RELEASE, os.O_RDONLY)
assert os.read(number, 5) == b"# R36" and os.fstat(number).st_size > 100
os.close(number)
os.chdir("/etc")
assert os.path.exists("nv_tegra_release") and open("nv_tegra_release").readline() == first
for mode in ("w", "a", "r+"):
    try:
        open(RELEASE, mode)
    except PermissionError:
        continue
    raise AssertionError(mode)
class Reader:
    opening = open
assert Reader().opening(RELEASE).readline() == first  # as a builtin function, it is no method
assert not os.path.exists("/etc/nv_tegra_release_2") and os.path.exists("/proc/self/status")
import shutil, tempfile
folder = tempfile.mkdtemp()
assert shutil.rmtree.avoids_symlink_attacks
shutil.rmtree(folder)
if "child" not in sys.argv:
    subprocess.run([sys.executable, sys.argv[0], "child"], check=True, timeout=60)
    import multiprocessing
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(os.path.exists, (RELEASE,))
    print("seen")
"""


def run(program: Path | str, profile: str, **more: str) -> subprocess.CompletedProcess[str]:
    words = [str(program)] if isinstance(program, Path) else ["-c", program]
    environment = os.environ | {"COMPATLAYER_PROFILE": profile, "COMPATLAYER_DEVICES": "cpu"} | more
    environment.pop("COMPATLAYER_ACTIVE", None)  # else the launcher itself is a program that is brought onto us
    return subprocess.run([sys.executable, "-m", "compatlayer", "run", *words], capture_output=True, text=True,
                          timeout=100, env=environment)


def answer(program: str, profile: str, **more: str) -> object:
    done = run(program, profile, **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("profile", "gib", "units"), [("orin-agx-64", 64, 16), ("orin-agx-32", 32, 14),
                                                       ("orin-nx-16", 16, 8), ("orin-nano-8", 8, 8)])
def test_a_profile_is_the_device_that_programs_see(profile: str, gib: int, units: int) -> None:
    pytest.importorskip("cuda.bindings.driver")
    seen = answer(IDENTITY, profile)
    assert isinstance(seen, dict)
    assert seen["driver"] == seen["runtime"] == ["Orin", gib << 30, 8, 7, units, 1]
    assert seen["attribute"] == [units, 1]
    assert seen["memory"] == [gib << 30, True] and seen["too much"] == 2


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_sees_the_same_device(package: str) -> None:
    try:
        found = find_spec(package)
    except ModuleNotFoundError:
        found = None
    if found is None:
        pytest.skip(f"{package} is not installed")
    expected = ["Orin", [8, 7], 8]
    if package == "pynvml":
        expected = ["Orin (nvgpu)", [8, 7], 16 << 30]  # NVML's name for it on Jetson
    assert answer(PACKAGES[package], "orin-nx-16") == expected


def test_nvidia_smi_shows_the_board() -> None:
    fields = "--query-gpu=name,memory.total,compute_cap,clocks.max.sm"
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", "--", "nvidia-smi", fields,
                           "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=60,
                          env=os.environ | {"COMPATLAYER_PROFILE": "orin-agx-32", "COMPATLAYER_DEVICES": "cpu"})
    assert done.stdout.strip() == "Orin (nvgpu), 32768, 8.7, 930", done.stderr


def test_kernels_run_on_a_board(tmp_path: Path) -> None:
    """More units than the machine has processors change nothing for kernels, also in a green context."""
    pytest.importorskip("cuda.core")
    program = tmp_path / "program.py"
    program.write_text("""
from cuda.core import Device, LaunchConfig, Program, ProgramOptions, launch
import numpy as np
from cuda.bindings import driver
device = Device()
device.set_current()
code = 'extern "C" __global__ void fill(int *p) { p[blockIdx.x * 64 + threadIdx.x] = blockIdx.x; }'
kernel = Program(code, "c++", ProgramOptions(arch=f"sm_{device.arch}")).compile("cubin").get_kernel("fill")
whole = driver.cuDeviceGetDevResource(0, driver.CUdevResourceType.CU_DEV_RESOURCE_TYPE_SM)[1]
assert whole.sm.smCount == 16, whole.sm.smCount
parts = driver.cuDevSmResourceSplitByCount(1, whole, 0, 8)
description = driver.cuDevResourceGenerateDesc(parts[1], 1)[1]
green = driver.cuGreenCtxCreate(description, 0, 1)[1]
raw = driver.cuGreenCtxStreamCreate(green, 1, 0)[1]
class OfGreen:
    def __cuda_stream__(self):
        return 0, int(raw)
for stream in (device.create_stream(), device.create_stream(OfGreen())):
    buffer = device.allocate(256 * 64 * 4, stream=stream)
    launch(stream, LaunchConfig(grid=256, block=64), kernel, buffer)
    stream.sync()
    out = np.empty(256 * 64, np.int32)
    driver.cuMemcpyDtoH(out.ctypes.data, int(buffer.handle), out.nbytes)
    assert (out == np.repeat(np.arange(256), 64)).all()
    buffer.close(stream)
print("right")
""")
    done = run(program, "orin-agx-64", COMPATLAYER_WORKERS="2")
    assert done.stdout == "right\n", done.stderr


def test_a_block_has_as_much_shared_memory_as_on_orin() -> None:
    """163 KiB for one block, 164 KiB for a multiprocessor; without a profile 99 and 100."""
    program = """
import sys
import numpy as np
from cuda.bindings import driver
from cuda.core import Device, LaunchConfig, Program, ProgramOptions, launch
device = Device()
device.set_current()
most = device.properties.max_shared_memory_per_block_optin
code = '''extern "C" __global__ void turn(int *p, int n) {
    extern __shared__ int s[];
    for (int i = threadIdx.x; i < n; i += blockDim.x) s[i] = p[i];
    __syncthreads();
    for (int i = threadIdx.x; i < n; i += blockDim.x) p[i] = s[n - 1 - i];
}'''
kernel = Program(code, "c++", ProgramOptions(arch=f"sm_{device.arch}")).compile("cubin").get_kernel("turn")
number = driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
function = driver.cuKernelGetFunction(driver.CUkernel(int(kernel.handle)))[1]
assert int(driver.cuFuncSetAttribute(function, number, most)[0]) == 0
assert int(driver.cuFuncSetAttribute(function, number, most + 1)[0]) == 1
stream, values = device.create_stream(), np.arange(most // 4, dtype=np.int32)
buffer = device.allocate(values.nbytes, stream=stream)
stream.sync()
driver.cuMemcpyHtoD(int(buffer.handle), values.ctypes.data, values.nbytes)
launch(stream, LaunchConfig(grid=1, block=128, shmem_size=most), kernel, buffer, np.int32(len(values)))
stream.sync()
driver.cuMemcpyDtoH(values.ctypes.data, int(buffer.handle), values.nbytes)
assert (values == np.arange(most // 4)[::-1]).all()
blocks = int(driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(function, 128, most // 2)[1])
print(most >> 10, device.properties.max_shared_memory_per_multiprocessor >> 10, blocks)
"""
    pytest.importorskip("cuda.core")
    for profile, expected in (("orin-nx-16", "163 164 1\n"), ("", "99 100 1\n")):
        done = run(program, profile)
        assert done.stdout == expected, done.stderr


def test_files_appear_to_python_code(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text('if __name__ == "__main__":\n' + "".join(f"    {line}\n" for line in FILES.splitlines()))
    done = run(program, "orin-nano-8")
    assert done.returncode == 0 and done.stdout == "seen\n", done.stderr
    release = 'print(open("/etc/nv_tegra_release").readline()[:32])'
    assert "REVISION: 3.0" in run(release, "orin-nano-8", COMPATLAYER_TENSORRT="8").stdout


def test_without_a_profile_nothing_is_changed() -> None:
    program = """
import builtins, io, os, types
assert all(isinstance(each, types.BuiltinFunctionType) for each in (open, io.open, os.stat, os.open, os.listdir))
import sys
assert not {"compatlayer.board", "compatlayer.launcher.board_files"} & set(sys.modules)
"""
    assert run(program, "").returncode == 0


def test_an_unknown_profile_is_one_sentence() -> None:
    done = run("print('ran')", "jetson-tx2")
    assert done.returncode == 1 and not done.stdout
    assert done.stderr == ("compatlayer run: COMPATLAYER_PROFILE=jetson-tx2 is not one of orin-agx-64, orin-agx-32, "
                           "orin-nx-16, orin-nano-8\n")
    with pytest.raises(config.SettingsError, match="COMPATLAYER_PROFILE=x is not one of orin-agx-64"):
        config.from_environment({"COMPATLAYER_PROFILE": "x"})


def test_what_is_set_by_hand_wins() -> None:
    settings = config.from_environment({"COMPATLAYER_PROFILE": "orin-nano-8", "COMPATLAYER_MEMORY": "1G",
                                        "COMPATLAYER_COMPUTE_CAPABILITY": "8.6"})
    assert settings.board is board.BOARDS["orin-nano-8"]
    assert settings.memory_bytes == 1 << 30 and settings.compute_capability == (8, 6)
    assert config.from_environment({}).board is None
