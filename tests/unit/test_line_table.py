"""The reader of line tables, against libraries whose functions stand at known lines."""

from __future__ import annotations

import ctypes
import random
from functools import cache
from pathlib import Path

import pytest

from compatlayer.backends import line_table
from compatlayer.compiler import scratch, toolchain

FUNCTIONS = 12
VERSIONS = (2, 3, 4, 5)


def place(number: int) -> tuple[str, int]:
    """Where function `number` stands: files in folders, and lines that need each way of counting on."""
    return ("main.cu", "folder/part.cu", "/absolute/file.cu")[number % 3], (7, 3000, 12, 70000)[number % 4] + number


def source() -> str:
    lines = []
    for number in range(FUNCTIONS):
        file, line = place(number)
        lines += [f'#line {line} "{file}"', f"int f{number}(int *p) {{",
                  f"return p[{number}] * (p[0] / 3 + {number});", "}"]
    return "\n".join(lines)


@cache
def library(version: int) -> tuple[bytes, dict[int, int]]:
    """A library, and the offset of each function in memory."""
    with scratch.folder() as folder:
        made, path = Path(folder) / "f.o", Path(folder) / "f.so"
        status, _, errors = toolchain.run(
            ["clang", "-cc1", "-x", "c", "-triple", "x86_64-unknown-linux-gnu", "-emit-obj", "-O1", "-pic-level", "2",
             "-mrelocation-model", "pic", "-debug-info-kind=line-tables-only", f"-dwarf-version={version}",
             "-fdebug-compilation-dir=.", "-o", str(made), "-"], source().encode())
        assert status == 0, errors
        status, _, errors = toolchain.run(["ld.lld", "-shared", str(made), "-o", str(path)])
        assert status == 0, errors
        data = path.read_bytes()
        return data, {number: begin for number, begin in symbols(data)}


def symbols(data: bytes) -> list[tuple[int, int]]:
    """Number and address of each function, from .symtab."""
    sections = line_table._sections(data)
    table, names = sections[".symtab"], sections[".strtab"]
    found = []
    for at in range(0, len(table), 24):
        name = line_table._text(names, int.from_bytes(table[at:at + 4], "little"))
        if name[:1] == "f" and name[1:].isdigit():
            found.append((int(name[1:]), int.from_bytes(table[at + 8:at + 16], "little")))
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_a_function_and_the_line_in_it_are_found(version: int) -> None:
    data, begins = library(version)
    assert len(begins) == FUNCTIONS
    for number, begin in begins.items():
        file, line = place(number)
        assert line_table.find(data, begin) in ((file, line, True), (file, line + 1, True))
        assert line_table.find(data, begin + 4) == (file, line + 1, True)


@pytest.mark.parametrize("version", VERSIONS)
def test_addresses_outside_of_the_code_have_no_line(version: int) -> None:
    data, begins = library(version)
    for address in (0, min(begins.values()) - 1, max(begins.values()) + 4096, (1 << 64) - 1):
        assert line_table.find(data, address) is None


def test_instructions_without_a_line_get_the_one_before_and_say_so() -> None:
    rows = [line_table._Row(16, 1, 5, False), line_table._Row(20, 1, 0, False), line_table._Row(24, 1, 0, True)]
    unit = object.__new__(line_table._Unit)
    unit.files = ["", "k.cu"]
    unit._rows = lambda: iter(rows)  # type: ignore[method-assign]
    assert unit.find(17) == ("k.cu", 5, True) and unit.find(22) == ("k.cu", 5, False)
    assert unit.find(24) is None and unit.find(15) is None
    rows[0] = line_table._Row(16, 1, 0, False)
    assert unit.find(17) is None


@pytest.mark.parametrize("version", VERSIONS)
def test_damaged_libraries_give_an_answer(version: int) -> None:
    data, begins = library(version)
    choose = random.Random(version)
    for address in begins.values():
        cut = choose.randrange(len(data))
        line_table.find(data[:cut], address)
        for _ in range(40):
            damaged = bytearray(data)
            for _ in range(choose.randrange(1, 6)):
                damaged[choose.randrange(len(data))] = choose.randrange(256)
            line_table.find(bytes(damaged), address)


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"MZ" * 99, b"\x7fELF\x01\x01" + bytes(99)])
def test_what_is_no_library_has_no_lines(data: bytes) -> None:
    assert line_table.find(data, 16) is None


def test_a_library_without_line_tables_has_no_lines() -> None:
    assert line_table.find(Path(ctypes.__file__).read_bytes(), 16) is None
