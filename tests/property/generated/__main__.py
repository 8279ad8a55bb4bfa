"""Runs many seeds: `python -m generated FIRST COUNT`. Prints each difference, shrunk, and exits with 1 if there are."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

import compatlayer

from .grammar import write_kernel
from .shrink import shrink
from .trial import ENGINES, differences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=int, help="the first seed")
    parser.add_argument("count", type=int, help="how many kernels")
    parser.add_argument("--shapes", type=int, default=5, help="shapes for each kernel")
    parser.add_argument("--module", type=int, default=10, help="kernels compiled together")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="only this one; both without")
    parser.add_argument("--no-shrink", action="store_true")
    options = parser.parse_args()
    failed, begin = 0, time.perf_counter()
    ran: Counter[str] = Counter()
    engines = options.engine or ENGINES
    last = options.first + options.count
    for first in range(options.first, last, options.module):
        kernels = [write_kernel(seed) for seed in range(first, min(first + options.module, last))]
        device = compatlayer.Device(0)
        wrong = list(differences(device, kernels, options.shapes, engines, ran if "vector" in engines else None))
        device.close()
        failed += len(wrong)
        for found in wrong:
            print(found if options.no_shrink else shrink(found), flush=True)
    print(f"{options.count} kernels, {failed} wrong, {time.perf_counter() - begin:.1f} s; of the launches for the "
          f"vector engine {ran['vector']} ran in it, {ran['naive']} in the naive one", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
