import numpy as np
from suite.case import Case, Launch, Tolerance


def cases(small):
    bits = 11 if small else 16
    n = 1 << bits
    blocks, size = (n // 256,), np.int32(n)
    steps = [Launch("bitonic_step", blocks, (256,), ("data", np.int32(1 << distance), np.int32(1 << run), size))
             for run in range(1, bits + 1) for distance in range(run - 1, -1, -1)]
    return [Case(
        name="bitonic_sort",
        inputs=lambda rng: {"from": rng.integers(-2**31, 2**31, n, np.int64).astype(np.int32),
                            "data": np.zeros(n, np.int32)},
        launches=(Launch("copy", blocks, (256,), ("data", "from", size)), *steps),
        function="bitonic",
        args=("data", "from", size),
        reference=lambda a: {"data": np.sort(a["from"])},
        tolerance={"data": Tolerance()},
        bytes_moved=8 * n * (len(steps) + 1),
        operations=3 * n * len(steps),
        kind="i32",
        limit=f"{len(steps) + 1} launches of {n} threads",
    )]
