"""Measure everything and print one report; it is also left in bench/results/ with its JSON and the roofline picture.

usage: run.py [--kernels NAME,...] [--small] [--against CONTENDER,...] [--pairs N] [--clock cpu] [PART ...]

PARTs are kernels, launch_stream, compile_time, compile_size, launch_cost, launch_from_c, graph_launch, copy_bandwidth,
texture, wmma_gemm, group_reduce, tensorrt_latency; all of them without one, and `kernels` alone with --kernels.
--small takes sizes that are over in a moment, to try the suite itself.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from suite.contest import PAIRS
from suite.main import Run

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results"
WITH_JSON = ("launch_stream", "compile_time", "compile_size")
LOAD_AT_START = os.getloadavg()[0]
PARTS = ("kernels", *WITH_JSON, "launch_cost", "launch_from_c", "graph_launch", "copy_bandwidth", "texture",
         "wmma_gemm", "group_reduce", "tensorrt_latency")


class Script:
    """A part that is a program of its own, run under `compatlayer run`."""

    def __init__(self, name: str) -> None:
        self.name = name
        arguments = ["--json"] if name in WITH_JSON else []
        command = [sys.executable, "-m", "compatlayer", "run", str(FOLDER / f"{name}.py"), *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        self.failed = done.returncode != 0
        lines = done.stdout.strip().splitlines()
        self.figures: dict[str, Any] = {}
        if arguments and not self.failed:
            self.figures = json.loads(lines.pop())
        self.markdown = [f"## {name.replace('_', ' ').capitalize()}", "", *lines,
                         *([f"**failed with status {done.returncode}**"] if self.failed else [])]


def _row(what: str, aim: float, figure: float, unit: str) -> str:
    return f"| {what} | <= {aim:g} {unit} | {figure:.2f} {unit} | {'yes' if figure <= aim else '**no**'} |"


def script_aims(figures: dict[str, dict[str, Any]]) -> list[str]:
    """The aims of the scripts that ran."""
    rows = []
    if launch := figures.get("launch_stream"):
        rows += [_row("10,000 empty launches and one synchronisation, each, from C", 1, launch["C"], "us"),
                 _row("... from Python through cffi", 4, launch["Python, cffi"], "us"),
                 _row("... from Python through cuda.bindings", 4, launch["Python, cuda.bindings"], "us")]
    if size := figures.get("compile_size"):
        rows += [_row("compile time grows with lines to the power of", 1.1, size["exponent"], ""),
                 _row("kernel of 2,000 lines", 8, size["seconds"]["2000"], "s")]
    if warm := figures.get("compile_time"):
        rows += [_row(name, 30, 1e3 * warm[name], "ms") for name in
                 ("second process: import of compatlayer to loaded kernel", "second process: cuInit to loaded kernel")]
    return rows


def _load() -> list[str]:
    """A warning where other programs use the processors: times are then of little worth."""
    load, processors = LOAD_AT_START, len(os.sched_getaffinity(0))
    return [f"**Other programs kept {load:.1f} of {processors} processors busy before the start: do not trust these "
            "times.**", ""] if load > 0.3 * processors else []


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure compatlayer")
    parser.add_argument("--kernels", default="", help="kernels or their folders, separated by commas")
    parser.add_argument("--small", action="store_true", help="small sizes, to try the suite itself")
    parser.add_argument("--against", default="", help="contenders, separated by commas (all that are here)")
    parser.add_argument("--pairs", type=int, default=PAIRS,
                        help="fewer pairs, for a quick look; 0: check outputs alone (%(default)s)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall",
                        help="cpu: one thread each, by processor time, for a machine that others use too")
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    arguments = parser.parse_args()
    unknown = [part for part in arguments.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    return arguments


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def main() -> int:
    arguments = _arguments()
    parts = arguments.parts or (["kernels"] if arguments.kernels else list(PARTS))
    begin = time.perf_counter()
    run = None
    if "kernels" in parts:
        try:
            run = Run(_words(arguments.kernels), arguments.small, _words(arguments.against), arguments.pairs,
                      arguments.clock)
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        run.measure()
    scripts = [Script(part) for part in parts if part != "kernels"]
    figures = {script.name: script.figures for script in scripts if script.figures}
    aims = (run.aims() if run and not arguments.small else []) + script_aims(figures)
    report = ["# What was measured", "", *_load()]
    if run:
        report += [*run.markdown(), ""]
    for script in scripts:
        report += [*script.markdown, ""]
    if aims:
        report += ["## Aims", "", "| what | aim | measured | met |", "|-|-|-|-|", *aims, ""]
    report.append(f"Measured in {time.perf_counter() - begin:.0f} s, {time.strftime('%Y-%m-%d %H:%M')}.")
    text = "\n".join(report) + "\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "report.md").write_text(text)
    (RESULTS / "report.json").write_text(json.dumps({**(run.plain() if run else {}), **figures}, indent=1))
    if run:
        (RESULTS / "roofline.svg").write_text(run.picture())
    print(text)
    return 1 if (run is not None and run.wrong) or any(script.failed for script in scripts) else 0


if __name__ == "__main__":
    sys.exit(main())
