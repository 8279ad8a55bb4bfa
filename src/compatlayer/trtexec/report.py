"""What the command prints, in the lines that scripts look for, and the files that it writes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from compatlayer.trtexec.inference import Inference, Run


def tell(letter: str, text: str) -> None:
    """One line with the time: I and V on standard output, W and E on standard error."""
    stream = sys.stderr if letter in "WEF" else sys.stdout
    for line in text.splitlines() or [""]:
        print(f"[{time.strftime('%m/%d/%Y-%H:%M:%S')}] [{letter}] {line}", file=stream, flush=True)


def statistics(values: Sequence[float], percentiles: Sequence[float]) -> str:
    """min, max, mean, median and percentiles of milliseconds."""
    ordered = sorted(values)
    rows = [("min", ordered[0]), ("max", ordered[-1]), ("mean", sum(ordered) / len(ordered)),
            ("median", percentile(50, ordered))]
    rows += [(f"percentile({value:g}%)", percentile(value, ordered)) for value in percentiles]
    return ", ".join(f"{name} = {value:g} ms" for name, value in rows)


def percentile(percent: float, ordered: Sequence[float]) -> float:
    """The value below which `percent` of the sorted values lie; between the two middle ones for the median."""
    if percent == 50 and len(ordered) % 2 == 0:
        return (ordered[len(ordered) // 2 - 1] + ordered[len(ordered) // 2]) / 2
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _lasting(part: Callable[[Run], tuple[float, float]], runs: Sequence[Run]) -> list[float]:
    return [end - start for start, end in map(part, runs)]


def averages(runs: Sequence[Run], group: int) -> None:
    """A line for each `group` runs."""
    for first in range(0, len(runs) - group + 1 if group else 0, group or 1):
        some = runs[first:first + group]
        compute, enqueue = _lasting(lambda run: run.compute, some), _lasting(lambda run: run.enqueued, some)
        tell("I", f"Average on {group} runs - GPU latency: {sum(compute) / group:g} ms - Host latency: "
                  f"{sum(run.latency for run in some) / group:g} ms (enqueue {sum(enqueue) / group:g} ms)")


def summary(runs: Sequence[Run], wall_s: float, percentiles: Sequence[float]) -> None:
    """The performance summary."""
    compute = _lasting(lambda run: run.compute, runs)
    rows = {"Latency": [run.latency for run in runs], "Enqueue Time": _lasting(lambda run: run.enqueued, runs),
            "H2D Latency": _lasting(lambda run: run.upload, runs), "GPU Compute Time": compute,
            "D2H Latency": _lasting(lambda run: run.download, runs)}
    tell("I", f"\n=== Performance summary ===\nThroughput: {len(runs) / wall_s:g} qps")
    for name, values in rows.items():
        tell("I", f"{name}: {statistics(values, percentiles)}")
    tell("I", f"Total Host Walltime: {wall_s:g} s\nTotal GPU Compute Time: {sum(compute) / 1000:g} s")


def layers(times: dict[str, list[float]], path: str, shown: bool) -> None:
    """The profile, layer by layer."""
    count = max((len(values) for values in times.values()), default=0)
    total = sum(map(sum, times.values())) or 1.0
    rows: list[dict[str, Any]] = [
        {"name": name, "timeMs": sum(values), "averageMs": sum(values) / len(values),
         "medianMs": percentile(50, sorted(values)), "percentage": 100 * sum(values) / total}
        for name, values in times.items()]
    if shown:
        tell("I", f"=== Profile ({count} iterations ) ===\n   Time(ms)     Avg.(ms)   Median(ms)   Time(%)   Layer")
        for row in rows:
            tell("I", "{timeMs:11.4f} {averageMs:12.4f} {medianMs:12.4f} {percentage:9.1f}   {name}".format(**row))
    if path:
        _write(path, [{"count": count}, *rows])


def times(runs: Sequence[Run], path: str) -> None:
    """Moments and durations of every run, as JSON."""
    found = []
    for run in runs:
        parts = {"Enq": run.enqueued, "H2d": run.upload, "Compute": run.compute, "D2h": run.download}
        row = {f"{edge}{name}Ms": part[place] for name, part in parts.items()
               for place, edge in enumerate(("start", "end"))}
        row |= {f"{name.lower()}Ms": part[1] - part[0] for name, part in parts.items() if name != "Enq"}
        found.append(row | {"latencyMs": run.latency})
    _write(path, found)


def outputs(inference: Inference, path: str, shown: bool) -> None:
    """Values of the outputs."""
    rows = [{"name": name, "dimensions": "x".join(map(str, inference.shape(name))),
             "values": inference.output(name).reshape(-1).tolist()} for name in inference.outputs]
    if shown:
        for row in rows:
            tell("I", f"{row['name']}: ({row['dimensions']})\n{' '.join(f'{value:g}' for value in row['values'])}")
    if path:
        _write(path, rows)


def structure(trt: Any, engine: Any, path: str, shown: bool) -> None:
    """What the engine's inspector tells of its layers."""
    text = engine.create_engine_inspector().get_engine_information(trt.LayerInformationFormat.JSON)
    if shown:
        tell("I", f"Layer Information:\n{text}")
    if path:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def _write(path: str, contents: object) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(contents, file, indent=1)
