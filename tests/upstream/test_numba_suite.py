"""A part of numba-cuda's own tests with the numba of this environment; numba_suite.py runs them all."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

PART = ["test_boolean", "test_minmax", "doc_examples/test_laplace", "test_const_string", "test_matmul"]


@pytest.mark.timeout(600)
@pytest.mark.skipif(importlib.util.find_spec("numba_cuda") is None, reason="these tests lie in the package numba-cuda")
def test_a_part_of_numba_cudas_tests_does_what_is_expected() -> None:
    suite = Path(__file__).with_name("numba_suite.py")
    done = subprocess.run([sys.executable, str(suite), "--list", *PART], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
