import numpy as np
from suite.case import Case, Launch, Tolerance, groups

RADIUS = 3
SIDE = 2 * RADIUS + 1


def _reference(a):
    height, width = a["in"].shape
    padded = np.pad(a["in"], RADIUS)
    out = np.zeros((height, width), np.float32)
    for j in range(SIDE):
        for i in range(SIDE):
            out += a["filter"][j, i] * padded[j:j + height, i:i + width]
    return {"out": out}


def cases(small):
    width, height = (100, 50) if small else (1920, 1080)
    args = ("out", "in", "filter", np.int32(width), np.int32(height))
    return [Case(
        name="convolution",
        inputs=lambda rng: {"in": rng.standard_normal((height, width), np.float32),
                            "filter": rng.standard_normal((SIDE, SIDE), np.float32),
                            "out": np.zeros((height, width), np.float32)},
        launches=(Launch("convolution", (groups(width, 16), groups(height, 16)), (16, 16), args),),
        function="convolution",
        args=args,
        reference=_reference,
        tolerance={"out": Tolerance(1e-4, 1e-4)},
        bytes_moved=8 * width * height,
        operations=2 * SIDE * SIDE * width * height,
        defines={"RADIUS": RADIUS},
    )]
