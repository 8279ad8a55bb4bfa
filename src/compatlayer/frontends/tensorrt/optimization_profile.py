"""IOptimizationProfile: the shapes that an engine is built for."""

from __future__ import annotations

from collections.abc import Iterable

from compatlayer.frontends.tensorrt.dims import Dims, text

Limits = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


class IOptimizationProfile:
    """Minimum, optimum and maximum of each dynamic input, and of the values of shape inputs."""

    def __init__(self) -> None:
        self.shapes: dict[str, Limits] = {}
        self.values: dict[str, Limits] = {}
        self.extra_memory_target = 1.0

    def set_shape(self, input: str, min: Iterable[int], opt: Iterable[int], max: Iterable[int]) -> None:
        self.shapes[input] = _limits(input, min, opt, max)

    def get_shape(self, input: str) -> list[Dims]:
        return [Dims(shape) for shape in self.shapes.get(input, ())]

    def set_shape_input(self, input: str, min: Iterable[int], opt: Iterable[int], max: Iterable[int]) -> None:
        self.values[input] = _limits(input, min, opt, max)

    def get_shape_input(self, input: str) -> list[list[int]]:
        return [list(values) for values in self.values.get(input, ())]

    def __bool__(self) -> bool:
        return True

    __nonzero__ = __bool__


def _limits(name: str, low: Iterable[int], best: Iterable[int], high: Iterable[int]) -> Limits:
    limits = tuple(int(size) for size in low), tuple(int(size) for size in best), tuple(int(size) for size in high)
    fits = len({len(part) for part in limits}) == 1 and all(a <= b <= c for a, b, c in zip(*limits, strict=True))
    if not fits:
        raise ValueError(f"Shape provided for {name} is inconsistent: min {text(limits[0])}, opt {text(limits[1])}, "
                         f"max {text(limits[2])}; they need the same length and min <= opt <= max")
    return limits


IOptimizationProfile.__module__ = "tensorrt"
