"""Device code as an image: the bytes that programs pass around as cubin, LTO IR or PTX.

Binary form (little endian), loadable from a bare pointer because the header tells the length:
    0  magic  \\x89CPLIMG\\n, of LTO IR \\xedCN\\x7fCPL\\n, whose first half programs look for
    8  u32 version    12  u32 header bytes
    16 u64 total bytes            24 u32 kind (0 cubin, 1 ltoir)   28  u32 architecture number
    32 BLAKE2b of the payload      64 payload: zlib of JSON
Text form: PTX text, then one comment line that holds the same binary form in base64, then a NUL.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Callable
from enum import Enum
from typing import Any

from ..digest import checksum as checksum_of
from ..errors import CompilerError
from .image import DeviceCode

MAGIC = b"\x89CPLIMG\n"
LTO_MAGIC = b"\xedCN\x7fCPL\n"
_BINARY = (MAGIC, LTO_MAGIC)
VERSION = 1
_HEADER = struct.Struct("<8sIIQII32s")
_ARCHITECTURE = re.compile("(sm|compute)_[0-9]{2,3}[af]?")
MARK = b"// compatlayer-image: "
_MAX_BYTES = 1 << 31
_MAX_TEXT_BYTES = 1 << 30
_FATBIN_WRAPPER = 0x466243B1
_FATBIN = 0xBA55ED50


class Reason(Enum):
    """Why bytes are not a loadable image."""

    UNKNOWN = "unknown"  # nothing we know
    DAMAGED = "damaged"
    TRUNCATED = "truncated"
    VERSION = "version"  # made by another version of compatlayer
    ARCHITECTURE = "architecture"
    PLAIN_PTX = "plain-ptx"  # PTX text without our container
    FOREIGN = "foreign"  # a fatbin or cubin of NVIDIA's compilers


class ImageError(CompilerError):
    """Bytes that cannot be loaded as an image; `reason` says why in one word."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Kind(Enum):
    """The binary forms."""

    CUBIN = 0
    LTOIR = 1


def pack(code: DeviceCode, kind: Kind = Kind.CUBIN) -> bytes:
    """The binary form."""
    payload = zlib.compress(json.dumps({
        "ir": code.ir, "architecture": code.architecture, "names": dict(code.lowered_names)}).encode(
            "utf-8", "surrogateescape"), 1)
    magic = LTO_MAGIC if kind is Kind.LTOIR else MAGIC
    return _HEADER.pack(magic, VERSION, _HEADER.size, _HEADER.size + len(payload), kind.value,
                        _number(code.architecture), checksum_of(payload)) + payload


def pack_text(code: DeviceCode, ptx: str) -> bytes:
    """The text form around `ptx`, with its terminating NUL."""
    import base64

    body = ptx.encode("utf-8", "replace").replace(b"\0", b" ")
    return body.rstrip(b"\n") + b"\n\n" + MARK + base64.b64encode(pack(code)) + b"\n\0"


def image_length(read: Callable[[int, int], bytes]) -> int:
    """Bytes of the image that starts where `read(offset, size)` reads from; fewer bytes may come back at its end.

    For pointers that came without a size. Raises ImageError for anything that is not ours."""
    start = read(0, 8)
    if start in _BINARY:
        header = read(0, _HEADER.size)
        if len(header) < _HEADER.size:
            raise ImageError(Reason.TRUNCATED, "the image ends inside its header; it was not stored completely")
        total = int(_HEADER.unpack(header)[3])
        if not _HEADER.size <= total <= _MAX_BYTES:
            raise ImageError(Reason.DAMAGED, f"the image claims {total} bytes; compile it again")
        return total
    _refuse_foreign(start)
    return _text_length(read)


def _text_length(read: Callable[[int, int], bytes]) -> int:
    """Bytes up to the NUL. Chunks end at page boundaries of the offset, so that a reader of raw memory that starts at
    a page-aligned base never touches a page past the text's end; readers of raw memory clamp to their own pages."""
    offset = 0
    while offset < _MAX_TEXT_BYTES:
        chunk = read(offset, 256)
        if not chunk:
            return offset
        end = chunk.find(b"\0")
        if end >= 0:
            return offset + end
        if offset == 0 and not _is_text(chunk):
            raise ImageError(Reason.UNKNOWN, _unknown(chunk))
        offset += len(chunk)
    raise ImageError(Reason.DAMAGED, "the PTX text does not end; pass a NUL-terminated string")


def unpack(data: bytes) -> tuple[DeviceCode, Kind | None]:
    """The device code of an image (Kind None: the text form). Bytes after its end are ignored.

    Raises ImageError; DAMAGED, TRUNCATED and VERSION are told apart."""
    if data.startswith(_BINARY):
        return _unpack_binary(data)
    _refuse_foreign(data)
    mark = data.rfind(MARK)
    if mark >= 0:
        return _unpack_text(data[mark + len(MARK):]), None
    if _is_text(data[:256]) and b".version" in data and b".target" in data:
        raise ImageError(Reason.PLAIN_PTX, "PTX text that was not made by compatlayer's NVRTC cannot be loaded yet; "
                         "compile the kernel from CUDA C++ source instead")
    raise ImageError(Reason.UNKNOWN, _unknown(data))


def check_architecture(code: DeviceCode, device_number: int) -> None:
    """Raise ImageError(ARCHITECTURE) when code for `code.architecture` may not run on compute capability
    `device_number` / 10: a binary needs the same major and no higher minor version, PTX no higher version."""
    number = _number(code.architecture)
    virtual = code.architecture.startswith("compute_")
    suffixed = code.architecture[-1] in "af"
    fits = number <= device_number and (virtual or number // 10 == device_number // 10)
    if suffixed:
        fits = number == device_number
    if not fits:
        raise ImageError(Reason.ARCHITECTURE, f"the image was compiled for {code.architecture}, the device is "
                         f"sm_{device_number}; compile with --gpu-architecture=sm_{device_number}")


def _unpack_binary(data: bytes) -> tuple[DeviceCode, Kind]:
    if len(data) < _HEADER.size:
        raise ImageError(Reason.TRUNCATED, f"the image has {len(data)} bytes, less than its header; store all of it")
    _, version, header_bytes, total, kind, _, checksum = _HEADER.unpack_from(data)
    if version != VERSION:
        raise ImageError(Reason.VERSION, f"the image has format version {version}, this compatlayer reads {VERSION}; "
                         "compile it again")
    if len(data) < total:
        raise ImageError(Reason.TRUNCATED, f"the image has {len(data)} of its {total} bytes; store all of it")
    payload = data[header_bytes:total]
    if checksum_of(payload) != checksum or kind not in (0, 1):
        raise ImageError(Reason.DAMAGED, "the image's checksum does not match its content; compile it again")
    try:
        code = _code(json.loads(zlib.decompress(payload).decode("utf-8", "surrogateescape")))
    except (ValueError, KeyError, TypeError, RecursionError, zlib.error):
        raise ImageError(Reason.DAMAGED, "the image's content cannot be read; compile it again") from None
    return code, Kind(kind)


def _code(record: Any) -> DeviceCode:
    """What a payload says; ValueError, KeyError or TypeError when it is not what pack() wrote."""
    ir, architecture, names = record["ir"], record["architecture"], record["names"]
    texts = [ir, architecture, *names.keys(), *names.values()] if isinstance(names, dict) else [None]
    if not all(isinstance(text, str) for text in texts) or not _ARCHITECTURE.fullmatch(architecture):
        raise ValueError("not texts, or no architecture")
    return DeviceCode(ir=ir, architecture=architecture, lowered_names=names)


def _unpack_text(encoded: bytes) -> DeviceCode:
    import base64
    import binascii

    text = encoded.split(b"\0", 1)[0].split(b"\n", 1)
    try:
        binary = base64.b64decode(text[0].strip(), validate=True)
    except (binascii.Error, ValueError):
        reason = Reason.DAMAGED if len(text) > 1 else Reason.TRUNCATED
        raise ImageError(reason, "the image in the PTX text's last comment cannot be read; keep the text as it "
                         "was or compile it again") from None
    if not binary.startswith(MAGIC):
        raise ImageError(Reason.DAMAGED, "the image in the PTX text's last comment is damaged; compile it again")
    return _unpack_binary(binary)[0]


def _refuse_foreign(data: bytes) -> None:
    word = int.from_bytes(data[:4], "little") if len(data) >= 4 else 0
    if data.startswith(b"\x7fELF") or word in (_FATBIN_WRAPPER, _FATBIN):
        what = "a cubin" if data.startswith(b"\x7fELF") else "a fatbin"
        raise ImageError(Reason.FOREIGN, f"{what} of NVIDIA's compilers holds no code for this device; "
                         "compile the kernel from CUDA C++ source at run time instead")


def _is_text(data: bytes) -> bool:
    return bool(data.strip()) and all(byte >= 32 or byte in b"\t\r\n\f\0" for byte in data)


def _unknown(data: bytes) -> str:
    return (f"no image that this device can load begins with the bytes {data[:8].hex(' ') or '(none)'}; pass what "
            "NVRTC made from CUDA C++ source")


def _number(architecture: str) -> int:
    return int(architecture.partition("_")[2].rstrip("af"))
