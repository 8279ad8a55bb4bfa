import numpy as np
from suite.case import Case, Launch, Tolerance

ROWS, DEPTH = 64, 32


def _reference(a):
    query, key, value = (a[name].astype(np.float64) for name in ("query", "key", "value"))
    score = query @ key.transpose(0, 2, 1) / np.sqrt(DEPTH)
    weight = np.exp(score - score.max(axis=2, keepdims=True))
    return {"out": weight @ value / weight.sum(axis=2, keepdims=True)}


def cases(small):
    heads, n = (2, 128) if small else (8, 512)
    args = ("out", "query", "key", "value", np.int32(n))
    shape = (heads, n, DEPTH)
    return [Case(
        name="flash_attention",
        inputs=lambda rng: {**{name: rng.standard_normal(shape, np.float32) for name in ("query", "key", "value")},
                            "out": np.zeros(shape, np.float32)},
        launches=(Launch("flash_attention", (n // ROWS, heads), (ROWS,), args),),
        function="flash_attention",
        args=(*args, np.int32(heads)),
        reference=_reference,
        tolerance={"out": Tolerance(1e-3, 1e-4)},
        bytes_moved=16 * heads * n * DEPTH,
        operations=heads * n * n * (5 * DEPTH + 40),
        defines={"ROWS": ROWS, "DEPTH": DEPTH},
        limit="operations of an exp counted as 20",
    )]
