from numba import njit, prange


@njit(parallel=True, fastmath={"contract"})
def run(a, b, c, scale, n):
    for i in prange(n):
        a[i] = b[i] + scale * c[i]
