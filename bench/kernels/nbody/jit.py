import numpy as np
from numba import njit, prange


@njit(parallel=True, fastmath={"contract"})
def run(acceleration, body, n):
    for i in prange(n):
        x, y, z = body[i, 0], body[i, 1], body[i, 2]
        ax, ay, az = np.float32(0), np.float32(0), np.float32(0)
        for j in range(n):
            dx, dy, dz = body[j, 0] - x, body[j, 1] - y, body[j, 2] - z
            inverse = np.float32(1) / np.sqrt(dx * dx + dy * dy + dz * dz + np.float32(1e-3))
            scale = body[j, 3] * inverse * inverse * inverse
            ax += dx * scale
            ay += dy * scale
            az += dz * scale
        acceleration[i, 0] = ax
        acceleration[i, 1] = ay
        acceleration[i, 2] = az
        acceleration[i, 3] = 0
