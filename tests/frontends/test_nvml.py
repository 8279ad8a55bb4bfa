"""libnvidia-ml through nvidia-ml-py: what tools ask for, across processes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from nvml_client import MEMORY_BYTES, Client

nvml = pytest.importorskip("pynvml", reason="needs the package nvidia-ml-py")
cuda = pytest.importorskip("cuda.bindings.driver")

WAIT_S = 60


@pytest.fixture(autouse=True)
def started() -> Iterator[None]:
    nvml.nvmlInit()
    yield
    nvml.nvmlShutdown()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = Client()
    time.sleep(1.3)  # a load is an average over a second that is over
    yield client
    client.stop()


@pytest.fixture()
def device() -> object:
    return nvml.nvmlDeviceGetHandleByIndex(0)


def users(device: object) -> dict[int, int]:
    """Memory in use by process."""
    return {each.pid: each.usedGpuMemory for each in nvml.nvmlDeviceGetComputeRunningProcesses(device)}


def test_the_device_is_the_drivers(device: object) -> None:
    assert int(cuda.cuInit(0)[0]) == 0
    assert nvml.nvmlDeviceGetCount() == cuda.cuDeviceGetCount()[1]
    name = cuda.cuDeviceGetName(96, 0)[1].split(b"\0")[0].decode()
    assert nvml.nvmlDeviceGetName(device) == name
    uuid = bytes(cuda.cuDeviceGetUuid(0)[1].bytes).hex()
    assert nvml.nvmlDeviceGetUUID(device).removeprefix("GPU-").replace("-", "") == uuid
    bus = cuda.cuDeviceGetPCIBusId(20, 0)[1].split(b"\0")[0].decode()
    pci = nvml.nvmlDeviceGetPciInfo(device)
    assert pci.busIdLegacy == bus
    assert (pci.domain, pci.bus, pci.device) == tuple(int(part.split(".")[0], 16) for part in bus.split(":"))
    assert pci.busId.endswith(pci.busIdLegacy)
    major, minor = (cuda.cuDeviceGetAttribute(cuda.CUdevice_attribute(number), 0)[1] for number in (75, 76))
    assert nvml.nvmlDeviceGetCudaComputeCapability(device) == (major, minor)
    assert nvml.nvmlDeviceGetMemoryInfo(device).total == cuda.cuDeviceTotalMem(0)[1]
    assert nvml.nvmlSystemGetCudaDriverVersion() == cuda.cuDriverGetVersion()[1]
    assert nvml.nvmlDeviceGetArchitecture(device) in (6, 7, 8, 9, 10)
    assert nvml.nvmlDeviceGetNumGpuCores(device) == cuda.cuDeviceGetAttribute(cuda.CUdevice_attribute(16), 0)[1]


def test_a_device_is_found_by_each_of_its_names(device: object) -> None:
    same = [nvml.nvmlDeviceGetHandleByUUID(nvml.nvmlDeviceGetUUID(device)),
            nvml.nvmlDeviceGetHandleByPciBusId(nvml.nvmlDeviceGetPciInfo(device).busId),
            nvml.nvmlDeviceGetHandleByPciBusId(nvml.nvmlDeviceGetPciInfo(device).busIdLegacy),
            nvml.nvmlDeviceGetHandleByUUIDV(nvml.nvmlDeviceGetUUID(device).encode(), nvml.NVML_UUID_TYPE_ASCII)]
    assert [nvml.nvmlDeviceGetIndex(each) for each in same] == [0] * len(same)
    assert nvml.nvmlDeviceGetPciInfoExt(device, ctypes.byref(extended())) is None
    for look, name in ((nvml.nvmlDeviceGetHandleByUUID, "GPU-no"), (nvml.nvmlDeviceGetHandleBySerial, "1"),
                       (nvml.nvmlDeviceGetHandleByPciBusId, "0000:7f:00.0")):
        with pytest.raises(nvml.NVMLError_NotFound):
            look(name)
    with pytest.raises(nvml.NVMLError_InvalidArgument):
        nvml.nvmlDeviceGetHandleByPciBusId("here")
    with pytest.raises(nvml.NVMLError_InvalidArgument):
        nvml.nvmlDeviceGetHandleByIndex(99)


def extended() -> object:
    info = nvml.nvmlPciInfoExt_v1_t()
    info.version = nvml.nvmlPciInfoExt_v1
    return info


def test_memory_and_processes_are_those_of_all_processes(client: Client, device: object) -> None:
    assert users(device)[client.number] == MEMORY_BYTES
    memory, second = nvml.nvmlDeviceGetMemoryInfo(device), nvml.nvmlDeviceGetMemoryInfo(device, nvml.nvmlMemory_v2)
    assert memory.used >= MEMORY_BYTES and memory.used + memory.free == memory.total
    assert (second.total, second.used, second.reserved) == (memory.total, memory.used, 0)
    other = Client()
    try:
        assert users(device)[other.number] == users(device)[client.number] == MEMORY_BYTES
        assert nvml.nvmlDeviceGetMemoryInfo(device).used >= 2 * MEMORY_BYTES
    finally:
        other.stop()
    assert other.number not in users(device)
    for version in ("_v2", "_v3"):
        assert nvml.nvmlDeviceGetMPSComputeRunningProcesses(device) == []
        assert getattr(nvml, f"nvmlDeviceGetGraphicsRunningProcesses{version}")(device) == []
    details = nvml.nvmlDeviceGetRunningProcessDetailList(device, nvml.nvmlProcessDetailList_v1,
                                                         nvml.NVML_PROCESS_MODE_COMPUTE)
    assert {each.pid: each.usedGpuMemory for each in details}[client.number] == MEMORY_BYTES
    assert "nvml_client" in nvml.nvmlSystemGetProcessName(client.number)


def test_the_load_is_the_executors(client: Client, device: object) -> None:
    rates = nvml.nvmlDeviceGetUtilizationRates(device)
    assert 20 <= rates.gpu <= 100  # it computes nearly all the time, on a machine that others use
    assert 0 <= rates.memory <= 100
    kind, samples = nvml.nvmlDeviceGetSamples(device, nvml.NVML_GPU_UTILIZATION_SAMPLES, 0)
    values = [sample.sampleValue.uiVal for sample in samples]
    assert kind == nvml.NVML_VALUE_TYPE_UNSIGNED_INT and len(values) > 5 and max(values) >= 20
    now = time.time_ns() // 1000
    stamps = [sample.timeStamp for sample in samples]
    assert stamps == sorted(stamps) and now - 1_000_000 < stamps[-1] <= now
    later = nvml.nvmlDeviceGetSamples(device, nvml.NVML_GPU_UTILIZATION_SAMPLES, stamps[-3])[1]
    assert 2 <= len(later) < len(samples)
    (use,) = [each for each in nvml.nvmlDeviceGetProcessUtilization(device, 0) if each.pid == client.number]
    assert use.smUtil >= 20 and use.memUtil == 0
    with pytest.raises(nvml.NVMLError_NotFound):
        nvml.nvmlDeviceGetProcessUtilization(device, now + 60_000_000)
    with pytest.raises(nvml.NVMLError_NotSupported):
        nvml.nvmlDeviceGetSamples(device, nvml.NVML_TOTAL_POWER_SAMPLES, 0)
    info = nvml.nvmlDeviceGetDynamicPstatesInfo(device)
    assert info.utilization[0].bIsPresent and not info.utilization[2].bIsPresent


def test_an_idle_device_has_no_load() -> None:
    out = run("""
import pynvml as n
n.nvmlInit()
h = n.nvmlDeviceGetHandleByIndex(63)
rates, memory = n.nvmlDeviceGetUtilizationRates(h), n.nvmlDeviceGetMemoryInfo(h)
print(rates.gpu, rates.memory, memory.used, n.nvmlDeviceGetComputeRunningProcesses(h))
print({sample.sampleValue.uiVal for sample in n.nvmlDeviceGetSamples(h, 1, 0)[1]})
""", COMPATLAYER_DEVICES="cpu:64")
    assert out.splitlines() == ["0 0 0 []", "{0}"]


def run(program: str, **environment: str) -> str:
    """The output of a program on us."""
    done = subprocess.run([sys.executable, "-c", "import compatlayer\ncompatlayer.install()\n" + program],
                          capture_output=True, encoding="utf-8", timeout=WAIT_S,
                          env=os.environ | {"COMPATLAYER_DEVICES": "cpu"} | environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_killed_process_is_forgotten(device: object) -> None:
    client = Client()
    assert client.number in users(device)
    client.process.send_signal(signal.SIGKILL)
    client.process.wait(WAIT_S)
    assert client.number not in users(device)


def test_initialisation_is_counted() -> None:
    out = run("""
import pynvml as n
def count():
    try:
        return n.nvmlDeviceGetCount()
    except n.NVMLError as error:
        return type(error).__name__
n._LoadNvmlLibrary()
print(count())
n.nvmlInit(); n.nvmlInit()
print(count()); n.nvmlShutdown()
print(count()); n.nvmlShutdown()
print(count())
try:
    n.nvmlShutdown()
except n.NVMLError as error:
    print(type(error).__name__)
n.nvmlInitWithFlags(n.NVML_INIT_FLAG_NO_GPUS)
print(count())
""")
    none = "NVMLError_Uninitialized"
    assert out.split() == [none, "1", "1", none, none, "1"]


def test_nothing_is_opened_for_a_question() -> None:
    out = run("""
import os, threading
import pynvml as n
n.nvmlInit()
h = n.nvmlDeviceGetHandleByIndex(0)
n.nvmlDeviceGetMemoryInfo(h), n.nvmlDeviceGetUtilizationRates(h)
print(len(os.listdir("/proc/self/task")), os.getpid() in [p.pid for p in n.nvmlDeviceGetComputeRunningProcesses(h)])
import sys
print([m for m in ("numpy", "compatlayer.core.context", "compatlayer.compiler.container") if m in sys.modules])
""")
    assert out.split("\n")[:2] == ["1 False", "[]"]


def test_devices_that_a_program_hides_from_itself_are_still_monitored() -> None:
    program = "import pynvml as n\nn.nvmlInit()\nprint(n.nvmlDeviceGetCount())"
    assert run(program, COMPATLAYER_DEVICES="cpu:2", CUDA_VISIBLE_DEVICES="1").strip() == "2"


def test_two_devices_know_each_other() -> None:
    out = run("""
import pynvml as n
n.nvmlInit()
a, b = (n.nvmlDeviceGetHandleByIndex(i) for i in range(2))
print(n.nvmlDeviceGetUUID(a) != n.nvmlDeviceGetUUID(b), n.nvmlDeviceOnSameBoard(a, b))
print(n.nvmlDeviceGetTopologyCommonAncestor(a, b), len(n.nvmlDeviceGetTopologyNearestGpus(a, 0)))
print(n.nvmlDeviceGetP2PStatus(a, b, 0), n.nvmlDeviceGetP2PStatus(a, b, 2), n.nvmlDeviceGetP2PStatus(a, a, 0))
print(len(n.nvmlSystemGetTopologyGpuSet(0)))
""", COMPATLAYER_DEVICES="cpu:2")
    assert out.split("\n")[:4] == ["True True", "0 1", "0 5 5", "2"]


def test_what_there_is_not_is_none_and_what_cannot_be_is_not_supported(device: object) -> None:
    assert (nvml.nvmlDeviceGetDisplayActive(device), nvml.nvmlDeviceGetDisplayMode(device)) == (0, 0)
    assert (nvml.nvmlDeviceGetComputeMode(device), nvml.nvmlDeviceGetPersistenceMode(device)) == (0, 0)
    assert (nvml.nvmlDeviceIsMigDeviceHandle(device).value, nvml.nvmlDeviceGetMaxMigDeviceCount(device)) == (0, 0)
    assert (nvml.nvmlUnitGetCount(), nvml.nvmlDeviceGetNumFans(device), nvml.nvmlDeviceGetBrand(device)) == (0, 0, 0)
    assert nvml.nvmlSystemGetHicVersion() == [] and nvml.nvmlGetExcludedDeviceCount() == 0
    assert nvml.nvmlDeviceGetSupportedEventTypes(device) == 0 and nvml.nvmlDeviceGetBusType(device) == 0
    assert nvml.nvmlDeviceGetAddressingMode(device) == nvml.NVML_DEVICE_ADDRESSING_MODE_ATS
    with pytest.raises(nvml.NVMLError_InvalidArgument):
        nvml.nvmlUnitGetHandleByIndex(0)
    with pytest.raises(nvml.NVMLError_InvalidArgument):
        nvml.nvmlGetExcludedDeviceInfoByIndex(0)
    for name in ("nvmlDeviceGetSerial", "nvmlDeviceGetEccMode", "nvmlDeviceGetMigMode", "nvmlDeviceGetFanSpeed",
                 "nvmlDeviceGetEncoderUtilization", "nvmlDeviceGetBAR1MemoryInfo", "nvmlDeviceGetMinorNumber",
                 "nvmlDeviceGetPerformanceState", "nvmlDeviceGetVbiosVersion", "nvmlDeviceGetAccountingMode"):
        with pytest.raises(nvml.NVMLError_NotSupported):
            getattr(nvml, name)(device)
    with pytest.raises(nvml.NVMLError_FunctionNotFound):  # of vGPU hosts: not there at all
        nvml.nvmlDeviceGetActiveVgpus(device)


def test_processors_are_those_that_may_be_used(device: object) -> None:
    words = (max(os.sched_getaffinity(0)) // 64) + 1
    for found in (nvml.nvmlDeviceGetCpuAffinity(device, words),
                  nvml.nvmlDeviceGetCpuAffinityWithinScope(device, words, nvml.NVML_AFFINITY_SCOPE_NODE)):
        numbers = {place * 64 + bit for place, word in enumerate(found) for bit in range(64) if word >> bit & 1}
        assert numbers == os.sched_getaffinity(0)


def test_sensors_answer_or_are_not_supported(device: object) -> None:
    """What this machine has is not known; test_sensors.py compares values."""
    asked = [lambda: nvml.nvmlDeviceGetTemperature(device, nvml.NVML_TEMPERATURE_GPU),
             lambda: nvml.nvmlDeviceGetTemperatureV(device, nvml.NVML_TEMPERATURE_GPU),
             lambda: nvml.nvmlDeviceGetTemperatureThreshold(device, nvml.NVML_TEMPERATURE_THRESHOLD_SHUTDOWN),
             lambda: nvml.nvmlDeviceGetThermalSettings(device, 0, nvml.c_nvmlGpuThermalSettings_t()).count,
             lambda: nvml.nvmlDeviceGetMarginTemperature(device),
             lambda: nvml.nvmlDeviceGetPowerUsage(device),
             lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(device),
             lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(device),
             lambda: nvml.nvmlDeviceGetPowerManagementLimit(device),
             lambda: nvml.nvmlDeviceGetPowerManagementMode(device),
             lambda: nvml.nvmlDeviceGetClockInfo(device, nvml.NVML_CLOCK_SM),
             lambda: nvml.nvmlDeviceGetClock(device, nvml.NVML_CLOCK_SM, nvml.NVML_CLOCK_ID_CURRENT),
             lambda: nvml.nvmlDeviceGetMaxClockInfo(device, nvml.NVML_CLOCK_SM),
             lambda: nvml.nvmlDeviceGetMaxCustomerBoostClock(device, nvml.NVML_CLOCK_SM)]
    for ask in asked:
        with contextlib.suppress(nvml.NVMLError_NotSupported):
            assert ask() >= 0
    assert nvml.nvmlDeviceGetMaxClockInfo(device, nvml.NVML_CLOCK_GRAPHICS) > 0
    with pytest.raises(nvml.NVMLError_NotSupported):
        nvml.nvmlDeviceGetClockInfo(device, nvml.NVML_CLOCK_MEM)
    fields = nvml.nvmlDeviceGetFieldValues(device, [nvml.NVML_FI_DEV_POWER_INSTANT, nvml.NVML_FI_DEV_MEMORY_TEMP])
    assert fields[0].nvmlReturn in (0, nvml.NVML_ERROR_NOT_SUPPORTED)
    assert fields[1].nvmlReturn == nvml.NVML_ERROR_NOT_SUPPORTED


def test_versions_can_be_compared() -> None:
    driver = nvml.nvmlSystemGetDriverVersion()
    assert [int(part) for part in driver.split(".")] >= [580]  # the least that CUDA 13 needs
    assert nvml.nvmlSystemGetNVMLVersion() == f"13.{driver}"
    branch = nvml.nvmlSystemGetDriverBranch()
    assert getattr(branch, "branch", branch) in ("compatlayer", b"compatlayer")
    assert nvml.nvmlErrorString(3) == "Not Supported"
    assert nvml.nvmlErrorString(12345) == "Unknown Error"


def test_bad_arguments_are_refused(device: object) -> None:
    library = ctypes.CDLL("libnvidia-ml.so.1")
    text = ctypes.create_string_buffer(96)
    foreign = ctypes.c_void_p(4711)
    assert library.nvmlDeviceGetName(foreign, text, 96) == nvml.NVML_ERROR_INVALID_ARGUMENT
    assert library.nvmlDeviceGetName(None, text, 96) == nvml.NVML_ERROR_INVALID_ARGUMENT
    assert library.nvmlDeviceGetName(device, None, 96) == nvml.NVML_ERROR_INVALID_ARGUMENT
    assert library.nvmlDeviceGetName(device, text, 4) == nvml.NVML_ERROR_INSUFFICIENT_SIZE
    assert library.nvmlDeviceGetUUID(device, text, 0) == nvml.NVML_ERROR_INSUFFICIENT_SIZE
    assert library.nvmlInitWithFlags(1 << 9) == nvml.NVML_ERROR_INVALID_ARGUMENT
    memory = nvml.c_nvmlMemory_v2_t(version=7)
    assert (library.nvmlDeviceGetMemoryInfo_v2(device, ctypes.byref(memory))
            == nvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH)
    assert library.nvmlDeviceGetTemperature(device, 9, text) == nvml.NVML_ERROR_INVALID_ARGUMENT
    assert library.nvmlDeviceGetTemperatureThreshold(device, 99, text) == nvml.NVML_ERROR_INVALID_ARGUMENT
    assert library.nvmlDeviceGetClockInfo(device, 99, text) == nvml.NVML_ERROR_INVALID_ARGUMENT
    assert library.nvmlDeviceGetFieldValues(device, 0, text) == nvml.NVML_ERROR_INVALID_ARGUMENT
    assert library.nvmlSystemGetProcessName(2**31 - 2, text, 96) == nvml.NVML_ERROR_NOT_FOUND


def test_older_variants_answer_as_the_newest(client: Client, device: object) -> None:
    library = ctypes.CDLL("libnvidia-ml.so.1")
    assert (library.nvmlInit(), library.nvmlInit_v2(), library.nvmlShutdown(), library.nvmlShutdown()) == (0, 0, 0, 0)
    count, found = ctypes.c_uint(), ctypes.c_void_p()
    assert library.nvmlDeviceGetCount(ctypes.byref(count)) == 0 and count.value == nvml.nvmlDeviceGetCount()
    assert library.nvmlDeviceGetHandleByIndex(0, ctypes.byref(found)) == 0
    assert found.value == ctypes.cast(device, ctypes.c_void_p).value  # type: ignore[arg-type]
    pci = nvml.nvmlDeviceGetPciInfo(device)
    assert library.nvmlDeviceGetHandleByPciBusId(pci.busId.encode(), ctypes.byref(found)) == 0
    for name in ("nvmlDeviceGetPciInfo", "nvmlDeviceGetPciInfo_v2"):
        again = nvml.nvmlPciInfo_t()
        assert library[name](device, ctypes.byref(again)) == 0 and bytes(again) == bytes(pci)
    assert nvml.nvmlSystemGetCudaDriverVersion_v2() == nvml.nvmlSystemGetCudaDriverVersion()
    assert {each.pid for each in nvml.nvmlDeviceGetComputeRunningProcesses_v2(device)} == set(users(device))
    count.value = 0
    kinds = ("Graphics", "MPSCompute")
    for kind in kinds:
        assert library[f"nvmlDeviceGet{kind}RunningProcesses"](device, ctypes.byref(count), None) == 0
    assert nvml.nvmlDeviceGetMPSComputeRunningProcesses_v2(device) == []
    first = library.nvmlDeviceGetComputeRunningProcesses
    assert first(device, ctypes.byref(count), None) == nvml.NVML_ERROR_INSUFFICIENT_SIZE and count.value >= 1
    rows = (ctypes.c_uint64 * (2 * count.value))()
    assert first(device, ctypes.byref(count), rows) == 0
    assert dict(zip(rows[::2], rows[1::2], strict=True))[client.number] == MEMORY_BYTES


def test_loads_of_processes_come_as_a_structure_too(client: Client, device: object) -> None:
    uses = nvml.nvmlDeviceGetProcessesUtilizationInfo(device, 0)
    assert [each.smUtil >= 20 for each in uses if each.pid == client.number] == [True]


def test_structures_are_as_in_nvidia_ml_py() -> None:
    from compatlayer._native import ffi

    pairs = {"nvmlPciInfo_t": nvml.nvmlPciInfo_t, "nvmlPciInfoExt_v1_t": nvml.nvmlPciInfoExt_v1_t}
    for name in ("Memory", "Memory_v2", "BAR1Memory", "ProcessInfo_v2", "ProcessDetail_v1", "ProcessDetailList_v1",
                 "Utilization", "Value", "Sample", "ProcessUtilizationSample", "ProcessUtilizationInfo_v1",
                 "ProcessesUtilizationInfo_v1", "ViolationTime", "FieldValue", "EccErrorCounts", "Temperature_v1",
                 "MarginTemperature_v1", "GpuThermalSettings", "DevicePerfModes_v1", "GpuDynamicPstatesInfo",
                 "BridgeChipHierarchy", "AccountingStats", "EventData", "FBCStats", "ExcludedDeviceInfo", "HwbcEntry",
                 "SystemDriverBranchInfo_v1", "ConfComputeMemSizeInfo"):
        pairs[f"nvml{name}_t"] = getattr(nvml, f"c_nvml{name}_t")
    for name, structure in pairs.items():
        assert ffi.sizeof(name) == ctypes.sizeof(structure), name
        ours = [(field, each.offset) for field, each in ffi.typeof(name).fields]
        theirs = [(field[0], getattr(structure, field[0]).offset) for field in structure._fields_]
        assert ours == theirs, name
