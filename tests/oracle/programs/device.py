"""Devices, versions and names of errors: what does not depend on which device it is."""

from __future__ import annotations

import ctypes

from _common import WRONG, i32, u64

from compatlayer.oracle.calls import Cuda, program, program_without_context

# Attributes that are the same on every device of compute capability 7.5 and later.
_FIXED = {"max threads of a block": 1, "x of a block": 2, "y of a block": 3, "z of a block": 4, "x of a grid": 5,
          "y of a grid": 6, "z of a grid": 7, "warp": 10, "max pitch": 11, "overlap": 15, "map host": 19,
          "concurrent kernels": 31, "unified addressing": 41, "managed memory": 83,
          "stream priorities": 78}  # fmt: skip


@program_without_context
def initialisation(cuda: Cuda) -> None:
    count, version = i32(), i32()
    cuda.cuInit(0)
    cuda.cuInit(1)
    cuda.cuDriverGetVersion(version)
    cuda.note("12 or later", version.value >= 12000)
    cuda.cuDriverGetVersion(None)
    cuda.cuDeviceGetCount(count)
    cuda.note("any", count.value > 0)
    cuda.cuDeviceGetCount(None)


@program_without_context
def ordinals(cuda: Cuda) -> None:
    device = i32(-7)
    cuda.cuDeviceGet(device, 0)
    cuda.note("device", device.value)
    cuda.cuDeviceGet(device, -1)
    cuda.cuDeviceGet(device, 9999)
    cuda.cuDeviceGet(None, 0)


@program_without_context
def fixed_attributes(cuda: Cuda) -> None:
    for label, number in _FIXED.items():
        value = i32()
        cuda.cuDeviceGetAttribute(value, number, 0)
        cuda.note(label, value.value)


@program_without_context
def bad_queries(cuda: Cuda) -> None:
    value, text, size = i32(), ctypes.create_string_buffer(64), u64()
    cuda.cuDeviceGetAttribute(value, WRONG, 0)
    cuda.cuDeviceGetAttribute(value, 0, 0)
    cuda.cuDeviceGetAttribute(value, 1, 9999)
    cuda.cuDeviceGetAttribute(None, 1, 0)
    cuda.cuDeviceGetName(text, 0, 0)
    cuda.cuDeviceGetName(None, 64, 0)
    cuda.cuDeviceGetName(text, 64, 9999)
    cuda.cuDeviceTotalMem_v2(size, 9999)
    cuda.cuDeviceTotalMem_v2(None, 0)
    cuda.cuDeviceGetUuid_v2(None, 0)


@program_without_context
def a_name_is_cut(cuda: Cuda) -> None:
    text = ctypes.create_string_buffer(b"#" * 64)
    cuda.cuDeviceGetName(text, 4, 0)
    cuda.note("ends", text.raw[3:5].replace(b"#", b"."))


@program_without_context
def bus_addresses(cuda: Cuda) -> None:
    text, device = ctypes.create_string_buffer(64), i32()
    cuda.cuDeviceGetPCIBusId(text, 64, 0)
    cuda.cuDeviceGetByPCIBusId(device, text.value)
    cuda.note("device", device.value)
    cuda.cuDeviceGetByPCIBusId(device, b"nonsense")
    cuda.cuDeviceGetByPCIBusId(device, None)
    cuda.cuDeviceGetPCIBusId(text, 0, 0)


@program_without_context
def names_of_errors(cuda: Cuda) -> None:
    for number in (0, 1, 2, 3, 100, 101, 200, 201, 209, 218, 300, 400, 500, 600, 700, 701, 702, 719, 801, 900, 999,
                   1234, 77777):
        text = ctypes.c_char_p()
        cuda.cuGetErrorName(number, text)
        cuda.note(str(number), text.value.decode() if text.value else None)
        cuda.cuGetErrorString(number, text)
    cuda.cuGetErrorName(0, None)
    cuda.cuGetErrorString(0, None)


@program_without_context
def looked_up_functions(cuda: Cuda) -> None:
    pointer, found = u64(), i32()
    for name, version in ((b"cuMemAlloc", 3020), (b"cuMemAlloc", 2000), (b"cuLaunchKernel", 12000),
                          (b"cuNoSuchThing", 12000), (b"cuGraphLaunch", 9000), (b"cuGraphLaunch", 10000)):
        cuda.cuGetProcAddress_v2(name, pointer, version, 0, found)
        cuda.note(f"{name.decode()} {version}", [bool(pointer.value), found.value])
    cuda.cuGetProcAddress_v2(None, pointer, 12000, 0, None)
    cuda.cuGetProcAddress_v2(b"cuInit", None, 12000, 0, None)
    cuda.cuGetProcAddress_v2(b"cuInit", pointer, 12000, WRONG, None)


@program
def memory_information(cuda: Cuda) -> None:
    free, total, all_of_it = u64(), u64(), u64()
    cuda.cuMemGetInfo_v2(free, total)
    cuda.cuDeviceTotalMem_v2(all_of_it, 0)
    cuda.note("free within total", 0 < free.value <= total.value <= all_of_it.value)
    cuda.cuMemGetInfo_v2(None, None)
