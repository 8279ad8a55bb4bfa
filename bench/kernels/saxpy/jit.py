from numba import njit, prange


@njit(parallel=True, fastmath={"contract"})
def run(y, x, a, n):
    for i in prange(n):
        y[i] = a * x[i] + y[i]
