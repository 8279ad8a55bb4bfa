"""Green contexts and device resources. The rules about units run in a process with six workers."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

SM, CONFIG, WORK = 1, 1000, 10000


@pytest.fixture
def sm(cu: Any) -> Any:
    return cu.CUdevResourceType.CU_DEV_RESOURCE_TYPE_SM


@pytest.fixture
def green(api: Any, cu: Any, sm: Any) -> Any:
    """A green context of all units of device 0."""
    made = api.cuGreenCtxCreate(api.cuDevResourceGenerateDesc([api.cuDeviceGetDevResource(0, sm)], 1), 0, 1)
    yield made
    api.status("cuGreenCtxDestroy", made)


def test_a_device_has_its_multiprocessors_as_resource(api: Any, cu: Any, sm: Any, context: Any) -> None:
    units = api.cuDeviceGetAttribute(cu.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0)
    for resource in (api.cuDeviceGetDevResource(0, sm), api.cuCtxGetDevResource(context, sm),
                     api.cuStreamGetDevResource(cu.CUstream(0), sm)):
        assert resource.type == sm and resource.sm.smCount == units
        assert 1 <= resource.sm.minSmPartitionSize <= 2
    assert api.status("cuDeviceGetDevResource", 64, sm) == "INVALID_DEVICE"
    assert api.status("cuCtxGetDevResource", cu.CUcontext(0x7000), sm) == "INVALID_CONTEXT"


def test_work_queues_are_a_resource_of_devices_and_contexts(api: Any, cu: Any, context: Any) -> None:
    config, queue = cu.CUdevResourceType(CONFIG), cu.CUdevResourceType(WORK)
    resource = api.cuDeviceGetDevResource(1, config)
    assert int(resource.wqConfig.device) == 1 and resource.wqConfig.wqConcurrencyLimit >= 1
    assert api.cuCtxGetDevResource(context, queue).type == queue
    for kind in (config, queue):
        assert api.status("cuStreamGetDevResource", cu.CUstream(0), kind) == "INVALID_RESOURCE_TYPE"
    invalid = cu.CUdevResourceType.CU_DEV_RESOURCE_TYPE_INVALID
    assert api.status("cuDeviceGetDevResource", 0, invalid) == "INVALID_RESOURCE_TYPE"
    assert api.status("cuGreenCtxGetDevResource", cu.CUgreenCtx(0), invalid) == "INVALID_CONTEXT"


def test_a_green_context_is_a_part_of_the_primary_context(api: Any, cu: Any, context: Any, green: Any, sm: Any) -> None:
    handle = api.cuCtxFromGreenCtx(green)
    assert int(handle) not in (int(context), int(green))
    api.cuCtxPushCurrent(handle)
    assert int(api.cuCtxGetCurrent()) == int(handle)
    assert int(api.cuCtxGetDevice()) == 0
    assert api.cuCtxGetId(None) == api.cuGreenCtxGetId(green) == api.cuGreenCtxGetId(None) != api.cuCtxGetId(context)
    memory = api.cuMemAlloc(64)
    stream, own = api.cuStreamCreate(1), api.cuGreenCtxStreamCreate(green, 1, -1)
    assert int(api.cuCtxPopCurrent()) == int(handle)
    assert int(api.cuCtxGetCurrent()) == int(context)
    for one in (stream, own):
        assert int(api.cuStreamGetCtx(one)) == int(handle)
        assert [int(part) for part in api.cuStreamGetCtx_v2(one)] == [int(context), int(green)]
        assert int(api.cuStreamGetGreenCtx(one)) == int(green)
        assert api.cuStreamGetDevResource(one, sm).sm.smCount == api.cuGreenCtxGetDevResource(green, sm).sm.smCount
        api.cuMemsetD8Async(memory, 1, 64, one)
        api.cuStreamSynchronize(one)
    assert api.cuStreamGetPriority(own) == -1
    plain = api.cuStreamCreate(1)
    assert int(api.cuStreamGetGreenCtx(plain)) == 0 == int(api.cuStreamGetCtx_v2(plain)[1])
    api.cuMemFree(memory)
    for one in (stream, own, plain):
        api.cuStreamDestroy(one)


def test_default_streams_say_which_green_context_is_current(api: Any, cu: Any, context: Any, green: Any) -> None:
    assert int(api.cuStreamGetGreenCtx(cu.CUstream(0))) == 0
    assert api.status("cuGreenCtxGetId", None) == "INVALID_CONTEXT"
    api.cuCtxSetCurrent(api.cuCtxFromGreenCtx(green))
    assert int(api.cuStreamGetGreenCtx(cu.CUstream(0))) == int(green)
    assert [int(part) for part in api.cuStreamGetCtx_v2(cu.CUstream(1))] == [int(context), int(green)]
    assert api.status("cuStreamGetCtx_v2", cu.CUstream(2)) == "INVALID_HANDLE"
    api.cuCtxSetCurrent(context)


def test_a_green_context_holds_the_primary_context(api: Any, cu: Any, sm: Any) -> None:
    assert api.cuDevicePrimaryCtxGetState(1)[1] == 0
    made = api.cuGreenCtxCreate(api.cuDevResourceGenerateDesc([api.cuDeviceGetDevResource(1, sm)], 1), 1, 0)
    assert api.cuDevicePrimaryCtxGetState(1)[1] == 1
    api.cuGreenCtxDestroy(made)
    assert api.cuDevicePrimaryCtxGetState(1)[1] == 0


def test_streams_are_detached_when_their_green_context_ends(api: Any, cu: Any, context: Any, sm: Any) -> None:
    made = api.cuGreenCtxCreate(api.cuDevResourceGenerateDesc([api.cuDeviceGetDevResource(0, sm)], 1), 0, 1)
    stream, view = api.cuGreenCtxStreamCreate(made, 1, 0), api.cuCtxFromGreenCtx(made)
    api.cuGreenCtxDestroy(made)
    for name in ("cuStreamSynchronize", "cuStreamQuery", "cuStreamGetCtx", "cuStreamGetGreenCtx"):
        assert api.status(name, stream) == "STREAM_DETACHED", name
    api.cuStreamDestroy(stream)
    assert api.status("cuStreamDestroy", stream) == "INVALID_HANDLE"
    assert api.status("cuGreenCtxDestroy", made) == "INVALID_CONTEXT"
    assert api.status("cuCtxPushCurrent", view) == "CONTEXT_IS_DESTROYED"
    assert api.status("cuCtxFromGreenCtx", made) == "INVALID_CONTEXT"


def test_events_join_the_streams_of_a_green_context_only(api: Any, cu: Any, context: Any, green: Any,
                                                         hold: Any) -> None:
    inside, outside = api.cuGreenCtxStreamCreate(green, 1, 0), api.cuStreamCreate(1)
    event, other = api.cuEventCreate(2), api.cuEventCreate(2)
    gate = hold(outside)
    api.cuGreenCtxRecordEvent(green, event)
    api.cuEventSynchronize(event)  # would wait for the gate if work outside counted
    api.cuEventRecord(other, outside)
    api.cuGreenCtxWaitEvent(green, other)
    later = api.cuGreenCtxStreamCreate(green, 1, 0)
    memory = api.cuMemAllocManaged(64, 1)
    for one in (inside, later):
        api.cuMemsetD8Async(memory, 1, 64, one)
        assert api.status("cuStreamQuery", one) == "NOT_READY"
    gate.open()
    api.cuStreamSynchronize(inside)
    api.cuStreamSynchronize(later)
    assert api.status("cuGreenCtxRecordEvent", green, cu.CUevent(0x7000)) == "INVALID_HANDLE"
    assert api.status("cuGreenCtxWaitEvent", cu.CUgreenCtx(0x7000), event) == "INVALID_CONTEXT"
    for one in (inside, later, outside):
        api.cuStreamDestroy(one)


def test_a_captured_stream_has_no_events_of_its_green_context(api: Any, cu: Any, context: Any, green: Any) -> None:
    stream, event = api.cuGreenCtxStreamCreate(green, 1, 0), api.cuEventCreate(2)
    relaxed = cu.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
    for name in ("cuGreenCtxRecordEvent", "cuGreenCtxWaitEvent"):
        api.cuStreamBeginCapture(stream, relaxed)
        assert api.status(name, green, event) == "STREAM_CAPTURE_UNSUPPORTED"
        assert api.status("cuStreamEndCapture", stream) == "STREAM_CAPTURE_INVALIDATED"
    api.cuStreamDestroy(stream)


def test_wrong_handles_and_flags_are_refused(api: Any, cu: Any, context: Any, green: Any, sm: Any) -> None:
    description = api.cuDevResourceGenerateDesc([api.cuDeviceGetDevResource(0, sm)], 1)
    assert api.status("cuGreenCtxCreate", description, 0, 2) == "INVALID_VALUE"
    assert api.status("cuGreenCtxCreate", description, 1, 1) == "INVALID_VALUE"
    assert api.status("cuGreenCtxCreate", description, 64, 1) == "INVALID_DEVICE"
    assert api.status("cuGreenCtxCreate", cu.CUdevResourceDesc(0x7000), 0, 1) == "INVALID_VALUE"
    assert api.status("cuGreenCtxStreamCreate", green, 0, 0) == "INVALID_VALUE"
    assert api.status("cuGreenCtxStreamCreate", cu.CUgreenCtx(0x7000), 1, 0) == "INVALID_CONTEXT"
    assert api.status("cuCtxSetCurrent", cu.CUcontext(int(green))) == "INVALID_CONTEXT"
    assert api.status("cuCtxDestroy", api.cuCtxFromGreenCtx(green)) == "INVALID_CONTEXT"
    assert api.status("cuGreenCtxGetId", cu.CUgreenCtx(0x7000)) == "INVALID_CONTEXT"


def test_what_did_not_come_from_cuda_is_no_resource(api: Any, cu: Any, sm: Any) -> None:
    forged = cu.CUdevResource()
    assert api.status("cuDevResourceGenerateDesc", [forged], 1) == "INVALID_RESOURCE_TYPE"
    forged.type = sm
    assert api.status("cuDevResourceGenerateDesc", [forged], 1) == "INVALID_RESOURCE_TYPE"
    assert api.status("cuDevSmResourceSplitByCount", 1, forged, 0, 1) == "INVALID_RESOURCE_TYPE"
    parts = [api.cuDeviceGetDevResource(device, sm) for device in (0, 1)]
    assert api.status("cuDevResourceGenerateDesc", parts, 2) == "INVALID_RESOURCE_CONFIGURATION"
    assert api.status("cuDevResourceGenerateDesc", [], 0) == "INVALID_VALUE"


SIX = r"""
import compatlayer
compatlayer.install()
import ctypes
import sys
import numpy as np
from cuda.bindings import driver as cu, nvrtc
sys.path.insert(0, sys.argv[2])

def ok(answer):
    assert answer[0] == 0, answer[0]
    return answer[1] if len(answer) == 2 else answer[1:]

cu.cuInit(0)
SM = cu.CUdevResourceType.CU_DEV_RESOURCE_TYPE_SM
device = ok(cu.cuDeviceGetDevResource(0, SM))
assert (device.sm.smCount, device.sm.minSmPartitionSize, device.sm.smCoscheduledAlignment) == (6, 2, 2)

def groups(count, source, flags, least):
    made, number, rest = ok(cu.cuDevSmResourceSplitByCount(count, source, flags, least))
    return made[:number], number, rest

def status(answer):
    return answer[0].name.removeprefix("CUDA_ERROR_")

def params(*rows):
    made = []
    for number, together, flags in rows:
        one = cu.CU_DEV_SM_RESOURCE_GROUP_PARAMS()
        one.smCount, one.coscheduledSmCount, one.flags = number, together, flags
        made.append(one)
    return made
"""

BY_COUNT = """
res, n, rest = groups(0, device, 0, 2)
assert (len(res), n) == (0, 3)
res, n, rest = groups(2, device, 0, 1)
assert [r.sm.smCount for r in res] == [2, 2] and n == 2 and rest.sm.smCount == 2 and rest.type == SM
res, n, rest = groups(9, device, 0, 3)
assert [r.sm.smCount for r in res] == [4] and rest.sm.smCount == 2
res, n, rest = groups(9, device, 1, 1)
assert [r.sm.smCount for r in res] == [1] * 6 and rest.type == 0
res, n, rest = groups(9, device, 0, 0)
assert [r.sm.smCount for r in res] == [2, 2, 2]
assert status(cu.cuDevSmResourceSplitByCount(1, device, 0, 7)) == "INVALID_VALUE"
assert status(cu.cuDevSmResourceSplitByCount(1, device, 2, 2)) == "INVALID_VALUE"
assert status(cu.cuDevSmResourceSplitByCount(1, res[0], 0, 2)) == "INVALID_RESOURCE_CONFIGURATION"
"""

BY_GROUPS = """
res, rest = ok(cu.cuDevSmResourceSplit(2, device, 0, params((2, 0, 0), (2, 2, 0))))
assert [r.sm.smCount for r in res] == [2, 2] and rest.sm.smCount == 2
res, rest = ok(cu.cuDevSmResourceSplit(2, device, 0, params((4, 0, 0), (0, 0, 0))))
assert [r.sm.smCount for r in res] == [4, 2] and rest.type == 0
again, left = ok(cu.cuDevSmResourceSplit(1, ok(cu.cuDevSmResourceSplit(1, device, 0, params((2, 0, 0))))[1], 0,
                                         params((2, 0, 0))))
assert again[0].sm.smCount == 2 and left.sm.smCount == 2
for bad in (params((3, 0, 0)), params((8, 0, 0)), params((4, 0, 0), (4, 0, 0)), params((6, 0, 0), (0, 0, 0)),
            params((2, 0, 2))):
    assert status(cu.cuDevSmResourceSplit(len(bad), device, 0, bad)) == "INVALID_RESOURCE_CONFIGURATION", bad
assert status(cu.cuDevSmResourceSplit(1, device, 0, params((2, 4, 0)))) == "INVALID_VALUE"
assert status(cu.cuDevSmResourceSplit(1, device, 0, params((2, 0, 64)))) == "INVALID_VALUE"
assert status(cu.cuDevSmResourceSplit(0, device, 0, [])) == "INVALID_VALUE"
assert status(cu.cuDevSmResourceSplit(1, device, 1, params((2, 0, 0)))) == "INVALID_VALUE"
res, n, rest = groups(3, device, 0, 2)
assert status(cu.cuDevResourceGenerateDesc([res[0], res[0]], 2)) == "INVALID_RESOURCE_CONFIGURATION"
assert status(cu.cuDevResourceGenerateDesc([res[0], again[0]], 2)) == "INVALID_RESOURCE_CONFIGURATION"
green = ok(cu.cuGreenCtxCreate(ok(cu.cuDevResourceGenerateDesc([res[0], res[2]], 2)), 0, 1))
assert ok(cu.cuGreenCtxGetDevResource(green, SM)).sm.smCount == 4
"""

# Every block counts itself in, looks at how many are at work, and stays a while: only where work really runs at the
# same time is the number more than one.
RESTRICTED = """
from compiled import build
image = build('''
extern "C" __global__ void crowd(int *now, int *most)
{
    atomicMax(most, atomicAdd(now, 1) + 1);
    unsigned x = *most;
    for (int i = 0; i < 100000; i++)
        x = x * 1664525u + (x >> 7);
    atomicAdd(now, x == 12345u ? -1 : -1 - (int)(x / 0xffffffffu));
}
''')
res, n, rest = groups(9, device, 1, 1)
greens = [ok(cu.cuGreenCtxCreate(ok(cu.cuDevResourceGenerateDesc([one], 1)), 0, 1)) for one in res]
primary = ok(cu.cuDevicePrimaryCtxRetain(0))
cu.cuCtxPushCurrent(primary)
kernel = ok(cu.cuModuleGetFunction(ok(cu.cuModuleLoadData(image)), b"crowd"))
memory = ok(cu.cuMemAllocManaged(4096, 1))
words = np.ctypeslib.as_array((ctypes.c_int32 * 1024).from_address(int(memory)))
words[:] = 0

def run(stream, at):
    values = [np.array(int(memory) + 8 * at, np.uint64), np.array(int(memory) + 8 * at + 4, np.uint64)]
    addresses = np.array([value.ctypes.data for value in values], np.uint64)
    ok(cu.cuLaunchKernel(kernel, 40, 1, 1, 1, 1, 1, 0, stream, addresses.ctypes.data, 0))

streams = [ok(cu.cuGreenCtxStreamCreate(green, 1, 0)) for green in greens]
for turn in range(3):
    for at, stream in enumerate(streams):
        run(stream, at)
for stream in streams:
    ok(cu.cuStreamSynchronize(stream))
assert [int(words[2 * at + 1]) for at in range(6)] == [1] * 6, words[:12]
assert not words[:12:2].any()
free = ok(cu.cuStreamCreate(1))
for turn in range(20):
    run(free, 10)
ok(cu.cuStreamSynchronize(free))
assert words[21] > 1, "a stream of no green context has all units"
"""


@pytest.mark.parametrize("program", [BY_COUNT, BY_GROUPS, RESTRICTED], ids=["by count", "by groups", "restricted"])
def test_six_units_in_parts(program: str, root: Any) -> None:
    done = subprocess.run([sys.executable, "-c", SIX + program, "", str(root / "tests" / "conformance")],
                          capture_output=True, text=True, timeout=100,
                          env=os.environ | {"COMPATLAYER_WORKERS": "6", "COMPATLAYER_DEVICES": "cpu"})
    assert done.returncode == 0, done.stderr
