"""Fair comparisons on a noisy machine: two callables in turn, the ratio pair by pair."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """Medians in seconds, and the ratio ours / theirs: its median and the interval of the middle 80 %."""

    ours_s: float
    theirs_s: float
    ratio: float
    low: float
    high: float


def seconds(function: Callable[[], object]) -> float:
    """Run once; seconds it took."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(ours: Callable[[], object], theirs: Callable[[], object], pairs: int = 31) -> Comparison:
    """Time A B B A ...; each pair gives one ratio, so a drift of the machine cancels."""
    ours(), theirs()
    times: list[tuple[float, float]] = []
    for pair in range(pairs):
        if pair % 2:
            other = seconds(theirs)
            times.append((seconds(ours), other))
        else:
            own = seconds(ours)
            times.append((own, seconds(theirs)))
    ratios = sorted(own / other for own, other in times)
    tenth = len(ratios) // 10
    return Comparison(statistics.median(own for own, _ in times), statistics.median(other for _, other in times),
                      statistics.median(ratios), ratios[tenth], ratios[-1 - tenth])


def median_seconds(function: Callable[[], object], runs: int) -> tuple[float, float, float]:
    """(median, fastest, slowest) of `runs` runs in seconds, after one warm-up."""
    function()
    times = sorted(seconds(function) for _ in range(runs))
    return statistics.median(times), times[0], times[-1]
