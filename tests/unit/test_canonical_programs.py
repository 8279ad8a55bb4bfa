"""Random control flow and the whole corpus of kernels through the canonical form: the same answers as without it.

`python -m pytest tests/unit/test_canonical_programs.py` with COMPATLAYER_GOTO_PROGRAMS=500 tries as many modules.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import canonical_engine
import goto_programs
import numpy as np
import pytest
from device_code import Threads, device_code, library_bytes

from compatlayer.compiler.image import DeviceCode
from compatlayer.compiler.passes import pipeline
from compatlayer.compiler.targets import cpu

PROGRAMS = int(os.environ.get("COMPATLAYER_GOTO_PROGRAMS", "8"))
THREADS = 40
GENERATED = os.environ.get("COMPATLAYER_GENERATED_KERNELS", "24")


def answers(code: DeviceCode, folder: Path) -> list[np.ndarray]:
    path = folder / "k.so"
    path.write_bytes(library_bytes(code))
    threads = Threads(path)
    data = np.random.default_rng(3).integers(-50, 50, 64, np.int32)
    found: list[np.ndarray] = []
    for number in range(goto_programs.KERNELS):
        out = np.full(4 * THREADS, -1, np.int32)
        packed = b"".join(each.ctypes.data.to_bytes(8, "little") for each in (data, out))
        threads.run(f"k{number}", packed, THREADS)
        found.append(out)
    return found


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_random_control_flow_stays_what_it_is(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if cpu.runtime_path() is None:
        pytest.skip("the native runtime is not built")
    code = device_code(goto_programs.source(seed))
    (tmp_path / "plain").mkdir()
    wanted = answers(code, tmp_path / "plain")
    assert any((each != -1).any() for each in wanted)
    refused = tmp_path / "refused"
    monkeypatch.setenv("COMPATLAYER_TEST_UNSUPPORTED", str(refused))
    monkeypatch.setattr(pipeline, "NAIVE", canonical_engine.passes())
    got = answers(code, tmp_path)
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
    # clang may thread jumps into a cycle with two ways in, which is refused; that must stay rare.
    lines = refused.read_text().splitlines()
    assert sum(line.endswith(": canonical") for line in lines) >= goto_programs.KERNELS - 2


def in_canonical_form(arguments: list[str], root: Path, folder: Path) -> Counter[str]:
    """Runs pytest in a process of its own where every kernel is in canonical form; how many kernels were or why not."""
    pytest.importorskip("cuda.bindings.driver")
    report = folder / "refused"
    environment = os.environ | {
        "COMPATLAYER_CACHE_DIR": str(folder / "cache"), "COMPATLAYER_ENGINE": "naive",
        "COMPATLAYER_TEST_UNSUPPORTED": str(report), "COMPATLAYER_GENERATED_KERNELS": GENERATED,
        "PYTHONPATH": os.pathsep.join([str(root / "tests" / "unit"), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "canonical_engine", *arguments], cwd=root,
                          env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-4000:]
    return Counter(line.partition(": ")[2] for line in set(report.read_text().splitlines()))


@pytest.mark.timeout(300)
def test_the_corpus_gives_the_same_in_canonical_form(root: Path, tmp_path: Path) -> None:
    found = in_canonical_form(["tests/kernels/test_corpus.py"], root, tmp_path)
    assert found.pop("canonical") > 150
    # A function called through a pointer that has a barrier, and alloca() of what a thread reads.
    assert sorted(found.values()) == [1, 1] and any("through a pointer" in why for why in found), found
    assert any("alloca()" in why for why in found), found


@pytest.mark.timeout(300)
def test_generated_kernels_give_the_same_in_canonical_form(root: Path, tmp_path: Path) -> None:
    found = in_canonical_form(["tests/property/test_generated_kernels.py", "-k", "model_stores"], root, tmp_path)
    assert found.pop("canonical") >= int(GENERATED) and not found, found
