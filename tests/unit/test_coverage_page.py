"""docs/coverage.md is true: every function has a handler that a test calls, or a reason, and the page says so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("compatlayer._native")

from compatlayer.api.reasons import REASONS
from compatlayer.cli import coverage, recorded_calls


@pytest.fixture(scope="module")
def surfaces() -> list[coverage.Surface]:
    return coverage.read()


@pytest.fixture(scope="module")
def rows(root: Path) -> dict[str, tuple[str, str, str]]:
    """The page's lines: state, tests that called the function well, tests that got an error."""
    found = re.findall(r"^\| (\w+) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", (root / "docs" / "coverage.md").read_text(),
                       re.MULTILINE)
    return {name: (state, well.strip(), badly.strip()) for name, state, well, badly in found if name != "function"}


def test_every_function_has_a_handler_or_a_reason(surfaces: list[coverage.Surface]) -> None:
    assert [name for surface in surfaces for name, reason in surface.missing.items() if not reason] == []


def test_no_function_has_both_and_every_reason_is_for_a_function(surfaces: list[coverage.Surface]) -> None:
    missing = {name for surface in surfaces for name in surface.missing}
    assert sorted(set(REASONS) - missing) == []


def test_the_page_lists_every_function_as_it_is(surfaces: list[coverage.Surface],
                                                rows: dict[str, tuple[str, str, str]]) -> None:
    wanted = {}
    for surface in surfaces:
        for name in surface.functions:
            wanted[name] = f"not supported: {surface.missing[name]}" if name in surface.missing else "handled"
    stale = {name for name in wanted.keys() | rows.keys() if wanted.get(name) != rows.get(name, ("",))[0]}
    assert sorted(stale) == [], "make coverage brings the page up to date"


def test_every_handler_is_called_by_a_test(rows: dict[str, tuple[str, str, str]]) -> None:
    assert sorted(name for name, (state, well, badly) in rows.items() if state == "handled" and not well + badly) == []


def test_the_tests_on_the_page_exist(root: Path, rows: dict[str, tuple[str, str, str]]) -> None:
    named = {file for row in rows.values() for file in re.findall(r"`([^`]+)`", row[1] + row[2])}
    assert named and sorted(file for file in named if not (root / "tests" / file).is_file()) == []


PROGRAM = """
import compatlayer
compatlayer.install()
from cuda.bindings import driver as cu
cu.cuInit(0)
cu.cuDeviceGet(0)
cu.cuDeviceGet(99)
cu.cuCtxGetCurrent()
"""


def test_a_process_leaves_what_it_called_for_the_page(tmp_path: Path) -> None:
    pytest.importorskip("cuda.bindings")
    node = "tests/unit/test_coverage_page.py::test_some (call)"
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=60, env=os.environ | {
        "COMPATLAYER_RECORD_CALLS": str(tmp_path), "PYTEST_CURRENT_TEST": node})
    calls = recorded_calls.read(tmp_path)
    here = {"unit/test_coverage_page.py"}
    assert calls["cuDeviceGet"] == recorded_calls.Callers(here, here)
    assert calls["cuInit"].well and not calls["cuInit"].badly
    assert calls["cuGetProcAddress_v2"].well, "functions that are answered in C count too"
    assert "cuMemAlloc_v2" not in calls


def test_random_calls_and_calls_of_no_test_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "1.calls").write_text("test \ncuInit 5 0\ntest tests/fuzz/test_x.py::y\ncuInit 5 0\n"
                                      "test tests/unit/test_z.py::y\ncuInit 0 2\n")
    assert recorded_calls.read(tmp_path) == {"cuInit": recorded_calls.Callers(set(), {"unit/test_z.py"})}
