import numpy as np
from suite.case import Case, Launch, Tolerance, groups


def _inputs(rng, rows, skewed):
    # Zipf's tail: most rows have one to four elements, some have thousands.
    lengths = np.minimum(rng.zipf(1.7, rows), 4096).astype(np.int64) if skewed else np.full(rows, 8)
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    count = int(start[-1])
    return {"start": start, "column": rng.integers(0, rows, count, np.int32),
            "value": rng.standard_normal(count, np.float32), "x": rng.standard_normal(rows, np.float32),
            "y": np.zeros(rows, np.float32)}


def _reference(a):
    products = a["value"].astype(np.float64) * a["x"][a["column"]]
    return {"y": np.add.reduceat(products, a["start"][:-1])}


def _case(kernel, name, rows, skewed):
    args = ("y", "start", "column", "value", "x", np.int32(rows))
    count = int(_inputs(np.random.default_rng(20), rows, skewed)["start"][-1])
    threads = rows if kernel == "spmv_scalar" else 32 * rows
    return Case(
        name=name,
        inputs=lambda rng: _inputs(rng, rows, skewed),
        launches=(Launch(kernel, (groups(threads, 256),), (256,), args),),
        function=kernel,
        args=args,
        reference=_reference,
        tolerance={"y": Tolerance(1e-4, 1e-3)},
        bytes_moved=8 * count + 12 * rows,
        operations=2 * count,
        limit="a gather for each element" + (", rows of very different length" if skewed else ""),
    )


def cases(small):
    rows = 3000 if small else 1 << 17
    return [_case(f"spmv_{kind}", f"spmv_{kind}_{'skewed' if skewed else '8'}", rows, skewed)
            for kind in ("scalar", "vector") for skewed in (False, True)]
