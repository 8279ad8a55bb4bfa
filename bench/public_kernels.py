"""Kernels of public programs (tests/public): compile time, result, and time in the vector and the naive engine.

usage: COMPATLAYER_PUBLIC=folder public_kernels.py [part of a name ...]    writes docs/public-kernels.md, if all ran

Each engine runs the whole job (all launches and the wait) in turn, after one run that compiles; medians of 5. The first
run starts with an empty cache. Results are checked on both engines with the inputs that are timed.
"""

from __future__ import annotations

import math
import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "public")]
os.environ["COMPATLAYER_CACHE_DIR"] = tempfile.mkdtemp(prefix="compatlayer-public-")

from execution import first_run  # noqa: E402
from public_kernel import REPOSITORIES, PublicKernel, all_kernels, checkout  # noqa: E402

import compatlayer  # noqa: E402

RUNS = 5
PAGE = ROOT / "docs" / "public-kernels.md"
HEAD = f"""# Kernels of public programs

Written by `bench/public_kernels.py`; the programs, their pinned commits and how to get them:
[tests/public](../tests/public/README.md), which also tests every row with smaller inputs. Sources are unmodified,
inputs and expected results are ours. Times are of the whole job on {os.cpu_count()} shared cores, medians of
{RUNS}: "cold" is from source to the first result with an empty cache (less one run), ratio is naive / vector.

| kernel | repository | kind | features | right | cold ms | vector ms | naive ms | ratio | naive because |
|-|-|-|-|-|-|-|-|-|-|
"""


def verdict(execution: object, kernel: PublicKernel, engine: str) -> str:
    try:
        execution.job.verify(execution.contents())  # type: ignore[attr-defined]
    except AssertionError as error:
        print(f"{kernel.name}, {engine}: {error}", file=sys.stderr)
        return "no"
    return "yes"


def measure(device: compatlayer.Device, kernel: PublicKernel) -> tuple[str, float | None]:
    """The kernel's row and its ratio, if it is right."""
    job = kernel.make(1)
    fast, cold_s, reason = first_run(device, kernel, job, "vector")
    slow, _, _ = first_run(device, kernel, job, "naive")
    right, reference = verdict(fast, kernel, "vector"), verdict(slow, kernel, "naive")
    if reference == "no" and kernel.lockstep:
        right += "; naive no: needs warps in lockstep"
    elif reference == "no":
        right = "no"
    pairs = [(fast.run(), slow.run()) for _ in range(RUNS)]
    vector_s, naive_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    fast.close()
    slow.close()
    row = (f"| `{kernel.name}` | {kernel.repository} | {kernel.kind} | {kernel.features} | {right} | "
           f"{1e3 * max(0.0, cold_s - vector_s):.0f} | {1e3 * vector_s:.2f} | {1e3 * naive_s:.1f} | "
           f"{naive_s / vector_s:.1f} | {reason} |")
    return row, naive_s / vector_s if right.startswith("yes") else None


def main() -> int:
    missing = [repository for repository in REPOSITORIES if checkout(repository) is None]
    if missing:
        print(f"COMPATLAYER_PUBLIC must hold checkouts of {', '.join(missing)}; see tests/public/README.md")
        return 2
    parts = sys.argv[1:]
    rows, ratios = [], []
    kernels = [kernel for kernel in all_kernels() if not parts or any(part in kernel.name for part in parts)]
    with compatlayer.Device() as device:
        with compatlayer.Program(device, "__global__ void nothing() {}"):
            pass  # prepares the device headers, which is no kernel's own time
        for kernel in kernels:
            row, ratio = measure(device, kernel)
            print(row, flush=True)
            rows.append(row)
            ratios += [] if ratio is None else [ratio]
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    summary = (f"{len(ratios)} of {len(rows)} kernels give the right result. The vector engine is {mean:.1f} times as "
               f"fast as the naive one (geometric mean), {min(ratios):.1f} to {max(ratios):.1f} times.")
    print(summary)
    if not parts:
        PAGE.write_text(HEAD + "\n".join(rows) + "\n\n" + summary + "\n", encoding="utf-8")
    return 0 if len(ratios) == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
