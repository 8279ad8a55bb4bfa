"""The runtime library: devices, properties, versions, limits, peers, resources, logs."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from runtime_calls import WITHIN, runtime

ATTRIBUTE = runtime.cudaDeviceAttr


def test_versions_are_those_of_the_interface(rt: Any, cu: Any) -> None:
    assert rt.cudaRuntimeGetVersion() == rt.cudaDriverGetVersion() == 13050
    assert runtime.getLocalRuntimeVersion()[1] == 13050


def test_the_device_is_each_threads_own(rt: Any) -> None:
    if rt.cudaGetDeviceCount() < 2:
        pytest.skip("one device is shown")
    seen: list[int] = []
    rt.cudaSetDevice(1)
    thread = threading.Thread(target=lambda: seen.append(rt.cudaGetDevice()))
    thread.start()
    thread.join()
    assert (rt.cudaGetDevice(), seen) == (1, [0])


def test_a_device_that_is_not_there(rt: Any) -> None:
    for name in ("cudaSetDevice", "cudaGetDeviceProperties", "cudaDeviceGetDefaultMemPool", "cudaDeviceGetPCIBusId"):
        arguments = (99,) if name != "cudaDeviceGetPCIBusId" else (32, 99)
        assert rt.status(name, *arguments) == "InvalidDevice", name
    assert rt.status("cudaInitDevice", -1, 0, 0) == "InvalidDevice"
    assert rt.status("cudaDeviceGetAttribute", ATTRIBUTE.cudaDevAttrWarpSize, -1) == "InvalidDevice"


def test_setting_a_device_makes_its_primary_context(rt: Any, api: Any) -> None:
    assert api.cuDevicePrimaryCtxGetState(0)[1] == 0
    rt.cudaSetDevice(0)
    assert api.cuDevicePrimaryCtxGetState(0)[1] == 1
    assert int(api.cuCtxGetCurrent()) == int(api.cuDevicePrimaryCtxRetain(0))
    api.cuDevicePrimaryCtxRelease(0)


def test_the_first_call_that_needs_a_context_makes_it(rt: Any, api: Any) -> None:
    assert int(api.cuCtxGetCurrent()) == 0
    rt.cudaFree(0)
    assert int(api.cuCtxGetCurrent()) != 0


def test_init_makes_the_context_but_sets_nothing(rt: Any, api: Any) -> None:
    rt.cudaInitDevice(0, runtime.cudaDeviceScheduleYield, 1)
    assert api.cuDevicePrimaryCtxGetState(0) == (runtime.cudaDeviceScheduleYield, 1)
    assert int(api.cuCtxGetCurrent()) == 0
    assert rt.status("cudaInitDevice", 0, 0, 8) == "InvalidValue"


def test_the_drivers_current_context_is_used(rt: Any, api: Any) -> None:
    context = api.cuCtxCreate(None, 0, 0)
    stream = rt.cudaStreamCreate()
    assert int(api.cuStreamGetCtx(stream)) == int(context)
    rt.cudaStreamDestroy(stream)
    api.cuCtxDestroy(context)


def test_reset_ends_the_context_and_the_next_call_makes_another(rt: Any, api: Any) -> None:
    address = rt.cudaMalloc(64)
    rt.cudaDeviceReset()
    assert api.cuDevicePrimaryCtxGetState(0)[1] == 0
    assert rt.status("cudaFree", address) == "InvalidValue"
    rt.cudaFree(rt.cudaMalloc(64))


def test_a_reset_by_another_thread_is_noticed(rt: Any) -> None:
    rt.cudaMalloc(64)
    thread = threading.Thread(target=rt.cudaDeviceReset)
    thread.start()
    thread.join()
    rt.cudaFree(rt.cudaMalloc(64))


def test_flags(rt: Any) -> None:
    rt.cudaSetDeviceFlags(runtime.cudaDeviceScheduleSpin)
    assert rt.cudaGetDeviceFlags() & runtime.cudaDeviceScheduleMask == runtime.cudaDeviceScheduleSpin
    assert rt.status("cudaSetDeviceFlags", 0x1000) == "InvalidValue"
    rt.cudaSetDeviceFlags(0)


def attribute_of(rt: Any, name: str) -> int:
    return int(rt.cudaDeviceGetAttribute(getattr(ATTRIBUTE, f"cudaDevAttr{name}"), 0))


def test_properties_are_the_attributes(rt: Any, api: Any, cu: Any) -> None:
    found = rt.cudaGetDeviceProperties(0)
    assert found.name.decode() == api.cuDeviceGetName(256, 0).split(b"\0")[0].decode()
    assert found.totalGlobalMem == api.cuDeviceTotalMem(0)
    assert bytes(found.uuid.bytes) == bytes(api.cuDeviceGetUuid(0).bytes)
    wanted = {
        "multiProcessorCount": "MultiProcessorCount", "warpSize": "WarpSize", "major": "ComputeCapabilityMajor",
        "minor": "ComputeCapabilityMinor", "maxThreadsPerBlock": "MaxThreadsPerBlock",
        "sharedMemPerBlock": "MaxSharedMemoryPerBlock", "regsPerBlock": "MaxRegistersPerBlock",
        "memPitch": "MaxPitch", "totalConstMem": "TotalConstantMemory", "textureAlignment": "TextureAlignment",
        "unifiedAddressing": "UnifiedAddressing", "managedMemory": "ManagedMemory",
        "sharedMemPerBlockOptin": "MaxSharedMemoryPerBlockOptin", "memoryPoolsSupported": "MemoryPoolsSupported",
        "cooperativeLaunch": "CooperativeLaunch", "clusterLaunch": "ClusterLaunch", "l2CacheSize": "L2CacheSize",
        "hostNumaId": "HostNumaId", "maxBlocksPerMultiProcessor": "MaxBlocksPerMultiprocessor",
    }
    for field, attribute in wanted.items():
        assert getattr(found, field) == attribute_of(rt, attribute), field
    assert list(found.maxThreadsDim) == [attribute_of(rt, f"MaxBlockDim{axis}") for axis in "XYZ"]


def test_choosing_a_device(rt: Any) -> None:
    wish = runtime.cudaDeviceProp()
    wish.major, wish.minor = 8, 0
    assert rt.cudaChooseDevice(wish) == 0


def test_bus_ids(rt: Any) -> None:
    name = rt.cudaDeviceGetPCIBusId(32, 0)
    assert rt.cudaDeviceGetByPCIBusId(name) == 0
    assert rt.status("cudaDeviceGetByPCIBusId", b"ffff:ff:ff.0") == "InvalidDevice"


def test_limits_and_configurations(rt: Any) -> None:
    limit = runtime.cudaLimit.cudaLimitPrintfFifoSize
    rt.cudaDeviceSetLimit(limit, 1 << 21)
    assert rt.cudaDeviceGetLimit(limit) >= 1 << 21
    assert rt.status("cudaDeviceGetLimit", runtime.cudaLimit.cudaLimitPersistingL2CacheSize) == "UnsupportedLimit"
    rt.cudaDeviceSetCacheConfig(runtime.cudaFuncCache.cudaFuncCachePreferL1)
    assert isinstance(rt.cudaDeviceGetCacheConfig(), runtime.cudaFuncCache)
    rt.cudaDeviceSetSharedMemConfig(runtime.cudaSharedMemConfig.cudaSharedMemBankSizeFourByte)
    assert isinstance(rt.cudaDeviceGetSharedMemConfig(), runtime.cudaSharedMemConfig)
    least, greatest = rt.cudaDeviceGetStreamPriorityRange()
    assert least == 0 and greatest < 0


def test_the_longest_linear_texture(rt: Any) -> None:
    kind = runtime.cudaChannelFormatKind.cudaChannelFormatKindFloat
    description = rt.cudaCreateChannelDesc(32, 0, 0, 0, kind)
    assert rt.cudaDeviceGetTexture1DLinearMaxWidth(description, 0) > 1 << 20
    odd = rt.cudaCreateChannelDesc(32, 8, 0, 0, kind)
    assert rt.status("cudaDeviceGetTexture1DLinearMaxWidth", odd, 0) == "InvalidChannelDescriptor"


def test_peers(rt: Any) -> None:
    if rt.cudaGetDeviceCount() < 2:
        pytest.skip("one device is shown")
    assert rt.cudaDeviceCanAccessPeer(0, 1) == 1
    assert rt.cudaDeviceGetP2PAttribute(runtime.cudaDeviceP2PAttr.cudaDevP2PAttrAccessSupported, 0, 1) == 1
    rt.cudaSetDevice(0)
    rt.cudaDeviceEnablePeerAccess(1, 0)
    assert rt.status("cudaDeviceEnablePeerAccess", 1, 0) == "PeerAccessAlreadyEnabled"
    rt.cudaDeviceDisablePeerAccess(1)
    assert rt.status("cudaDeviceDisablePeerAccess", 1) == "PeerAccessNotEnabled"
    values = np.arange(100, dtype=np.int32)
    here = rt.put(values)
    rt.cudaSetDevice(1)
    there = rt.cudaMalloc(values.nbytes)
    rt.cudaMemcpyPeer(there, 1, here, 0, values.nbytes)
    assert (rt.get(there, values) == values).all()
    rt.cudaMemset(there, 0, values.nbytes)
    rt.cudaMemcpyPeerAsync(there, 1, here, 0, values.nbytes, 0)
    assert (rt.get(there, values) == values).all()
    assert rt.status("cudaMemcpyPeer", there, 9, here, 0, 4) == "InvalidDevice"


def test_atomics_that_devices_do_for_each_other(rt: Any) -> None:
    operation = [runtime.cudaAtomicOperation.cudaAtomicOperationIntegerAdd]
    assert rt.cudaDeviceGetHostAtomicCapabilities(operation, 1, 0)[0] != 0
    assert len(rt.cudaDeviceGetP2PAtomicCapabilities(operation, 1, 0, rt.cudaGetDeviceCount() - 1)) == 1


def test_driver_functions_by_name(rt: Any, api: Any) -> None:
    address, found = rt.cudaGetDriverEntryPoint(b"cuMemAlloc", 0)
    assert address and found == runtime.cudaDriverEntryPointQueryResult.cudaDriverEntryPointSuccess
    _, found = rt.cudaGetDriverEntryPoint(b"cuNoSuchThing", 0)
    assert found == runtime.cudaDriverEntryPointQueryResult.cudaDriverEntryPointSymbolNotFound
    _, found = rt.cudaGetDriverEntryPointByVersion(b"cuGraphAddNode", 11000, 0)
    assert found == runtime.cudaDriverEntryPointQueryResult.cudaDriverEntryPointVersionNotSufficent
    assert rt.status("cudaGetDriverEntryPoint", b"cuMemAlloc", 3) == "InvalidValue"


def test_resources_and_execution_contexts(rt: Any, api: Any) -> None:
    kind = runtime.cudaDevResourceType.cudaDevResourceTypeSm
    whole = rt.cudaDeviceGetDevResource(0, kind)
    assert whole.sm.smCount == rt.cudaGetDeviceProperties(0).multiProcessorCount
    parts, count, _ = rt.cudaDevSmResourceSplitByCount(1, whole, 0, 1)
    description = rt.cudaDevResourceGenerateDesc(parts, 1)
    context = rt.cudaGreenCtxCreate(description, 0, 0)
    assert count == 1 and rt.cudaExecutionCtxGetDevice(context) == 0 and rt.cudaExecutionCtxGetId(context) > 0
    assert rt.cudaExecutionCtxGetDevResource(context, kind).sm.smCount == parts[0].sm.smCount
    stream = rt.cudaExecutionCtxStreamCreate(context, runtime.cudaStreamNonBlocking, 0)
    assert rt.cudaStreamGetDevResource(stream, kind).sm.smCount == parts[0].sm.smCount
    event = rt.cudaEventCreate()
    rt.cudaExecutionCtxRecordEvent(context, event)
    rt.cudaExecutionCtxWaitEvent(context, event)
    values = np.arange(16, dtype=np.int32)
    first, second = rt.put(values), rt.cudaMalloc(values.nbytes)
    rt.cudaMemcpyAsync(second, first, values.nbytes, WITHIN, stream)
    rt.cudaExecutionCtxSynchronize(context)
    assert (rt.get(second, values) == values).all()
    rt.cudaStreamDestroy(stream)
    rt.cudaExecutionCtxDestroy(context)
    assert rt.status("cudaExecutionCtxDestroy", context) == "InvalidValue"
    assert rt.status("cudaGreenCtxCreate", description, 0, 5) == "InvalidValue"


def test_groups_of_units(rt: Any) -> None:
    whole = rt.cudaDeviceGetDevResource(0, runtime.cudaDevResourceType.cudaDevResourceTypeSm)
    group = runtime.cudaDevSmResourceGroupParams()
    group.smCount = group.coscheduledSmCount = 2
    if whole.sm.smCount < 2:
        pytest.skip("the device has one unit")
    groups, _ = rt.cudaDevSmResourceSplit(1, whole, 0, [group])
    assert groups[0].sm.smCount == 2
    group.smCount = 1 << 20
    assert rt.status("cudaDevSmResourceSplit", 1, whole, 0, [group]) == "InvalidResourceConfiguration"


def test_the_primary_context_is_an_execution_context(rt: Any) -> None:
    context = rt.cudaDeviceGetExecutionCtx(0)
    assert int(rt.cudaDeviceGetExecutionCtx(0)) == int(context) and rt.cudaExecutionCtxGetDevice(context) == 0
    stream = rt.cudaExecutionCtxStreamCreate(context, 0, 0)
    rt.cudaStreamSynchronize(stream)
    assert rt.status("cudaExecutionCtxDestroy", context) == "InvalidValue"


def test_logs(rt: Any, tmp_path: Any) -> None:
    start = rt.cudaLogsCurrent(0)
    assert rt.status("cudaSetDevice", 77) == "InvalidDevice"
    assert rt.status("cudaStreamDestroy", 12345) == "InvalidResourceHandle"
    file = tmp_path / "log"
    rt.cudaLogsDumpToFile(start, str(file).encode(), 0)
    assert file.exists()
    assert rt.status("cudaLogsDumpToMemory", start, b"\0" * 4096, 4096, 0) in ("Success", "InvalidValue")
    assert rt.status("cudaLogsUnregisterCallback", 0) == "InvalidValue"


def test_profilers_may_be_asked_to_start(rt: Any) -> None:
    rt.cudaProfilerStart()
    rt.cudaProfilerStop()


def test_undocumented_tables_are_not_given(rt: Any) -> None:
    assert rt.status("cudaGetExportTable", runtime.cudaUUID_t()) == "NotSupported"
