"""cuFunc* and cuParam*: kernels of modules, their attributes, and the launch state that old programs set."""

from __future__ import annotations

import struct
from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.compiler.image import KernelInfo
from compatlayer.core.function import Function, parameter
from compatlayer.core.library import function_of
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.launch import put_in_front
from compatlayer.frontends.driver.values import needed, number, pointer

CACHE_CONFIGS = range(4)
_SHARED_CONFIGS = range(3)
_LOADED = 1  # CU_FUNCTION_LOADING_STATE_LOADED
_names: dict[str, Any] = {}  # C strings handed out; a kernel's name stays readable after its module is gone


def find(handle: Any) -> Function:
    """The function behind a raw CUfunction; a CUkernel stands for its function in the current context."""
    return function_of(number(handle))


def name_of(name: str) -> Any:
    """A C string that lives as long as the process."""
    kept = _names.get(name)
    if kept is None:
        kept = _names.setdefault(name, ffi.new("char[]", name.encode("utf-8", "surrogateescape")))
    return kept


def give_parameter(info: KernelInfo, index: int, offset_place: Any, size_place: Any) -> None:
    """Write a parameter's offset and, where asked, its size."""
    offset_place[0], size_bytes = parameter(info, index)
    if size_place != ffi.NULL:
        size_place[0] = size_bytes


@entry("cuFuncGetAttribute")
def get_attribute(pi: Any, attrib: int, hfunc: Any) -> None:
    pi[0] = find(hfunc).attributes.get(attrib)


@entry("cuFuncSetAttribute")
def set_attribute(hfunc: Any, attrib: int, value: int) -> None:
    find(hfunc).attributes.set(attrib, value)


@entry("cuFuncSetCacheConfig")
def set_cache_config(hfunc: Any, config: int) -> None:
    find(hfunc)
    if config not in CACHE_CONFIGS:
        raise CudaError(Status.INVALID_VALUE, f"{config} is no cache configuration")


@entry("cuFuncSetSharedMemConfig")
def set_shared_config(hfunc: Any, config: int) -> None:
    find(hfunc)
    if config not in _SHARED_CONFIGS:
        raise CudaError(Status.INVALID_VALUE, f"{config} is no shared memory configuration")


@entry("cuFuncGetModule")
def get_module(hmod: Any, hfunc: Any) -> None:
    hmod[0] = pointer(find(hfunc).module.handle)


@entry("cuFuncGetName")
def get_name(name: Any, hfunc: Any) -> None:
    needed(hfunc, "hfunc")
    name[0] = name_of(find(hfunc).info.name)


@entry("cuFuncGetParamInfo", optional=("paramSize",))
def get_parameter(func: Any, paramIndex: int, paramOffset: Any, paramSize: Any) -> None:
    give_parameter(find(func).info, paramIndex, paramOffset, paramSize)


@entry("cuFuncGetParamCount")
def count_parameters(func: Any, paramCount: Any) -> None:
    paramCount[0] = len(find(func).info.parameters)


@entry("cuFuncIsLoaded")
def is_loaded(state: Any, function: Any) -> None:
    find(function)
    state[0] = _LOADED


@entry("cuFuncLoad")
def load(function: Any) -> None:
    find(function)  # functions are loaded with their module


@entry("cuFuncSetBlockShape")
def set_block_shape(hfunc: Any, x: int, y: int, z: int) -> None:
    function = find(hfunc)
    if min(x, y, z) < 1:
        raise CudaError(Status.INVALID_VALUE, f"a block of {(x, y, z)}; each must be 1 or more")
    function.legacy_launch().block = (x, y, z)


put_in_front("cuFuncSetBlockShape")


@entry("cuFuncSetSharedSize")
def set_shared_size(hfunc: Any, bytes: int) -> None:
    find(hfunc).legacy_launch().shared_bytes = bytes


@entry("cuParamSetSize")
def set_args_size(hfunc: Any, numbytes: int) -> None:
    function = find(hfunc)
    limit = function.attributes.device.caps.max_args_bytes
    if numbytes > limit:
        raise CudaError(Status.INVALID_VALUE, f"{numbytes} bytes of arguments; a kernel takes at most {limit}")
    function.legacy_launch().args_bytes = numbytes


def _write(handle: Any, offset: int, data: bytes) -> None:
    function = find(handle)
    function.legacy_launch().write(offset, data, function.attributes.device.caps.max_args_bytes)


@entry("cuParamSeti")
def set_integer(hfunc: Any, offset: int, value: int) -> None:
    _write(hfunc, offset, struct.pack("=I", value))


@entry("cuParamSetf")
def set_float(hfunc: Any, offset: int, value: float) -> None:
    _write(hfunc, offset, struct.pack("=f", value))


@entry("cuParamSetv")
def set_bytes(hfunc: Any, offset: int, ptr: Any, numbytes: int) -> None:
    if ptr == ffi.NULL:
        raise CudaError(Status.INVALID_VALUE, "the argument's address is null")
    _write(hfunc, offset, ffi.buffer(ptr, numbytes)[:])
