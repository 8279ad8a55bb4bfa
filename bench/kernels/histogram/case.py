import numpy as np
from suite.case import Case, Launch, Tolerance, groups

BLOCKS = 64


def _case(kernel, count, blocks):
    args = ("bins", "in", np.int32(count))
    return Case(
        name=kernel,
        inputs=lambda rng: {"in": rng.integers(0, 256, count, np.uint8), "bins": np.zeros(256, np.uint32)},
        launches=(Launch("clear", (1,), (256,), ("bins",)), Launch(kernel, (blocks,), (256,), args)),
        function=kernel,
        args=args,
        reference=lambda a: {"bins": np.bincount(a["in"], minlength=256).astype(np.uint32)},
        tolerance={"bins": Tolerance()},
        bytes_moved=count,
        operations=count,
        kind="i32",
        defines={"BLOCKS": BLOCKS},
        limit="one read-modify-write of a bin for each element",
    )


def cases(small):
    many, few = (20_000, 5_000) if small else (1 << 23, 1 << 20)
    return [_case("histogram_shared", many, BLOCKS), _case("histogram_global", few, groups(few, 256))]
