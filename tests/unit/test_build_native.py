"""The build: which compiler it takes, what it says when it cannot, what it leaves alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from compatlayer.api import build, toolchain
from compatlayer.api.toolchain import BuildError, Toolchain, find_toolchain


def test_the_chosen_compiler_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "ccache gcc -m64")
    assert find_toolchain() == Toolchain(("ccache", "gcc", "-m64"), is_zig=False)
    monkeypatch.setenv("CC", "/somewhere/zig cc")
    assert find_toolchain().is_zig


def test_without_a_compiler_the_wheels_one_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_toolchain()
    assert found.is_zig
    assert found.command[1:] == ("cc",)
    assert os.access(found.command[0], os.X_OK)


def test_without_any_compiler_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchain, "_zig", lambda: None)
    with pytest.raises(BuildError, match="no C compiler: set CC, install gcc"):
        find_toolchain()


def test_without_the_headers_of_python_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(build.sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    with pytest.raises(BuildError, match=r"Python.h is not in .*; install Python's headers"):
        build.build(tmp_path, tmp_path / "_native.so")


def test_libraries_are_built_for_a_baseline_not_for_this_machine() -> None:
    for tools in (Toolchain(("gcc",), is_zig=False), Toolchain(("zig", "cc"), is_zig=True)):
        flags = " ".join(tools.compile_flags(warnings=True) + tools.link_flags())
        assert "native" not in flags
    assert "gnu.2.28" in flags  # zig's


@pytest.fixture
def workshop(tmp_path: Path) -> build._Workshop:
    return build._Workshop(find_toolchain(), tmp_path / "work")


def make_object(workshop: build._Workshop, source: Path) -> Path:
    flags = tuple(find_toolchain().compile_flags(warnings=True))
    return workshop.compile_all([build._Object(source, flags)], headers=0)[source]


def test_a_file_that_does_not_compile_is_named(workshop: build._Workshop, tmp_path: Path) -> None:
    source = tmp_path / "broken.c"
    source.write_text("int f(void) { return no_such_name; }\n")
    with pytest.raises(BuildError, match=r"(?s)broken\.c does not compile:.*no_such_name"):
        make_object(workshop, source)


def test_what_is_up_to_date_is_left_alone_and_what_changed_is_not(workshop: build._Workshop, tmp_path: Path) -> None:
    source = tmp_path / "one.c"
    source.write_text("int f(void) { return 1; }\n")
    os.utime(source, (1, 1))
    first = make_object(workshop, source)
    made = first.stat().st_mtime_ns
    assert make_object(workshop, source).stat().st_mtime_ns == made
    source.write_text("int f(void) { return 2; }\n")
    later = first.stat().st_mtime + 10
    os.utime(source, (later, later))
    assert make_object(workshop, source).stat().st_mtime_ns != made


def test_a_changed_flag_compiles_again(workshop: build._Workshop, tmp_path: Path) -> None:
    source = tmp_path / "one.c"
    source.write_text("int f(void) { return 1; }\n")
    os.utime(source, (1, 1))
    made = make_object(workshop, source).stat().st_mtime_ns
    flags = (*find_toolchain().compile_flags(warnings=True), "-DMORE")
    again = workshop.compile_all([build._Object(source, flags)], headers=0)[source]
    assert again.stat().st_mtime_ns != made


def test_a_library_carries_its_own_soname(workshop: build._Workshop, tmp_path: Path) -> None:
    source = tmp_path / "one.c"
    source.write_text('__attribute__((visibility("default"))) int f(void) { return 7; }\n')
    target = tmp_path / "libone.so.1"
    workshop.link(target, [make_object(workshop, source)], [])
    assert b"\0libone.so.1\0" in target.read_bytes()


def test_libraries_of_an_older_build_are_removed(tmp_path: Path) -> None:
    (tmp_path / "libold.so").touch()
    (tmp_path / "libkept.so").touch()
    build._remove_strangers(tmp_path, {"libkept.so"})
    assert [path.name for path in tmp_path.iterdir()] == ["libkept.so"]
