"""Runs cuda-python's own tests and examples from a checkout and compares the outcome with expected.toml.

    COMPATLAYER_UPSTREAM=/path/to/cuda-python python tests/upstream/run.py [--list] [part of a path ...]

Every failure must be one that expected.toml explains, and no test it names may pass: an unexpected pass is an error
too. Exit status 0 when all is as expected, 1 when not, 2 without a checkout.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
Outcomes = dict[str, str]  # test -> passed, failed, skipped or xfailed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="run only the files whose path contains one of these")
    parser.add_argument("--list", action="store_true", help="print every failing test with its outcome")
    options = parser.parse_args()
    checkout = os.environ.get("COMPATLAYER_UPSTREAM", "")
    if not (Path(checkout) / "cuda_core" / "tests").is_dir():
        print("COMPATLAYER_UPSTREAM must be the folder of a cuda-python checkout; see tests/upstream/README.md")
        return 2
    expected = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
    totals: Counter[str] = Counter()
    wrong: list[str] = []
    for kind, run in (("suite", run_suite), ("example", run_example)):
        for path, entry in expected[kind].items():
            if options.parts and not any(part in path for part in options.parts):
                continue
            outcomes = run(Path(checkout).resolve(), path, entry)
            counts = Counter(outcomes.values())
            complaints = compare(outcomes, entry.get("fails", {}))
            totals.update(counts)
            wrong += [f"{path}: {complaint}" for complaint in complaints]
            print(f"{path}: {describe(counts)}{'' if not complaints else '  NOT AS EXPECTED'}", flush=True)
            if options.list:
                print("".join(f"    {test}\n" for test, how in outcomes.items() if how == "failed"), end="")
    print(f"total: {describe(totals)}")
    print("\n".join(wrong) if wrong else "everything is as expected")
    return 1 if wrong else 0


def describe(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[how]} {how}" for how in ("passed", "failed", "skipped", "xfailed") if counts[how])


def compare(outcomes: Outcomes, fails: dict[str, str]) -> list[str]:
    """What differs from `fails`: regular expression of whole test names -> why they fail."""
    complaints = []
    explained: set[str] = set()
    for pattern in fails:
        matches = [test for test in outcomes if re.fullmatch(pattern, test)]
        explained.update(matches)
        complaints += [f"{test} passes, expected.toml says that it fails" for test in matches
                       if outcomes[test] == "passed"]
        if not matches:
            complaints.append(f"no test matches {pattern!r}")
    complaints += [f"{test} fails" for test, how in outcomes.items() if how == "failed" and test not in explained]
    return complaints


def environment(checkout: Path, entry: dict[str, Any]) -> dict[str, str]:
    paths = [str(HERE), os.environ.get("PYTHONPATH", "")]
    settings = {**os.environ, "COMPATLAYER_UPSTREAM": str(checkout), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    if "devices" in entry:
        settings["COMPATLAYER_DEVICES"] = entry["devices"]
    if "workers" in entry:  # otherwise the outcome would depend on the machine's number of CPUs
        settings["COMPATLAYER_WORKERS"] = str(entry["workers"])
    toolkit = Path(sysconfig.get_path("purelib")) / "nvidia" / "cu13"
    if entry.get("headers") == "ours":  # the launcher's toolkit folder, which has CUDA's own headers but not CCCL's
        settings.pop("COMPATLAYER_UPSTREAM_TOOLKIT", None)
    elif (toolkit / "include" / "cccl").is_dir():
        settings.setdefault("COMPATLAYER_UPSTREAM_TOOLKIT", str(toolkit))
    return settings


def run_suite(checkout: Path, path: str, entry: dict[str, Any]) -> Outcomes:
    """One test file in a process of its own, outside the checkout: its uncompiled packages must not be found."""
    with tempfile.TemporaryDirectory(prefix="compatlayer-upstream-") as scratch:
        report = Path(scratch) / "report.xml"
        command = [sys.executable, "-m", "compatlayer", "run", "-m", "pytest", "-q", "--tb=no", "-p", "checkout_paths",
                   "-p", "no:cacheprovider", "-o", "addopts=", "--timeout=60", f"--junitxml={report}",
                   "-c", str(checkout / "pytest.ini"), f"--rootdir={checkout}", str(checkout / path)]
        if "select" in entry:
            command += ["-k", entry["select"]]
        try:
            done = subprocess.run(command, cwd=scratch, env=environment(checkout, entry), capture_output=True,
                                  text=True, timeout=entry.get("seconds", 300), check=False)
        except subprocess.TimeoutExpired:
            return {"(the whole file)": "failed"}
        if not report.exists() or done.returncode not in (0, 1, 5):
            print(done.stdout[-2000:], done.stderr[-2000:], sep="\n")
            return {"(the whole file)": "failed"}
        return read_report(report)


def read_report(report: Path) -> Outcomes:
    outcomes: Outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):
        classes = re.findall(r"\.(Test\w+)", case.get("classname", ""))
        name = "::".join([*classes, case.get("name", "")])
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            outcomes[name] = "failed"
        elif skipped is not None:
            outcomes[name] = "xfailed" if skipped.get("type") == "pytest.xfail" else "skipped"
        else:
            outcomes.setdefault(name, "passed")
    return outcomes


def run_example(checkout: Path, path: str, entry: dict[str, Any]) -> Outcomes:
    """One program; it checks its own results and says so by its exit status."""
    with tempfile.TemporaryDirectory(prefix="compatlayer-upstream-") as scratch:
        command = [sys.executable, "-m", "compatlayer", "run", str(HERE / "checkout_paths.py"), str(checkout / path)]
        try:
            done = subprocess.run(command, cwd=scratch, env=environment(checkout, entry), capture_output=True,
                                  text=True, timeout=entry.get("seconds", 300), check=False)
        except subprocess.TimeoutExpired:
            return {"program": "failed"}
    return {"program": "passed" if done.returncode == 0 else "failed"}


if __name__ == "__main__":
    sys.exit(main())
