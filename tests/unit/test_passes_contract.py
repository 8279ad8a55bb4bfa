"""The compiler and the native runtime agree on include/compatlayer/kernel.h."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compatlayer.compiler import toolchain
from compatlayer.compiler.passes.contract import _SIGNATURES, FIELDS, THREAD_BYTES

C_TYPES = {"uint32_t": "i32", "int32_t": "i32", "uint64_t": "i64", "void": "void"}


@pytest.fixture(scope="module")
def header(root: Path) -> Path:
    return root / "include" / "compatlayer" / "kernel.h"


TYPES = """typedef unsigned char uint8_t; typedef int int32_t; typedef unsigned uint32_t;
typedef unsigned long uint64_t; typedef unsigned long size_t;
#define offsetof(type, member) __builtin_offsetof(type, member)
"""


def complaints(header: Path, program: str) -> str:
    """What clang says against `program` after the header; no system header is needed."""
    text = TYPES + re.sub(r"#include .*", "", header.read_text()) + program + "\n"
    status, _, errors = toolchain.run(["clang", "-cc1", "-triple", "x86_64-linux-gnu", "-fsyntax-only", "-std=c11",
                                       "-x", "c", "-"], text.encode())
    return "" if status == 0 else errors.decode()


def offsets(fields: dict[str, int]) -> str:
    lines = []
    for name, offset in fields.items():
        base, _, axis = name.partition(".")
        member = f"{base}[{'xyz'.index(axis)}]" if axis else base
        lines.append(f'_Static_assert(offsetof(cpl_thread, {member}) == {offset}, "{name}");')
    return "\n".join(lines)


def test_fields_lie_where_the_header_has_them(header: Path) -> None:
    assert not complaints(header, offsets(FIELDS))
    assert not complaints(header, f'_Static_assert(sizeof(cpl_thread) == {THREAD_BYTES}, "size");')
    assert complaints(header, offsets({**FIELDS, "lane": FIELDS["lane"] + 4}))


def test_functions_have_the_headers_parameters(header: Path) -> None:
    declared = {}
    pattern = r"CPL_EXPORT (_Noreturn )?(\w+)( \*)?\s*(cpl_\w+)\(([^)]*)\);"
    for ends, result, pointer, name, parameters in re.findall(pattern, header.read_text()):
        types = ["ptr" if "*" in each else C_TYPES[each.split()[0]] for each in parameters.split(",")]
        text = f"{'ptr' if pointer else C_TYPES[result]} ({', '.join(types)})"
        declared[name] = (text, bool(ends))
    for name, signature in _SIGNATURES.items():
        head, _, attributes = signature.partition(")")
        assert (head + ")", "noreturn" in attributes) == declared[name], name
    assert set(declared) == set(_SIGNATURES)
