"""Copies in every direction, pitched ones, and those that do not fit."""

from __future__ import annotations

import ctypes

from _common import Memcpy2D, alloc, fetch, stream, u64, words

from compatlayer.oracle.calls import Cuda, program


@program
def there_and_back(cuda: Cuda) -> None:
    data, first, second = words(256), alloc(cuda, 1024), alloc(cuda, 1024)
    cuda.cuMemcpyHtoD_v2(first, data, 1024)
    cuda.cuMemcpyDtoD_v2(second, first, 1024)
    fetch(cuda, second, 8, "content")
    cuda.cuMemcpy(first, second + 512, 256)
    fetch(cuda, first, 4, "unified")
    out = ctypes.create_string_buffer(16)
    cuda.cuMemcpyDtoH_v2(out, second + 4, 16)
    cuda.note("offset", out.raw)


@program
def no_bytes_and_nulls(cuda: Cuda) -> None:
    data, pointer = words(4), alloc(cuda, 64)
    cuda.cuMemcpyHtoD_v2(pointer, data, 0)
    cuda.cuMemcpyDtoH_v2(data, pointer, 0)
    cuda.cuMemcpyHtoD_v2(None, data, 16)
    cuda.cuMemcpyDtoH_v2(data, None, 16)
    cuda.cuMemcpyHtoD_v2(pointer, None, 16)
    cuda.cuMemcpyDtoH_v2(None, pointer, 16)
    cuda.cuMemcpyDtoD_v2(pointer, None, 16)


@program
def beyond_the_end(cuda: Cuda) -> None:
    pointer, data = alloc(cuda, 1 << 21), ctypes.create_string_buffer(1 << 22)
    cuda.cuMemcpyDtoH_v2(data, pointer, (1 << 21) + 1)
    cuda.cuMemcpyHtoD_v2(pointer + (1 << 20), data, (1 << 20) + 1)


@program
def in_a_stream(cuda: Cuda) -> None:
    data, out, pinned = words(16), words(16), u64()
    pointer, queue = alloc(cuda, 64), stream(cuda)
    cuda.cuMemAllocHost_v2(pinned, 64)
    ctypes.memmove(pinned.value, data, 64)
    cuda.cuMemcpyHtoDAsync_v2(pointer, pinned.value, 64, queue)
    cuda.cuMemcpyDtoDAsync_v2(pointer, pointer + 32, 16, queue)
    cuda.cuMemcpyDtoHAsync_v2(out, pointer, 64, queue)
    cuda.cuStreamSynchronize(queue)
    cuda.note("content", list(out))
    cuda.cuMemcpyAsync(pointer, pinned.value, 64, queue)
    cuda.cuStreamSynchronize(queue)
    fetch(cuda, pointer, 4, "unified")


@program
def rectangles(cuda: Cuda) -> None:
    data, pointer = words(64), alloc(cuda, 256)
    cuda.cuMemsetD8_v2(pointer, 0, 256)
    shape = Memcpy2D(src_type=1, src_host=ctypes.addressof(data), src_pitch=32, src_x=4, src_y=1, dst_type=2,
                     dst_device=pointer, dst_pitch=16, width=8, height=3)
    cuda.cuMemcpy2D_v2(shape)
    fetch(cuda, pointer, 12, "packed")
    shape.width = 40
    cuda.cuMemcpy2D_v2(shape)
    shape.width, shape.dst_pitch = 8, 4
    cuda.cuMemcpy2D_v2(shape)
    shape.dst_pitch, shape.src_type = 16, 99
    cuda.cuMemcpy2D_v2(shape)
    shape.src_type, shape.src_host = 1, 0
    cuda.cuMemcpy2D_v2(shape)
    cuda.cuMemcpy2D_v2(None)


@program
def unaligned_rectangles(cuda: Cuda) -> None:
    data, pointer = words(64), alloc(cuda, 256)
    cuda.cuMemsetD8_v2(pointer, 0, 256)
    shape = Memcpy2D(src_type=1, src_host=ctypes.addressof(data) + 1, src_pitch=33, dst_type=2, dst_device=pointer,
                     dst_pitch=17, width=5, height=4)
    cuda.cuMemcpy2DUnaligned_v2(shape)
    fetch(cuda, pointer, 18, "packed")
    shape.height = 0
    cuda.cuMemcpy2DUnaligned_v2(shape)
