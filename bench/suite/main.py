"""The kernel suite's run: limits, every case, the report's parts."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from suite import machine, report, roofline
from suite.case import load
from suite.contenders import NAMES, processes
from suite.contest import PAIRS, Result, contest


class Run:
    """What one run of the suite found."""

    def __init__(self, names: Sequence[str], small: bool, only: Sequence[str] = (), pairs: int = PAIRS,
                 clock: str = "wall") -> None:
        self.cases = load(names, small)
        self.small, self.only, self.pairs, self.clock = small, only, pairs, clock
        self.results: list[Result] = []
        self.absent: dict[str, str] = {}

    def measure(self) -> None:
        """Measure all cases; a line of progress for each goes to standard error."""
        counted = "1" if self.clock == "cpu" else "all"
        self.machine = machine.measure(counted)
        with tempfile.TemporaryDirectory() as cache:  # empty: compile times are cold
            self._contests(cache)
        self.machine.take(machine.measure(counted))

    def _contests(self, cache: str) -> None:
        ours, others, self.absent = processes(self.small, cache, self.clock)
        others = [process for process in others if not self.only or process.kind in self.only]
        try:
            for case in self.cases:
                begin = time.perf_counter()
                result = contest(case, ours, others, self.pairs)
                self.results.append(result)
                print(_progress(result, time.perf_counter() - begin), file=sys.stderr, flush=True)
        finally:
            for process in [ours, *others]:
                process.stop()

    def markdown(self) -> list[str]:
        lines = ["## Kernels", "", "A contender's figure is its time as a multiple of ours (above 1 we are faster):",
                 "the median of the pairs with its 95 % interval.", *self._clock_note(), "",
                 *report.kernels(self.results, self.machine, self.absent), ""]
        lines += [f"- {NAMES[kind]} is not here: {how}" for kind, how in self.absent.items()]
        wrong = report.faults(self.results)
        if wrong:
            lines += ["", "### Failed, or wrong outputs", "", *wrong]
        return [*lines, "", "## Limits of this machine, measured in the same run", "", *report.limits(self.machine)]

    def _clock_note(self) -> list[str]:
        return ["**All with one thread, by processor time instead of wall time.**"] if self.clock == "cpu" else []

    def aims(self) -> list[str]:
        return report.aims(self.results, self.machine)

    def picture(self) -> str:
        return roofline.draw(self.results, self.machine)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"machine": asdict(self.machine), "absent": self.absent,
                "kernels": [result.plain() for result in self.results]}

    @property
    def wrong(self) -> bool:
        """Whether one of OUR outputs was wrong or missing."""
        return any(result.entries[kind].wrong for result in self.results for kind in ("ours", "naive")
                   if kind in result.entries)


def _progress(result: Result, seconds: float) -> str:
    parts = []
    for kind, entry in result.entries.items():
        if kind == "ours":
            parts.append(f"ours {entry.missing[:100] if entry.missing else f'{entry.run_s * 1e3:.3f} ms'}")
        elif entry.ratio is not None:
            parts.append(f"{kind} {entry.ratio.median:.2f}")
        elif entry.wrong:
            parts.append(f"{kind} WRONG: {entry.missing[:100]}")
    return f"{result.name:20} {seconds:5.1f} s  " + ", ".join(parts)
