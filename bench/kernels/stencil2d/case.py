import numpy as np
from suite.case import Case, Launch, Tolerance, groups


def _reference(a):
    out = a["in"].copy()
    f = a["in"]
    out[1:-1, 1:-1] = (np.float32(0.5) * f[1:-1, 1:-1]
                       + np.float32(0.125) * (f[1:-1, :-2] + f[1:-1, 2:] + f[:-2, 1:-1] + f[2:, 1:-1]))
    return {"out": out}


def cases(small):
    width, height = (130, 70) if small else (3584, 3584)
    args = ("out", "in", np.int32(width), np.int32(height))
    return [Case(
        name="stencil2d",
        inputs=lambda rng: {"in": rng.standard_normal((height, width), np.float32),
                            "out": np.zeros((height, width), np.float32)},
        launches=(Launch("stencil2d", (groups(width, 32), groups(height, 8)), (32, 8), args),),
        function="stencil2d",
        args=args,
        reference=_reference,
        tolerance={"out": Tolerance(1e-5, 1e-6)},
        bytes_moved=8 * width * height,
        operations=6 * width * height,
        streaming=True,
    )]
