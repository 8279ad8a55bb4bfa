"""One case: every contender checked, then timed in pairs with ours, then checked again."""

from __future__ import annotations

import math
import shutil
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from suite.case import SEED, Arrays, Case
from suite.native import Absent
from suite.process import Failed, Process
from suite.statistics import Ratio, ratio

SAMPLE_S, SETTLE_S = 0.0025, 0.002
PAIRS, LEAST_PAIRS, NAIVE_PAIRS = 20, 6, 3
MOST_S = 4.0  # for the pairs with one contender; beyond it there are fewer of them


@dataclass
class Entry:
    """One contender in one case: its time and ratio, or why it has none; `wrong` says that its outputs were wrong."""

    run_s: float = 0.0
    ratio: Ratio | None = None
    missing: str = ""
    wrong: bool = False
    times: dict[str, float] = field(default_factory=dict)
    first_s: float = 0.0


@dataclass
class Result:
    """One case's outcome; `entries` by contender, ours among them."""

    name: str
    entries: dict[str, Entry]
    bytes_moved: int
    operations: int
    kind: str
    working_set: int
    limit: str
    streaming: bool

    def plain(self) -> dict[str, Any]:
        return asdict(self)


class _Runner:
    """A contender that has a case loaded, with the repeats that make one sample long enough."""

    def __init__(self, process: Process, entry: Entry) -> None:
        self.process, self.entry, self.repeats = process, entry, 1

    def calibrate(self) -> None:
        while (seconds := self.sample()) * self.repeats < SAMPLE_S:
            self.repeats = math.ceil(self.repeats * min(100, 1.2 * SAMPLE_S / max(seconds * self.repeats, 1e-6)))

    def sample(self) -> float:
        """Seconds for one run, measured over all repeats; short ones are first warmed up, unmeasured."""
        if self.repeats > 1:
            self.process.ask("time", repeats=max(1, self.repeats // 8))
        seconds = self.process.ask("time", repeats=self.repeats)[self.process.clock]
        time.sleep(SETTLE_S)
        return float(seconds) / self.repeats


def _write(case: Case, arrays: Arrays, folder: Path) -> None:
    for place, content in (("inputs", arrays), ("reference", case.reference(arrays))):
        (folder / place).mkdir()
        for name, array in content.items():
            np.save(folder / place / f"{name}.npy", array)


def _load(case: Case, data: Path, process: Process, entry: Entry, most: int) -> _Runner | None:
    try:
        answer = process.ask("load", case=case.name, data=str(data))
        entry.times, entry.first_s = answer["times"], answer["first_s"]
        if answer["error"]:
            entry.wrong, entry.missing = True, answer["error"]
            return None
        runner = _Runner(process, entry)
        if most:
            runner.calibrate()
        return runner
    except Absent as absent:
        entry.missing = str(absent)
    except Failed as failed:
        entry.wrong, entry.missing = True, str(failed)
    return None


def _pairs(ours: _Runner, other: _Runner, most: int) -> list[tuple[float, float]]:
    """(ours, theirs) in turn; who is first changes from pair to pair."""
    pairs: list[tuple[float, float]] = []
    wanted = min(most, NAIVE_PAIRS) if other.process.kind == "naive" else most
    begin = time.perf_counter()
    while len(pairs) < wanted:
        spent = time.perf_counter() - begin
        if spent > MOST_S and len(pairs) >= min(LEAST_PAIRS, wanted):
            break
        if len(pairs) % 2:
            theirs = other.sample()
            pairs.append((ours.sample(), theirs))
        else:
            own = ours.sample()
            pairs.append((own, other.sample()))
    return pairs


def _check_again(runner: _Runner) -> None:
    error = runner.process.ask("check")["error"]
    if error:
        runner.entry.wrong, runner.entry.missing, runner.entry.ratio = True, f"after timing: {error}", None


def _measure(ours: _Runner, other: _Runner, own_times: list[float], most: int) -> None:
    try:
        pairs = _pairs(ours, other, most)
        own_times += [own for own, _ in pairs]
        if pairs:
            other.entry.run_s = statistics.median(theirs for _, theirs in pairs)
            other.entry.ratio = ratio(pairs)
        _check_again(other)
    except Failed as failed:
        other.entry.wrong, other.entry.missing, other.entry.ratio = True, str(failed), None


def contest(case: Case, ours: Process, others: list[Process], most: int = PAIRS) -> Result:
    """Measure one case with at most so many pairs for each contender; with none, check all outputs alone."""
    arrays = case.inputs(np.random.default_rng(SEED))
    entries = {process.kind: Entry() for process in [ours, *others]}
    shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
    data = Path(tempfile.mkdtemp(prefix="compatlayer-bench-", dir=shared))
    try:
        _write(case, arrays, data)
        first = _load(case, data, ours, entries["ours"], most)
        runners = [_load(case, data, process, entries[process.kind], most) for process in others]
        own_times: list[float] = []
        if first is not None:
            for runner in runners:
                if runner is not None:
                    _measure(first, runner, own_times, most)
            own = entries["ours"]
            own.run_s = statistics.median(own_times or [first.sample() for _ in range(LEAST_PAIRS)])
            own.times["ready"] = max(own.first_s - own.run_s, 0.0)  # a variant is compiled when first launched
            _check_again(first)
        for process in [ours, *others]:
            if not entries[process.kind].missing:
                process.ask("unload")
    except Failed as failed:
        entries["ours"].wrong, entries["ours"].missing = True, str(failed)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    return Result(case.name, entries, case.bytes_moved, case.operations, case.kind,
                  sum(array.nbytes for array in arrays.values()), case.limit, case.streaming)
