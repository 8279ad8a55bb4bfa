"""Modules, functions, launches and occupancy."""

from __future__ import annotations

import ctypes
from ctypes import c_char, c_double, c_float, c_int, c_short, c_uint64

from _common import WRONG, Packed, alloc, fetch, function, i32, launch, module, stream, u64

from compatlayer.oracle.calls import Cuda, program


class Pair(ctypes.Structure):
    """The kernels' struct Pair."""

    _fields_ = [("tag", c_char), ("weight", c_double)]


class Attribute(ctypes.Structure):
    """CUlaunchAttribute."""

    _fields_ = [("id", c_int), ("pad", c_int), ("value", ctypes.c_ubyte * 64)]


class Config(ctypes.Structure):
    """CUlaunchConfig."""

    _fields_ = [("grid", ctypes.c_uint * 3), ("block", ctypes.c_uint * 3), ("shared", ctypes.c_uint),
                ("stream", c_uint64), ("attributes", ctypes.POINTER(Attribute)), ("count", ctypes.c_uint)]


@program
def modules(cuda: Cuda) -> None:
    loaded, found, size = module(cuda), u64(), u64()
    cuda.cuModuleGetFunction(found, loaded, b"add_one")
    cuda.cuModuleGetFunction(found, loaded, b"no_such_kernel")
    cuda.cuModuleGetFunction(found, loaded, b"")
    cuda.cuModuleGetFunction(found, loaded, None)
    cuda.cuModuleGetFunction(None, loaded, b"add_one")
    cuda.cuModuleGetGlobal_v2(found, size, loaded, b"counter")
    cuda.note("size", size.value)
    fetch(cuda, found.value, 1, "initial")
    cuda.cuModuleGetGlobal_v2(found, size, loaded, b"scale")
    cuda.note("size", size.value)
    cuda.cuModuleGetGlobal_v2(found, size, loaded, b"nothing")
    cuda.cuModuleGetGlobal_v2(None, size, loaded, b"counter")
    cuda.cuModuleGetGlobal_v2(found, None, loaded, b"counter")
    cuda.cuModuleUnload(loaded)


@program
def bad_images(cuda: Cuda) -> None:
    handle = u64()
    cuda.cuModuleLoadData(handle, b"this is no module\0")
    cuda.cuModuleLoadData(handle, b".version 7.0\n.target sm_75\n.address_size 64\nnonsense;\n\0")
    cuda.cuModuleLoadData(handle, None)
    cuda.cuModuleLoadData(None, cuda.kernels)
    cuda.cuModuleLoad(handle, b"/no/such/file.ptx")
    cuda.cuModuleUnload(None)


@program
def counts_of_functions(cuda: Cuda) -> None:
    loaded, count = module(cuda), i32()
    cuda.cuModuleGetFunctionCount(count, loaded)
    cuda.note("kernels", count.value)
    mode = i32()
    cuda.cuModuleGetLoadingMode(mode)
    cuda.cuModuleGetFunctionCount(None, loaded)


@program
def libraries(cuda: Cuda) -> None:
    library, kernel, found, count, size = u64(), u64(), u64(), i32(), u64()
    cuda.cuLibraryLoadData(library, cuda.kernels, None, None, 0, None, None, 0)
    cuda.cuLibraryGetKernelCount(count, library.value)
    cuda.note("kernels", count.value)
    cuda.cuLibraryGetKernel(kernel, library.value, b"add_one")
    cuda.cuLibraryGetKernel(kernel, library.value, b"no_such_kernel")
    cuda.cuLibraryGetKernel(kernel, library.value, b"add_one")
    cuda.cuKernelGetFunction(found, kernel.value)
    cuda.cuLibraryGetGlobal(found, size, library.value, b"counter")
    cuda.note("size", size.value)
    cuda.cuLibraryGetManaged(found, size, library.value, b"counter")
    name = ctypes.c_char_p()
    cuda.cuKernelGetName(name, kernel.value)
    cuda.note("name", name.value.decode() if name.value else None)
    pointer = alloc(cuda, 64)
    cuda.cuMemsetD8_v2(pointer, 0, 64)
    launch(cuda, kernel.value, c_uint64(pointer), c_int(4))
    fetch(cuda, pointer, 6, "by its kernel handle")
    cuda.cuLibraryUnload(library.value)
    cuda.cuLibraryLoadData(library, None, None, None, 0, None, None, 0)
    cuda.cuLibraryLoadData(library, b"nonsense\0", None, None, 0, None, None, 0)


@program
def a_launch(cuda: Cuda) -> None:
    kernel, pointer, queue = function(cuda, "add_one"), alloc(cuda), stream(cuda)
    cuda.cuMemsetD32_v2(pointer, 7, 100)
    launch(cuda, kernel, c_uint64(pointer), c_int(5), block=(64, 1, 1), on=queue)
    launch(cuda, kernel, c_uint64(pointer), c_int(3), block=(64, 1, 1), on=queue)
    cuda.cuStreamSynchronize(queue)
    fetch(cuda, pointer, 8, "content")


@program
def parameters_of_every_size(cuda: Cuda) -> None:
    out = alloc(cuda, 64)
    launch(cuda, function(cuda, "mixed"), c_char(3), c_double(0.25), Pair(b"\x02", 0.5), c_short(-1), c_uint64(out))
    value = c_float()
    cuda.cuMemcpyDtoH_v2(value, out, 4)
    cuda.note("sum", value.value)


@program
def packed_parameters(cuda: Cuda) -> None:
    kernel, pointer = function(cuda, "add_one"), alloc(cuda, 64)
    cuda.cuMemsetD8_v2(pointer, 0, 64)
    for length in (12, 16, 8):
        data = ctypes.create_string_buffer(pointer.to_bytes(8, "little") + (3).to_bytes(8, "little"), 16)
        size = ctypes.c_size_t(length)
        extra = (ctypes.c_void_p * 5)(1, ctypes.addressof(data), 2, ctypes.addressof(size), None)
        cuda.cuLaunchKernel(kernel, 1, 1, 1, 8, 1, 1, 0, None, None, extra)
    fetch(cuda, pointer, 4, "content")
    packed = Packed(c_uint64(pointer), c_int(3))
    cuda.cuLaunchKernel(kernel, 1, 1, 1, 8, 1, 1, 0, None, packed.addresses, (ctypes.c_void_p * 1)(None))


@program
def shapes_that_do_not_fit(cuda: Cuda) -> None:
    loaded = module(cuda)
    kernel, bounded, pointer = function(cuda, "count", loaded), function(cuda, "bounded", loaded), alloc(cuda)
    for grid, block in (((0, 1, 1), (1, 1, 1)), ((1, 0, 1), (1, 1, 1)), ((1, 1, 1), (0, 1, 1)),
                        ((1, 1, 1), (1025, 1, 1)), ((1, 1, 1), (32, 33, 1)), ((1, 1, 1), (1, 1, 65)),
                        ((1, 65536, 1), (1, 1, 1)), ((1, 1, 65536), (1, 1, 1)), ((1 << 31, 1, 1), (1, 1, 1))):
        launch(cuda, kernel, grid=grid, block=block)
    launch(cuda, bounded, c_uint64(pointer), block=(129, 1, 1))
    launch(cuda, bounded, c_uint64(pointer), block=(128, 1, 1))
    launch(cuda, kernel, shared=1 << 20)
    launch(cuda, None)  # type: ignore[arg-type]
    cuda.cuCtxSynchronize()


@program
def grids(cuda: Cuda) -> None:
    kernel, pointer = function(cuda, "size_of_grid"), alloc(cuda, 64)
    for grid in ((3, 1, 1), (2, 5, 1), (2, 3, 4)):
        launch(cuda, kernel, c_uint64(pointer), grid=grid)
        fetch(cuda, pointer, 3, "grid")


@program
def dynamic_shared_memory(cuda: Cuda) -> None:
    kernel, pointer, value = function(cuda, "shared_sum"), alloc(cuda), i32()
    launch(cuda, kernel, c_uint64(pointer), block=(64, 1, 1), shared=256)
    fetch(cuda, pointer, 4, "sums")
    cuda.cuFuncGetAttribute(value, 1, kernel)
    cuda.note("static bytes", value.value)
    cuda.cuFuncSetAttribute(kernel, 8, 1024)
    cuda.cuFuncGetAttribute(value, 8, kernel)
    cuda.note("dynamic bytes", value.value)
    cuda.cuFuncSetAttribute(kernel, 8, 1 << 24)
    cuda.cuFuncSetAttribute(kernel, 0, 1)
    cuda.cuFuncSetAttribute(kernel, WRONG, 1)


@program
def attributes_of_functions(cuda: Cuda) -> None:
    loaded, value = module(cuda), i32()
    for name in ("bounded", "shared_sum", "mixed"):
        kernel = function(cuda, name, loaded)
        cuda.cuFuncGetAttribute(value, 0, kernel)
        cuda.note(f"{name}: threads", value.value)
        cuda.cuFuncGetAttribute(value, 1, kernel)
        cuda.note(f"{name}: shared", value.value)
        cuda.cuFuncGetAttribute(value, 4, kernel)
        cuda.note(f"{name}: has registers", value.value > 0)
    cuda.cuFuncGetAttribute(value, WRONG, kernel)
    cuda.cuFuncGetAttribute(None, 0, kernel)
    cuda.cuFuncGetAttribute(value, 0, None)
    owner, name_out = u64(), ctypes.c_char_p()
    cuda.cuFuncGetModule(owner, kernel)
    cuda.note("its module", owner.value == loaded)
    cuda.cuFuncGetName(name_out, kernel)
    cuda.note("its name", name_out.value.decode() if name_out.value else None)
    cuda.cuFuncSetCacheConfig(kernel, 1)
    cuda.cuFuncSetCacheConfig(kernel, WRONG)


@program
def parameters_of_functions(cuda: Cuda) -> None:
    kernel, offset, size = function(cuda, "mixed"), u64(), u64()
    for index in range(5):
        cuda.cuFuncGetParamInfo(kernel, index, offset, size)
        cuda.note("offset and size", [offset.value, size.value])
    cuda.cuFuncGetParamInfo(kernel, 5, offset, size)
    cuda.cuFuncGetParamInfo(kernel, 0, None, size)


@program
def a_configured_launch(cuda: Cuda) -> None:
    kernel, pointer, queue = function(cuda, "add_one"), alloc(cuda, 64), stream(cuda)
    cuda.cuMemsetD8_v2(pointer, 0, 64)
    packed = Packed(c_uint64(pointer), c_int(2))
    config = Config(grid=(1, 1, 1), block=(4, 1, 1), stream=queue)
    cuda.cuLaunchKernelEx(config, kernel, packed.addresses, None)
    cuda.cuStreamSynchronize(queue)
    fetch(cuda, pointer, 3, "content")
    config.block = (0, 1, 1)
    cuda.cuLaunchKernelEx(config, kernel, packed.addresses, None)
    cuda.cuLaunchKernelEx(None, kernel, packed.addresses, None)


@program
def occupancy(cuda: Cuda) -> None:
    loaded, value, size = module(cuda), i32(), u64()
    kernel = function(cuda, "bounded", loaded)
    cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(value, kernel, 128, 0)
    cuda.note("some", value.value > 0)
    cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(value, kernel, 256, 0)
    cuda.note("beyond its bounds", value.value)
    cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(value, kernel, 0, 0)
    cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(None, kernel, 128, 0)
    cuda.cuOccupancyMaxActiveBlocksPerMultiprocessor(value, None, 128, 0)
    cuda.cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(value, kernel, 128, 0, WRONG)
    grid, block = i32(), i32()
    cuda.cuOccupancyMaxPotentialBlockSize(grid, block, kernel, None, 0, 0)
    cuda.note("within its bounds", 0 < block.value <= 128)
    cuda.cuOccupancyMaxPotentialBlockSize(grid, block, kernel, None, 0, 64)
    cuda.note("within the limit", 0 < block.value <= 64)
    cuda.cuOccupancyAvailableDynamicSMemPerBlock(size, kernel, 1, 128)
    cuda.note("some", size.value > 0)


@program
def cooperative(cuda: Cuda) -> None:
    kernel, pointer = function(cuda, "add_one"), alloc(cuda, 64)
    cuda.cuMemsetD8_v2(pointer, 0, 64)
    packed = Packed(c_uint64(pointer), c_int(4))
    cuda.cuLaunchCooperativeKernel(kernel, 1, 1, 1, 32, 1, 1, 0, None, packed.addresses)
    fetch(cuda, pointer, 5, "content")
    cuda.cuLaunchCooperativeKernel(kernel, 1 << 20, 1, 1, 1024, 1, 1, 0, None, packed.addresses)


@program
def linked(cuda: Cuda) -> None:
    state, image, size, handle = u64(), u64(), u64(), u64()
    cuda.cuLinkCreate_v2(0, None, None, state)
    cuda.cuLinkAddData_v2(state.value, 1, cuda.kernels, len(cuda.kernels), b"kernels", 0, None, None)
    cuda.cuLinkComplete(state.value, image, size)
    cuda.note("some", size.value > 0)
    cuda.cuModuleLoadData(handle, ctypes.create_string_buffer(ctypes.string_at(image.value or 0, size.value))
                          if image.value else None)
    cuda.cuModuleGetFunction(handle, handle.value, b"add_one")
    cuda.cuLinkDestroy(state.value)
    cuda.cuLinkCreate_v2(0, None, None, None)
    cuda.cuLinkCreate_v2(0, None, None, state)
    cuda.cuLinkAddData_v2(state.value, 1, b"nonsense\0", 9, b"nonsense", 0, None, None)
    cuda.cuLinkAddFile_v2(state.value, 1, b"/no/such/file.ptx", 0, None, None)
    cuda.cuLinkDestroy(state.value)
