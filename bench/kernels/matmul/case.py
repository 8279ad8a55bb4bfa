import numpy as np
from suite.case import Case, Launch, Tolerance


def _case(name, kernel, n, tile, dtype):
    args = ("c", "a", "b", np.int32(n))
    real = np.dtype(dtype)
    return Case(
        name=name,
        inputs=lambda rng: {**{name: rng.standard_normal((n, n)).astype(real) for name in "ab"},
                            "c": np.zeros((n, n), real)},
        launches=(Launch(kernel, (n // tile, n // tile), (tile, tile), args),),
        function=kernel,
        args=args,
        reference=lambda a: {"c": a["a"].astype(np.float64) @ a["b"].astype(np.float64)},
        tolerance={"c": Tolerance(1e-4, 1e-3) if real == np.float32 else Tolerance(1e-12, 1e-11)},
        bytes_moved=3 * n * n * real.itemsize,
        operations=2 * n**3,
        kind="f32" if real == np.float32 else "f64",
        defines={"TILE": tile, "DOUBLE": int(real == np.float64)},
    )


def cases(small):
    n = 64 if small else 512
    return [_case("sgemm_naive", "naive", n, 16, "f4"), _case("sgemm_tiled16", "tiled", n, 16, "f4"),
            _case("sgemm_tiled32", "tiled", n, 32, "f4"), _case("dgemm_tiled", "tiled", n, 16, "f8")]
