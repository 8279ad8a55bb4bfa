import numpy as np
from suite.case import Case, Launch, Tolerance, groups


def cases(small):
    count = 30_000 if small else 1 << 22
    blocks = groups(count, 256)
    n = np.int32(count)
    return [Case(
        name="scan",
        inputs=lambda rng: {"in": rng.integers(0, 100, count, np.int32), "out": np.zeros(count, np.int32),
                            "totals": np.zeros(blocks, np.int32)},
        launches=(Launch("scan_blocks", (blocks,), (256,), ("out", "totals", "in", n)),
                  Launch("scan_totals", (1,), (1024,), ("totals", np.int32(blocks))),
                  Launch("add_totals", (blocks,), (256,), ("out", "totals", n))),
        function="scan",
        args=("out", "totals", "in", n, np.int32(blocks)),
        reference=lambda a: {"out": np.cumsum(a["in"], dtype=np.int32)},
        tolerance={"out": Tolerance()},
        bytes_moved=16 * count,
        operations=9 * count,
        kind="i32",
        limit="barriers between eight short steps",
    )]
