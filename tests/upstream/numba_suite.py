"""Runs numba-cuda's own tests, which lie in its wheel, and compares the outcome with expected.toml.

    python tests/upstream/numba_suite.py [--numba 0.60.0 [--built-in]] [--list] [--jobs 2] [part of a path ...]

Without --numba the interpreter that runs this must have numba-cuda; with it, an environment with that numba is made
below build/upstream; --built-in leaves numba-cuda out, and runs the tests of the numba.cuda that came with numba. What
is counted is committed: numba_cuda_tests.txt names every test, numba_cuda_text.txt those that assert on the text of PTX
or SASS; these are run too, and counted apart. Every failure must be one that expected.toml explains, and no test that
it names may pass. Exit status 0 when all is as expected.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import environments
import pytest
from run import Outcomes, compare, describe

HERE = Path(__file__).resolve().parent
NUMBA_CUDA = "0.30.4"
OURS = ["cffi>=1.17", "ziglang>=0.17,<0.18", "pytest", "pytest-timeout", "psutil", "scipy"]
# numba-cuda 0.30.4 hands memory to other processes by a field that cuda-bindings 13.5 no longer shows.
REQUIREMENTS = [*OURS, f"numba-cuda=={NUMBA_CUDA}", "cuda-bindings==13.2.*", "cuda-core==1.2.*", "filecheck",
                "pytest-benchmark", "ml_dtypes", "nvidia-cuda-cccl"]
TEST_SECONDS = 300
LISTED = "0.68"  # the version of numba that numba_cuda_tests.txt is of
DEVICE_MEMORY = "4G"  # a test fills half of what the device has
RESTARTS = 20  # of a file whose tests end the process


class Report(NamedTuple):
    """What a file's tests did: `why` has the first line of each failure and the reason of each skip."""

    outcomes: Outcomes
    why: dict[str, str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="run only the files whose path contains one of these")
    parser.add_argument("--numba", help="the version of numba, in an environment of its own")
    parser.add_argument("--built-in", action="store_true", help="numba's own numba.cuda, without numba-cuda")
    parser.add_argument("--list", action="store_true", help="print every failing and skipped test with its reason")
    parser.add_argument("--jobs", type=int, default=1, help="test files that run side by side")
    parser.add_argument("--write", type=Path, help="run all files there are; write the tests' names")
    options = parser.parse_args()
    program = sys.executable
    if options.built_in and not options.numba:
        parser.error("--built-in needs --numba VERSION")
    if options.built_in:
        program = environments.python(f"numba-{options.numba}-alone", [f"numba=={options.numba}", *OURS])
    elif options.numba:
        program = environments.python(f"numba-{options.numba}", [f"numba=={options.numba}", *REQUIREMENTS])
    return check(program, options, settings(options.numba or "", options.built_in))


def settings(version: str, built_in: bool) -> dict[str, dict[str, Any]]:
    """expected.toml's entries by file; entries below `numba-cuda-<version>` are added for that version."""
    table = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
    if built_in:
        own: dict[str, dict[str, Any]] = table.get(f"numba-{version}", {})
        return own
    entries: dict[str, dict[str, Any]] = {path: {**entry, "fails": dict(entry.get("fails", {}))}
                                          for path, entry in table["numba-cuda"].items()}
    for path, fails in table.get(f"numba-cuda-{version}", {}).items():
        entries.setdefault(path, {"fails": {}})["fails"].update(fails)
    return entries


def names(file: str) -> list[str]:
    """The tests of a committed list, `path::Class::test` each."""
    lines = (HERE / file).read_text(encoding="utf-8").split("\n")
    return [line for line in lines if line and not line.startswith("#")]


def check(program: str, options: argparse.Namespace, entries: dict[str, dict[str, Any]]) -> int:
    counted, text = set(names("numba_cuda_tests.txt")), set(names("numba_cuda_text.txt"))
    root = tests_folder(program, options.built_in)
    files = sorted({name.partition("::")[0] for name in counted})
    if options.write or options.built_in:
        files = sorted(str(path.relative_to(root)) for path in root.rglob("test_*.py"))
    if options.parts:
        files = [path for path in files if any(part in path for part in options.parts)]
    totals: dict[str, Counter[str]] = {"counted": Counter(), "text": Counter()}
    wrong: list[str] = []
    seen: list[str] = []
    with ThreadPoolExecutor(options.jobs) as pool:
        runs = [(path, pool.submit(run_file, program, root, path, entries.get(path, {}))) for path in files]
        for path, run in runs:
            report = run.result()
            complaints = compare(report.outcomes, entries.get(path, {}).get("fails", {}))
            seen += [f"{path}::{name}" for name in report.outcomes]
            if (options.numba or LISTED).startswith(LISTED) and not options.write:
                complaints += listed(path, report.outcomes, counted)
            for name, how in report.outcomes.items():
                totals["text" if f"{path}::{name}" in text else "counted"][how] += 1
            wrong += [f"{path}: {complaint}" for complaint in complaints]
            print(f"{path}: {describe(Counter(report.outcomes.values()))}"
                  f"{'' if not complaints else '  NOT AS EXPECTED'}", flush=True)
            if options.list:
                print("".join(f"    {how} {name}: {report.why.get(name, '')}\n"
                              for name, how in report.outcomes.items() if how in ("failed", "skipped")), end="")
    if options.write:
        options.write.write_text("\n".join(seen) + "\n", encoding="utf-8")
    summarise(totals)
    print("\n".join(wrong) if wrong else "everything is as expected")
    return 1 if wrong else 0


def summarise(totals: dict[str, Counter[str]]) -> None:
    for what, counts in totals.items():
        tried = sum(counts.values()) - counts["skipped"]
        good = counts["passed"] + counts["xfailed"]
        title = "total" if what == "counted" else "of PTX or SASS text"
        print(f"{title}: {describe(counts) or 'none'}{f' = {good / tried:.1%}' if tried else ''}")


def listed(path: str, outcomes: Outcomes, counted: set[str]) -> list[str]:
    """Differences between the tests of a file and the committed list."""
    wanted = {name.partition("::")[2] for name in counted if name.startswith(f"{path}::")}
    return [*(f"{name} is not in numba_cuda_tests.txt" for name in outcomes if name not in wanted),
            *(f"{name} of numba_cuda_tests.txt was not run" for name in sorted(wanted - set(outcomes)))]


def tests_folder(program: str, built_in: bool) -> Path:
    """Where the tests of numba.cuda lie in the environment of an interpreter."""
    package = "numba" if built_in else "numba_cuda"
    find = f"import importlib.util; print(importlib.util.find_spec({package!r}).origin)"
    done = subprocess.run([program, "-c", find], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip()).parent / ("cuda/tests" if built_in else "numba/cuda/tests")


def run_file(program: str, root: Path, path: str, entry: dict[str, Any]) -> Report:
    """One test file in a process of its own, again for what is left when a test ended it."""
    outcomes: Outcomes = {}
    why: dict[str, str] = {}
    for _ in range(RESTARTS):
        with tempfile.TemporaryDirectory(prefix="compatlayer-numba-") as scratch:
            lines = run_once(program, root / path, entry, Path(scratch), list(outcomes))
        left = read(lines, outcomes, why)
        if not left:
            break
    return Report(outcomes, why)


def run_once(program: str, file: Path, entry: dict[str, Any], scratch: Path, done: list[str]) -> list[list[str]]:
    report = scratch / "outcomes"
    report.touch()
    command = [program, "-m", "compatlayer", "run", "-m", "pytest", "-q", "--tb=short", "-p", "numba_names",
               "-p", "no:cacheprovider", f"--timeout={TEST_SECONDS}", "--timeout-method=thread", "-c", os.devnull,
               f"--rootdir={file.parent}", f"--confcutdir={scratch}", str(file)]
    command += [f"--deselect={file.name}::{name}" for name in done]
    found = [str(HERE), *([environments.search_path()] if program != sys.executable else
                          filter(None, [os.environ.get("PYTHONPATH", "")]))]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(found), "NUMBA_OUTCOMES": str(report),
                 "PYTHONDONTWRITEBYTECODE": "1",
                 "COMPATLAYER_MEMORY": os.environ.get("COMPATLAYER_MEMORY", DEVICE_MEMORY),
                 "COMPATLAYER_DEVICES": entry.get("devices", os.environ.get("COMPATLAYER_DEVICES", "cpu"))}
    try:
        ended = subprocess.run(command, cwd=scratch, env=variables, capture_output=True, text=True,
                               timeout=entry.get("seconds", 1800), check=False)
        said = (ended.stdout + ended.stderr)[-3000:]
        if ended.returncode == pytest.ExitCode.NO_TESTS_COLLECTED:
            return []
    except subprocess.TimeoutExpired:
        said = "the file took too long"
    lines: list[list[str]] = [json.loads(line) for line in report.read_text(encoding="utf-8").split("\n") if line]
    if not lines:
        lines = [["(the whole file)", "failed", said.strip().split("\n")[-1][:300]]]
        print(said)
    return lines


def read(lines: list[list[str]], outcomes: Outcomes, why: dict[str, str]) -> bool:
    """Adds a run's outcomes; whether tests are left because one of them ended the process."""
    collected: list[str] = []
    running = ""
    for name, how, reason in lines:
        if how == "collected":
            collected.append(name)
        elif how == "started":
            running = name
        elif how == "ended":
            running = ""
        elif outcomes.get(name) in (None, "passed") or how == "failed":
            outcomes[name] = how
            why[name] = reason
    if running and outcomes.get(running) in (None, "passed"):
        outcomes[running] = "failed"
        why[running] = "ended the process, or did not end"
    left = [name for name in collected if name not in outcomes]
    if left and not running:
        outcomes.update(dict.fromkeys(left, "failed"))
        return False
    return bool(left)


if __name__ == "__main__":
    sys.exit(main())
