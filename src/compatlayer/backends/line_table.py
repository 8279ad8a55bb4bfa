"""Source lines of machine code: a reader of DWARF's line tables, versions 2 to 5, in ELF libraries.

Why our own: an error in a kernel is to name its line on machines without a debugger, and a table of our own beside each
library would cost every compile what only a failure needs. Format: dwarfstd.org, section "Line Number Information".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

_SECTION_STRINGS = {0x0E: ".debug_str", 0x1F: ".debug_line_str"}  # DW_FORM_strp, DW_FORM_line_strp
_BYTES_OF_FORM = {0x0B: 1, 0x05: 2, 0x06: 4, 0x07: 8, 0x1E: 16}  # data1, data2, data4, data8, data16
_STRING, _UDATA, _BLOCK = 0x08, 0x0F, 0x09
_PATH, _DIRECTORY = 1, 2  # DW_LNCT_path, DW_LNCT_directory_index
_COPY, _ADVANCE_PC, _ADVANCE_LINE, _SET_FILE, _CONST_ADD_PC, _FIXED_ADVANCE_PC = 1, 2, 3, 4, 8, 9
_END_SEQUENCE, _SET_ADDRESS = 1, 2


class Line(NamedTuple):
    """A line of the user's source. Not `exact`: the instruction has none of its own, and this is the one before it."""

    file: str
    number: int
    exact: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.number}"


class _Row(NamedTuple):
    address: int
    file: int
    line: int
    end: bool  # the first address behind the code that the rows before are of


def find(library: bytes, address: int) -> Line | None:
    """The line that the instruction at `address` (from the library's first byte in memory) was made of; None without
    one: no line tables, or ones that this reader does not know."""
    try:
        sections = _sections(library)
        for unit in _units(sections):
            line = unit.find(address)
            if line is not None:
                return line
    except (LookupError, ValueError, ArithmeticError, struct.error):
        pass  # cut short, or something else than a library
    return None


def _sections(library: bytes) -> dict[str, bytes]:
    """The sections of a 64-bit little-endian ELF file, by name."""
    if library[:6] != b"\x7fELF\x02\x01":
        return {}
    (table,) = struct.unpack_from("<Q", library, 40)
    size, count, names = struct.unpack_from("<HHH", library, 58)
    places = []
    for number in range(count):
        name, _, _, _, begin, length = struct.unpack_from("<IIQQQQ", library, table + number * size)
        places.append((name, begin, length))
    strings = library[places[names][1]:] if count else b""
    return {_text(strings, name): library[begin:begin + length] for name, begin, length in places}


def _text(data: bytes, begin: int) -> str:
    return data[begin:data.index(b"\0", begin)].decode("utf-8", "replace")


class _Reader:
    """Takes numbers from bytes, from `position` on."""

    def __init__(self, data: bytes, position: int) -> None:
        self.data, self.position = data, position

    def number(self, size_bytes: int) -> int:
        taken = self.data[self.position:self.position + size_bytes]
        if len(taken) < size_bytes:
            raise ValueError("the section ends within a number")
        self.position += size_bytes
        return int.from_bytes(taken, "little")

    def variable(self, signed: bool = False) -> int:
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value - (1 << shift) if signed and byte & 0x40 else value

    def text(self) -> str:
        found = _text(self.data, self.position)
        self.position = self.data.index(b"\0", self.position) + 1
        return found


def _units(sections: dict[str, bytes]) -> Iterator[_Unit]:
    data = sections.get(".debug_line", b"")
    position = 0
    while position < len(data):
        unit = _Unit(sections, position)
        yield unit
        position = unit.end


class _Unit:
    """The line table of one compilation unit."""

    def __init__(self, sections: dict[str, bytes], position: int) -> None:
        self.sections = sections
        reader = self.reader = _Reader(sections[".debug_line"], position)
        length, self.offset_bytes = reader.number(4), 4
        if length == 0xFFFFFFFF:
            length, self.offset_bytes = reader.number(8), 8
        self.end = reader.position + length
        self.version = reader.number(2)
        self.files: list[str] = []
        if not 2 <= self.version <= 5:
            return
        if self.version == 5:
            reader.number(2)  # sizes of an address and of a segment selector
        program = reader.number(self.offset_bytes)
        self.program = reader.position + program
        self.least = reader.number(1)
        if self.version >= 4:
            reader.number(1)  # operations in an instruction, more than one on machines that we do not have
        reader.number(1)  # whether rows are statements at first
        self.line_base = reader.number(1)
        self.line_base -= (self.line_base & 0x80) << 1
        self.line_range, opcode_base = reader.number(1), reader.number(1)
        self.operands = [0, *(reader.number(1) for _ in range(opcode_base - 1))]
        self._names()

    def _names(self) -> None:
        """Fills `files`, in which the program's numbers of files are indices."""
        if self.version == 5:
            folders = [name for name, _ in self._entries()]
            self.files = [_joined(folders, folder, name) for name, folder in self._entries()]
            return
        reader = self.reader
        folders = ["."]
        while name := reader.text():
            folders.append(name)
        self.files = [""]  # they count from 1
        while name := reader.text():
            folder = reader.variable()
            reader.variable()  # time of its last change
            reader.variable()  # length
            self.files.append(_joined(folders, folder, name))

    def _entries(self) -> list[tuple[str, int]]:
        """Version 5's folders or files: name and index of the folder."""
        reader, found = self.reader, []
        formats = [(reader.variable(), reader.variable()) for _ in range(reader.number(1))]
        count = reader.variable()
        if count > len(reader.data):  # more than bytes: it is no count
            raise ValueError(f"{count} files")
        for _ in range(count):
            entry: dict[int, str | int] = {}
            for content, form in formats:
                entry[content] = self._value(form)
            found.append((str(entry.get(_PATH, "")), int(entry.get(_DIRECTORY, 0))))
        return found

    def _value(self, form: int) -> str | int:
        reader = self.reader
        if form in _SECTION_STRINGS:
            return _text(self.sections[_SECTION_STRINGS[form]], reader.number(self.offset_bytes))
        if form in _BYTES_OF_FORM:
            return reader.number(_BYTES_OF_FORM[form])
        if form == _STRING:
            return reader.text()
        if form == _UDATA:
            return reader.variable()
        if form == _BLOCK:
            return reader.number(reader.variable())
        raise ValueError(f"form {form:#x} of a file's entry is none that DWARF names there")

    def find(self, address: int) -> Line | None:
        """The line at `address`, if it is in this unit."""
        here: _Row | None = None  # the row that the code between it and the next one is of
        named: _Row | None = None  # the last one with a line
        for row in self._rows():
            if here is not None and here.address <= address < row.address:
                if named is None:
                    return None
                return Line(self.files[named.file], named.line, named is here)
            here = None if row.end else row
            named = None if row.end else row if row.line else named
        return None

    def _rows(self) -> Iterator[_Row]:
        """Runs the unit's program."""
        if not self.files:
            return
        reader = self.reader
        reader.position = self.program
        address, file, line = 0, 1, 1
        while reader.position < self.end:
            opcode = reader.number(1)
            if opcode >= len(self.operands):
                advance, step = divmod(opcode - len(self.operands), self.line_range)
                address += advance * self.least
                line += self.line_base + step
                yield _Row(address, file, line, False)
            elif opcode == 0:
                behind = reader.variable() + reader.position
                extended = reader.number(1)
                if extended == _SET_ADDRESS:
                    address = reader.number(behind - reader.position)
                elif extended == _END_SEQUENCE:
                    yield _Row(address, file, line, True)
                    address, file, line = 0, 1, 1
                reader.position = behind
            elif opcode == _COPY:
                yield _Row(address, file, line, False)
            elif opcode == _ADVANCE_PC:
                address += reader.variable() * self.least
            elif opcode == _ADVANCE_LINE:
                line += reader.variable(signed=True)
            elif opcode == _SET_FILE:
                file = reader.variable()
            elif opcode == _CONST_ADD_PC:
                address += (255 - len(self.operands)) // self.line_range * self.least
            elif opcode == _FIXED_ADVANCE_PC:
                address += reader.number(2)
            else:
                for _ in range(self.operands[opcode]):
                    reader.variable()


def _joined(folders: list[str], folder: int, name: str) -> str:
    """A file's path; programs that are given as text have their name and the folder "."."""
    if name.startswith("/") or folder >= len(folders) or folders[folder] in ("", "."):
        return name
    return f"{folders[folder]}/{name}"
