import numpy as np
from suite.case import Case, Launch, Tolerance, groups


def _inputs(rng, n):
    distance = rng.integers(1, 1000, (n, n), np.int32)
    distance[rng.random((n, n)) < 0.9] = 1_000_000
    np.fill_diagonal(distance, 0)
    return {"from": distance, "distance": np.zeros_like(distance)}


def _reference(a):
    distance = a["from"].copy()
    for k in range(len(distance)):
        np.minimum(distance, distance[:, k:k + 1] + distance[k], out=distance)
    return {"distance": distance}


def cases(small):
    n = 50 if small else 384
    size = np.int32(n)
    grid, block = (groups(n, 32), groups(n, 8)), (32, 8)
    return [Case(
        name="floyd_warshall",
        inputs=lambda rng: _inputs(rng, n),
        launches=(Launch("copy", grid, block, ("distance", "from", size)),
                  *(Launch("floyd_warshall", grid, block, ("distance", np.int32(k), size)) for k in range(n))),
        function="floyd_warshall",
        args=("distance", "from", size),
        reference=_reference,
        tolerance={"distance": Tolerance()},
        bytes_moved=8 * n**3,
        operations=2 * n**3,
        kind="i32",
        limit=f"{n + 1} launches of {n * n} threads",
    )]
