"""Makes docs/devices.md: what the conformance tests and the kernel corpus give on backends, by running them.

    python tests/devices_page.py opencl:0 cpu

Rows of other backends stay as they are. A test that fails with CUDA_ERROR_NOT_SUPPORTED counts as refused. Each test
file, and each kernel of the corpus, runs in a process of its own: what ends the process fails alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "devices.md"
HEAD = """# What runs on which backend

Made by `python tests/devices_page.py <devices>`, by running the conformance tests (`tests/conformance`) and the kernel
corpus (`tests/kernels`) on each. Refused: CUDA_ERROR_NOT_SUPPORTED, with the reason in the error log.

| backend | device | suite | passed | refused | skipped | failed | on |
|-|-|-|-|-|-|-|-|
"""
WHY = "\n## Refused and failed\n\n| backend | test | result |\n|-|-|-|\n"
_REASON = re.compile(r"CUDA_ERROR_NOT_SUPPORTED: (.*?)(?:, which this OpenCL device|$)", re.MULTILINE)
_LIMIT_S = 240


def units(suite: str) -> list[str]:
    """What runs in a process each."""
    if suite == "conformance":
        return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "conformance").glob("test_*.py"))
    names = sorted(path.parent.name for path in (ROOT / "tests" / "kernels").glob("*/case.py"))
    return [f"tests/kernels/test_corpus.py::test_kernel_gives_what_numpy_gives[{name}]" for name in names]


def run(devices: str, unit: str) -> list[tuple[str, str, str]]:
    """Name, outcome and reason of each test of a unit."""
    with tempfile.TemporaryDirectory() as folder:
        report, log = Path(folder) / "report.xml", Path(folder) / "log"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:faulthandler", f"--junitxml={report}", "--timeout",
                   "60", unit]
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=_LIMIT_S, check=False, text=True,
                                  env={**os.environ, "COMPATLAYER_DEVICES": devices, "CUDA_LOG_FILE": str(log)})
            status = f"the process ended with {done.returncode}"
        except subprocess.TimeoutExpired:
            status = f"no end within {_LIMIT_S} s"
        text = log.read_text(errors="replace") if log.exists() else ""
        if not report.exists():
            return [(unit.rpartition("/")[2], "failed", status)]
        return [outcome(case, text) for case in ElementTree.parse(report).iter("testcase")]


def outcome(case: ElementTree.Element, log: str) -> tuple[str, str, str]:
    name = f"{case.get('classname', '').rpartition('.')[2]}: {case.get('name')}"
    if case.find("skipped") is not None:
        return name, "skipped", ""
    problem = case.find("failure") if case.find("failure") is not None else case.find("error")
    if problem is None:
        return name, "passed", ""
    told = problem.get("message", "") + (problem.text or "")
    if "NOT_SUPPORTED" in told:
        reasons = _REASON.findall(log)
        known = reasons and (len(reasons) == 1 or "test_corpus" in name)
        return name, "refused", reasons[0] if known else "not supported"
    return name, "failed", " ".join(problem.get("message", "").split())[:100]


def rows(devices: str) -> tuple[list[str], list[str]]:
    """The rows of a backend in both tables."""
    name = subprocess.run([sys.executable, "-c", "from compatlayer.core.runtime import state\nstate.initialize(0)\n"
                           "print(state.devices[0].caps.name)"], capture_output=True, text=True, check=True,
                          env={**os.environ, "COMPATLAYER_DEVICES": devices}).stdout.strip()
    first, second = [], []
    with ThreadPoolExecutor(2) as pool:
        for suite in ("conformance", "kernels"):
            found = [one for each in pool.map(lambda unit: run(devices, unit), units(suite)) for one in each]
            counts = Counter(result for _, result, _ in found)
            numbers = " | ".join(str(counts[each]) for each in ("passed", "refused", "skipped", "failed"))
            first.append(f"| {devices} | {name} | {suite} | {numbers} | {time.strftime('%Y-%m-%d')} |")
            second += [f"| {devices} | {test} | {result}: {why} |".replace("|", "|") for test, result, why in found
                       if result in ("refused", "failed")]
    return first, second


def main() -> None:
    old = PAGE.read_text().split(WHY) if PAGE.exists() else ["", ""]
    asked = sys.argv[1:] or ["cpu"]
    tables: list[list[str]] = [[], []]
    for place, text in enumerate(old):
        kept = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| backend")]
        tables[place] = [line for line in kept if line.split(" ")[1] not in asked]
    for devices in asked:
        for table, made in zip(tables, rows(devices), strict=True):
            table += made
        PAGE.write_text(HEAD + "\n".join(tables[0]) + "\n" + WHY + "\n".join(tables[1]) + "\n")


if __name__ == "__main__":
    main()
