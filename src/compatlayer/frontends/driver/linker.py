"""cuLink*: images joined into one cubin."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import context, handles
from compatlayer.core.linker import Linker
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver import image as images
from compatlayer.frontends.driver.values import number, pointer

_INPUTS = 6  # CU_JIT_NUM_INPUT_TYPES


def find(handle: Any) -> Linker:
    """The live linker behind a raw CUlinkState."""
    return handles.get(number(handle), Linker)


def _logged(linker: Linker) -> AbstractContextManager[None]:
    """Write the log buffers that the linker was created with."""
    assert isinstance(linker.owner, images.JitOptions)
    return images.logged(linker.owner)


def _check_type(kind: int) -> None:
    if not 0 <= kind < _INPUTS:
        raise CudaError(Status.INVALID_VALUE, f"{kind} is no type of linker input")


@entry("cuLinkCreate", optional=("options", "optionValues"))
@entry("cuLinkCreate_v2", optional=("options", "optionValues"))
def create(numOptions: int, options: Any, optionValues: Any, stateOut: Any) -> None:
    jit = images.JitOptions(numOptions, options, optionValues)
    made = Linker(context.current())
    made.owner = jit  # its log buffers stay valid until the linker is destroyed, as documented
    stateOut[0] = pointer(made.handle)


@entry("cuLinkAddData", optional=("name", "options", "optionValues"))
@entry("cuLinkAddData_v2", optional=("name", "options", "optionValues"))
def add_data(state: Any, type: int, data: Any, size: int, name: Any, numOptions: int, options: Any,
             optionValues: Any) -> None:
    linker = find(state)
    _check_type(type)
    if data == ffi.NULL or size == 0:
        raise CudaError(Status.INVALID_VALUE, "the input is null or empty")
    with images.logged(images.JitOptions(numOptions, options, optionValues)), _logged(linker):
        label = images.text(name, "the name") if name != ffi.NULL else ""
        linker.add(ffi.buffer(data, size)[:], label)


@entry("cuLinkAddFile", optional=("options", "optionValues"))
@entry("cuLinkAddFile_v2", optional=("options", "optionValues"))
def add_file(state: Any, type: int, path: Any, numOptions: int, options: Any, optionValues: Any) -> None:
    linker = find(state)
    _check_type(type)
    with images.logged(images.JitOptions(numOptions, options, optionValues)), _logged(linker):
        linker.add(images.file(path), images.text(path, "the path"))


@entry("cuLinkComplete")
def complete(state: Any, cubinOut: Any, sizeOut: Any) -> None:
    linker = find(state)
    with _logged(linker):
        data = linker.complete()
    linker.buffer = ffi.from_buffer(data)
    cubinOut[0] = linker.buffer
    if sizeOut != ffi.NULL:
        sizeOut[0] = len(data)


@entry("cuLinkDestroy")
def destroy(state: Any) -> None:
    find(state).close()
