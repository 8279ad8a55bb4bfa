import numpy as np
from suite.case import Case, Launch, Tolerance, groups

CENTRES, DIMENSIONS = 16, 8


def _inputs(rng, n):
    truth = rng.uniform(-10, 10, (CENTRES, DIMENSIONS))
    points = truth[rng.integers(0, CENTRES, n)] + rng.standard_normal((n, DIMENSIONS))
    centres = truth + rng.standard_normal((CENTRES, DIMENSIONS)) * 0.3
    return {"points": np.ascontiguousarray(points.T, np.float32), "centres": centres.astype(np.float32),
            "label": np.zeros(n, np.int32), "sums": np.zeros((CENTRES, DIMENSIONS), np.float32),
            "counts": np.zeros(CENTRES, np.int32)}


def _reference(a):
    points, centres = a["points"].astype(np.float64), a["centres"].astype(np.float64)
    distance = np.stack([((points - centre[:, None]) ** 2).sum(axis=0) for centre in centres])
    label = distance.argmin(axis=0)
    sums = np.stack([np.bincount(label, row, CENTRES) for row in points], axis=1)
    return {"label": label.astype(np.int32), "sums": sums, "counts": np.bincount(label, minlength=CENTRES)}


def cases(small):
    n = 3000 if small else 1 << 19
    args = ("label", "sums", "counts", "points", "centres", np.int32(n))
    return [Case(
        name="kmeans",
        inputs=lambda rng: _inputs(rng, n),
        launches=(Launch("clear", (1,), (256,), ("sums", "counts")),
                  Launch("kmeans", (groups(n, 256),), (256,), args)),
        function="kmeans",
        args=args,
        reference=_reference,
        # A point between two centres may go to either by rounding.
        tolerance={"label": Tolerance(mismatches=1e-5), "sums": Tolerance(1e-3, 20), "counts": Tolerance(1e-3, 4)},
        bytes_moved=4 * n * (DIMENSIONS + 1),
        operations=n * (3 * CENTRES * DIMENSIONS + DIMENSIONS),
        defines={"CENTRES": CENTRES, "DIMENSIONS": DIMENSIONS},
        limit="shared atomics: nine for each point",
    )]
