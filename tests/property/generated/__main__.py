"""Runs many seeds: `python -m generated FIRST COUNT`. Prints each difference, shrunk, and exits with 1 if there are.
With --record the run can be stopped and taken up again (campaign.py)."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

import compatlayer

from . import campaign
from .grammar import write_kernel
from .shrink import shrink
from .trial import ENGINES, differences

LEAST_IN_VECTORS = 0.6  # of the launches that ask for the vector engine


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=int, help="the first seed")
    parser.add_argument("count", type=int, help="how many kernels")
    parser.add_argument("--shapes", type=int, default=5, help="shapes for each kernel")
    parser.add_argument("--module", type=int, default=12, help="kernels compiled together")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="only this one; both without")
    parser.add_argument("--no-shrink", action="store_true")
    parser.add_argument("--record", type=Path, help="a file that says what has passed, to go on from there")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)),
                        help="modules at a time, with --record")
    return parser.parse_args()


def _recorded(options: argparse.Namespace) -> tuple[int, int, Counter[str]]:
    arguments = [f"--shapes={options.shapes}", *(f"--engine={each}" for each in options.engine or ()),
                 *(["--no-shrink"] if options.no_shrink else [])]
    wrong, count = 0, 0
    ran: Counter[str] = Counter()
    for outcome in campaign.run(options.first, options.count, options.module, options.jobs, options.record, arguments):
        wrong += outcome.wrong
        count += outcome.count
        ran.update(vector=outcome.vector, naive=outcome.naive)
    return count, wrong, ran


def _in_process(options: argparse.Namespace) -> tuple[int, int, Counter[str]]:
    wrong = 0
    ran: Counter[str] = Counter()
    engines = options.engine or ENGINES
    last = options.first + options.count
    for first in range(options.first, last, options.module):
        kernels = [write_kernel(seed) for seed in range(first, min(first + options.module, last))]
        device = compatlayer.Device(0)
        found = list(differences(device, kernels, options.shapes, engines, ran if "vector" in engines else None))
        device.close()
        wrong += len(found)
        for each in found:
            print(each if options.no_shrink else shrink(each), flush=True)
    return options.count, wrong, ran


def main() -> int:
    options, begin = _options(), time.perf_counter()
    count, wrong, ran = (_recorded if options.record else _in_process)(options)
    print(campaign.SUMMARY.format(count=count, wrong=wrong, seconds=time.perf_counter() - begin, vector=ran["vector"],
                                  naive=ran["naive"]), flush=True)
    if options.record and ran["vector"] < LEAST_IN_VECTORS * ran.total():
        print(f"less than {LEAST_IN_VECTORS:.0%} of the launches ran in vectors")
        return 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
