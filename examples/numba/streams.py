"""Pieces of pinned arrays go through several streams; an event says when all of them are done."""

import math

import numpy as np
from numba import cuda


@cuda.jit
def transform(x, y):
    i = cuda.grid(1)
    if i < x.size:
        y[i] = math.sqrt(x[i]) + math.sin(x[i])


def main():
    pieces, size, threads = 4, 250_000, 256
    source, result = (cuda.pinned_array(pieces * size, np.float64) for _ in range(2))
    source[:] = np.random.default_rng(8).uniform(0, 100, source.size)
    result[:] = 0

    streams = [cuda.stream() for _ in range(pieces)]
    done = [cuda.event() for _ in range(pieces)]
    start = cuda.event()
    start.record()
    for k, stream in enumerate(streams):
        part = slice(k * size, (k + 1) * size)
        x = cuda.to_device(source[part], stream=stream)
        y = cuda.device_array(size, np.float64, stream=stream)
        transform[(size + threads - 1) // threads, threads, stream](x, y)
        y.copy_to_host(result[part], stream=stream)
        done[k].record(stream)
    for event in done:
        event.synchronize()

    assert all(cuda.event_elapsed_time(start, event) > 0 for event in done)
    np.testing.assert_allclose(result, np.sqrt(source) + np.sin(source), rtol=1e-14, atol=1e-14)
    print(f"{pieces} streams of {size} elements each: equal to NumPy")


if __name__ == "__main__":
    main()
