"""bool, char, short, bit fields and unions, through memory and through calls."""

import numpy as np
from kernel_case import LINES, Launch, rng, threads, values


def launches():
    for grid, block in LINES:
        n = threads(grid, block)
        c, s, b = values(n, np.int8), values(n, np.uint16), rng(3).integers(0, 2, n).astype(bool)
        wide_c, wide_s = c.astype(np.int64), s.astype(np.int64)
        sign = (wide_c + 16) % 32 - 16
        top = c.astype(np.float32).view(np.uint8).reshape(n, 4)[:, 3]
        packed = wide_c % 8 + wide_s % 128 * 10 + sign * 2000 + b * 100000 + top
        outs = [np.zeros(n, np.int8), np.zeros(n, np.int16), np.zeros(n, bool), np.zeros(n, np.int32)]
        yield Launch("small", (grid,), (block,), [c, s, b, *outs],
                     {3: (wide_c + wide_s).astype(np.int8), 4: (wide_s * 3 - wide_c).astype(np.int16),
                      5: (b & (c > 0)) | (s == 0), 6: packed.astype(np.int32)})
        other = rng(4).integers(0, 2, n).astype(bool)
        logic = (b & other) | (b ^ other) << 1 | (~b).astype(np.uint8) << 2 | (b.astype(np.uint8) + other) << 4
        yield Launch("logic", (grid,), (block,), [b, other, np.zeros(n, np.uint8)], {2: logic.astype(np.uint8)})
