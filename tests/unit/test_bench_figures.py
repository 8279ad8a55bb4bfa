"""What `make bench` makes of its samples, and how it judges outputs."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from suite.case import Tolerance
from suite.statistics import geometric_mean, interval_ranks, ratio


def test_the_interval_of_a_median_has_the_ranks_of_published_tables() -> None:
    assert [interval_ranks(count) for count in (6, 10, 20, 25)] == [(0, 5), (1, 8), (5, 14), (7, 17)]


def test_a_ratio_is_above_one_when_we_are_faster() -> None:
    found = ratio([(1.0, 2.0), (2.0, 4.4), (1.0, 1.8)])
    assert found.median == 2.0 and found.low == 1.8 and abs(found.high - 2.2) < 1e-12 and found.fastest == 1.8


def test_a_geometric_mean_of_nothing_is_none() -> None:
    assert geometric_mean([]) is None
    assert abs((geometric_mean([0.5, 8.0]) or 0) - 2.0) < 1e-12


def test_an_output_that_is_wrong_in_one_element_is_found() -> None:
    reference = np.arange(100, dtype=np.float32)
    output = reference.copy()
    assert Tolerance(1e-6).error(output, reference) is None
    output[7] += 0.01
    error = Tolerance(1e-6).error(output, reference)
    assert error is not None and "1 of 100" in error and "(7,)" in error


def test_outputs_that_are_not_finite_or_of_another_shape_are_wrong() -> None:
    reference = np.zeros(3, np.float32)
    assert Tolerance(1, 1).error(np.array([0, np.nan, 0], np.float32), reference) is not None
    assert Tolerance(1, 1).error(np.zeros(2, np.float32), reference) is not None


def test_a_share_of_mismatches_is_allowed_and_no_more() -> None:
    reference = np.zeros(1000, np.int32)
    output = reference.copy()
    output[:10] = 5
    assert Tolerance(mismatches=0.01).error(output, reference) is None
    output[10] = 5
    assert Tolerance(mismatches=0.01).error(output, reference) is not None
