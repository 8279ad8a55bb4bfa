"""Values at the C edge: handles and addresses as integers and back, and typed memory behind `void *`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compatlayer._native import ffi
from compatlayer.core import handles
from compatlayer.core.context import Context, current_or_none, current_view
from compatlayer.core.device import Device
from compatlayer.core.event import Event
from compatlayer.core.green import GreenContext, GreenView
from compatlayer.core.pool import Pool
from compatlayer.core.runtime import state
from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.core.array import Array

_cast = ffi.cast


def number(pointer: Any) -> int:
    """The integer behind a handle or a pointer."""
    return int(_cast("uintptr_t", pointer))


def pointer(value: int) -> Any:
    """An integer as something that can be stored in any handle or pointer."""
    return _cast("void *", value)


def context_of(handle: Any) -> Context:
    """The live context behind a CUcontext; of a green context's the primary context, which it is a part of."""
    return context_and_view(handle)[0]


def context_and_view(handle: Any) -> tuple[Context, GreenView | None]:
    """The live context behind a CUcontext, and the green context's view of it that the handle stands for."""
    found = handles.find(number(handle))
    if isinstance(found, GreenView):
        context = found.green.live()
        return context, found
    context = handles.get(number(handle), Context)
    context.live_domain()
    return context, None


def green_of(handle: Any) -> GreenContext:
    """The live green context behind a CUgreenCtx."""
    green = handles.get(number(handle), GreenContext)
    green.live()
    return green


def current_green() -> GreenContext | None:
    """The green context that is current on the calling thread."""
    view = current_view()
    return view.green if isinstance(view, GreenView) else None


def event_of(handle: Any) -> Event:
    """The live event behind a CUevent."""
    return handles.get(number(handle), Event)


def array_of(handle: Any) -> Array:
    """The live array behind a CUarray."""
    from compatlayer.core.array import Array

    return handles.get(number(handle), Array)


def pool_of(handle: Any) -> Pool:
    """The live pool behind a CUmemoryPool."""
    return handles.get(number(handle), Pool)


def any_device() -> Device:
    """The current context's device, or the first shown: for what is of no device."""
    context = current_or_none()
    return context.device if context is not None else state.device(0)


def needed(pointer: Any, what: str) -> None:
    """INVALID_VALUE for a null pointer to read-only or untyped data, which `entry` lets through."""
    if not pointer:
        raise CudaError(Status.INVALID_VALUE, f"{what} is null")


def store(data: Any, size_bytes: int, value: int) -> None:
    """Write an integer of 1, 4 or 8 bytes behind a `void *`."""
    needed(data, "the address for the value")
    _cast(_TYPES[size_bytes], data)[0] = value & ((1 << 8 * size_bytes) - 1)


def load(data: Any, size_bytes: int) -> int:
    """Read an unsigned integer of 1, 4 or 8 bytes behind a `void *`."""
    needed(data, "the address of the value")
    return int(_cast(_TYPES[size_bytes], data)[0])


def text_into(buffer: Any, size_bytes: int, text: str) -> None:
    """Write `text` into a buffer of the caller's, cut to fit, with zeros up to its end."""
    if size_bytes <= 0:
        raise CudaError(Status.INVALID_VALUE, f"a buffer of {size_bytes} bytes holds no text")
    data = text.encode()[: size_bytes - 1]
    ffi.memmove(buffer, data.ljust(size_bytes, b"\0"), size_bytes)


_TYPES = {1: "uint8_t *", 4: "uint32_t *", 8: "uint64_t *"}
