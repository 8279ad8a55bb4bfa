import hashlib

import numpy as np
from suite.case import Case, Launch, Tolerance, groups


def _reference(a):
    digests = [hashlib.sha256(row.astype(">u4").tobytes()).digest() for row in a["message"]]
    return {"digest": np.frombuffer(b"".join(digests), ">u4").astype(np.uint32).reshape(-1, 8)}


def cases(small):
    n = 300 if small else 1 << 16
    args = ("digest", "message", np.int32(n))
    return [Case(
        name="sha256",
        inputs=lambda rng: {"message": rng.integers(0, 2**32, (n, 16), np.uint32),
                            "digest": np.zeros((n, 8), np.uint32)},
        launches=(Launch("sha256", (groups(n, 128),), (128,), args),),
        function="sha256",
        args=args,
        reference=_reference,
        tolerance={"digest": Tolerance()},
        bytes_moved=96 * n,
        operations=2 * (64 * 23 + 48 * 13) * n,
        kind="i32",
    )]
