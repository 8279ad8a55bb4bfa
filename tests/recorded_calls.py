"""A pytest plugin for `make coverage`: says which test file called which API function.

Processes that tests start leave a file of their own when they end (native/record.c); this one writes for the process of
pytest itself, whose calls belong to the file whose tests are running.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest


class RecordedCalls:
    """Writes what was called since the last test file, each time the file changes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"pytest-{os.getpid()}.calls"
        self._file = ""

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        file = nodeid.partition("::")[0]
        if file != self._file:
            self._write()
            self._file = file

    def pytest_sessionfinish(self) -> None:
        self._write()

    def _write(self) -> None:
        from compatlayer._native import ffi, lib

        lines = [f"test {self._file}"]
        for library in range(lib.CPL_LIBRARIES):
            for index in range(lib.cpl_slot_count(library)):
                well, badly = lib.cpl_record_take(library, index, 0), lib.cpl_record_take(library, index, 1)
                if well or badly:
                    lines.append(f"{ffi.string(lib.cpl_slot_name(library, index)).decode()} {well} {badly}")
        if len(lines) > 1:
            with self._path.open("a", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")


def register(config: pytest.Config) -> None:
    """Record when COMPATLAYER_RECORD_CALLS names a folder."""
    folder = os.environ.get("COMPATLAYER_RECORD_CALLS")
    if folder:
        config.pluginmanager.register(RecordedCalls(Path(folder)))
