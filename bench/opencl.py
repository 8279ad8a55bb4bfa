"""Kernels in CUDA C++ through our OpenCL backend against the same kernels in OpenCL C, on the same engine.

    pip install '.[bench,opencl-intel]'; python bench/opencl.py [--small] [--pairs N] [kernel ...]

Pairs are interleaved; a figure above 1 means that we are faster. Refused kernels are named with why.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile

from suite import contenders
from suite.case import load
from suite.contest import Result, contest
from suite.process import Process


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kernels", nargs="*", help="names of bench/kernels; all without")
    parser.add_argument("--small", action="store_true", help="small inputs")
    parser.add_argument("--pairs", type=int, default=12)
    arguments = parser.parse_args()
    library = contenders.intel()
    if library is None:
        print("no OpenCL for the processor is here: pip install intel-opencl-rt intel-cmplr-lib-rt", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as cache:
        device = {"COMPATLAYER_DEVICES": "opencl:0", "COMPATLAYER_OPENCL": library, "COMPATLAYER_CACHE_DIR": cache}
        ours = Process("ours", device, arguments.small, True)
        theirs = Process("intel", {"COMPATLAYER_BENCH_OPENCL": library}, arguments.small, False)
        try:
            _contests(arguments, ours, theirs)
        finally:
            ours.stop()
            theirs.stop()
    return 0


def _contests(arguments: argparse.Namespace, ours: Process, theirs: Process) -> None:
    ratios = []
    print("| kernel | OpenCL C / ours | 95 % interval | ours |\n|-|-|-|-|")
    for case in load(arguments.kernels, arguments.small):
        result = contest(case, ours, [theirs], arguments.pairs)
        print(_line(result), flush=True)
        found = result.entries["intel"].ratio
        if found is not None:
            ratios.append(found.median)
    if ratios:
        print(f"| **geometric mean of {len(ratios)}** | **{statistics.geometric_mean(ratios):.2f}** | | |")


def _line(result: Result) -> str:
    ours, theirs = result.entries["ours"], result.entries["intel"]
    if ours.missing or theirs.ratio is None:
        return f"| {result.name} | {ours.missing or theirs.missing} | | |"
    ratio = theirs.ratio
    return f"| {result.name} | {ratio.median:.2f} | {ratio.low:.2f} - {ratio.high:.2f} | {ours.run_s * 1e6:.0f} us |"


if __name__ == "__main__":
    sys.exit(main())
