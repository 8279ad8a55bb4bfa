import numpy as np
from suite.case import Case, Launch, Tolerance, groups

STEPS = 8


def _reference(arrays, count, blocks):
    padded = np.zeros(blocks * 256 * STEPS)
    padded[:count] = arrays["in"]
    return {"partial": padded.reshape(blocks, -1).sum(axis=1)}


def _case(kernel, count):
    blocks = groups(count, 256 * STEPS)
    args = ("partial", "in", np.int32(count))
    return Case(
        name=kernel,
        inputs=lambda rng: {"in": rng.random(count, np.float32), "partial": np.zeros(blocks, np.float32)},
        launches=(Launch(kernel, (blocks,), (256,), args),),
        function=kernel,
        args=args,
        reference=lambda a: _reference(a, count, blocks),
        tolerance={"partial": Tolerance(1e-5, 1e-4)},
        bytes_moved=4 * count,
        operations=count,
        defines={"STEPS": STEPS},
        streaming=True,
    )


def cases(small):
    return [_case(kernel, 50_000 if small else 1 << 24) for kernel in ("reduce_shared", "reduce_shuffle")]
