"""The kernels that `make bench` measures, at small sizes: every output judged as the benchmark judges it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from suite.case import SEED, Case, load
from suite.process import Process

CASES = load(small=True)


@pytest.fixture(scope="module", params=["ours", "naive"])
def contender(request: pytest.FixtureRequest) -> Iterator[Process]:
    engine = {"COMPATLAYER_ENGINE": "naive"} if request.param == "naive" else {}
    process = Process(request.param, engine, small=True, under_launcher=True)
    yield process
    process.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_kernel_of_a_benchmark_gives_the_reference(contender: Process, case: Case, tmp_path: Path) -> None:
    arrays = case.inputs(np.random.default_rng(SEED))
    for place, content in (("inputs", arrays), ("reference", case.reference(arrays))):
        (tmp_path / place).mkdir()
        for name, array in content.items():
            np.save(tmp_path / place / f"{name}.npy", array)
    assert contender.ask("load", case=case.name, data=str(tmp_path))["error"] is None
    contender.ask("time", repeats=3)
    assert contender.ask("check")["error"] is None, "after other runs, from fresh inputs"
