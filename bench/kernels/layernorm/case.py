import numpy as np
from suite.case import Case, Launch, Tolerance


def _reference(a):
    f = a["in"].astype(np.float64)
    mean, variance = f.mean(axis=1, keepdims=True), f.var(axis=1, keepdims=True)
    return {"out": (f - mean) / np.sqrt(variance + 1e-5) * a["gain"] + a["bias"]}


def cases(small):
    rows, n = (20, 300) if small else (2048, 1024)
    args = ("out", "in", "gain", "bias", np.int32(n))
    return [Case(
        name="layernorm",
        inputs=lambda rng: {"in": rng.standard_normal((rows, n), np.float32), "gain": rng.random(n, np.float32),
                            "bias": rng.random(n, np.float32), "out": np.zeros((rows, n), np.float32)},
        launches=(Launch("layernorm", (rows,), (256,), args),),
        function="layernorm",
        args=(*args, np.int32(rows)),
        reference=_reference,
        tolerance={"out": Tolerance(1e-4, 1e-4)},
        bytes_moved=8 * rows * n,
        operations=7 * rows * n,
        streaming=True,
    )]
