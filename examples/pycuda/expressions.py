"""gpuarray, ElementwiseKernel, ReductionKernel and a scan of PyCUDA, compared with NumPy."""

import numpy as np
import pycuda.autoinit  # noqa: F401
import pycuda.cumath as cumath
import pycuda.gpuarray as gpuarray
from pycuda.elementwise import ElementwiseKernel
from pycuda.reduction import ReductionKernel
from pycuda.scan import InclusiveScanKernel

COUNT = 1_000_003


def main() -> None:
    random = np.random.default_rng(3)
    x, y = (random.random(COUNT, dtype=np.float32) for _ in range(2))
    there_x, there_y = gpuarray.to_gpu(x), gpuarray.to_gpu(y)

    found = (cumath.exp(-there_x) * there_y + 2).get()
    np.testing.assert_allclose(found, np.exp(-x) * y + 2, rtol=1e-5)
    print("exp(-x) * y + 2: as NumPy has it")

    blend = ElementwiseKernel("float t, const float *a, const float *b, float *c", "c[i] = a[i] + t * (b[i] - a[i])")
    mixed = gpuarray.empty_like(there_x)
    blend(np.float32(0.25), there_x, there_y, mixed)
    np.testing.assert_allclose(mixed.get(), x + 0.25 * (y - x), rtol=1e-5)
    print("a kernel for each element: as NumPy has it")

    distance = ReductionKernel(np.float64, neutral="0", reduce_expr="a + b", map_expr="(x[i] - y[i]) * (x[i] - y[i])",
                               arguments="const float *x, const float *y")
    squared = float(distance(there_x, there_y).get())
    np.testing.assert_allclose(squared, np.sum((x.astype(np.float64) - y) ** 2), rtol=1e-6)
    print(f"squared distance: {squared:.1f}")

    counts = random.integers(0, 5, COUNT).astype(np.int32)
    sums = gpuarray.to_gpu(counts)
    InclusiveScanKernel(np.int32, "a + b")(sums)
    assert np.array_equal(sums.get(), np.cumsum(counts))
    print(f"sums of {COUNT} integers: the last is {int(counts.sum())}")


if __name__ == "__main__":
    main()
