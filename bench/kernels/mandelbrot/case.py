import numpy as np
from suite.case import Case, Launch, Tolerance, groups


def _reference(width, height, limit):
    real = np.float32
    cx = real(-2) + real(3) * np.arange(width, dtype=real) / real(width)
    cy = real(-1.2) + real(2.4) * np.arange(height, dtype=real) / real(height)
    cx, cy = (part.ravel() for part in np.meshgrid(cx, cy))
    count = np.zeros(width * height, np.int32)
    live = np.arange(width * height)
    x, y = np.zeros_like(cx), np.zeros_like(cx)
    for _ in range(limit):
        inside = x * x + y * y < 4
        live, x, y, cx, cy = (part[inside] for part in (live, x, y, cx, cy))
        count[live] += 1
        x, y = x * x - y * y + cx, 2 * x * y + cy
    return count.reshape(height, width)


def cases(small):
    width, height, limit = (100, 40, 50) if small else (1024, 768, 256)
    args = ("count", np.int32(width), np.int32(height), np.int32(limit))
    return [Case(
        name="mandelbrot",
        inputs=lambda rng: {"count": np.zeros((height, width), np.int32)},
        launches=(Launch("mandelbrot", (groups(width, 32), groups(height, 8)), (32, 8), args),),
        function="mandelbrot",
        args=args,
        reference=lambda a: {"count": _reference(width, height, limit)},
        # A fused multiply-add changes the rounding, and at the rim of the set with it the count.
        tolerance={"count": Tolerance(mismatches=0.01)},
        bytes_moved=4 * width * height,
        operations=0 if small else 9 * 46_372_381,
        limit="operations from the mean number of steps; lanes that left wait for the last one",
    )]
