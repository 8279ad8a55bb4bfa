import numpy as np
from numba import njit, prange

TWO, FOUR = np.float32(2), np.float32(4)


@njit(parallel=True, fastmath={"contract"})
def run(count, width, height, limit):
    for row in prange(height):
        cy = np.float32(-1.2) + np.float32(2.4) * np.float32(row) / np.float32(height)
        for column in range(width):
            cx = np.float32(-2) + np.float32(3) * np.float32(column) / np.float32(width)
            x, y = np.float32(0), np.float32(0)
            i = 0
            while i < limit and x * x + y * y < FOUR:
                after = x * x - y * y + cx
                y = TWO * x * y + cy
                x = after
                i += 1
            count[row, column] = i
