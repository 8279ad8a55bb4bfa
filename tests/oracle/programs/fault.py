"""Errors that stick to a context; each in a process of its own."""

from __future__ import annotations

from ctypes import c_uint64

from _common import alloc, event, function, launch, module, stream, u64

from compatlayer.oracle.calls import Cuda, program_alone


def _after(cuda: Cuda) -> None:
    """What calls answer once an error sticks."""
    pointer = u64()
    cuda.cuMemAlloc_v2(pointer, 64)
    cuda.cuStreamQuery(0)
    cuda.cuStreamSynchronize(0)
    cuda.cuCtxSynchronize()
    cuda.cuModuleLoadData(pointer, cuda.kernels)
    cuda.cuGetErrorName(0, pointer)
    cuda.cuDriverGetVersion(pointer)


@program_alone
def an_address_that_is_nobodys(cuda: Cuda) -> None:
    launch(cuda, function(cuda, "store"), c_uint64(0x1000))
    cuda.cuCtxSynchronize()
    _after(cuda)


@program_alone
def memory_that_was_freed(cuda: Cuda) -> None:
    pointer, kernel = alloc(cuda, 1 << 24), function(cuda, "store")
    cuda.cuMemFree_v2(pointer)
    launch(cuda, kernel, c_uint64(pointer))
    cuda.cuCtxSynchronize()
    _after(cuda)


@program_alone
def a_trap(cuda: Cuda) -> None:
    launch(cuda, function(cuda, "stop"))
    cuda.cuCtxSynchronize()
    _after(cuda)


@program_alone
def in_another_stream(cuda: Cuda) -> None:
    loaded, queue, other, mark = module(cuda), stream(cuda), stream(cuda), event(cuda)
    launch(cuda, function(cuda, "store", loaded), c_uint64(0x1000), on=queue)
    cuda.cuStreamSynchronize(queue)
    cuda.cuStreamSynchronize(other)
    cuda.cuEventQuery(mark)
    launch(cuda, function(cuda, "count", loaded))
    _after(cuda)


@program_alone
def a_context_of_its_own_can_be_left(cuda: Cuda) -> None:
    own, pointer = u64(), u64()
    cuda.cuCtxCreate_v2(own, 0, 0)
    launch(cuda, function(cuda, "store"), c_uint64(0x1000))
    cuda.cuCtxSynchronize()
    cuda.cuCtxDestroy_v2(own.value)
    cuda.cuMemAlloc_v2(pointer, 64)


@program_alone
def stale_handles(cuda: Cuda) -> None:
    """Documented as errors; a real driver may end the process instead, and the recording then says that it died."""
    mark, queue, loaded = event(cuda), stream(cuda), module(cuda)
    cuda.cuEventDestroy_v2(mark)
    cuda.cuStreamDestroy_v2(queue)
    cuda.cuModuleUnload(loaded)
    cuda.cuEventQuery(mark)
    cuda.cuStreamQuery(queue)
    cuda.cuModuleUnload(loaded)
