"""The runtime library: errors, streams, callbacks, capture and events."""

from __future__ import annotations

import ctypes
import threading
import time
from typing import Any

import numpy as np
from compiled import Packed, build
from runtime_calls import KIND, TO_DEVICE, driver, host_function, runtime

MODE = runtime.cudaStreamCaptureMode


def test_the_last_error_is_each_threads_own(rt: Any) -> None:
    seen: list[str] = []
    assert rt.status("cudaSetDevice", 99) == "InvalidDevice"
    thread = threading.Thread(target=lambda: seen.append(rt.status("cudaGetLastError")))
    thread.start()
    thread.join()
    assert seen == ["Success"]
    assert rt.status("cudaPeekAtLastError") == rt.status("cudaGetLastError") == "InvalidDevice"
    assert rt.status("cudaGetLastError") == "Success"


def test_a_success_does_not_take_the_last_error_away(rt: Any) -> None:
    assert rt.status("cudaFree", 1234) == "InvalidValue"
    rt.cudaFree(rt.cudaMalloc(16))
    assert rt.status("cudaGetLastError") == "InvalidValue"


def test_a_fault_stays_until_the_device_is_reset(rt: Any) -> None:
    library = rt.cudaLibraryLoadData(build(), [], [], 0, [], [], 0)
    rt.cudaFree(0)
    packed = Packed(np.uint64(64))
    kernel = rt.cudaLibraryGetKernel(library, b"bad_store")
    assert int(driver.cuLaunchKernel(driver.CUfunction(int(kernel)), 1, 1, 1, 1, 1, 1, 0, 0, packed.pointer, 0)[0]) == 0
    assert rt.status("cudaDeviceSynchronize") == "IllegalAddress"
    assert rt.status("cudaMalloc", 16) == "IllegalAddress"
    assert [rt.status("cudaGetLastError") for _ in range(2)] == ["IllegalAddress"] * 2
    rt.cudaDeviceReset()
    assert rt.status("cudaGetLastError") == "Success"
    rt.cudaFree(rt.cudaMalloc(16))


def test_texts_of_errors(rt: Any) -> None:
    error = runtime.cudaError_t
    assert rt.cudaGetErrorName(error.cudaErrorInvalidMemcpyDirection) == b"cudaErrorInvalidMemcpyDirection"
    assert rt.cudaGetErrorString(error.cudaSuccess) == b"no error"
    for one in error:
        assert rt.cudaGetErrorName(one).startswith(b"cuda") and rt.cudaGetErrorString(one)


def test_streams_have_what_they_were_made_with(rt: Any) -> None:
    greatest = rt.cudaDeviceGetStreamPriorityRange()[1]
    stream = rt.cudaStreamCreateWithPriority(runtime.cudaStreamNonBlocking, greatest)
    assert rt.cudaStreamGetPriority(stream) == greatest
    assert rt.cudaStreamGetFlags(stream) == runtime.cudaStreamNonBlocking
    assert rt.cudaStreamGetDevice(stream) == 0 and rt.cudaStreamGetId(stream) != rt.cudaStreamGetId(0)
    assert rt.cudaStreamGetFlags(rt.cudaStreamCreateWithFlags(0)) == 0
    rt.cudaStreamDestroy(stream)
    assert rt.status("cudaStreamDestroy", stream) == "InvalidResourceHandle"
    assert rt.status("cudaStreamCreateWithFlags", 99) == "InvalidValue"


def test_attributes_of_streams(rt: Any) -> None:
    first, second = rt.cudaStreamCreate(), rt.cudaStreamCreate()
    name = runtime.cudaLaunchAttributeID.cudaLaunchAttributeSynchronizationPolicy
    value = runtime.cudaStreamAttrValue()
    value.syncPolicy = runtime.cudaSynchronizationPolicy.cudaSyncPolicyYield
    rt.cudaStreamSetAttribute(first, name, value)
    rt.cudaStreamCopyAttributes(second, first)
    assert rt.cudaStreamGetAttribute(second, name).syncPolicy == value.syncPolicy


def test_work_that_is_not_done(rt: Any) -> None:
    stream, gate = rt.cudaStreamCreate(), threading.Event()
    function, address = host_function(lambda: gate.wait(20) and None)
    event = rt.cudaEventCreateWithFlags(runtime.cudaEventDisableTiming)
    rt.cudaLaunchHostFunc(stream, runtime.cudaHostFn_t(address), 0)
    rt.cudaEventRecord(event, stream)
    assert rt.status("cudaStreamQuery", stream) == rt.status("cudaEventQuery", event) == "NotReady"
    assert rt.status("cudaGetLastError") == "NotReady"
    gate.set()
    rt.cudaStreamSynchronize(stream)
    assert rt.status("cudaStreamQuery", stream) == rt.status("cudaEventQuery", event) == "Success" and function


def test_callbacks_run_in_order(rt: Any) -> None:
    stream, seen = rt.cudaStreamCreate(), []
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
    callback = kind(lambda stream, status, data: seen.append((status, data)))
    address = ctypes.cast(callback, ctypes.c_void_p).value
    function, second = host_function(lambda: seen.append("host"))
    rt.cudaStreamAddCallback(stream, runtime.cudaStreamCallback_t(address), 7, 0)
    rt.cudaLaunchHostFunc_v2(stream, runtime.cudaHostFn_t(second), 0, 0)
    rt.cudaStreamSynchronize(stream)
    assert seen == [(0, 7), "host"] and function
    assert rt.status("cudaStreamAddCallback", stream, runtime.cudaStreamCallback_t(address), 0, 5) == "InvalidValue"


def test_events_have_times(rt: Any) -> None:
    start, end = rt.cudaEventCreate(), rt.cudaEventCreate()
    stream, other = rt.cudaStreamCreate(), rt.cudaStreamCreate()
    function, address = host_function(lambda: time.sleep(0.02))
    rt.cudaEventRecord(start, stream)
    rt.cudaLaunchHostFunc(stream, runtime.cudaHostFn_t(address), 0)
    rt.cudaEventRecordWithFlags(end, stream, 0)
    rt.cudaStreamWaitEvent(other, end, 0)
    rt.cudaEventSynchronize(end)
    assert rt.cudaEventElapsedTime(start, end) >= 19 and function
    rt.cudaEventDestroy(start)
    assert rt.status("cudaEventElapsedTime", start, end) == "InvalidResourceHandle"
    assert rt.status("cudaEventCreateWithFlags", 1 << 20) == "InvalidValue"


def test_capture(rt: Any) -> None:
    stream, values = rt.cudaStreamCreate(), np.arange(8, dtype=np.int32)
    address = rt.cudaMalloc(values.nbytes)
    rt.cudaStreamBeginCapture(stream, MODE.cudaStreamCaptureModeGlobal)
    assert rt.cudaStreamIsCapturing(stream) == runtime.cudaStreamCaptureStatus.cudaStreamCaptureStatusActive
    rt.cudaMemcpyAsync(address, values.ctypes.data, values.nbytes, TO_DEVICE, stream)
    status, _, graph, nodes, _, count = rt.cudaStreamGetCaptureInfo(stream)
    assert status == runtime.cudaStreamCaptureStatus.cudaStreamCaptureStatusActive and count == len(nodes) == 1
    flags = runtime.cudaStreamUpdateCaptureDependenciesFlags.cudaStreamSetCaptureDependencies
    rt.cudaStreamUpdateCaptureDependencies(stream, [], None, 0, flags)
    assert rt.cudaStreamGetCaptureInfo(stream)[5] == 0
    assert int(rt.cudaStreamEndCapture(stream)) == int(graph)
    executable = rt.cudaGraphInstantiate(graph, 0)
    rt.cudaGraphLaunch(executable, stream)
    rt.cudaStreamSynchronize(stream)
    assert (rt.get(address, values) == values).all()


def test_capture_into_a_graph(rt: Any) -> None:
    stream, graph, address = rt.cudaStreamCreate(), rt.cudaGraphCreate(0), rt.cudaMalloc(64)
    rt.cudaStreamBeginCaptureToGraph(stream, graph, [], None, 0, MODE.cudaStreamCaptureModeRelaxed)
    rt.cudaMemsetAsync(address, 4, 64, stream)
    rt.cudaStreamEndCapture(stream)
    assert rt.cudaGraphGetNodes(graph, 8)[1] == 1


def test_what_capture_forbids(rt: Any) -> None:
    stream = rt.cudaStreamCreate()
    before, other = MODE.cudaStreamCaptureModeGlobal, MODE.cudaStreamCaptureModeThreadLocal
    assert rt.cudaThreadExchangeStreamCaptureMode(other) == before
    assert rt.cudaThreadExchangeStreamCaptureMode(before) == other
    rt.cudaStreamBeginCapture(stream, MODE.cudaStreamCaptureModeGlobal)
    assert rt.status("cudaStreamSynchronize", stream) == "StreamCaptureUnsupported"
    assert rt.status("cudaStreamEndCapture", stream) == "StreamCaptureInvalidated"
    assert rt.status("cudaStreamEndCapture", stream) == "IllegalState"


def test_copies_in_the_legacy_stream_wait(rt: Any) -> None:
    values, gate = np.zeros(4, np.uint8), threading.Event()
    stream, address = rt.cudaStreamCreate(), rt.cudaMalloc(4)
    function, host = host_function(lambda: gate.wait(0.05) and None)
    rt.cudaLaunchHostFunc(stream, runtime.cudaHostFn_t(host), 0)
    rt.cudaMemsetAsync(address, 1, 4, stream)
    rt.cudaMemcpy(values.ctypes.data, address, 4, KIND.cudaMemcpyDefault)
    assert (values == 1).all() and function
