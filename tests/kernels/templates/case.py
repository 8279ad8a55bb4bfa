"""Templates: types, values, functors and packs, instantiated by name expressions."""

import numpy as np
from kernel_case import LINES, Launch, rng, threads


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        for c_name, dtype in (("float", np.float32), ("double", np.float64), ("int", np.int32), ("short", np.int16)):
            a, b = (rng(seed).integers(-50, 50, n).astype(dtype) for seed in (1, 2))
            for op, result in (("Add", a + b), ("Larger", np.maximum(a, b))):
                yield Launch(f"shapes::combine<{c_name}, 3, shapes::{op}>", (grid,), (block,),
                             [a, b, np.zeros(n, dtype), np.int32(n)], {2: (result * 3).astype(dtype)})
        x = rng().integers(-20, 20, n).astype(np.int32)
        wide = x.astype(np.int64)
        yield Launch("powers<0, 3, 5>", (grid,), (block,), [x, np.zeros(n, np.int64)], {1: 1 + wide**3 + wide**5})
