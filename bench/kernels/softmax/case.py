import numpy as np
from suite.case import Case, Launch, Tolerance


def _reference(a):
    e = np.exp(a["in"] - a["in"].max(axis=1, keepdims=True))
    return {"out": e / e.sum(axis=1, keepdims=True)}


def cases(small):
    rows, n = (20, 300) if small else (2048, 1024)
    args = ("out", "in", np.int32(n))
    return [Case(
        name="softmax",
        inputs=lambda rng: {"in": rng.standard_normal((rows, n), np.float32), "out": np.zeros((rows, n), np.float32)},
        launches=(Launch("softmax", (rows,), (256,), args),),
        function="softmax",
        args=(*args, np.int32(rows)),
        reference=_reference,
        tolerance={"out": Tolerance(1e-4, 1e-7)},
        bytes_moved=8 * rows * n,
        operations=25 * rows * n,
        limit="operations of an exp counted as 20",
    )]
