"""The roofline picture: this machine's limits as lines, each kernel a point, drawn as SVG by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

from suite.contest import Result
from suite.machine import Machine
from suite.report import place

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 1100, 720, 80, 200, 40, 60
LOW_X, HIGH_X = 1 / 64, 2048.0  # operations per byte
LOW_Y = 1 / 64  # G operations per second
COLOURS = {"f32": "#1f77b4", "f64": "#d62728", "i32": "#2ca02c"}
LEVEL_COLOURS = {"DRAM": "#555555", "L3": "#999999", "L2": "#bbbbbb"}


class _Axes:
    """Logarithmic axes."""

    def __init__(self, high_y: float) -> None:
        self.high_y = high_y

    def x(self, intensity: float) -> float:
        part = math.log(intensity / LOW_X) / math.log(HIGH_X / LOW_X)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def y(self, speed: float) -> float:
        part = math.log(speed / LOW_Y) / math.log(self.high_y / LOW_Y)
        return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = "#333333", size: int = 12) -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-family="sans-serif" text-anchor="{anchor}" '
            f'fill="{colour}">{text}</text>')


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def _grid(axes: _Axes) -> list[str]:
    parts = []
    x = LOW_X
    while x <= HIGH_X:
        parts += [_line(axes.x(x), TOP, axes.x(x), HEIGHT - BOTTOM, "#eeeeee"),
                  _text(axes.x(x), HEIGHT - BOTTOM + 18, f"{x:g}" if x >= 1 else f"1/{1 / x:g}", "middle")]
        x *= 4
    y = LOW_Y
    while y <= axes.high_y:
        parts += [_line(LEFT, axes.y(y), WIDTH - RIGHT, axes.y(y), "#eeeeee"),
                  _text(LEFT - 8, axes.y(y) + 4, f"{y:g}" if y >= 1 else f"1/{1 / y:g}", "end")]
        y *= 4
    parts += [_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "operations per byte", "middle", size=14),
              f'<g transform="translate(20 {HEIGHT / 2}) rotate(-90)">'
              + _text(0, 0, "G operations per second", "middle", size=14) + "</g>"]
    return parts


def _limits(axes: _Axes, machine: Machine) -> list[str]:
    parts = []
    top = max(peak[machine.counted] for peak in machine.peak.values())
    for level in machine.bandwidth:
        slope, colour = machine.best_bandwidth(level), LEVEL_COLOURS[level]
        first = max(LOW_X, LOW_Y / slope)
        last = top / slope
        parts += [_line(axes.x(first), axes.y(first * slope), axes.x(last), axes.y(top), colour, 2),
                  _text(axes.x(first) + 24, axes.y(first * slope) + 6, f"{level} {slope:.0f} GB/s", colour=colour)]
    for number, (kind, peak) in enumerate(machine.peak.items()):
        parts += [_line(axes.x(top / machine.best_bandwidth("L2")), axes.y(peak[machine.counted]), WIDTH - RIGHT,
                        axes.y(peak[machine.counted]), COLOURS[kind], 1.5),
                  _text(WIDTH - RIGHT + 6, axes.y(peak[machine.counted]) + 4 + 14 * (number == 2),
                        f"{kind} {peak[machine.counted]:.0f} G op/s", colour=COLOURS[kind])]
    return parts


def draw(results: Sequence[Result], machine: Machine) -> str:
    """The picture's text; a kernel without arithmetic stands at the left edge, at its bytes per 64."""
    axes = _Axes(2 * max(peak[machine.counted] for peak in machine.peak.values()))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             f'width="{WIDTH}" height="{HEIGHT}">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             _text(LEFT, 24, f"{machine.processor}, {machine.threads} threads: each kernel below its limit", size=16)]
    parts += _grid(axes) + _limits(axes, machine)
    taken: list[tuple[float, float]] = []
    for result in results:
        spot = place(result, machine)
        if spot is None:
            continue
        intensity = max(result.operations / result.bytes_moved, LOW_X)
        speed = max(spot.gigabytes_s * intensity, LOW_Y)
        x, y = axes.x(min(intensity, HIGH_X)), axes.y(speed)
        label_y = y + 4
        while any(abs(label_y - other_y) < 10 and abs(x - other_x) < 110 for other_x, other_y in taken):
            label_y += 10
        taken.append((x, label_y))
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{COLOURS[result.kind]}">'
                  f'<title>{result.name}: {spot.reached:.0%} of {spot.bound}</title></circle>',
                  _text(x + 7, label_y, f"{result.name} {spot.reached:.0%}", colour=COLOURS[result.kind], size=10)]
    return "\n".join([*parts, "</svg>", ""])
