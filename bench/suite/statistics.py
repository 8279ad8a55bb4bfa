"""What is made of pairs of times: the median ratio with its interval, and geometric means."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """How many times as long the other takes as we do: the median of the pairs and its interval.

    The interval is that of order statistics: it holds the true median with a probability of at least 95 %, whatever the
    times' distribution (with fewer than 6 pairs nothing does; then it is the whole range). `fastest` compares the
    fastest sample of each, which load from outside disturbs least.
    """

    median: float
    low: float
    high: float
    fastest: float
    pairs: int


def interval_ranks(count: int) -> tuple[int, int]:
    """0-based ranks of the ordered sample that enclose the median with at least 95 %."""
    below = 0.0
    for rank in range(count // 2):
        below += math.comb(count, rank) / 2**count
        if below > 0.025:
            return max(rank - 1, 0), count - 1 - max(rank - 1, 0)
    return 0, count - 1


def ratio(pairs: Sequence[tuple[float, float]]) -> Ratio:
    """Of (ours, theirs) in seconds: theirs / ours."""
    ratios = sorted(theirs / ours for ours, theirs in pairs)
    low, high = interval_ranks(len(ratios))
    return Ratio(statistics.median(ratios), ratios[low], ratios[high],
                 min(theirs for _, theirs in pairs) / min(ours for ours, _ in pairs), len(ratios))


def geometric_mean(values: Sequence[float]) -> float | None:
    """Or None of nothing."""
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None
