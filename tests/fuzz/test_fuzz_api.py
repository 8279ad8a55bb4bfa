"""A short run of the API fuzzer; `make fuzz` makes ten million calls."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fuzz_api import Fuzzer

BATCHES = int(os.environ.get("FUZZ_BATCHES", "8"))
SEED = int(os.environ.get("FUZZ_SEED", "7"))


@pytest.mark.timeout(300)  # half a minute on two idle cores
def test_hostile_calls_of_every_function_do_no_harm(tmp_path: Path) -> None:
    report = Fuzzer(tmp_path, SEED).run(BATCHES)
    assert report.findings == []
    assert report.calls > BATCHES * 19000
    never = [name for name, count in report.functions.items() if not count]
    assert len(never) < 5, f"functions that were never called: {never}"
    reached = sum(1 for name, count in report.successes.items() if count)
    assert reached > 200, f"only {reached} functions ever succeeded: the calls are too wild to test anything"
