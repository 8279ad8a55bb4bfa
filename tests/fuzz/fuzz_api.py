"""The API fuzzer: millions of calls of every exported function with hostile arguments, in child processes.

    python tests/fuzz/fuzz_api.py --calls 10000000 --seed 1
    python tests/fuzz/fuzz_api.py --seed 1 --replay BATCH --upto CALL --describe CALL

A child that crashes or hangs is reported with the batch and the call, and what repeats it; the next child goes on with
the next batch. Exit status 1 when anything was found.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent)]

BATCH_CALLS = 20000
HANG_S = float(os.environ.get("FUZZ_HANG_S", "60"))
SETTLED = 3  # batches after which a process has made what it makes once
FLAT = {"mappings": 200, "files": 4, "threads": 4, "RSS MiB": 24, "objects": 6000, "handle Pool": 12}  # what may differ
WORDS, THREADS = 5, 8
ENVIRONMENT = {"COMPATLAYER_DEVICES": "cpu:2", "COMPATLAYER_MEMORY": "256M", "COMPATLAYER_WORKERS": "2"}


@dataclass
class Report:
    """What was done and found; a finding is a line of text, counted by its first words."""

    calls: int = 0
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)
    functions: Counter[str] = field(default_factory=Counter)
    successes: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)


class Fuzzer:
    """Runs children over batches; `folder` is for what it builds and what calls write."""

    def __init__(self, folder: Path, seed: int, batch_calls: int = BATCH_CALLS) -> None:
        self.folder, self.seed, self.batch_calls = folder, seed, batch_calls
        self.report = Report()
        self.library = _build(folder)
        self.progress = folder / "progress"
        self.progress.write_bytes(bytes(8 * WORDS * THREADS))
        self.image = folder / "image"
        from fuzz_image import compile_image

        self.image.write_bytes(compile_image())
        (folder / "work").mkdir(exist_ok=True)
        (folder / "work" / "valid.bin").write_bytes(self.image.read_bytes())  # one of the file names that are tried

    def run(self, batches: int, start: int = 0) -> Report:
        """All batches, in as many children as it takes."""
        began = time.monotonic()
        batch = start
        while batch < start + batches:
            batch = self._child(batch, start + batches - batch)
        self.report.seconds = time.monotonic() - began
        return self.report

    def start_child(self, batch: int, batches: int, *more: str) -> subprocess.Popen[str]:
        work = self.folder / "work"
        self.errors = (self.folder / "stderr").open("w", encoding="utf-8", errors="replace")  # closed by _read_errors
        command = [
            sys.executable,
            str(HERE / "fuzz_child.py"),
            str(self.library),
            str(self.image),
            str(self.progress),
            f"--seed={self.seed}",
            f"--batch={batch}",
            f"--batches={batches}",
            f"--calls={self.batch_calls}",
            *more,
        ]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.errors, text=True, cwd=work, env={**os.environ, **ENVIRONMENT}
        )

    def _child(self, batch: int, batches: int) -> int:
        """One child; the batch after the last one that it finished, or that ended it."""
        self.progress.write_bytes(bytes(8 * WORDS * THREADS))
        child = self.start_child(batch, batches)
        lines: SimpleQueue[str | None] = SimpleQueue()
        threading.Thread(target=_pump, args=(child.stdout, lines), daemon=True).start()
        seen, moved, settled = (), time.monotonic(), None
        done = batch
        while True:
            try:
                line = lines.get(timeout=1)
            except Empty:
                now = self._progress()
                if now != seen:
                    seen, moved = now, time.monotonic()
                elif time.monotonic() - moved > HANG_S:
                    self._hang(child)
                    break
                continue
            moved = time.monotonic()
            if line is None:
                break
            message = json.loads(line)
            if "functions" in message:
                self._count(message["functions"])
                continue
            done = message["batch"] + 1
            if message["problem"]:
                self._found(f"after batch {message['batch']}: {message['problem']}")
            if done - batch == SETTLED:
                settled = message["census"]
            elif settled is not None:
                self._compare(settled, message["census"], message["batch"])
            self.report.last = message["census"]
        status = child.wait()
        self.report.calls += sum(row[3] for row in self._progress())
        if status != 0:
            self._crash(status, done)
            done += 1
        self._read_errors()
        self.report.first = self.report.first or settled or {}
        return done

    def _progress(self) -> tuple[tuple[int, ...], ...]:
        data = self.progress.read_bytes()
        return tuple(struct.unpack_from(f"{WORDS}q", data, 8 * WORDS * row) for row in range(THREADS))

    def _hang(self, child: subprocess.Popen[str]) -> None:
        self._found(f"no call came back for {HANG_S:.0f} s")
        child.send_signal(signal.SIGABRT)  # faulthandler prints where every thread is
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()

    def _crash(self, status: int, batch: int) -> None:
        names = _names(self.library)
        for number, row in enumerate(self._progress()):
            if row[4]:
                self._found(
                    f"the process ended with {status} in {names[row[2]]}: --seed {self.seed} --replay {row[0]} "
                    f"--upto {row[1] + 1} --describe {row[1]}  (thread {number})"
                )
        if not any(row[4] for row in self._progress()):
            self._found(
                f"the process ended with {status} after the calls of batch {batch}: --seed {self.seed} --replay {batch}"
            )
        self.errors.flush()
        tail = (self.folder / "stderr").read_text(errors="replace").splitlines()[-60:]
        self._note("\n".join(tail))

    def _read_errors(self) -> None:
        """Tracebacks and unknown errors that handlers left on stderr."""
        self.errors.close()
        text = (self.folder / "stderr").read_text(errors="replace")
        for block in text.split("compatlayer: unexpected error in a handler")[1:]:
            lines = [line for line in block.splitlines() if line.strip() and not line.startswith("FUZZ")]
            end = next(
                (
                    place
                    for place, line in enumerate(lines)
                    if place and not line.startswith(" ") and not line.startswith("Traceback")
                ),
                len(lines) - 1,
            )
            where = next((line.strip() for line in reversed(lines[:end]) if "File" in line), "")
            self._found(f"a handler raised {lines[end] if lines else '?'} {where}")
        for line in text.splitlines():
            if line.startswith("FUZZ-STUCK"):
                self._found(line)
            if line.startswith("FUZZ-UNKNOWN"):
                words = line.split()
                self._found(f"{words[2]} answers {words[1]}", " ".join(words[3:]))
        with open(self.folder / "all-stderr", "a", encoding="utf-8") as everything:
            everything.write(text)

    def _compare(self, settled: dict[str, int], now: dict[str, int], batch: int) -> None:
        for kind, count in now.items():
            if count > settled.get(kind, 0) + FLAT.get(kind, 0):
                self._found(
                    f"more {kind} than after batch {SETTLED}", f"{count}, not {settled.get(kind, 0)}, at {batch}"
                )
                settled[kind] = count

    def _count(self, rows: dict[str, list[int]]) -> None:
        for name, (calls, good) in rows.items():
            self.report.functions[name] += calls
            self.report.successes[name] += good

    def _found(self, text: str, more: str = "") -> None:
        self.report.findings.append(text)
        if self.report.findings.count(text) <= 3:
            print(f"FOUND {text} {more}", flush=True)

    def _note(self, text: str) -> None:
        print(text, flush=True)


def _pump(stream: Any, lines: SimpleQueue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _names(library: Path) -> list[str]:
    import fuzz_child

    c = fuzz_child.load(str(library))
    return [c.fuzz_name(row).decode() for row in range(c.fuzz_count())]


def _build(folder: Path) -> Path:
    import fuzz_table
    from c_compiler import compile_c

    import compatlayer

    (folder / "fuzz_headers.h").write_text(fuzz_table.headers())
    (folder / "fuzz_table.h").write_text(fuzz_table.write(ROOT / "include"))
    built = Path(compatlayer.__file__).parent / "_lib"
    return compile_c(
        (HERE / "fuzz_calls.c").read_text(),
        folder / "libfuzz.so",
        "-std=c11",
        "-O1",
        "-g",
        "-D_GNU_SOURCE",
        "-shared",
        f"-I{ROOT / 'include'}",
        f"-I{folder}",
        f"-I{HERE}",
        f"-L{built}",
        *(f"-l:{library.sonames[0]}" for library in fuzz_table.LIBRARIES),
        f"-Wl,-rpath,{built}",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000)
    parser.add_argument("--start", type=int, default=0, help="the first batch")
    parser.add_argument("--replay", type=int, help="only this batch, its output shown")
    parser.add_argument("--upto", type=int, default=BATCH_CALLS, help="with --replay: so many calls")
    parser.add_argument("--first", type=int, default=0, help="with --replay: leave out the calls before this one")
    parser.add_argument("--describe", type=int, default=1 << 62, help="with --replay: print calls from this one on")
    parser.add_argument("--json", help="write the report there")
    options = parser.parse_args()
    import compatlayer

    compatlayer.install()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(os.environ.get("FUZZ_FOLDER", name))
        folder.mkdir(exist_ok=True)
        fuzzer = Fuzzer(folder, options.seed)
        if options.replay is not None:
            return _replay(fuzzer, options)
        report = fuzzer.run(-(-options.calls // BATCH_CALLS), options.start)
    counted = Counter(report.findings)
    print(
        f"seed {options.seed}: {report.calls} calls in {report.seconds:.0f} s, "
        f"{report.calls / max(report.seconds, 1):.0f} a second; {len(counted)} kinds of findings"
    )
    for text, count in counted.most_common():
        print(f"{count:8} {text}")
    print("after the first batches", report.first, "\nafter the last", report.last)
    if options.json:
        Path(options.json).write_text(
            json.dumps(
                {
                    "seed": options.seed,
                    "calls": report.calls,
                    "seconds": report.seconds,
                    "findings": counted,
                    "first": report.first,
                    "last": report.last,
                    "functions": report.functions,
                    "successes": report.successes,
                },
                indent=1,
            )
        )
    return 1 if counted else 0


def _replay(fuzzer: Fuzzer, options: argparse.Namespace) -> int:
    fuzzer.batch_calls = options.upto
    child = fuzzer.start_child(options.replay, 1, f"--first={options.first}", f"--describe={options.describe}")
    output = child.communicate(timeout=600)[0]
    fuzzer.errors.close()
    print((fuzzer.folder / "stderr").read_text(errors="replace"))
    print(output[:1000])
    return child.returncode


if __name__ == "__main__":
    raise SystemExit(main())
