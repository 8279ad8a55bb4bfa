"""y = a * x + y with numba.cuda, on device arrays; the result is compared with NumPy's."""

import numpy as np
from numba import cuda


@cuda.jit
def saxpy(a, x, y):
    i = cuda.grid(1)
    if i < x.size:
        y[i] = a * x[i] + y[i]


def main():
    n = 1_000_003
    generator = np.random.default_rng(1)
    x, y = (generator.standard_normal(n, dtype=np.float32) for _ in range(2))

    device_x, device_y = cuda.to_device(x), cuda.to_device(y)
    threads = 256
    saxpy[(n + threads - 1) // threads, threads](np.float32(2.5), device_x, device_y)

    np.testing.assert_allclose(device_y.copy_to_host(), np.float32(2.5) * x + y, rtol=1e-6, atol=1e-6)
    print(f"saxpy of {n} elements: equal to NumPy")


if __name__ == "__main__":
    main()
