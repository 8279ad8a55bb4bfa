"""Every example and the README's program run as a user runs them; their output is compared line by line.

A line in expected/<name>.txt may hold `*` where the machine decides, as in a device's name.
"""

from __future__ import annotations

import fnmatch
import re
import subprocess
import sys
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
EXPECTED = Path(__file__).parent / "expected"
PICTURES = ("heat_equation", "tensorrt_detect")

pytest.importorskip("cuda.core", reason="the examples need cuda-core")


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "compatlayer", "run", str(program), *arguments],
                          capture_output=True, text=True, timeout=100)


def check_output(done: subprocess.CompletedProcess[str], expected: str) -> None:
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines, patterns = done.stdout.splitlines(), expected.splitlines()
    assert len(lines) == len(patterns), done.stdout
    for line, pattern in zip(lines, patterns, strict=True):
        # Only the star is special: the lines hold brackets of their own.
        escaped = pattern.replace("[", "[[]").replace("?", "[?]")
        assert fnmatch.fnmatchcase(line, escaped), f"{line!r} is not {pattern!r}"


@pytest.mark.parametrize("program", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_is_expected(program: Path, tmp_path: Path) -> None:
    if program.stem.startswith("tensorrt_"):
        pytest.importorskip("onnxruntime", reason="this example needs pip install compatlayer[jetson]")
    arguments = [str(tmp_path / f"{program.stem}.png")] if program.stem in PICTURES else []
    check_output(run(program, *arguments), (EXPECTED / f"{program.stem}.txt").read_text())


def test_the_heat_equation_writes_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "new folder" / "plate.png"
    assert run(ROOT / "examples" / "heat_equation.py", str(picture)).returncode == 0
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n") and data[16:24] == (400).to_bytes(4, "big") + (240).to_bytes(4, "big")


def test_the_detector_frames_its_squares(tmp_path: Path) -> None:
    """The picture that is written has yellow frames around the twelve squares, and is else the one that was made."""
    np = pytest.importorskip("numpy")
    pytest.importorskip("onnxruntime", reason="this example needs pip install compatlayer[jetson]")
    program, picture = ROOT / "examples" / "tensorrt_detect.py", tmp_path / "found.png"
    assert run(program, str(picture)).returncode == 0
    shown = subprocess.run([sys.executable, "-m", "compatlayer", "run", "-c", SCENE, str(program.parent)],
                           capture_output=True, timeout=100)
    before = np.frombuffer(shown.stdout, np.uint8).reshape(360, 480, 3)
    after = pixels(np, picture.read_bytes())
    changed = (before != after).any(axis=2)
    assert (after[changed] == (255, 255, 0)).all() and 12 * 4 * 2 * 30 < changed.sum() < 12 * 4 * 2 * 80


SCENE = """
import sys
sys.path.insert(0, sys.argv[1])
import tensorrt_detect
sys.stdout.buffer.write(tensorrt_detect.scene()[0])
"""


def pixels(np: ModuleType, data: bytes) -> Any:
    """An RGB picture without filters: the part of PNG that the examples write."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, packed = 8, b""
    while place < len(data):
        size = int.from_bytes(data[place:place + 4], "big")
        if data[place + 4:place + 8] == b"IDAT":
            packed += data[place + 8:place + 8 + size]
        place += size + 12
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(360, 480 * 3 + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(360, 480, 3)


@pytest.mark.parametrize("program", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_imports_only_real_packages(program: Path) -> None:
    assert "compatlayer" not in program.read_text()


def test_the_program_of_the_readme_prints_what_the_readme_says(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    source = re.search(r"```python\n(# program\.py.*?)```", readme, re.DOTALL)
    output = re.search(r"\$ compatlayer run program\.py\n(\[.*?)```", readme, re.DOTALL)
    assert source and output
    program = tmp_path / "program.py"
    program.write_text(source[1])
    check_output(run(program), output[1])
