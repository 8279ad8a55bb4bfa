"""cuModule*: code loaded into the current context."""

from __future__ import annotations

from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import context, handles
from compatlayer.core import image as core_image
from compatlayer.core.module import Module
from compatlayer.frontends.driver import image as images
from compatlayer.frontends.driver.values import number, pointer

_EAGER = 1  # CU_MODULE_EAGER_LOADING


def find(handle: Any) -> Module:
    """The live module behind a raw CUmodule."""
    return handles.get(number(handle), Module)


def _load(data: bytes) -> Module:
    owner = context.current()
    return Module(owner, core_image.load(data, owner.device))


@entry("cuModuleLoad")
def load(module: Any, fname: Any) -> None:
    module[0] = pointer(_load(images.file(fname)).handle)


@entry("cuModuleLoadData")
def load_data(module: Any, image: Any) -> None:
    module[0] = pointer(_load(images.at(image, "the image")).handle)


@entry("cuModuleLoadDataEx", optional=("options", "optionValues"))
def load_data_ex(module: Any, image: Any, numOptions: int, options: Any, optionValues: Any) -> None:
    with images.logged(images.JitOptions(numOptions, options, optionValues)):
        module[0] = pointer(_load(images.at(image, "the image")).handle)


@entry("cuModuleLoadFatBinary")
def load_fat_binary(module: Any, fatCubin: Any) -> None:
    module[0] = pointer(_load(images.at(fatCubin, "the fat binary")).handle)


@entry("cuModuleUnload")
def unload(hmod: Any) -> None:
    find(hmod).unload()


@entry("cuModuleGetLoadingMode")
def loading_mode(mode: Any) -> None:
    mode[0] = _EAGER


@entry("cuModuleGetFunction")
def get_function(hfunc: Any, hmod: Any, name: Any) -> None:
    wanted = images.text(name, "the function's name")
    hfunc[0] = pointer(find(hmod).function(wanted).handle)


@entry("cuModuleGetFunctionCount")
def count_functions(count: Any, mod: Any) -> None:
    count[0] = len(find(mod).image.native.kernels)


@entry("cuModuleEnumerateFunctions")
def enumerate_functions(functions: Any, numFunctions: int, mod: Any) -> None:
    for place, function in enumerate(find(mod).functions()[:numFunctions]):
        functions[place] = pointer(function.handle)


@entry("cuModuleGetGlobal_v2", optional=("dptr", "bytes"))
def get_global(dptr: Any, bytes: Any, hmod: Any, name: Any) -> None:
    base, size_bytes = find(hmod).symbol(images.text(name, "the global's name"))
    give(dptr, bytes, base, size_bytes)


def give(place: Any, size: Any, base: int, size_bytes: int) -> None:
    """Write a variable's address and size; either place may be null, as documented."""
    if place != ffi.NULL:
        place[0] = base
    if size != ffi.NULL:
        size[0] = size_bytes
