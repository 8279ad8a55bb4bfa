"""Copies with arrays on any side: in lines, rectangles and boxes, waiting and not, alone and in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from arrays import LAYERED, box, descriptor, download, side, upload


@pytest.fixture
def make(api: Any, cu: Any, context: Any) -> Iterator[Any]:
    made: list[Any] = []

    def array(*extent: int, **kind: int) -> Any:
        made.append(api.cuArray3DCreate(descriptor(cu, *extent, **kind)))
        return made[-1]

    yield array
    for one in made:
        api.status("cuArrayDestroy", one)


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape, np.uint8)


def test_lines_go_between_every_two_kinds_of_memory(api: Any, make: Any, stream: Any) -> None:
    first, second, device = make(100, format=3), make(200, format=32), api.cuMemAlloc(400)
    data, back = random(400), np.zeros(400, np.uint8)
    api.cuMemcpyHtoA(first, 0, data, 400)
    api.cuMemcpyAtoA(second, 40, first, 0, 400)
    api.cuMemcpyAtoD(device, second, 40, 400)
    api.cuMemcpyDtoH(back, device, 400)
    assert (back == data).all()
    api.cuMemcpyDtoA(second, 400, device, 200)
    api.cuMemcpyAtoH(back, second, 400, 200)
    assert (back[:200] == data[:200]).all()
    api.cuMemcpyHtoAAsync(first, 4, data[100:], 300, stream)
    api.cuMemcpyAtoHAsync(back, first, 0, 400, stream)
    api.cuStreamSynchronize(stream)
    assert (back[4:304] == data[100:]).all() and (back[:4] == data[:4]).all()
    api.cuMemFree(device)


def test_lines_that_leave_the_array_or_split_elements_are_refused(api: Any, make: Any) -> None:
    array, other, flat, device = make(10, format=3), make(10, format=2), make(10, 2), api.cuMemAlloc(64)
    data = np.zeros(64, np.uint8)
    for offset, size in [(0, 44), (40, 4), (4, 40), (2, 4), (0, 6), (1 << 63, 4)]:
        assert api.status("cuMemcpyHtoA", array, offset, data, size) == "INVALID_VALUE"
        assert api.status("cuMemcpyAtoH", data, array, offset, size) == "INVALID_VALUE"
        assert api.status("cuMemcpyDtoA", array, offset, device, size) == "INVALID_VALUE"
        assert api.status("cuMemcpyAtoD", device, array, offset, size) == "INVALID_VALUE"
        assert api.status("cuMemcpyAtoHAsync", data, array, offset, size, 0) == "INVALID_VALUE"
    assert api.status("cuMemcpyAtoA", array, 0, other, 0, 4) == "INVALID_VALUE"
    assert api.status("cuMemcpyHtoA", flat, 0, data, 4) == "INVALID_VALUE"
    assert api.status("cuMemcpyHtoA", array, 0, 0, 4) == "INVALID_VALUE"
    assert api.status("cuMemcpyDtoA", array, 0, device, 0) == "SUCCESS"
    api.cuArrayDestroy(array)
    assert api.status("cuMemcpyHtoA", array, 0, data, 4) == "INVALID_HANDLE"
    api.cuMemFree(device)


@pytest.mark.parametrize("wait", [True, False])
def test_a_rectangle_goes_through_an_array(api: Any, cu: Any, make: Any, stream: Any, wait: bool) -> None:
    image, part, array = random(20, 30), np.zeros((5, 8), np.uint8), make(40, 25)
    put, get = cu.CUDA_MEMCPY2D(), cu.CUDA_MEMCPY2D()
    put.WidthInBytes, put.Height, get.WidthInBytes, get.Height = 30, 20, 8, 5
    side(put, "src", image, 30)
    side(put, "dst", array, at=(3, 2, 0))
    side(get, "src", array, at=(3 + 7, 2 + 4, 0))
    side(get, "dst", part, 8)
    for params in (put, get):
        if wait:
            api.cuMemcpy2D(params)
        else:
            api.cuMemcpy2DAsync(params, stream)
    api.cuStreamSynchronize(stream)
    assert (part == image[4:9, 7:15]).all()
    get.srcXInBytes = 33
    assert api.status("cuMemcpy2DUnaligned", get) == "INVALID_VALUE"
    get.srcXInBytes, get.srcY = 0, 21
    assert api.status("cuMemcpy2D", get) == "INVALID_VALUE"


def test_boxes_go_between_arrays_and_device_memory(api: Any, cu: Any, make: Any, stream: Any) -> None:
    data, array, layered = random(4, 6, 40), make(10, 6, 4, format=3), make(12, 8, 5, format=10, flags=LAYERED)
    upload(api, cu, array, data)
    inner = box(cu, (24, 4, 3), {"what": layered, "at": (8, 1, 2)}, {"what": array, "at": (4, 2, 1)})
    api.cuMemcpy3DAsync(inner, stream)
    device = api.cuMemAlloc(64 * 7 * 4)
    api.cuMemsetD8(device, 0, 64 * 7 * 4)
    api.cuMemcpy3DAsync(box(cu, (24, 4, 3), {"what": device, "pitch": 64, "rows": 7, "at": (2, 1, 1)},
                            {"what": layered, "at": (8, 1, 2)}), stream)
    api.cuStreamSynchronize(stream)
    back = np.empty((4, 7, 64), np.uint8)
    api.cuMemcpyDtoH(back, device, back.nbytes)
    assert (back[1:4, 1:5, 2:26] == data[1:4, 2:6, 4:28]).all()
    assert int(back.astype(int).sum()) == int(data[1:4, 2:6, 4:28].astype(int).sum())
    api.cuMemFree(device)


def test_a_copy_between_devices_takes_arrays(api: Any, cu: Any, context: Any, make: Any) -> None:
    data, here = random(1, 3, 8), make(8, 3)
    upload(api, cu, here, data)
    other = api.cuDevicePrimaryCtxRetain(1)
    api.cuCtxPushCurrent(other)
    there = api.cuArray3DCreate(descriptor(cu, 8, 3))
    params = cu.CUDA_MEMCPY3D_PEER()
    params.WidthInBytes, params.Height, params.Depth = 8, 3, 1
    side(params, "src", here)
    side(params, "dst", there)
    params.srcContext, params.dstContext = context, other
    api.cuMemcpy3DPeer(params)
    assert (download(api, cu, there, data.shape) == data).all()
    api.cuArrayDestroy(there)
    api.cuCtxPopCurrent()
    api.cuDevicePrimaryCtxRelease(1)


def test_boxes_that_leave_the_array_are_refused(api: Any, cu: Any, make: Any) -> None:
    array, data = make(10, 6, 4, format=3), random(4, 6, 40)
    host = {"what": data, "pitch": 40, "rows": 6}
    for extent, at in [((40, 6, 4), (4, 0, 0)), ((40, 6, 4), (0, 1, 0)), ((40, 6, 4), (0, 0, 1)),
                       ((40, 6, 5), (0, 0, 0)),
                       ((6, 1, 1), (0, 0, 0)), ((4, 1, 1), (2, 0, 0))]:
        assert api.status("cuMemcpy3D", box(cu, extent, {"what": array, "at": at}, host)) == "INVALID_VALUE"
    lod = box(cu, (4, 1, 1), {"what": array}, host)
    lod.dstLOD = 1
    assert api.status("cuMemcpy3D", lod) == "INVALID_VALUE"
    assert api.status("cuMemcpy3D", box(cu, (0, 1, 1), {"what": array}, host)) == "SUCCESS"


def test_copies_of_arrays_are_ordered_in_their_stream(api: Any, cu: Any, make: Any, stream: Any, hold: Any) -> None:
    first, second, host = make(64), make(64), api.cuMemAllocHost(64)
    upload(api, cu, first, np.full((1, 1, 64), 5, np.uint8))
    gate = hold(stream)
    api.cuMemcpy3DAsync(box(cu, (64, 1, 1), {"what": second}, {"what": first}), stream)
    api.cuMemcpyAtoHAsync(host, second, 0, 64, stream)
    assert api.status("cuStreamQuery", stream) == "NOT_READY"
    gate.open()
    api.cuStreamSynchronize(stream)
    assert (download(api, cu, second, (1, 1, 64)) == 5).all()
    api.cuMemFreeHost(host)


def operand(cu: Any, what: Any, row: int = 0, rows: int = 0, at: tuple[int, int, int] = (0, 0, 0)) -> Any:
    made = cu.CUmemcpy3DOperand()
    if isinstance(what, cu.CUarray):
        made.type = cu.CUmemcpy3DOperandType.CU_MEMCPY_OPERAND_TYPE_ARRAY
        made.op.array.array = what
        offset = made.op.array.offset
        offset.x, offset.y, offset.z = at
        made.op.array.offset = offset
    else:
        made.type = cu.CUmemcpy3DOperandType.CU_MEMCPY_OPERAND_TYPE_POINTER
        made.op.ptr.ptr, made.op.ptr.rowLength, made.op.ptr.layerHeight = what, row, rows
    return made


def operation(cu: Any, extent: tuple[int, int, int], destination: Any, source: Any, order: int = 1,
              flags: int = 0) -> Any:
    made = cu.CUDA_MEMCPY3D_BATCH_OP()
    made.dst, made.src = destination, source
    size = made.extent
    size.width, size.height, size.depth = extent
    made.extent = size
    made.srcAccessOrder = cu.CUmemcpySrcAccessOrder(order)
    made.flags = flags
    return made


def test_a_batch_of_boxes(api: Any, cu: Any, make: Any, stream: Any) -> None:
    data, array, device = random(4, 6, 40), make(10, 6, 4, format=3), api.cuMemAlloc(4 * 6 * 40)
    api.cuMemcpy3DBatchAsync(1, [operation(cu, (10, 6, 4), operand(cu, array), operand(cu, data.ctypes.data), 2)], 0,
                             stream)
    api.cuMemcpy3DBatchAsync(2, [
        operation(cu, (10, 6, 2), operand(cu, device), operand(cu, array), 1, 1),
        operation(cu, (10, 6, 2), operand(cu, int(device) + 480), operand(cu, array, at=(0, 0, 2)), 3)], 0, stream)
    part = np.zeros((2, 9), np.uint8)
    api.cuMemcpy3DWithAttributesAsync(
        operation(cu, (7, 2, 1), operand(cu, part.ctypes.data, 9), operand(cu, int(device) + 5, 40), 1), 0, stream)
    api.cuStreamSynchronize(stream)
    back = np.empty_like(data)
    api.cuMemcpyDtoH(back, device, back.nbytes)
    assert (back == data).all()
    assert (part[:, :7] == data[0, :2, 5:12]).all() and not part[:, 7:].any()
    api.cuMemFree(device)


def test_batches_check_their_operations(api: Any, cu: Any, make: Any, stream: Any) -> None:
    array, other, device = make(10, 6, format=3), make(10, 6), api.cuMemAlloc(240)
    good = operation(cu, (10, 6, 1), operand(cu, device), operand(cu, array))
    name = "cuMemcpy3DBatchAsync"
    assert api.status(name, 1, [good], 0, stream) == "SUCCESS"
    assert api.status(name, 0, [good], 0, stream) == "INVALID_VALUE"
    assert api.status(name, 1, [good], 1, stream) == "INVALID_VALUE"
    assert api.status(name, 1, [good], 0, 0) == "INVALID_VALUE"
    for wrong in [operation(cu, (10, 6, 1), operand(cu, device), operand(cu, array), 0),
                  operation(cu, (10, 6, 1), operand(cu, device), operand(cu, array), 1, 2),
                  operation(cu, (11, 6, 1), operand(cu, device), operand(cu, array)),
                  operation(cu, (10, 6, 1), operand(cu, device, 9), operand(cu, array)),
                  operation(cu, (10, 6, 1), operand(cu, other), operand(cu, array))]:
        assert api.status(name, 1, [wrong], 0, stream) == "INVALID_VALUE"
        assert api.status("cuMemcpy3DWithAttributesAsync", wrong, 0, stream) == "INVALID_VALUE"
    assert api.status("cuMemcpy3DWithAttributesAsync", good, 1, stream) == "INVALID_VALUE"
    api.cuMemFree(device)


def attributes(cu: Any, order: int = 1, flags: int = 0, device: int | None = None) -> Any:
    made = cu.CUmemcpyAttributes()
    made.srcAccessOrder, made.flags = cu.CUmemcpySrcAccessOrder(order), flags
    if device is not None:
        hint = made.srcLocHint
        hint.type, hint.id = cu.CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, device
        made.srcLocHint = hint
    return made


def test_a_batch_of_lines_has_attributes_for_stretches_of_it(api: Any, cu: Any, context: Any, stream: Any) -> None:
    data, back, device = random(96), np.zeros(96, np.uint8), int(api.cuMemAlloc(96))
    host = data.ctypes.data
    ends = [[cu.CUdeviceptr(base + 32 * part) for part in range(3)] for base in (device, host)]
    api.cuMemcpyBatchAsync(*ends, [32, 32, 32], 3, [attributes(cu, 2), attributes(cu, 3, 1, 0)], [0, 2], 2, stream)
    api.cuMemcpyWithAttributesAsync(back.ctypes.data, device, 96, attributes(cu), stream)
    api.cuStreamSynchronize(stream)
    assert (back == data).all()
    good = (ends[0][:1], ends[1][:1], [32], 1)
    for attrs, starts in [([attributes(cu, 0)], [0]), ([attributes(cu, 1, 2)], [0]), ([attributes(cu)], [1])]:
        assert api.status("cuMemcpyBatchAsync", *good, attrs, starts, 1, stream) == "INVALID_VALUE"
    assert api.status("cuMemcpyBatchAsync", *good, [attributes(cu, 1, 0, 9)], [0], 1, stream) == "INVALID_DEVICE"
    api.cuMemFree(device)
