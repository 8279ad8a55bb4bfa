"""Spin locks: inside one warp, between warps, between blocks."""

import numpy as np
from kernel_case import Launch


def launches():
    free = {"mutex_word": np.zeros(1, np.int32)}
    for grid, block in ((1, 1), (1, 32), (1, 45), (2, 40), (4, 8)):
        n = grid * block
        for kernel in ("locked_loop", "locked_plain"):
            yield Launch(kernel, (grid,), (block,), [np.zeros(1, np.int32), np.int32(3)],
                         {0: np.array([3 * n], np.int32)}, symbols=free)
        value = 0
        for _ in range(n):
            value = (value * 3 + 1) % 2**32
        zero = np.zeros(1, np.int32)
        yield Launch("ticket", (grid,), (block,), [zero], {0: np.array([value], np.uint32).view(np.int32)},
                     symbols={"ticket_next": zero, "ticket_serving": zero})
