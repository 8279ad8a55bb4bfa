"""A long run of generated kernels that can be stopped and taken up again.

Each module of kernels is a process of its own, so that one that crashes is a finding like any other. What has passed
is written to a record, a line for each module, with a key of the code that was tested: a change of the compiler, the
runtime or of the kernels' grammar starts anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import compatlayer
from compatlayer import config, digest

SUMMARY = "{count} kernels, {wrong} wrong, {seconds:.1f} s; of the launches for the vector engine {vector} ran in " \
          "it, {naive} in the naive one"
_FIGURES = re.compile(r"(\d+) kernels, (\d+) wrong, [\d.]+ s; of .* engine (\d+) ran in it, (\d+) in")
_LIMIT_S = 3600.0
_CACHE_BYTES = 200_000_000  # libraries are used by the process that makes them, and the headers by all


def tested() -> str:
    """A key of the code that a run tests."""
    places = [Path(compatlayer.__file__).parent, Path(__file__).parent]
    files = sorted(file for place in places for pattern in ("*.py", "*.h", "*.c", "*.ir", "*.so")
                   for file in place.rglob(pattern))
    return digest.key(config.chosen_cpu(), *(file.read_bytes() for file in files))[:16]


@dataclass(frozen=True)
class Outcome:
    """Of one module: its first seed, how many kernels, how many were wrong, the engines of the launches."""

    first: int
    count: int
    wrong: int
    vector: int
    naive: int

    def line(self, key: str) -> str:
        return f"{key} {self.first} {self.count} {self.wrong} {self.vector} {self.naive}\n"


class Record:
    """The file of outcomes. One process at a time writes it."""

    def __init__(self, path: Path, settings: str) -> None:
        self.path, self.key = path, f"{tested()}-{settings}"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text().splitlines() if path.exists() else []
        self.known: dict[tuple[int, int], Outcome] = {}
        for key, *figures in map(str.split, lines):
            if key == self.key and len(figures) == 5:
                outcome = Outcome(*map(int, figures))
                self.known[outcome.first, outcome.count] = outcome

    def put(self, outcome: Outcome) -> None:
        self.known[outcome.first, outcome.count] = outcome
        with self.path.open("a") as file:
            file.write(outcome.line(self.key))


def run_module(first: int, count: int, arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Outcome, str]:
    """One module in a process; what it printed."""
    command = [sys.executable, "-m", "generated", str(first), str(count), "--module", str(count), *arguments]
    try:
        ended = subprocess.run(command, cwd=Path(__file__).parents[1], env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", timeout=_LIMIT_S)
    except subprocess.TimeoutExpired as error:
        return Outcome(first, count, count, 0, 0), f"no end within {_LIMIT_S:.0f} s\n{error.stdout or ''}"
    found = _FIGURES.search(ended.stdout)
    if found is None:
        return Outcome(first, count, count, 0, 0), f"status {ended.returncode}\n{ended.stdout}"
    return Outcome(first, count, *(int(each) for each in found.groups()[1:])), ended.stdout


def run(first: int, count: int, module: int, jobs: int, path: Path, arguments: Sequence[str]) -> Iterator[Outcome]:
    """Runs what `path` has no outcome of, `jobs` modules at a time; prints what was wrong. Modules that were wrong
    before run again."""
    record, lock, begin = Record(path, "".join(arguments)), Lock(), time.perf_counter()
    parts = [(at, min(module, first + count - at)) for at in range(first, first + count, module)]
    passed = {part: record.known[part] for part in parts if part in record.known and not record.known[part].wrong}
    yield from passed.values()
    left = [part for part in parts if part not in passed]
    print(f"{len(parts)} modules of up to {module} kernels, {len(passed)} of them passed before", flush=True)
    with tempfile.TemporaryDirectory(prefix="compatlayer-generated-") as cache:
        environment = os.environ | {"COMPATLAYER_CACHE_DIR": cache, "COMPATLAYER_CACHE_MAX_BYTES": str(_CACHE_BYTES)}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))

        def one(part: tuple[int, int]) -> Outcome:
            outcome, printed = run_module(*part, arguments, environment)
            with lock:
                record.put(outcome)
                if outcome.wrong:
                    print(f"seeds {outcome.first} to {outcome.first + outcome.count - 1}: {printed}", flush=True)
                print(f"{time.perf_counter() - begin:7.0f} s: {len(record.known)} of {len(parts)} modules", flush=True)
            return outcome

        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(one, left)
