"""What a shared library for 64-bit Linux asks for: read from its own bytes, so that no tool need be installed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_MACHINES = {62: "x86_64", 183: "aarch64"}
_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRTAB, _SYMTAB, _RPATH, _SONAME, _HASH, _GNU_HASH, _RUNPATH = 1, 5, 6, 15, 14, 4, 0x6FFFFEF5, 29
_VERNEED, _VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF


class ElfError(Exception):
    """The file is no library of ours; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Elf:
    """A library's machine and dynamic section."""

    machine: str
    soname: str
    needed: tuple[str, ...]
    search: tuple[str, ...]  # RPATH and RUNPATH
    versions: tuple[tuple[str, str], ...]  # (library, version) as GLIBC_2.17
    undefined: tuple[str, ...]  # symbols that others must have
    defined: tuple[str, ...]


class _Image:
    """The bytes, addressed as they are in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        if data[:6] != b"\x7fELF\x02\x01":
            raise ElfError("not a 64-bit little-endian ELF file")
        self.machine = _MACHINES.get(struct.unpack_from("<H", data, 18)[0], "")
        start, = struct.unpack_from("<Q", data, 32)
        size, count = struct.unpack_from("<HH", data, 54)
        self.segments = [struct.unpack_from("<IIQQQQQQ", data, start + size * i) for i in range(count)]

    def offset(self, address: int) -> int:
        """Where in the file the byte of `address` is."""
        for kind, _, offset, low, _, size, _, _ in self.segments:
            if kind == _LOAD and low <= address < low + size:
                return offset + address - low
        raise ElfError(f"address {address:#x} is in no segment")

    def dynamic(self) -> list[tuple[int, int]]:
        """(tag, value) of the dynamic section."""
        found = [(each[2], each[5]) for each in self.segments if each[0] == _DYNAMIC]
        if not found:
            raise ElfError("no dynamic section")
        offset, size = found[0]
        return [struct.unpack_from("<QQ", self.data, at) for at in range(offset, offset + size, 16)]

    def text(self, offset: int) -> str:
        """The string that begins at `offset`."""
        return self.data[offset : self.data.index(b"\0", offset)].decode("ascii")


def read(path: Path) -> Elf:
    """Read the library at `path`. Raises ElfError."""
    image = _Image(path.read_bytes())
    entries = image.dynamic()
    values = dict(entries)
    strings = image.offset(values[_STRTAB])

    def all_of(*tags: int) -> tuple[str, ...]:
        return tuple(image.text(strings + value) for tag, value in entries if tag in tags)

    undefined, defined = _symbols(image, values, strings)
    return Elf(image.machine, "".join(all_of(_SONAME)), all_of(_NEEDED), all_of(_RPATH, _RUNPATH),
               tuple(_versions(image, values, strings)), undefined, defined)


def _symbols(image: _Image, values: dict[int, int], strings: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    table = image.offset(values[_SYMTAB])
    undefined, defined = [], []
    for index in range(1, _symbol_count(image, values)):
        name, info, _, section, _, _ = struct.unpack_from("<IBBHQQ", image.data, table + 24 * index)
        if section:
            defined.append(image.text(strings + name))
        elif info >> 4 == 1:  # a weak one may be missing
            undefined.append(image.text(strings + name))
    return tuple(undefined), tuple(defined)


def _symbol_count(image: _Image, values: dict[int, int]) -> int:
    if _HASH in values:
        return int(struct.unpack_from("<I", image.data, image.offset(values[_HASH]) + 4)[0])
    start = image.offset(values[_GNU_HASH])
    buckets, first, bloom, _ = struct.unpack_from("<IIII", image.data, start)
    chains = start + 16 + 8 * bloom + 4 * buckets
    last = max(struct.unpack_from(f"<{buckets}I", image.data, start + 16 + 8 * bloom), default=0)
    if last < first:
        return first
    while not struct.unpack_from("<I", image.data, chains + 4 * (last - first))[0] & 1:
        last += 1
    return last + 1


def _versions(image: _Image, values: dict[int, int], strings: int) -> list[tuple[str, str]]:
    found = []
    at = image.offset(values[_VERNEED]) if _VERNEED in values else 0
    for _ in range(values.get(_VERNEEDNUM, 0)):
        _, count, file, aux, following = struct.unpack_from("<HHIII", image.data, at)
        entry = at + aux
        for _ in range(count):
            _, _, _, name, step = struct.unpack_from("<IHHII", image.data, entry)
            found.append((image.text(strings + file), image.text(strings + name)))
            entry += step
        at += following
    return found
