"""cuLibrary* and cuKernel*: code and kernels that belong to no context."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import context, handles
from compatlayer.core import image as core_image
from compatlayer.core.library import Library, LibraryKernel
from compatlayer.core.runtime import state
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver import image as images
from compatlayer.frontends.driver.function import CACHE_CONFIGS, give_parameter, name_of
from compatlayer.frontends.driver.module import give
from compatlayer.frontends.driver.values import needed, number, pointer

_OPTIONS = 2  # CU_LIBRARY_NUM_OPTIONS


def find(handle: Any) -> Library:
    """The live library behind a raw CUlibrary."""
    return handles.get(number(handle), Library)


def find_kernel(handle: Any) -> LibraryKernel:
    """The live kernel behind a raw CUkernel."""
    return handles.get(number(handle), LibraryKernel)


def _load(library: Any, data: bytes, options: Any, count: int) -> None:
    if count and options == ffi.NULL:
        raise CudaError(Status.INVALID_VALUE, f"{count} library options without their numbers")
    for place in range(count):
        if not 0 <= int(options[place]) < _OPTIONS:
            raise CudaError(Status.INVALID_VALUE, f"{int(options[place])} is no library option")
    library[0] = pointer(Library(core_image.load(data, state.device(0))).handle)


@entry("cuLibraryLoadData", optional=("jitOptions", "jitOptionsValues", "libraryOptions", "libraryOptionValues"))
def load_data(library: Any, code: Any, jitOptions: Any, jitOptionsValues: Any, numJitOptions: int,
              libraryOptions: Any, libraryOptionValues: Any, numLibraryOptions: int) -> None:
    with images.logged(images.JitOptions(numJitOptions, jitOptions, jitOptionsValues)):
        _load(library, images.at(code, "the code"), libraryOptions, numLibraryOptions)


@entry("cuLibraryLoadFromFile", optional=("jitOptions", "jitOptionsValues", "libraryOptions", "libraryOptionValues"))
def load_from_file(library: Any, fileName: Any, jitOptions: Any, jitOptionsValues: Any, numJitOptions: int,
                   libraryOptions: Any, libraryOptionValues: Any, numLibraryOptions: int) -> None:
    with images.logged(images.JitOptions(numJitOptions, jitOptions, jitOptionsValues)):
        _load(library, images.file(fileName), libraryOptions, numLibraryOptions)


@entry("cuLibraryUnload")
def unload(library: Any) -> None:
    find(library).unload()


@entry("cuLibraryGetKernel")
def get_kernel(pKernel: Any, library: Any, name: Any) -> None:
    wanted = images.text(name, "the kernel's name")
    pKernel[0] = pointer(find(library).kernel(wanted).handle)


@entry("cuLibraryGetKernelCount")
def count_kernels(count: Any, lib: Any) -> None:
    count[0] = len(find(lib).image.native.kernels)


@entry("cuLibraryEnumerateKernels")
def enumerate_kernels(kernels: Any, numKernels: int, lib: Any) -> None:
    for place, kernel in enumerate(find(lib).kernels()[:numKernels]):
        kernels[place] = pointer(kernel.handle)


@entry("cuLibraryGetModule")
def get_module(pMod: Any, library: Any) -> None:
    pMod[0] = pointer(find(library).module().handle)


@entry("cuLibraryGetGlobal", optional=("dptr", "bytes"))
def get_global(dptr: Any, bytes: Any, library: Any, name: Any) -> None:
    base, size_bytes = find(library).symbol(images.text(name, "the global's name"))
    give(dptr, bytes, base, size_bytes)


@entry("cuLibraryGetManaged", optional=("dptr", "bytes"))
def get_managed(dptr: Any, bytes: Any, library: Any, name: Any) -> None:
    base, size_bytes = find(library).managed(images.text(name, "the global's name"))
    give(dptr, bytes, base, size_bytes)


@entry("cuKernelGetFunction")
def get_function(pFunc: Any, kernel: Any) -> None:
    pFunc[0] = pointer(find_kernel(kernel).function().handle)


@entry("cuKernelGetLibrary")
def get_library(pLib: Any, kernel: Any) -> None:
    pLib[0] = pointer(find_kernel(kernel).library.handle)


@entry("cuKernelGetAttribute")
def get_attribute(pi: Any, attrib: int, kernel: Any, dev: int) -> None:
    pi[0] = find_kernel(kernel).attributes(state.device(dev)).get(attrib)


@entry("cuKernelSetAttribute")
def set_attribute(attrib: int, val: int, kernel: Any, dev: int) -> None:
    find_kernel(kernel).attributes(state.device(dev)).set(attrib, val)


@entry("cuKernelSetCacheConfig")
def set_cache_config(kernel: Any, config: int, dev: int) -> None:
    find_kernel(kernel)
    state.device(dev)
    if config not in CACHE_CONFIGS:
        raise CudaError(Status.INVALID_VALUE, f"{config} is no cache configuration")


@entry("cuKernelGetName")
def get_name(name: Any, hfunc: Any) -> None:
    needed(hfunc, "hfunc")
    name[0] = name_of(find_kernel(hfunc).info.name)


@entry("cuKernelGetParamInfo", optional=("paramSize",))
def get_parameter(kernel: Any, paramIndex: int, paramOffset: Any, paramSize: Any) -> None:
    context.current()
    give_parameter(find_kernel(kernel).info, paramIndex, paramOffset, paramSize)


@entry("cuKernelGetParamCount")
def count_parameters(kernel: Any, paramCount: Any) -> None:
    context.current()
    paramCount[0] = len(find_kernel(kernel).info.parameters)
