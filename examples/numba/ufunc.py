"""NumPy universal functions that run on the device: @vectorize on a large array, @guvectorize on rows of a matrix."""

import math

import numpy as np
from numba import guvectorize, vectorize


@vectorize(["float32(float32, float32)", "float64(float64, float64)"], target="cuda")
def damped(x, rate):
    return math.exp(-rate * x * x) * math.cos(8 * x)


@guvectorize(["void(float64[:], float64[:], float64[:])"], "(n),(k)->(n)", target="cuda")
def smooth(values, weights, result):
    for i in range(values.shape[0]):
        total = 0.0
        for k in range(weights.shape[0]):
            total += weights[k] * values[(i + k) % values.shape[0]]
        result[i] = total


def main():
    x = np.linspace(-3, 3, 2_000_000, dtype=np.float32)
    with np.errstate(under="ignore"):
        np.testing.assert_allclose(damped(x, np.float32(0.7)), np.exp(-0.7 * x * x) * np.cos(8 * x), atol=2e-6)

    rows = np.random.default_rng(5).standard_normal((40_000, 20))
    weights = np.array([0.5, 0.3, 0.2])
    wanted = sum(weight * np.roll(rows, -k, 1) for k, weight in enumerate(weights))
    np.testing.assert_allclose(smooth(rows, weights), wanted, rtol=1e-12, atol=1e-12)
    print(f"a ufunc on {x.size} elements, a generalized one on {rows.shape[0]} rows: equal to NumPy")


if __name__ == "__main__":
    main()
