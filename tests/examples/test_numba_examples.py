"""The programs for numba.cuda run as a user runs them, and say that their results are right."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "numba"
EXAMPLES = sorted(FOLDER.glob("*.py"))
PICTURES = {"game_of_life": (320, 240), "mandelbrot": (400, 300)}
SAID = {
    "saxpy": "saxpy of 1000003 elements: equal to NumPy",
    "matmul": "250x333 times 333x181: equal to NumPy within 1e-3",
    "reduction": "1000003 numbers summed three ways: equal to NumPy",
    "monte_carlo_pi": r"pi from 2048000 random points: 3\.1\d\d\d, within five standard deviations",
    "game_of_life": r"200 generations on 320x240, \d+ cells live: as in NumPy; wrote game_of_life\.png",
    "mandelbrot": r"the Mandelbrot set on 400x300: equal to NumPy but on its border; wrote mandelbrot\.png",
    "ufunc": "a ufunc on 2000000 elements, a generalized one on 40000 rows: equal to NumPy",
    "histogram": "3000000 bytes in 256 bins: equal to NumPy",
    "streams": "4 streams of 250000 elements each: equal to NumPy",
}


@pytest.mark.skipif(importlib.util.find_spec("numba_cuda") is None, reason="these examples need numba-cuda")
@pytest.mark.parametrize("program", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_says_that_its_result_is_right(program: Path, tmp_path: Path) -> None:
    picture = tmp_path / "new folder" / f"{program.stem}.png"
    arguments = [str(picture)] if program.stem in PICTURES else []
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", str(program), *arguments], capture_output=True,
                          text=True, timeout=110, env={**os.environ, "NUMBA_CUDA_LOW_OCCUPANCY_WARNINGS": "0"})
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert re.fullmatch(SAID[program.stem] + "\n", done.stdout), done.stdout
    if arguments:
        data = picture.read_bytes()
        width, height = PICTURES[program.stem]
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        assert data[16:24] == width.to_bytes(4, "big") + height.to_bytes(4, "big")


@pytest.mark.parametrize("program", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_imports_numba_numpy_and_what_python_brings(program: Path) -> None:
    found = re.findall(r"^(?:from|import) (\w+)", program.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(found) <= {"numba", "numpy", *sys.stdlib_module_names}
