"""The device IR's reader and printer lose nothing of what clang emits."""

from __future__ import annotations

import re
import time

import pytest
from device_code import SNIPPETS, compiled

from compatlayer.compiler import toolchain
from compatlayer.compiler.ir.printer import print_module
from compatlayer.compiler.ir.reader import read
from compatlayer.compiler.ir.verifier import verify


def canonical(text: str) -> str:
    """A module as clang prints it, without its name; clang refuses what is not valid."""
    status, output, errors = toolchain.run(
        ["clang", "-cc1", "-triple", "nvptx64-nvidia-cuda", "-x", "ir", "-O1", "-disable-llvm-passes", "-emit-llvm",
         "-o", "-", "-"], text.encode())
    assert status == 0, errors.decode()
    return re.sub(r"(; ModuleID|source_filename).*\n", "", output.decode())


@pytest.mark.parametrize("name", SNIPPETS)
def test_what_is_printed_means_the_same_to_clang(name: str) -> None:
    text = compiled(name).ir
    printed = print_module(read(text))
    # What an assumption is about may be left out; nothing else may.
    expected = re.sub(r"\[ \"align\"\(.*?\) \]", "", canonical(text))
    assert sorted(canonical(printed).split("\n")) == sorted(re.sub(r"\) ,", "),", expected).split("\n"))


@pytest.mark.parametrize("name", SNIPPETS)
def test_printing_is_stable(name: str) -> None:
    printed = print_module(read(compiled(name).ir))
    assert print_module(read(printed)) == printed


@pytest.mark.parametrize("name", SNIPPETS)
def test_what_clang_emits_passes_the_verifier(name: str) -> None:
    verify(read(compiled(name).ir))


def test_reading_is_fast_enough_to_be_the_small_part_of_a_compilation() -> None:
    text = compiled("control_flow").ir
    lines = text.count("\n")
    begin = time.process_time()
    for _ in range(5):
        read(text)
    per_line_s = (time.process_time() - begin) / 5 / lines
    assert per_line_s < 250e-6, f"{per_line_s * 1e6:.0f} us a line"
