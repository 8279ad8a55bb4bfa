"""What a linker is given: images in any form that this device can read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from compatlayer.compiler.image import DeviceCode
from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.compiler.container import Kind

_ARCHIVE, _DEVICE_RUNTIME = b"!<arch>\n", (b"cudaLaunchDevice", b"cudaGetParameterBuffer")
_MEMBER_BYTES = 60
_INDEXES = (b"/", b"//", b"/SYM64/", b"__.SYMDEF")


class Input(NamedTuple):
    """One piece of code; `kind` None for PTX text. `name` is what the program calls it, for the log."""

    code: DeviceCode
    kind: Kind | None
    name: str


def read(data: bytes, name: str, limit: int) -> list[Input]:
    """Cubin, PTX or LTO IR, or a library of such. PTX text may be for compute capability `limit` / 10 at most.

    libcudadevrt.a, which launches from kernels are linked with, adds nothing: what it defines is always there. Raises
    CudaError with the documented image errors."""
    if data.startswith(_ARCHIVE):
        if all(each in data for each in _DEVICE_RUNTIME):
            return []
        return [one for member, content in _members(data) for one in read(content, f"{name}({member})", limit)]
    return [_image(data, name, limit)]


def _image(data: bytes, name: str, limit: int) -> Input:
    from compatlayer.compiler import container
    from compatlayer.core import image

    try:
        code, kind = container.unpack(data)
    except container.ImageError as error:
        if error.reason is not container.Reason.PLAIN_PTX:
            foreign = error.reason is container.Reason.FOREIGN
            status = Status.NO_BINARY_FOR_GPU if foreign else Status.INVALID_IMAGE
            raise CudaError(status, f"{name or 'input'}: {error}") from None
        try:
            code, kind = image.read_ptx(data, limit), None
        except CudaError as error:
            raise CudaError(error.status, f"{name or 'input'}: {error.text}") from None
    return Input(code, kind, name)


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents of an archive's members (the common format of ar)."""
    at, names = len(_ARCHIVE), b""
    while at + _MEMBER_BYTES <= len(data):
        head = data[at : at + _MEMBER_BYTES]
        label, size = head[:16].rstrip(), int(head[48:58].strip() or b"0") if head[48:58].strip().isdigit() else -1
        at += _MEMBER_BYTES
        if head[58:] != b"`\n" or size < 0 or at + size > len(data):
            raise CudaError(Status.INVALID_IMAGE, f"the library is damaged at byte {at}; make it again")
        content = data[at : at + size]
        at += size + size % 2
        if label == b"//":
            names = content
        elif label not in _INDEXES:
            yield _member_name(label, names), content


def _member_name(label: bytes, names: bytes) -> str:
    if label[:1] == b"/" and label[1:].isdigit():
        label = names[int(label[1:]) :].split(b"\n", 1)[0]
    return label.rstrip(b"/").decode("utf-8", "replace")


def undefined(symbol: str, names: Sequence[str], pieces: Sequence[DeviceCode]) -> str:
    """What the linkers' logs say of a symbol that nothing defines: it names the first input that mentions it."""
    mention = re.compile(rf'@"?{re.escape(symbol)}\b')
    user = next((name for name, code in zip(names, pieces, strict=True) if mention.search(code.ir)), "")
    return f"error   : Undefined reference to '{symbol}' in '{user}'"
