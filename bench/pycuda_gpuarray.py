"""gpuarray expressions against NumPy's on 16M floats, in turns in one process: needs pycuda (docs/pycuda.md).

    compatlayer run bench/pycuda_gpuarray.py

The expressions are written once and evaluated on both; results are compared. Above 1.0 is faster than NumPy.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

COUNT, PAIRS = 1 << 24, 7
EXPRESSIONS: dict[str, Callable[[Any, Any], Any]] = {
    "x + y": lambda x, y: x + y,
    "2*x + 3*y": lambda x, y: 2 * x + 3 * y,
    "x*y - x": lambda x, y: x * y - x,
    "x / (y + 1)": lambda x, y: x / (y + 1),
    "x**2": lambda x, y: x**2,
}


def main() -> int:
    import pycuda.autoinit  # noqa: F401
    import pycuda.driver as drv
    from pycuda import cumath, gpuarray
    from pycuda.tools import DeviceMemoryPool

    pool = DeviceMemoryPool()
    random = np.random.default_rng(1)
    x, y = (random.random(COUNT, np.float32) for _ in range(2))
    there = [gpuarray.to_gpu(each, pool.allocate) for each in (x, y)]
    cases = {name: (lambda f=f: f(x, y), lambda f=f: f(*there)) for name, f in EXPRESSIONS.items()}
    cases["sin(x)"] = (lambda: np.sin(x), lambda: cumath.sin(there[0]))
    cases["exp(x)"] = (lambda: np.exp(x), lambda: cumath.exp(there[0]))
    cases["sum(x)"] = (lambda: np.sum(x), lambda: gpuarray.sum(there[0]))
    cases["dot(x, y)"] = (lambda: np.dot(x, y), lambda: gpuarray.dot(*there))
    ratios = []
    for name, (theirs, ours) in cases.items():
        wanted, got = theirs(), ours().get()
        if not np.allclose(got, wanted, rtol=1e-4):
            print(f"{name}: the results differ")
            return 1
        times: list[tuple[float, float]] = []
        for _ in range(PAIRS):
            start = time.perf_counter()
            theirs()
            middle = time.perf_counter()
            ours()
            drv.Context.synchronize()
            times.append((middle - start, time.perf_counter() - middle))
        ratio = statistics.median(first / second for first, second in times)
        ratios.append(ratio)
        numpy_ms, our_ms = (statistics.median(each) * 1e3 for each in zip(*times, strict=True))
        print(f"{name:12} NumPy {numpy_ms:7.1f} ms  gpuarray {our_ms:7.1f} ms  {ratio:5.2f}")
    print(f"geometric mean {statistics.geometric_mean(ratios):.2f}, least {min(ratios):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
