"""The runtime library: copies and fills in every form, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from runtime_calls import KIND, TO_DEVICE, TO_HOST, WITHIN, channel, extent, pitched, runtime

BYTES = np.arange(12 * 20, dtype=np.uint8).reshape(12, 20)


def test_every_kind_of_a_line(rt: Any) -> None:
    values, back = np.arange(100, dtype=np.int32), np.zeros(100, np.int32)
    first, second = rt.put(values), rt.cudaMalloc(values.nbytes)
    rt.cudaMemcpy(second, first, values.nbytes, WITHIN)
    rt.cudaMemcpy(back.ctypes.data, second, values.nbytes, KIND.cudaMemcpyDefault)
    assert (back == values).all()
    other = np.zeros(100, np.int32)
    rt.cudaMemcpy(other.ctypes.data, back.ctypes.data, values.nbytes, KIND.cudaMemcpyHostToHost)
    assert (other == values).all()
    rt.cudaMemcpy(second, first, 0, WITHIN)


@pytest.mark.parametrize("kind", [TO_DEVICE, TO_HOST, WITHIN, KIND.cudaMemcpyDefault])
def test_lines_in_a_stream(rt: Any, kind: Any) -> None:
    values = np.arange(64, dtype=np.float32)
    back, stream = np.zeros_like(values), rt.cudaStreamCreate()
    here, there = rt.put(values), rt.cudaMalloc(values.nbytes)
    source = values.ctypes.data if kind == TO_DEVICE else here
    target = back.ctypes.data if kind == TO_HOST else there
    rt.cudaMemcpyAsync(target, source, values.nbytes, kind, stream)
    rt.cudaStreamSynchronize(stream)
    assert ((back if kind == TO_HOST else rt.get(there, values)) == values).all()


def test_what_a_line_refuses(rt: Any) -> None:
    host, device = np.zeros(64, np.uint8), rt.cudaMalloc(64)
    for name, rest in (("cudaMemcpy", ()), ("cudaMemcpyAsync", (0,))):
        assert rt.status(name, host.ctypes.data, device, 64, TO_DEVICE, *rest) == "InvalidValue"
        assert rt.status(name, device, device, 1 << 30, WITHIN, *rest) == "InvalidValue"
        assert rt.status(name, 0, device, 64, TO_HOST, *rest) == "InvalidValue"


def test_rows(rt: Any) -> None:
    address, pitch = rt.cudaMallocPitch(20, 12)
    back = np.zeros_like(BYTES)
    rt.cudaMemcpy2D(address, pitch, BYTES.ctypes.data, 20, 20, 12, TO_DEVICE)
    rt.cudaMemcpy2DAsync(back.ctypes.data, 20, address, pitch, 20, 12, TO_HOST, 0)
    rt.cudaDeviceSynchronize()
    assert (back == BYTES).all()
    assert rt.status("cudaMemcpy2D", address, 10, BYTES.ctypes.data, 20, 20, 12, TO_DEVICE) == "InvalidPitchValue"
    narrow = rt.status("cudaMemcpy2DAsync", address, pitch, BYTES.ctypes.data, 10, 20, 12, TO_DEVICE, 0)
    assert narrow == "InvalidPitchValue"
    rt.cudaMemcpy2D(address, pitch, 0, 20, 0, 12, TO_DEVICE)


def test_fills(rt: Any) -> None:
    address, stream = rt.cudaMalloc(64 * 16), rt.cudaStreamCreate()
    rt.cudaMemset(address, 0x1FF, 64 * 16)
    assert (rt.get(address, np.zeros(1024, np.uint8)) == 0xFF).all()
    rt.cudaMemset2D(address, 64, 1, 10, 16)
    rt.cudaMemset2DAsync(address + 10, 64, 2, 10, 16, stream)
    rt.cudaMemsetAsync(address + 1023, 9, 1, stream)
    rt.cudaMemset3D(pitched(address + 20, 64, 64, 8), 3, extent(5, 2, 2))
    rt.cudaMemset3DAsync(pitched(address + 30, 64, 64, 8), 4, extent(5, 8, 2), stream)
    rt.cudaStreamSynchronize(stream)
    found = rt.get(address, np.zeros((16, 64), np.uint8))
    assert (found[:, :10] == 1).all() and (found[:, 10:20] == 2).all() and found[15, 63] == 9
    assert sorted(np.nonzero((found[:, 20:25] == 3).all(axis=1))[0]) == [0, 1, 8, 9]
    assert (found[:, 30:35] == 4).all()
    assert rt.status("cudaMemset2D", address, 5, 0, 10, 2) == "InvalidPitchValue"
    assert rt.status("cudaMemset", address + 1000, 0, 100000) == "InvalidValue"
    assert rt.status("cudaMemset3D", pitched(address, 64, 64, 4), 0, extent(4, 5, 2)) == "InvalidValue"
    rt.cudaMemset(0, 1, 0)


def box(source: Any, target: Any, size: Any, kind: Any) -> Any:
    parameters = runtime.cudaMemcpy3DParms()
    for side, value in (("src", source), ("dst", target)):
        setattr(parameters, f"{side}{'Ptr' if isinstance(value, runtime.cudaPitchedPtr) else 'Array'}", value)
    parameters.extent, parameters.kind = size, kind
    return parameters


def test_boxes(rt: Any) -> None:
    values = np.arange(4 * 5 * 6, dtype=np.uint8).reshape(4, 5, 6)
    back, target = np.zeros_like(values), rt.cudaMalloc3D(extent(6, 5, 4))
    host = pitched(values.ctypes.data, 6, 6, 5)
    rt.cudaMemcpy3D(box(host, target, extent(6, 5, 4), TO_DEVICE))
    part = box(target, pitched(back.ctypes.data, 6, 6, 5), extent(3, 2, 2), TO_HOST)
    part.srcPos = runtime.make_cudaPos(1, 2, 1)
    rt.cudaMemcpy3DAsync(part, 0)
    rt.cudaDeviceSynchronize()
    assert (back[:2, :2, :3] == values[1:3, 2:4, 1:4]).all() and back.sum() == back[:2, :2, :3].sum()
    assert rt.status("cudaMemcpy3D", runtime.cudaMemcpy3DParms()) == "InvalidValue"
    assert rt.status("cudaMemcpy3D", box(host, target, extent(9, 5, 4), TO_DEVICE)) == "InvalidPitchValue"


def test_boxes_between_devices(rt: Any) -> None:
    values = np.arange(6 * 5, dtype=np.uint8)
    here, parameters = rt.put(values), runtime.cudaMemcpy3DPeerParms()
    last = rt.cudaGetDeviceCount() - 1
    rt.cudaSetDevice(last)
    there = rt.cudaMalloc(values.nbytes)
    parameters.srcPtr, parameters.dstPtr = pitched(here, 6, 6, 5), pitched(there, 6, 6, 5)
    parameters.srcDevice, parameters.dstDevice, parameters.extent = 0, last, extent(6, 5, 1)
    rt.cudaMemcpy3DPeer(parameters)
    assert (rt.get(there, values) == values).all()
    rt.cudaMemset(there, 0, values.nbytes)
    rt.cudaMemcpy3DPeerAsync(parameters, 0)
    assert (rt.get(there, values) == values).all()
    parameters.srcDevice = 42
    assert rt.status("cudaMemcpy3DPeer", parameters) == "InvalidDevice"


def test_arrays_and_rows(rt: Any) -> None:
    array = rt.cudaMallocArray(channel(8, kind="Unsigned"), 20, 12, 0)
    other, back = rt.cudaMallocArray(channel(8, kind="Unsigned"), 20, 12, 0), np.zeros_like(BYTES)
    rt.cudaMemcpy2DToArray(array, 0, 0, BYTES.ctypes.data, 20, 20, 12, TO_DEVICE)
    rt.cudaMemcpy2DArrayToArray(other, 0, 0, array, 0, 0, 20, 12, WITHIN)
    rt.cudaMemcpy2DFromArray(back.ctypes.data, 20, other, 0, 0, 20, 12, TO_HOST)
    assert (back == BYTES).all()
    stream = rt.cudaStreamCreate()
    rt.cudaMemcpy2DToArrayAsync(other, 2, 3, BYTES.ctypes.data, 20, 4, 2, TO_DEVICE, stream)
    rt.cudaMemcpy2DFromArrayAsync(back.ctypes.data, 20, other, 0, 0, 20, 12, TO_HOST, stream)
    rt.cudaStreamSynchronize(stream)
    assert (back[3:5, 2:6] == BYTES[:2, :4]).all()
    assert rt.status("cudaMemcpy2DToArray", array, 0, 0, BYTES.ctypes.data, 5, 20, 12, TO_DEVICE) == "InvalidPitchValue"
    assert rt.status("cudaMemcpy2DFromArray", back.ctypes.data, 5, array, 0, 0, 20, 12, TO_HOST) == "InvalidPitchValue"
    assert rt.status("cudaMemcpy2DToArray", array, 0, 11, BYTES.ctypes.data, 20, 20, 12, TO_DEVICE) == "InvalidValue"


def test_lines_go_on_in_the_next_row_of_an_array(rt: Any) -> None:
    array, other = (rt.cudaMallocArray(channel(8, kind="Unsigned"), 20, 12, 0) for _ in range(2))
    rt.cudaMemcpyToArray(array, 5, 1, BYTES.ctypes.data, 70, TO_DEVICE)
    back = np.zeros(70, np.uint8)
    rt.cudaMemcpyFromArray(back.ctypes.data, array, 5, 1, 70, TO_HOST)
    assert (back == BYTES.reshape(-1)[:70]).all()
    rt.cudaMemcpyArrayToArray(other, 3, 2, array, 5, 1, 70, WITHIN)
    stream = rt.cudaStreamCreate()
    rt.cudaMemcpyFromArrayAsync(back.ctypes.data, other, 3, 2, 70, TO_HOST, stream)
    rt.cudaStreamSynchronize(stream)
    assert (back == BYTES.reshape(-1)[:70]).all()
    rt.cudaMemcpyToArrayAsync(other, 0, 0, BYTES.ctypes.data, 240, TO_DEVICE, stream)
    whole = np.zeros(240, np.uint8)
    rt.cudaMemcpyFromArrayAsync(whole.ctypes.data, other, 0, 0, 240, TO_HOST, stream)
    rt.cudaStreamSynchronize(stream)
    assert (whole == BYTES.reshape(-1)).all()
    assert rt.status("cudaMemcpyToArray", array, 20, 0, BYTES.ctypes.data, 5, TO_DEVICE) == "InvalidValue"
    assert rt.status("cudaMemcpyFromArray", whole.ctypes.data, array, 0, 11, 100, TO_HOST) == "InvalidValue"


def test_boxes_count_an_arrays_elements(rt: Any) -> None:
    values = np.arange(4 * 3 * 5, dtype=np.float32).reshape(3, 4, 5)
    array, back = rt.cudaMalloc3DArray(channel(32), extent(5, 4, 3), 0), np.zeros_like(values)
    rt.cudaMemcpy3D(box(pitched(values.ctypes.data, 20, 5, 4), array, extent(5, 4, 3), TO_DEVICE))
    part = box(array, pitched(back.ctypes.data, 20, 5, 4), extent(2, 2, 1), TO_HOST)
    part.srcPos = runtime.make_cudaPos(3, 1, 2)
    rt.cudaMemcpy3D(part)
    assert (back[0, :2, :2] == values[2, 1:3, 3:5]).all()


def test_batches(rt: Any) -> None:
    stream, values = rt.cudaStreamCreate(), np.arange(32, dtype=np.uint8)
    first, second = rt.put(values), rt.cudaMalloc(32)
    attributes = runtime.cudaMemcpyAttributes()
    attributes.srcAccessOrder = runtime.cudaMemcpySrcAccessOrder.cudaMemcpySrcAccessOrderStream
    rt.cudaMemcpyBatchAsync([second, second + 16], [first + 16, first], [16, 16], 2, [attributes], [0], 1, stream)
    rt.cudaStreamSynchronize(stream)
    assert (rt.get(second, values) == np.roll(values, 16)).all()
    rt.cudaMemcpyWithAttributesAsync(second, first, 32, attributes, stream)
    rt.cudaStreamSynchronize(stream)
    assert (rt.get(second, values) == values).all()
    assert rt.status("cudaMemcpyBatchAsync", [second], [first], [16], 1, [attributes], [3], 1, stream) == "InvalidValue"


def operation(target: int, source: int, width: int) -> Any:
    found = runtime.cudaMemcpy3DBatchOp()
    for operand, address in ((found.src, source), (found.dst, target)):
        operand.type = runtime.cudaMemcpy3DOperandType.cudaMemcpyOperandTypePointer
        operand.op.ptr.ptr = address
        operand.op.ptr.rowLength = width
        operand.op.ptr.layerHeight = 1
        operand.op.ptr.locHint.type = runtime.cudaMemLocationType.cudaMemLocationTypeDevice
    found.extent = extent(width, 1, 1)
    found.srcAccessOrder = runtime.cudaMemcpySrcAccessOrder.cudaMemcpySrcAccessOrderStream
    return found


def test_batches_of_boxes(rt: Any) -> None:
    stream, values = rt.cudaStreamCreate(), np.arange(32, dtype=np.uint8)
    first, second = rt.put(values), rt.cudaMalloc(32)
    rt.cudaMemcpy3DBatchAsync(1, [operation(second, first, 32)], 0, stream)
    rt.cudaStreamSynchronize(stream)
    assert (rt.get(second, values) == values).all()
    rt.cudaMemset(second, 0, 32)
    rt.cudaMemcpy3DWithAttributesAsync(operation(second, first, 32), 0, stream)
    rt.cudaStreamSynchronize(stream)
    assert (rt.get(second, values) == values).all()
    assert rt.status("cudaMemcpy3DBatchAsync", 1, [operation(second, first, 32)], 77, stream) == "InvalidValue"
