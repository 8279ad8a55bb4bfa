"""The kernels' table in Markdown, and the aims beside what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Container, Sequence
from dataclasses import dataclass

from suite.contenders import NAMES
from suite.contest import Entry, Result
from suite.machine import Machine
from suite.statistics import geometric_mean

OTHERS = [kind for kind in NAMES if kind != "ours"]

KERNEL_AIMS = (("openmp", 1.0, 0.6), ("clang", 1.0, 0.6), ("intel", 1.5, 0.9), ("pocl", 4.0, None))


@dataclass(frozen=True)
class Place:
    """A result on the roofline: what bounds it, the time that this bound allows, and the part of it that we reach."""

    bound: str  # "DRAM", "L3", "L2" or "arithmetic"
    least_s: float
    reached: float
    gigabytes_s: float
    gigaoperations_s: float


def place(result: Result, machine: Machine) -> Place | None:
    """None for a result without our time."""
    run_s = result.entries["ours"].run_s
    if not run_s:
        return None
    level = machine.level(result.working_set)
    memory_s = result.bytes_moved / machine.best_bandwidth(level) / 1e9
    arithmetic_s = result.operations / machine.peak[result.kind][machine.counted] / 1e9
    least_s = max(memory_s, arithmetic_s)
    return Place(level if memory_s >= arithmetic_s else "arithmetic", least_s, least_s / run_s,
                 result.bytes_moved / run_s / 1e9, result.operations / run_s / 1e9)


def _seconds(value: float) -> str:
    return f"{value * 1e3:.2f} ms" if value >= 1e-3 else f"{value * 1e6:.1f} us"


def _cell(entry: Entry | None) -> str:
    if entry is None:
        return "-"
    if entry.ratio is not None:
        return f"{entry.ratio.median:.2f} ({entry.ratio.low:.2f}-{entry.ratio.high:.2f})"
    return "**WRONG**" if entry.wrong else ("-" if entry.missing else "not measured")


def kernels(results: Sequence[Result], machine: Machine, absent: Container[str]) -> list[str]:
    """The table: our time, what bounds it, and every contender's time as a multiple of ours."""
    names = " | ".join(NAMES[kind] for kind in OTHERS)
    lines = [f"| kernel | ours | GB/s | G op/s | bound by | of that limit | {names} | what holds it back |",
             "|-|-|-|-|-|-|" + "-|" * len(OTHERS) + "-|"]
    for result in results:
        spot, own = place(result, machine), result.entries["ours"]
        figures = ["**WRONG**" if own.wrong else "-", "", "", "", ""] if spot is None else [
            _seconds(own.run_s), f"{spot.gigabytes_s:.1f}", f"{spot.gigaoperations_s:.1f}", spot.bound,
            f"{spot.reached:.0%}"]
        cells = ["not here" if kind in absent else _cell(result.entries.get(kind)) for kind in OTHERS]
        lines.append(f"| {result.name} | " + " | ".join(figures + cells) + f" | {result.limit} |")
    for label, figure in (("geometric mean", "median"), ("geometric mean of fastest to fastest", "fastest")):
        means = [geometric_mean(ratios(results, kind, figure)) for kind in OTHERS]
        cells = ["-" if mean is None else f"**{mean:.2f}**" for mean in means]
        lines.append(f"| {label} | | | | | | " + " | ".join(cells) + " | |")
    return lines


def ratios(results: Sequence[Result], kind: str, figure: str = "median") -> list[float]:
    """The ratios against one contender: their medians, or those of the `fastest` samples."""
    entries = [result.entries[kind] for result in results if kind in result.entries]
    return [getattr(entry.ratio, figure) for entry in entries if entry.ratio is not None]


def faults(results: Sequence[Result]) -> list[str]:
    """One line for each contender that failed or whose outputs were wrong."""
    return [f"- {result.name}, {NAMES[kind]}: {entry.missing}" for result in results
            for kind, entry in result.entries.items() if entry.wrong]


def limits(machine: Machine) -> list[str]:
    """The machine's limits as a table."""
    lines = [f"{machine.processor}, {machine.threads} threads, L2 {machine.caches['L2'] >> 10} KiB each, "
             f"L3 {machine.caches['L3'] >> 20} MiB.", "", "| limit | one thread | all threads |", "|-|-|-|"]
    for level, patterns in machine.bandwidth.items():
        lines += [f"| {level} {pattern} | {by['1']:.1f} GB/s | {by['all']:.1f} GB/s |"
                  for pattern, by in patterns.items()]
    lines += [f"| {kind} arithmetic | {by['1']:.1f} G op/s | {by['all']:.1f} G op/s |"
              for kind, by in machine.peak.items()]
    return lines


def _aim(what: str, aim: str, figure: float | None, met: bool, unit: str = "x") -> str:
    return f"| {what} | {aim} | not measured | - |" if figure is None else \
        f"| {what} | {aim} | {figure:.2f}{unit} | {'yes' if met else '**no**'} |"


def aims(results: Sequence[Result], machine: Machine) -> list[str]:
    """The aims for kernels: what is asked, what was measured."""
    lines = []
    for kind, mean_aim, least_aim in KERNEL_AIMS:
        found = ratios(results, kind)
        mean = geometric_mean(found)
        lines.append(_aim(f"geometric mean against {NAMES[kind]}, {len(found)} kernels", f">= {mean_aim}x", mean,
                          (mean or 0) >= mean_aim))
        if least_aim is not None:
            least = min(found) if found else None
            names = ", ".join(result.name for result in results if kind in result.entries
                              and result.entries[kind].ratio is not None
                              and result.entries[kind].ratio.median < least_aim)  # type: ignore[union-attr]
            lines.append(_aim(f"least of them{': below are ' + names if names else ''}", f">= {least_aim}x", least,
                              (least or 0) >= least_aim))
    for result in results:
        spot = place(result, machine)
        level = machine.level(result.working_set)
        if result.streaming and spot is not None and level != "L2":  # there a launch takes longer than the data
            part = spot.gigabytes_s / machine.bandwidth[level]["copy"][machine.counted]
            lines.append(_aim(f"{result.name}: part of the {level} copy bandwidth", ">= 0.9", part, part >= 0.9, ""))
    compile_s = [sum(entry.times.get(step, 0) for step in ("compile", "load", "ready"))
                 for entry in (result.entries["ours"] for result in results) if entry.times]
    if compile_s:
        median = statistics.median(compile_s) * 1e3
        lines.append(_aim(f"cold: from source to a kernel that has run, median of {len(compile_s)}", "<= 200 ms",
                          median, median <= 200, " ms"))
    return lines
