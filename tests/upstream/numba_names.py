"""A pytest plugin for numba-cuda's own tests: imports them under their names, and writes down each outcome at once.

The tests lie in the wheel under `numba_cuda/numba/cuda/tests` and are imported as `numba.cuda.tests...`, which pytest
cannot tell from the path. Outcomes go to the file that NUMBA_OUTCOMES names, a line of JSON each, so that a test that
ends the process is known."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from types import ModuleType

import pytest


class NamedModule(pytest.Module):
    """A test module whose name starts at the folder `numba`."""

    def _getobj(self) -> ModuleType:
        parts = self.path.with_suffix("").parts
        start = max(index for index, part in enumerate(parts) if part == "numba")
        return importlib.import_module(".".join(parts[start:]))


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> NamedModule:
    return NamedModule.from_parent(parent, path=module_path)


@pytest.hookimpl(tryfirst=True)
def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Dir:
    """Plain folders: pytest would import a package's `__init__` under the wrong name."""
    return pytest.Dir.from_parent(parent, path=path)


@pytest.fixture(scope="class")
def initialize_from_pytest_config(request: pytest.FixtureRequest) -> None:
    """What the tests take from a conftest.py that the wheel leaves out."""
    request.cls._dump_failed_filechecks = False


def _write(test: str, how: str, why: str = "") -> None:
    with open(os.environ["NUMBA_OUTCOMES"], "a", encoding="utf-8") as file:
        file.write(json.dumps([test, how, why]) + "\n")


def _name(nodeid: str) -> str:
    """`Class::test` without the file, which may be an absolute path."""
    return nodeid.partition("::")[2] or "(the whole file)"


def pytest_collection_finish(session: pytest.Session) -> None:
    for item in session.items:
        _write(_name(item.nodeid), "collected")


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.outcome != "passed" and report.nodeid.endswith(".py"):
        _write("(the whole file)", report.outcome, _last_line(report))


def pytest_runtest_logstart(nodeid: str) -> None:
    _write(_name(nodeid), "started")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    how: str = report.outcome
    if hasattr(report, "wasxfail"):
        how = "xfailed" if report.skipped else "failed"
    if how != "passed" or report.when == "call":
        _write(_name(report.nodeid), how, _last_line(report))
    if report.when == "teardown":
        _write(_name(report.nodeid), "ended")


def _last_line(report: pytest.CollectReport | pytest.TestReport) -> str:
    if report.outcome == "passed":
        return ""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(crash.message if crash is not None else report.longrepr)
    return next((line for line in text.strip().split("\n") if line.strip()), "")[:300]
