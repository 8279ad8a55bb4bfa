"""Constant memory: set by symbol, with an initialiser, and static const."""

import numpy as np
from kernel_case import LINES, Launch, structure, threads, values

WINDOW = [("low", np.float32), ("high", np.float32), ("steps", np.int32, 3)]


def launches():
    coefficients = np.array([0.5, -1.25, 0.75, 0.125, -0.0625], np.float32)
    for grid, block in LINES:
        n = threads(grid, block)
        x = (values(n, np.float32) / 8).astype(np.float32)
        base = np.polyval(coefficients[::-1].astype(np.float64), x.astype(np.float64))
        index = np.arange(n)
        for low, high, steps in ((-1.0, 1.0, (2, 3, 5)), (-0.25, 0.5, (7, 11, 13))):
            expected = np.clip(base, low, high) + np.array(steps)[index % 3] + np.array([10, 20, 30, 40])[index % 4]
            symbols = {"coefficients": coefficients}
            if low != -1.0:
                window = structure(WINDOW, {"low": low, "high": high, "steps": steps})
                symbols["window"] = np.array(window)
            yield Launch("polynomial", (grid,), (block,), [x, np.zeros_like(x)], {1: expected.astype(np.float32)},
                         symbols=symbols, relative=1e-5, absolute=1e-5)
