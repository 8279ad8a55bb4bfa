import numpy as np
from suite.case import Case, Launch, Tolerance, groups


def _reference(a):
    f, out = a["in"], np.zeros_like(a["in"])
    c = slice(1, -1)
    out[c, c, c] = (np.float32(0.4) * f[c, c, c] + np.float32(0.1) * (
        f[:-2, c, c] + f[2:, c, c] + f[c, c, :-2] + f[c, c, 2:] + f[c, :-2, c] + f[c, 2:, c]))
    return {"out": out}


def cases(small):
    n = 40 if small else 256
    args = ("out", "in", np.int32(n))
    return [Case(
        name="stencil3d",
        inputs=lambda rng: {"in": rng.standard_normal((n, n, n), np.float32), "out": np.zeros((n, n, n), np.float32)},
        launches=(Launch("stencil3d", (groups(n, 32), groups(n, 8)), (32, 8), args),),
        function="stencil3d",
        args=args,
        reference=_reference,
        tolerance={"out": Tolerance(1e-5, 1e-5)},
        bytes_moved=8 * n**3,
        operations=8 * n**3,
        streaming=True,
    )]
