import numpy as np
from suite.case import Case, Launch, Tolerance, groups

A = np.float32(0.5)


def _case(name, kernel, count, grid):
    args = ("y", "x", A, np.int32(count))
    return Case(
        name=name,
        inputs=lambda rng: {"x": rng.standard_normal(count, np.float32), "y": rng.standard_normal(count, np.float32)},
        launches=(Launch(kernel, (grid,), (256,), args),),
        function="saxpy",
        args=args,
        reference=lambda a: {"y": A * a["x"] + a["y"]},
        tolerance={"y": Tolerance(1e-6, 1e-6)},
        bytes_moved=12 * count,
        operations=2 * count,
        streaming=True,
    )


def cases(small):
    cache, memory = (1000, 70_000) if small else (1 << 17, 3 << 22)
    return [_case("saxpy_cache", "saxpy", cache, groups(cache, 256)),
            _case("saxpy", "saxpy", memory, groups(memory, 256)),
            _case("saxpy_stride_cache", "saxpy_stride", cache, 32),
            _case("saxpy_stride", "saxpy_stride", memory, 256)]
