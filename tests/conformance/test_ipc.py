"""Memory and events shared with a process that is not our child by fork: by handles of 64 bytes, and by descriptors."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
import pytest
from compiled import Packed, build
from leaks import nothing_left
from other_process import Other, filled, raw

UNIT = 2 << 20


def put(api: Any, at: Any, value: int, size: int = 64) -> None:
    api.cuMemcpyHtoD(at, np.full(size, value, np.uint8), size)


def got(api: Any, at: Any, size: int = 64) -> list[int]:
    back = np.empty(size, np.uint8)
    api.cuMemcpyDtoH(back, at, size)
    return back.tolist()


def handle(api: Any, pointer: Any) -> bytes:
    return raw(api.cuIpcGetMemHandle(pointer))


OPEN = "shared = api.cuIpcOpenMemHandle(memory_handle({!r}), 1)"


@pytest.mark.parametrize("size", [64, 5000, 3 << 20])
def test_memory_is_the_same_in_both_processes(api: Any, context: Any, size: int) -> None:
    pointer = api.cuMemAlloc(size)
    put(api, pointer, 3, size)
    with Other() as other:
        other.do(OPEN.format(handle(api, pointer)))
        assert other.ask(f"got(shared, {size}) == [3] * {size}")
        other.do(f"put(shared, 4, {size})")
        assert got(api, pointer, size) == [4] * size
        put(api, pointer, 5, size)
        assert other.ask(f"got(shared, {size}) == [5] * {size}")
        other.do("api.cuIpcCloseMemHandle(shared)")
        assert other.ask("api.status('cuMemcpyDtoD', shared, shared, 4)") == "INVALID_VALUE"
        other.end()
    assert got(api, pointer, size) == [5] * size
    api.cuMemFree(pointer)


def test_a_handle_stands_for_the_whole_allocation(api: Any, context: Any) -> None:
    pointer = api.cuMemAlloc(1000)
    put(api, int(pointer) + 600, 9)
    assert handle(api, int(pointer) + 600) == handle(api, pointer)
    with Other() as other:
        other.do(OPEN.format(handle(api, int(pointer) + 600)))
        assert other.ask("got(int(shared) + 600)") == [9] * 64
        assert other.ask("api.status('cuMemsetD8', shared, 0, 1001)") == "INVALID_VALUE"
        assert [int(value) for value in other.ask("[int(x) for x in api.cuMemGetAddressRange(shared)]")][1] == 1000
    api.cuMemFree(pointer)


def test_opening_twice_answers_one_address_that_is_closed_twice(api: Any, context: Any) -> None:
    pointer = api.cuMemAlloc(64)
    with Other() as other:
        other.do(OPEN.format(handle(api, pointer)))
        other.do("first = shared\n" + OPEN.format(handle(api, pointer)))
        assert other.ask("int(first) == int(shared)")
        other.do("api.cuIpcCloseMemHandle(first)")
        assert other.ask("len(got(shared))") == 64
        other.do("api.cuIpcCloseMemHandle(first)")
        assert other.ask("api.status('cuIpcCloseMemHandle', first)") == "INVALID_VALUE"
    api.cuMemFree(pointer)


def test_who_opened_memory_keeps_it_when_the_exporter_frees_it_or_ends(api: Any, cu: Any, context: Any) -> None:
    with Other() as other:
        other.do("mine = api.cuMemAlloc(64); put(mine, 7)")
        data = other.ask("raw(api.cuIpcGetMemHandle(mine))")
        made = filled(cu.CUipcMemHandle(), data)
        shared = api.cuIpcOpenMemHandle(made, 1)
        other.do("api.cuMemFree(mine)")
        assert got(api, shared) == [7] * 64
        other.end()
    put(api, shared, 8)
    assert got(api, shared) == [8] * 64
    api.cuIpcCloseMemHandle(shared)
    assert api.status("cuIpcOpenMemHandle", made, 1) == "INVALID_HANDLE"


def test_a_freed_allocation_can_no_longer_be_opened(api: Any, context: Any) -> None:
    pointer = api.cuMemAlloc(64)
    data = handle(api, pointer)
    api.cuMemFree(pointer)
    with Other() as other:
        assert other.ask(f"api.status('cuIpcOpenMemHandle', memory_handle({data!r}), 1)") == "INVALID_HANDLE"


def test_handles_that_cannot_be_opened_are_refused(api: Any, cu: Any, context: Any) -> None:
    pointer = api.cuMemAlloc(64)
    made = api.cuIpcGetMemHandle(pointer)
    assert api.status("cuIpcOpenMemHandle", made, 1) == "INVALID_CONTEXT"
    assert api.status("cuIpcOpenMemHandle", made, 0) == "INVALID_VALUE"
    assert api.status("cuIpcOpenMemHandle", cu.CUipcMemHandle(), 1) == "INVALID_VALUE"
    assert api.status("cuIpcOpenEventHandle", cu.CUipcEventHandle()) == "INVALID_VALUE"
    assert api.status("cuIpcCloseMemHandle", pointer) == "INVALID_VALUE"
    api.cuMemFree(pointer)


def test_memory_that_has_no_handle_is_refused(api: Any, context: Any, stream: Any) -> None:
    pooled, managed, pinned = api.cuMemAllocAsync(64, stream), api.cuMemAllocManaged(64, 1), api.cuMemAllocHost(64)
    for pointer in (pooled, managed, pinned, 0, 0x1234):
        assert api.status("cuIpcGetMemHandle", pointer) == "INVALID_VALUE"
    api.cuMemFree(pooled)
    api.cuMemFree(managed)
    api.cuMemFreeHost(pinned)


def test_opened_memory_is_closed_not_freed_and_not_shared_on(api: Any, context: Any) -> None:
    pointer = api.cuMemAlloc(64)
    with Other() as other:
        other.do(OPEN.format(handle(api, pointer)))
        assert other.ask("api.status('cuMemFree', shared)") == "INVALID_VALUE"
        assert other.ask("api.status('cuIpcGetMemHandle', shared)") == "INVALID_VALUE"
        assert len(other.ask("got(shared)")) == 64
    api.cuMemFree(pointer)


def test_memory_moves_into_a_file_while_work_uses_it(api: Any, context: Any, stream: Any) -> None:
    """Fills of another stream go on during the move, and none is lost."""
    size = 64 << 20
    pointer = api.cuMemAlloc(size)
    for value in range(1, 9):
        api.cuMemsetD8Async(pointer, value, size, stream)
    data = handle(api, pointer)
    api.cuMemsetD8Async(int(pointer) + 10, 77, 1, stream)
    api.cuStreamSynchronize(stream)
    wanted = np.full(size, 8, np.uint8)
    wanted[10] = 77
    back = np.empty(size, np.uint8)
    api.cuMemcpyDtoH(back, pointer, size)
    assert (back == wanted).all()
    with Other() as other:
        other.do(OPEN.format(data))
        assert other.ask(f"got(int(shared) + {size} - 64)") == [8] * 64
    api.cuMemFree(pointer)


def test_no_write_of_a_kernel_is_lost_in_the_move(api: Any, context: Any, stream: Any) -> None:
    count, launches = 2 << 20, 60
    kernel = api.cuModuleGetFunction(api.cuModuleLoadData(build()), b"add_one")
    for _ in range(3):
        pointer = api.cuMemAlloc(4 * count)
        api.cuMemsetD8Async(pointer, 0, 4 * count, stream)
        packed = Packed(np.uint64(int(pointer)), np.int32(count))
        for _ in range(launches):
            api.cuLaunchKernel(kernel, count // 256, 1, 1, 256, 1, 1, 0, stream, packed.pointer, 0)
        handle(api, pointer)
        busy = api.status("cuStreamQuery", stream)
        api.cuStreamSynchronize(stream)
        back = np.empty(count, np.int32)
        api.cuMemcpyDtoH(back, pointer, back.nbytes)
        assert (back == launches).all()
        assert busy == "NOT_READY", "the move came after the work: make it longer"
        api.cuMemFree(pointer)


def test_pointer_attributes_say_what_can_be_shared(api: Any, cu: Any, context: Any, stream: Any) -> None:
    capable = cu.CUpointer_attribute.CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE
    plain, pooled = api.cuMemAlloc(64), api.cuMemAllocAsync(64, stream)
    assert api.cuPointerGetAttribute(capable, plain)
    assert not api.cuPointerGetAttribute(capable, pooled)
    api.cuMemFree(plain)
    api.cuMemFree(pooled)


def shared_event(api: Any) -> Any:
    return api.cuEventCreate(6)


def test_a_stream_waits_for_an_event_of_another_process(api: Any, context: Any, stream: Any, hold: Any) -> None:
    event, memory = shared_event(api), api.cuMemAlloc(64)
    put(api, memory, 1)
    with Other() as other:
        other.do(OPEN.format(handle(api, memory)))
        other.do(f"event = api.cuIpcOpenEventHandle(event_handle({raw(api.cuIpcGetEventHandle(event))!r}))")
        assert other.ask("api.status('cuEventQuery', event)") == "SUCCESS"
        gate = hold(stream)
        api.cuMemsetD8Async(memory, 2, 64, stream)
        api.cuEventRecord(event, stream)
        other.do("s = api.cuStreamCreate(1); copy = api.cuMemAlloc(64); api.cuStreamWaitEvent(s, event, 0)")
        other.do("api.cuMemcpyDtoDAsync(copy, shared, 64, s)")
        assert other.ask("api.status('cuEventQuery', event)") == "NOT_READY"
        time.sleep(0.05)
        assert other.ask("api.status('cuStreamQuery', s)") == "NOT_READY"
        gate.open()
        other.do("api.cuStreamSynchronize(s)")
        assert other.ask("got(copy)") == [2] * 64
        other.do("api.cuEventSynchronize(event)")
        assert other.ask("api.status('cuEventQuery', event)") == "SUCCESS"
        other.end()
    api.cuEventDestroy(event)
    api.cuMemFree(memory)


def test_the_other_process_may_record_too(api: Any, cu: Any, context: Any, stream: Any) -> None:
    event = shared_event(api)
    with Other() as other:
        other.do(f"event = api.cuIpcOpenEventHandle(event_handle({raw(api.cuIpcGetEventHandle(event))!r}))")
        other.do("""
import threading
gate = threading.Event()
wait = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda data: gate.wait(20) and None)
s = api.cuStreamCreate(1)
api.cuLaunchHostFunc(s, cu.CUhostFn(ctypes.cast(wait, ctypes.c_void_p).value), 0)
api.cuEventRecord(event, s)""")
        assert api.status("cuEventQuery", event) == "NOT_READY"
        api.cuStreamWaitEvent(stream, event, 0)
        assert api.status("cuStreamQuery", stream) == "NOT_READY"
        other.do("gate.set()")
        api.cuEventSynchronize(event)
        api.cuStreamSynchronize(stream)
    api.cuEventDestroy(event)


def test_an_event_whose_recorder_ended_is_an_error_and_no_hang(api: Any, context: Any) -> None:
    event = shared_event(api)
    with Other() as other:
        other.do(f"event = api.cuIpcOpenEventHandle(event_handle({raw(api.cuIpcGetEventHandle(event))!r}))")
        other.do("""
import time
sleep = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda data: time.sleep(60))
s = api.cuStreamCreate(1)
api.cuLaunchHostFunc(s, cu.CUhostFn(ctypes.cast(sleep, ctypes.c_void_p).value), 0)
api.cuEventRecord(event, s)""")
        assert api.status("cuEventQuery", event) == "NOT_READY"
        other.process.kill()
        other.process.wait(30)
        assert api.status("cuEventSynchronize", event) == "INVALID_HANDLE"
    api.cuEventDestroy(event)


def test_a_stream_that_waits_for_a_dead_process_has_an_error_that_sticks(api: Any, cu: Any, context: Any) -> None:
    """The process is not waited for: that it is still listed does not keep the stream waiting."""
    event = shared_event(api)
    own = api.cuCtxCreate(None, 0, 0)
    stream, memory = api.cuStreamCreate(1), api.cuMemAlloc(64)
    api.cuMemsetD8(memory, 3, 64)
    with Other() as other:
        other.do(f"event = api.cuIpcOpenEventHandle(event_handle({raw(api.cuIpcGetEventHandle(event))!r}))")
        other.do("""
import time
sleep = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda data: time.sleep(60))
s = api.cuStreamCreate(1)
api.cuLaunchHostFunc(s, cu.CUhostFn(ctypes.cast(sleep, ctypes.c_void_p).value), 0)
api.cuEventRecord(event, s)""")
        api.cuStreamWaitEvent(stream, event, 0)
        api.cuMemsetD8Async(memory, 9, 64, stream)
        time.sleep(0.3)
        assert api.status("cuStreamQuery", stream) == "NOT_READY"  # a living process may take its time
        other.process.kill()
        assert api.status("cuStreamSynchronize", stream) == "EXTERNAL_DEVICE"
        assert api.status("cuMemAlloc", 64) == "EXTERNAL_DEVICE"
        assert api.status("cuEventQuery", event) == "INVALID_HANDLE"
    api.cuCtxDestroy(own)
    assert int(api.cuCtxGetCurrent()) == int(context) and api.status("cuCtxSynchronize") == "SUCCESS"
    api.cuEventDestroy(event)


def test_an_event_is_recorded_many_times(api: Any, context: Any, stream: Any) -> None:
    event = shared_event(api)
    for _ in range(1000):
        api.cuEventRecord(event, stream)
    api.cuEventSynchronize(event)
    assert api.status("cuEventQuery", event) == "SUCCESS"
    api.cuEventDestroy(event)


def test_only_events_made_for_it_have_handles(api: Any, cu: Any, context: Any) -> None:
    plain, shared = api.cuEventCreate(2), shared_event(api)
    assert api.status("cuIpcGetEventHandle", plain) == "INVALID_VALUE"
    assert api.status("cuIpcOpenEventHandle", api.cuIpcGetEventHandle(shared)) == "INVALID_CONTEXT"
    assert api.status("cuEventElapsedTime", shared, shared) == "INVALID_HANDLE"
    assert api.cuDeviceGetAttribute(cu.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_IPC_EVENT_SUPPORTED, 0) == 1
    api.cuEventDestroy(plain)
    api.cuEventDestroy(shared)


def test_created_memory_is_mapped_by_another_process(api: Any, cu: Any, context: Any) -> None:
    from test_virtual import Ranges

    ranges = Ranges(api, cu)
    posix = cu.CUmemAllocationHandleType.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR
    base = ranges.map(ranges.reserve(), ranges.create(handles=1))
    put(api, base, 6)
    descriptor = api.cuMemExportToShareableHandle(ranges.handles[-1], posix, 0)
    assert not os.get_inheritable(descriptor)
    with Other((descriptor,)) as other:
        other.do(f"""
from test_virtual import Ranges
ranges = Ranges(api, cu)
kind = cu.CUmemAllocationHandleType.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR
there = ranges.map(ranges.reserve(), api.cuMemImportFromShareableHandle({descriptor}, kind))""")
        assert other.ask("got(there)") == [6] * 64
        other.do("put(there, 7)")
        assert got(api, base) == [7] * 64
    os.close(descriptor)
    ranges.close()


def test_nothing_is_left_behind(api: Any, context: Any, stream: Any) -> None:
    def round_() -> None:
        pointer, event = api.cuMemAlloc(5000), shared_event(api)
        handle(api, pointer)
        api.cuIpcGetEventHandle(event)
        api.cuEventRecord(event, stream)
        api.cuStreamSynchronize(stream)
        api.cuEventDestroy(event)
        api.cuMemFree(pointer)

    round_()
    with nothing_left():
        for _ in range(10):
            round_()


def test_importing_leaves_nothing_behind(api: Any, context: Any) -> None:
    pointer, event = api.cuMemAlloc(5000), shared_event(api)
    with Other() as other:
        other.do(f"""
from leaks import _held
memory, event = {handle(api, pointer)!r}, {raw(api.cuIpcGetEventHandle(event))!r}
def round_():
    opened = api.cuIpcOpenMemHandle(memory_handle(memory), 1)
    api.cuIpcCloseMemHandle(opened)
    api.cuEventDestroy(api.cuIpcOpenEventHandle(event_handle(event)))
round_()
before = _held()
for _ in range(10): round_()
after = _held()
_ = None""")
        assert other.ask("(before, after)")[0] == other.ask("(before, after)")[1]
    api.cuEventDestroy(event)
    api.cuMemFree(pointer)
