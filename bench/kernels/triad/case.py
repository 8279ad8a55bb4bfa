import numpy as np
from suite.case import Case, Launch, Tolerance, groups

SCALE = np.float32(3)


def _case(name, count):
    args = ("a", "b", "c", SCALE, np.int32(count))
    return Case(
        name=name,
        inputs=lambda rng: {"a": np.zeros(count, np.float32), "b": rng.standard_normal(count, np.float32),
                            "c": rng.standard_normal(count, np.float32)},
        launches=(Launch("triad", (groups(count, 256),), (256,), args),),
        function="triad",
        args=args,
        reference=lambda a: {"a": a["b"] + SCALE * a["c"]},
        tolerance={"a": Tolerance(1e-6, 1e-6)},
        bytes_moved=12 * count,
        operations=2 * count,
        streaming=True,
    )


def cases(small):
    return [_case("triad_cache", 1000 if small else 1 << 17), _case("triad", 70_000 if small else 3 << 22)]
