"""A thousandth of `make soak`, and some rounds of its faults."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def report_of(*command: str) -> dict[str, Any]:
    """The report of one of the programs, in a process of its own."""
    environment = {**os.environ, "COMPATLAYER_DEVICES": "cpu"}
    done = subprocess.run(
        [sys.executable, str(HERE / command[0]), *command[1:]],
        capture_output=True,
        text=True,
        timeout=110,
        env=environment,
    )
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert "Traceback" not in done.stderr, done.stderr
    return report


def test_a_thousandth_of_the_soak_is_right_and_flat() -> None:
    report = report_of("soak.py", "--scale", "0.001")
    assert report["wrong"] == [] and report["grown"] == []
    assert report["kernels run"] >= 9900 and report["allocations"] >= 1000


def test_kernels_that_fail_leave_nothing_behind() -> None:
    report = report_of("fault_rounds.py", "--rounds", "60")
    assert report["wrong"] == [] and report["grown"] == []
    assert set(report["statuses"]) == {"700", "702", "710", "714", "719"}
