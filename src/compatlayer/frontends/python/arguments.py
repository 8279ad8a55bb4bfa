"""Kernel arguments: Python and NumPy values as the bytes that a kernel's parameters want.

A value is never reinterpreted: an int given for a float parameter becomes that float, a float for an integer parameter
is refused. The kinds come from the device IR, because sizes alone cannot tell a float from an int.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from compatlayer.compiler.image import KernelInfo, Parameter
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.python.buffer import Buffer

if TYPE_CHECKING:
    import numpy as np

    from compatlayer.frontends.python.device import Device
    from compatlayer.frontends.python.program import Kernel


class Kind(Enum):
    """What a parameter is, beside its size."""

    POINTER = "pointer"
    INTEGER = "integer"
    FLOAT = "float"
    STRUCT = "struct"


_FLOATS = {2: "e", 4: "f", 8: "d"}
_NUMPY_KINDS = {"i": Kind.INTEGER, "u": Kind.INTEGER, "b": Kind.INTEGER, "f": Kind.FLOAT, "V": Kind.STRUCT,
                "c": Kind.STRUCT}


def parameter_kinds(ir: str, info: KernelInfo) -> tuple[Kind, ...]:
    """The kind of each parameter of a kernel, from its definition in the device IR."""
    found = re.search(rf'^define [^@\n]*@"?{re.escape(info.name)}"?\(', ir, re.MULTILINE)
    words = _split(ir, found.end()) if found else []
    kinds = tuple(_kind(word) for word in words)
    if len(kinds) != len(info.parameters):
        raise CudaError(Status.INVALID_IMAGE, f"{info.name} has {len(info.parameters)} parameters in the image and "
                                              f"{len(kinds)} in its device code")
    return kinds


def _split(text: str, start: int) -> list[str]:
    """The parameters of a definition whose parenthesis opened before `start`."""
    words, depth, begin = [], 0, start
    for position in range(start, len(text)):
        letter = text[position]
        if letter in "([{<":
            depth += 1
        elif letter in ")]}>" and depth:
            depth -= 1
        elif letter in ",)" and depth == 0:
            words.append(text[begin:position].strip())
            begin = position + 1
            if letter == ")":
                break
    return [word for word in words if word]


def _kind(word: str) -> Kind:
    if "byval" in word or word[0] in "[{<%":
        return Kind.STRUCT
    kind = word.split()[0]
    if kind.startswith("ptr"):
        return Kind.POINTER
    return Kind.FLOAT if kind in ("half", "float", "double") else Kind.INTEGER if kind[0] == "i" else Kind.STRUCT


def pack(kernel: Kernel, device: Device, args: Sequence[object]) -> tuple[bytes, list[object]]:
    """The packed argument buffer, and what must stay alive until the kernel is done."""
    info = kernel.core.info
    if len(args) != len(info.parameters):
        raise CudaError(Status.INVALID_VALUE, f"{info.name} takes {len(info.parameters)} arguments, not {len(args)}")
    packed, kept = bytearray(info.args_bytes), list[object]()
    for index, (value, parameter, kind) in enumerate(zip(args, info.parameters, kernel.kinds, strict=True)):
        try:
            data = _bytes(value, parameter, kind, device, kept)
        except (_UnfitError, struct.error, OverflowError) as error:
            raise CudaError(Status.INVALID_VALUE, f"argument {index} of {info.name}: {error}; the parameter is "
                                                  f"{_described(parameter, kind)}") from None
        packed[parameter.offset : parameter.offset + parameter.size_bytes] = data
    return bytes(packed), kept


class _UnfitError(Exception):
    """A value that a parameter cannot take; the text is the value's part of the sentence."""


def _described(parameter: Parameter, kind: Kind) -> str:
    article = "an" if kind is Kind.INTEGER else "a"
    return f"{article} {kind.value} of {parameter.size_bytes} bytes"


def _bytes(value: object, parameter: Parameter, kind: Kind, device: Device, kept: list[object]) -> bytes:
    size = parameter.size_bytes
    if isinstance(value, Buffer):
        return _buffer(value, kind, device)
    if isinstance(value, int):
        return _integer(value, size, kind)
    if isinstance(value, float):
        if kind is not Kind.FLOAT or type(value) is not float:
            return _numpy(value, size, kind, device, kept)
        return struct.pack(f"<{_FLOATS[size]}", value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        if kind is not Kind.STRUCT or memoryview(value).nbytes != size:
            raise _UnfitError(f"{memoryview(value).nbytes} bytes")
        return bytes(value)
    if value is None and kind is Kind.POINTER:
        return bytes(size)
    return _numpy(value, size, kind, device, kept)


def _buffer(value: Buffer, kind: Kind, device: Device) -> bytes:
    if kind is not Kind.POINTER:
        raise _UnfitError("a Buffer")
    if value.device.ordinal != device.ordinal:
        raise _UnfitError(f"a Buffer of device {value.device.ordinal} in a launch on device {device.ordinal}")
    return struct.pack("<Q", value.address)


def _integer(value: int, size: int, kind: Kind) -> bytes:
    if kind is Kind.FLOAT:
        return struct.pack(f"<{_FLOATS[size]}", float(value))
    if kind is Kind.STRUCT:
        raise _UnfitError(f"the int {value}")
    if not -(1 << (8 * size - 1)) <= value < 1 << (8 * size) or (kind is Kind.POINTER and value < 0):
        raise _UnfitError(f"the int {value} is out of range")
    return (value & ((1 << (8 * size)) - 1)).to_bytes(size, "little")


def _numpy(value: object, size: int, kind: Kind, device: Device, kept: list[object]) -> bytes:
    import numpy as np

    if isinstance(value, np.ndarray):
        return _array(value, kind, device, kept)
    if not isinstance(value, np.generic):
        raise _UnfitError(f"a {type(value).__name__}" if not isinstance(value, float) else f"the float {value}")
    given = _NUMPY_KINDS.get(value.dtype.kind)
    if given is not kind and not (kind is Kind.POINTER and value.dtype == np.uint64):
        raise _UnfitError(f"a numpy.{value.dtype.name}")
    if value.dtype.itemsize != size:
        raise _UnfitError(f"a numpy.{value.dtype.name} of {value.dtype.itemsize} bytes")
    return value.astype(value.dtype.newbyteorder("<")).tobytes() if kind is not Kind.STRUCT else value.tobytes()


def _array(value: np.ndarray, kind: Kind, device: Device, kept: list[object]) -> bytes:
    if kind is not Kind.POINTER:
        raise _UnfitError("a NumPy array")
    if not device.core.caps.raw_pointers:
        raise _UnfitError("a NumPy array, which this device cannot reach; use Device.upload")
    if not value.flags.c_contiguous or not value.flags.writeable:
        raise _UnfitError("a NumPy array that is not contiguous or not writable; copy it")
    kept.append(value)
    return struct.pack("<Q", value.ctypes.data)


