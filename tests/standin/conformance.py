"""Counts of the conformance tests on vendors' rows, through the stand-in libraries, as a table.

    python tests/standin/conformance.py ROW ... [--files copy,memory] [--folder FOLDER] [--json FILE]

Refused is a test that ended at a call which answered CUDA_ERROR_NOT_SUPPORTED. Each file runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as tree
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SHORT = "copy,memory,stream,event,launch,module,function,fault,library"
_FILE_S = 240


def outcome(case: tree.Element) -> str:
    """passed, skipped, refused or failed."""
    if case.find("skipped") is not None:
        return "skipped"
    bad = case.find("failure") if case.find("failure") is not None else case.find("error")
    if bad is None:
        return "passed"
    text = f"{bad.get('message')} {bad.text}"
    return "refused" if "NOT_SUPPORTED" in text else "failed"


def run(row: str, file: Path, folder: Path, environment: dict[str, str]) -> tuple[Counter[str], list[str]]:
    """One file's counts, and the names of the tests that failed."""
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    words = [sys.executable, "-m", "pytest", "-q", "--timeout=60", "-p", "no:cacheprovider", f"--junit-xml={report}",
             str(file)]
    try:
        subprocess.run(words, env={**os.environ, **environment}, cwd=ROOT, capture_output=True, timeout=_FILE_S,
                       check=False)
    except subprocess.TimeoutExpired:
        return Counter(failed=1), [f"{file.stem} (not over after {_FILE_S} s)"]
    if not report.exists():
        return Counter(failed=1), [f"{file.stem} (the process ended)"]
    counts: Counter[str] = Counter()
    failed = []
    for case in tree.parse(report).iter("testcase"):
        what = outcome(case)
        counts[what] += 1
        if what == "failed":
            failed.append(f"{file.stem}::{re.sub(r'[^ -~]', '?', case.get('name', ''))[:80]}")
    return counts, failed


def main() -> int:
    """Run what is asked for and print a line for each row."""
    sys.path.insert(0, str(HERE))
    from standin_library import environment as environment_of

    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="+")
    parser.add_argument("--files", default=SHORT)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "standin")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    files = sorted((ROOT / "tests" / "conformance").glob("test_*.py")) if given.files == "all" else \
        [ROOT / "tests" / "conformance" / f"test_{name}.py" for name in given.files.split(",")]
    found = {}
    for row in given.rows:
        folder = (given.folder / row).resolve()
        environment = environment_of(row, folder)
        total: Counter[str] = Counter()
        failed: list[str] = []
        for file in files:
            counts, names = run(row, file, folder, environment)
            total += counts
            failed += names
        found[row] = {**total, "failing": failed, "files": given.files}
        print(f"| {row} | stand-in | {total['passed']} | {total['refused']} | {total['failed']} | {total['skipped']} |",
              flush=True)
        for name in failed:
            print(f"    {name}", flush=True)
        if given.json:
            given.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
