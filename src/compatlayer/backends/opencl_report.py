"""What kernels on OpenCL devices tell the host: a fault, and printf's records (include/compatlayer/opencl.cl)."""

from __future__ import annotations

import re
import struct
import sys
from typing import TYPE_CHECKING, Any

from compatlayer.backends.base import Box, Fault, FaultKind, MemoryKind

if TYPE_CHECKING:
    from compatlayer.backends.opencl import OpenClDevice

_HEAD = struct.Struct("<II3I3III160s160s160s")
_PRINTED_AT = 32
_RECORD = struct.Struct("<IIII")
_CONVERSION = re.compile(rb"%([-+ #0]*)(\*|\d*)(?:\.(\*|\d*))?(hh|h|ll|l|j|z|t|L)?([A-Za-z%])")
_WIDE = (b"l", b"ll", b"j", b"z", b"t")


class Report:
    """The report of one queue's kernels, in memory that host and device see."""

    def __init__(self, device: OpenClDevice, room_bytes: int) -> None:
        self._device = device
        self._size = _HEAD.size + room_bytes
        self.address = device.alloc(self._size, MemoryKind.HOST).base
        self._room = room_bytes
        self._clear()

    def _clear(self) -> None:
        self._write(0, _HEAD.pack(*[0] * 9, self._room, b"", b"", b""))

    def _write(self, at: int, data: bytes) -> None:
        from compatlayer._native import ffi

        held: Any = ffi.from_buffer(data)
        self._device.copy_now(Box(self.address + at, int(ffi.cast("uintptr_t", held)), len(data)))

    def _read(self, at: int, size_bytes: int) -> bytes:
        from compatlayer._native import ffi

        data = ffi.new("char[]", size_bytes)
        self._device.copy_now(Box(int(ffi.cast("uintptr_t", data)), self.address + at, size_bytes))
        return bytes(ffi.buffer(data))

    def take(self, kernel: str) -> Fault | None:
        """After the queue's kernels: print what they printed; the fault that one of them met."""
        head = _HEAD.unpack(self._read(0, _HEAD.size))
        fault, line, printed = head[0], head[1], head[8]
        if not fault and not printed:
            return None
        if printed:
            _print(self._read(_HEAD.size, min(printed, self._room)))
        self._clear()
        if not fault:
            return None
        message, function = _text(head[12]), _text(head[11])
        where = f"{_text(head[10])}:{line}" if line else "an unknown line"
        thread, block = "thread ({}, {}, {})".format(*head[2:5]), "block ({}, {}, {})".format(*head[5:8])
        kind = FaultKind(fault & 0xFF) if fault & 0xFF in iter_kinds() else FaultKind.TRAP
        what = {FaultKind.ASSERT: f"the assertion `{message}` failed", FaultKind.TRAP: "__trap() was called",
                FaultKind.BARRIER: "a warp operation names lanes that are not at it"}.get(kind, "it stopped")
        if kind is FaultKind.ASSERT:
            _say(f"{where}: {function}: block: {block[6:]}, {thread} Assertion `{message}` failed.\n".encode())
        return Fault(kind, f"kernel {kernel}, {block}, {thread}, {where}: {what}")

    def close(self) -> None:
        self._device.free(self.address)


def iter_kinds() -> list[int]:
    return [each.value for each in FaultKind]


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "replace")


def _print(data: bytes) -> None:
    at, out = 0, b""
    while at + _RECORD.size <= len(data):
        size, text, arguments, strings = _RECORD.unpack_from(data, at)
        if not size or at + size > len(data):
            break
        start = at + _RECORD.size
        parts = data[start:start + text - 1], data[start + text:start + text + arguments], \
            data[start + text + arguments:start + text + arguments + strings]
        out += formatted(*parts)
        at += size
    _say(out, 1)


def _say(text: bytes, descriptor: int = 2) -> None:
    """Write to the C library's stream, as the kernels of the CPU device do."""
    import os

    stream = sys.stdout if descriptor == 1 else sys.stderr
    if stream is not None:
        stream.flush()
    while text:
        text = text[os.write(descriptor, text):]


def formatted(text: bytes, arguments: bytes, strings: bytes) -> bytes:
    """What printf makes of a record: each argument at its natural alignment, strings one after the other."""
    out, at, end = b"", 0, 0
    words = strings.split(b"\0")

    def take(size: int) -> bytes:
        nonlocal end
        end = -(-end // size) * size
        data = arguments[end:end + size]
        end += size
        return data.ljust(size, b"\0")

    for found in _CONVERSION.finditer(text):
        out += text[at:found.start()]
        at = found.end()
        flags, width, precision, length, letter = found.groups()
        if letter == b"%":
            out += b"%"
            continue
        if width == b"*":
            width = str(int.from_bytes(take(4), "little", signed=True)).encode()
        if precision == b"*":
            precision = str(int.from_bytes(take(4), "little", signed=True)).encode()
        spec = b"%" + flags + width + (b"." + precision if precision is not None else b"")
        out += _one(spec, length or b"", letter, take, words)
    return out + text[at:]


def _one(spec: bytes, length: bytes, letter: bytes, take: Any, words: list[bytes]) -> bytes:
    if letter == b"s":
        there = any(take(8))
        word = words.pop(0) if words else b""
        return bytes((spec + b"s") % (word if there else b"(null)"))
    if letter == b"p":
        return (spec + b"s") % (b"%#x" % int.from_bytes(take(8), "little"))
    if letter in b"diuxXoc":
        value = int.from_bytes(take(8 if length in _WIDE else 4), "little", signed=letter in b"di")
        bits = {b"hh": 8, b"h": 16}.get(length, 0)
        if bits:
            value &= (1 << bits) - 1
            value -= (value >> (bits - 1) << bits) if letter in b"di" else 0
        if letter == b"c":
            return (spec + b"c") % (value & 0xFF)
        if letter == b"o" and b"#" in spec:
            spec = spec.replace(b"#", b"")
            return (spec + b"s") % (b"0%o" % value)
        return (spec + (b"d" if letter == b"u" else letter)) % value
    number = struct.unpack("<d", take(8))[0]
    if letter in b"aA":
        text = re.sub(rb"\.?0*p", b"p", float(number).hex().encode())  # as C writes it
        return (spec.split(b".")[0] + b"s") % (text.upper() if letter == b"A" else text)
    return (spec + letter) % number if letter in b"eEfFgG" else b""
