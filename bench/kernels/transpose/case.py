import numpy as np
from suite.case import Case, Launch, Tolerance


def _case(name, kernel, pad, n):
    args = ("out", "in", np.int32(n))
    return Case(
        name=name,
        inputs=lambda rng: {"in": rng.standard_normal((n, n), np.float32), "out": np.zeros((n, n), np.float32)},
        launches=(Launch(kernel, (n // 32, n // 32), (32, 8), args),),
        function=kernel,
        args=args,
        reference=lambda a: {"out": a["in"].T.copy()},
        tolerance={"out": Tolerance()},
        bytes_moved=8 * n * n,
        operations=0,
        defines={"PAD": pad},
        limit="stores to n cache lines and pages in turn",
    )


def cases(small):
    n = 96 if small else 2048 + 32  # no power of two: rows that share cache sets are a test of the cache, not of us
    return [_case("transpose_naive", "transpose_naive", 0, n), _case("transpose_tiled", "transpose_tiled", 0, n),
            _case("transpose_padded", "transpose_tiled", 1, n)]
