"""Builds PyCUDA from its source distribution against the toolkit folder, runs its own tests, compares the outcome.

    python tests/upstream/pycuda_suite.py [--list] [part of a path ...]

The environment is made below build/upstream on the first run, which takes minutes: a C++ compiler is needed. The tests
lie in the source distribution. Every failure must be one that expected.toml explains, and no test that it names may
pass. Exit status 0 when all is as expected.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

import environments
from run import Outcomes, compare, describe, read_report

HERE = Path(__file__).resolve().parent
PYCUDA = "2026.1"
REQUIREMENTS = ["numpy", "scipy", "mako", "pytools", "platformdirs", "setuptools", "wheel", "pytest", "pytest-timeout",
                "cffi>=1.17", "ziglang>=0.17,<0.18"]
MEMORY = "4G"  # tests of 4.5 GB and more skip themselves on a device with less
TEST_SECONDS = 600


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="run only the files whose path contains one of these")
    parser.add_argument("--list", action="store_true", help="print every test with its outcome")
    options = parser.parse_args()
    program = environments.python(f"pycuda-{PYCUDA}", REQUIREMENTS)
    settings = {**os.environ, "PYTHONPATH": environments.search_path(), "COMPATLAYER_MEMORY": MEMORY}
    folder = tests(program, settings)
    build(program, settings)
    expected = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))["pycuda"]
    totals: Counter[str] = Counter()
    wrong: list[str] = []
    for path, entry in expected.items():
        if options.parts and not any(part in path for part in options.parts):
            continue
        outcomes = run(program, settings, folder / path)
        counts = Counter(outcomes.values())
        complaints = compare(outcomes, entry.get("fails", {}))
        totals.update(counts)
        wrong += [f"{path}: {complaint}" for complaint in complaints]
        print(f"{path}: {describe(counts)}{'' if not complaints else '  NOT AS EXPECTED'}", flush=True)
        if options.list:
            print("".join(f"    {how} {test}\n" for test, how in outcomes.items()), end="")
    print(f"total: {describe(totals)}")
    print("\n".join(wrong) if wrong else "everything is as expected")
    return 1 if wrong else 0


def under(program: str, *words: str) -> list[str]:
    """A module of the environment, run by compatlayer."""
    return [program, "-m", "compatlayer", "run", "-m", *words]


def tests(program: str, settings: dict[str, str]) -> Path:
    """The folder of the unpacked source distribution."""
    folder = environments.FOLDER / f"pycuda-{PYCUDA}-source"
    unpacked = folder / f"pycuda-{PYCUDA}"
    if not (unpacked / "test").is_dir():
        subprocess.run(under(program, "pip", "download", "--quiet", "--no-deps", "--no-binary", "pycuda",
                             "--dest", str(folder), f"pycuda=={PYCUDA}"), env=settings, check=True)
        with tarfile.open(folder / f"pycuda-{PYCUDA}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return unpacked


def build(program: str, settings: dict[str, str]) -> None:
    """What a user does: `compatlayer run -- pip install pycuda`."""
    done = subprocess.run([program, "-m", "pip", "show", "--quiet", "pycuda"], capture_output=True, check=False)
    if done.returncode != 0:
        subprocess.run(under(program, "pip", "install", "--quiet", "--no-binary", "pycuda", f"pycuda=={PYCUDA}"),
                       env=settings, check=True)


def run(program: str, settings: dict[str, str], file: Path) -> Outcomes:
    """One test file in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="compatlayer-pycuda-") as scratch:
        report = Path(scratch) / "report.xml"
        done = subprocess.run(under(program, "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-c", os.devnull,
                                    f"--timeout={TEST_SECONDS}", f"--junitxml={report}", f"--rootdir={file.parent}",
                                    str(file)),
                              cwd=scratch, env=settings, capture_output=True, text=True, check=False)
        if not report.exists() or done.returncode not in (0, 1):
            print(done.stdout[-2000:], done.stderr[-2000:], sep="\n")
            return {"(the whole file)": "failed"}
        return read_report(report)


if __name__ == "__main__":
    sys.exit(main())
