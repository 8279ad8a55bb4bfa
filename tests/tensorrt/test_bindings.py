"""The generation with bindings, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize("program", ["bindings_program.py", "layers_8_program.py"])
def test_a_program_of_tensorrt_8_runs(program: str) -> None:
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", str(HERE / program)], timeout=90,
                          capture_output=True, text=True, env=os.environ | {"COMPATLAYER_TENSORRT": "8"})
    assert done.returncode == 0 and done.stdout == "done\n", done.stderr


def test_a_generation_that_is_none_is_refused() -> None:
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", "-c", "import tensorrt"], timeout=60,
                          capture_output=True, text=True, env=os.environ | {"COMPATLAYER_TENSORRT": "9"})
    assert done.returncode == 1 and "COMPATLAYER_TENSORRT=9 is not 8" in done.stderr
