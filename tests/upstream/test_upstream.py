"""cuda-python's own suites from a checkout that COMPATLAYER_UPSTREAM names; see README.md in this folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CHECKOUT = os.environ.get("COMPATLAYER_UPSTREAM", "")
EXPECTED = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))


def test_every_known_failure_has_a_reason() -> None:
    for entry in (*EXPECTED["suite"].values(), *EXPECTED["example"].values()):
        assert all(reason.strip() for reason in entry.get("fails", {}).values())


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("path", [*EXPECTED["suite"], *EXPECTED["example"]])
def test_the_outcome_is_the_expected_one(path: str) -> None:
    if not CHECKOUT:
        pytest.skip("COMPATLAYER_UPSTREAM names no cuda-python checkout; tests/upstream/README.md says how to get one")
    done = subprocess.run([sys.executable, str(HERE / "run.py"), path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
