import numpy as np
from suite.case import Case, Launch, Tolerance


def _reference(a):
    body = a["body"].astype(np.float32)
    out = np.zeros_like(body)
    for first in range(0, len(body), 64):
        d = body[None, :, :3] - body[first:first + 64, None, :3]
        scale = body[None, :, 3] * ((d * d).sum(axis=2) + np.float32(1e-3)) ** np.float32(-1.5)
        out[first:first + 64, :3] = np.einsum("ijk,ij->ik", d, scale, dtype=np.float64)
    return {"acceleration": out}


def cases(small):
    n = 256 if small else 4096
    args = ("acceleration", "body", np.int32(n))
    return [Case(
        name="nbody",
        inputs=lambda rng: {"body": rng.random((n, 4), np.float32), "acceleration": np.zeros((n, 4), np.float32)},
        launches=(Launch("nbody", (n // 128,), (128,), args),),
        function="nbody",
        args=args,
        reference=_reference,
        tolerance={"acceleration": Tolerance(1e-3, 1e-1)},
        bytes_moved=32 * n,
        operations=20 * n * n,
    )]
