"""The pass-through: with COMPATLAYER_DEVICES=nvidia the functions of our libcuda are those of NVIDIA's driver.

A call costs one jump more than without us. Only documented functions are passed on: cuGetExportTable is not. What our
compiler libraries make is turned into PTX text, which the driver compiles; a program's own modules go through as they
are. compatlayer.boot calls fill() before the first function runs.
"""

from __future__ import annotations

import os
from typing import Any

from compatlayer._native import ffi, lib
from compatlayer.api.entry import entry
from compatlayer.api.library import CUDA
from compatlayer.core.image import compiling
from compatlayer.errors import CudaError, Status

_KEPT = frozenset({"cuGetExportTable"}) | CUDA.looked_up
_PTX = 1  # CU_JIT_INPUT_PTX
# The PTX version that LLVM writes for drivers older than CUDA 13: the newest one each knows.
_PTX_VERSIONS = {12090: 88, 12080: 87, 12070: 86, 12050: 85, 12040: 84, 12030: 83, 12020: 82, 12010: 81, 12000: 80,
                 11080: 78, 11070: 77, 11060: 76, 11050: 75, 11040: 74}
_real: dict[str, int] = {}  # the driver's functions


def fill(path: str) -> None:
    """Put the driver's functions in place of ours. Raises OSError when it cannot be loaded."""
    from _ctypes import dlopen, dlsym  # type: ignore[attr-defined]

    handle = dlopen(path, os.RTLD_NOW | os.RTLD_LOCAL | getattr(os, "RTLD_DEEPBIND", 0))
    for index in range(lib.cpl_slot_count(CUDA.number)):
        name = ffi.string(lib.cpl_slot_name(CUDA.number, index)).decode()
        if name in _KEPT:
            continue
        address = _find(dlsym, handle, name)
        if not address:
            continue
        _real[name] = address
        own = _find(dlsym, handle, name + "_ptsz") or _find(dlsym, handle, name + "_ptds")
        if own:
            lib.cpl_slot_set_per_thread(CUDA.number, index, ffi.cast("void *", own))
        if name not in _WRAPPED:
            lib.cpl_slot_set(CUDA.number, index, ffi.cast("void *", address))
    lib.cpl_entry_points_until(_version())


def _find(dlsym: Any, handle: int, name: str) -> int:
    try:
        return int(dlsym(handle, name))
    except OSError:
        return 0


def _call(name: str, kind: str, *arguments: Any) -> int:
    address = _real.get(name)
    if address is None:
        raise CudaError(Status.NOT_SUPPORTED, f"the driver has no {name}")
    return int(ffi.cast(kind, address)(*arguments))


def _ptx(image: Any) -> Any:
    """What the driver gets for an image: PTX text for one of ours, otherwise the same pointer."""
    from compatlayer.compiler import container

    if image == ffi.NULL:
        return image
    place = ffi.cast("char *", image)
    start = ffi.buffer(place, 8)[:] if place[0] in (b"\x89", b"\xed", b"/", b".") else b""
    if start in (container.MAGIC, container.LTO_MAGIC):
        return _text(ffi.buffer(place, container.image_length(lambda at, size: ffi.buffer(place + at, size)[:]))[:])
    if start[:1] in (b"/", b"."):
        text = ffi.string(place)
        if container.MARK in text:
            return _text(text)
    return image


def _text(data: bytes) -> Any:
    """PTX text of our image for the driver's version."""
    from compatlayer.compiler import container, ptx_text

    with compiling():
        code, kind = container.unpack(data)
        if kind is container.Kind.LTOIR:
            raise CudaError(Status.INVALID_IMAGE, "LTO IR is not code yet; link it to a cubin first")
        ptx = ptx_text.emit(code, _ptx_version())
    if ptx.startswith("// No PTX text"):
        raise CudaError(Status.INVALID_IMAGE, ptx.partition("\n")[0].removeprefix("// "))
    return ffi.new("char[]", container.pack_text(code, ptx))


def _version() -> int:
    """The CUDA version of the driver, as 12040; 0 when it does not say."""
    out = ffi.new("int *")
    return int(out[0]) if "cuDriverGetVersion" in _real and _call(
        "cuDriverGetVersion", "CUresult (*)(int *)", out) == 0 else 0


def _ptx_version() -> int:
    driver = _version()
    if driver >= 13000:
        return 90
    return next((version for least, version in _PTX_VERSIONS.items() if driver >= least), 70)


def _file(path: Any) -> Any:
    """PTX text of a file of ours; None for any other."""
    from compatlayer.compiler import container

    try:
        with open(os.fsdecode(ffi.string(path)), "rb") as file:
            data = file.read()
    except OSError:
        return None
    ours = data[:8] in (container.MAGIC, container.LTO_MAGIC) or container.MARK in data
    return _text(data) if ours else None


@entry("cuModuleLoad", before_init=True)
def module_load(module: Any, fname: Any) -> int:
    text = _file(fname)
    if text is not None:
        return _call("cuModuleLoadData", "CUresult (*)(CUmodule *, const void *)", module, text)
    return _call("cuModuleLoad", "CUresult (*)(CUmodule *, const char *)", module, fname)


@entry("cuModuleLoadData", before_init=True)
def module_load_data(module: Any, image: Any) -> int:
    return _call("cuModuleLoadData", "CUresult (*)(CUmodule *, const void *)", module, _ptx(image))


@entry("cuModuleLoadDataEx", optional=("options", "optionValues"), before_init=True)
def module_load_data_ex(module: Any, image: Any, numOptions: int, options: Any, optionValues: Any) -> int:
    return _call("cuModuleLoadDataEx", "CUresult (*)(CUmodule *, const void *, unsigned, CUjit_option *, void **)",
                 module, _ptx(image), numOptions, options, optionValues)


@entry("cuModuleLoadFatBinary", before_init=True)
def module_load_fat_binary(module: Any, fatCubin: Any) -> int:
    text = _ptx(fatCubin)
    name = "cuModuleLoadFatBinary" if text is fatCubin else "cuModuleLoadData"
    return _call(name, "CUresult (*)(CUmodule *, const void *)", module, text)


@entry("cuLibraryLoadData", optional=("jitOptions", "jitOptionsValues", "libraryOptions", "libraryOptionValues"),
       before_init=True)
def library_load_data(library: Any, code: Any, jitOptions: Any, jitOptionsValues: Any, numJitOptions: int,
                      libraryOptions: Any, libraryOptionValues: Any, numLibraryOptions: int) -> int:
    return _call("cuLibraryLoadData", "CUresult (*)(CUlibrary *, const void *, CUjit_option *, void **, unsigned, "
                 "CUlibraryOption *, void **, unsigned)", library, _ptx(code), jitOptions, jitOptionsValues,
                 numJitOptions, libraryOptions, libraryOptionValues, numLibraryOptions)


@entry("cuLibraryLoadFromFile", optional=("jitOptions", "jitOptionsValues", "libraryOptions", "libraryOptionValues"),
       before_init=True)
def library_load_file(library: Any, fileName: Any, jitOptions: Any, jitOptionsValues: Any, numJitOptions: int,
                      libraryOptions: Any, libraryOptionValues: Any, numLibraryOptions: int) -> int:
    text = _file(fileName)
    rest = (jitOptions, jitOptionsValues, numJitOptions, libraryOptions, libraryOptionValues, numLibraryOptions)
    if text is not None:
        return _call("cuLibraryLoadData", "CUresult (*)(CUlibrary *, const void *, CUjit_option *, void **, unsigned, "
                     "CUlibraryOption *, void **, unsigned)", library, text, *rest)
    return _call("cuLibraryLoadFromFile", "CUresult (*)(CUlibrary *, const char *, CUjit_option *, void **, unsigned, "
                 "CUlibraryOption *, void **, unsigned)", library, fileName, *rest)


@entry("cuLinkAddData_v2", optional=("name", "options", "optionValues"), before_init=True)
def link_add_data(state: Any, type: int, data: Any, size: int, name: Any, numOptions: int, options: Any,
                  optionValues: Any) -> int:
    text = _ptx(data)
    if text is not data:
        data, size, type = text, len(text), _PTX
    return _call("cuLinkAddData_v2", "CUresult (*)(CUlinkState, CUjitInputType, void *, size_t, const char *, unsigned,"
                 " CUjit_option *, void **)", state, type, data, size, name, numOptions, options, optionValues)


@entry("cuLinkAddFile_v2", optional=("options", "optionValues"), before_init=True)
def link_add_file(state: Any, type: int, path: Any, numOptions: int, options: Any, optionValues: Any) -> int:
    text = _file(path)
    if text is not None:
        return _call("cuLinkAddData_v2", "CUresult (*)(CUlinkState, CUjitInputType, void *, size_t, const char *, "
                     "unsigned, CUjit_option *, void **)", state, _PTX, text, len(text), path, numOptions, options,
                     optionValues)
    return _call("cuLinkAddFile_v2", "CUresult (*)(CUlinkState, CUjitInputType, const char *, unsigned, CUjit_option *,"
                 " void **)", state, type, path, numOptions, options, optionValues)


_WRAPPED = frozenset({"cuModuleLoad", "cuModuleLoadData", "cuModuleLoadDataEx", "cuModuleLoadFatBinary",
                      "cuLibraryLoadData", "cuLibraryLoadFromFile", "cuLinkAddData_v2", "cuLinkAddFile_v2"})
