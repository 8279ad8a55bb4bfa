"""Copy bandwidth against memcpy on the same buffers, interleaved in one run."""

from __future__ import annotations

import ctypes

import numpy as np
from cuda.bindings import driver
from driver_calls import check, start
from measure import compare

memcpy = ctypes.CDLL(None).memcpy
memcpy.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


def main() -> None:
    start()
    print("| copy | size | ours | memcpy | time ours / memcpy (middle 80 %) |")
    print("|-|-|-|-|-|")
    for size_bytes in (4 << 10, 1 << 20, 16 << 20, 256 << 20):
        host = np.random.default_rng(6).integers(0, 256, size_bytes, dtype=np.uint8)
        other = np.zeros_like(host)
        back = np.zeros_like(host)
        device, second = (check(driver.cuMemAlloc(size_bytes)) for _ in range(2))

        def plain(destination: np.ndarray = other, source: np.ndarray = host) -> None:
            memcpy(destination.ctypes.data, source.ctypes.data, source.nbytes)

        def to_device(dev=device, data=host) -> None:  # type: ignore[no-untyped-def]
            driver.cuMemcpyHtoD(dev, data.ctypes.data, data.nbytes)

        def on_device(to=second, dev=device, size=size_bytes) -> None:  # type: ignore[no-untyped-def]
            driver.cuMemcpyDtoD(to, dev, size)
            driver.cuCtxSynchronize()

        def to_host(dev=second, data=back) -> None:  # type: ignore[no-untyped-def]
            driver.cuMemcpyDtoH(data.ctypes.data, dev, data.nbytes)

        for name, function in (("host to device", to_device), ("device to device", on_device),
                               ("device to host", to_host)):
            result = compare(function, plain, 11 if size_bytes > 1 << 24 else 41)
            print(f"| {name} | {size_bytes >> 10} KiB | {size_bytes / result.ours_s / 1e9:.2f} GB/s "
                  f"| {size_bytes / result.theirs_s / 1e9:.2f} GB/s "
                  f"| {result.ratio:.2f} ({result.low:.2f} to {result.high:.2f}) |")
        np.testing.assert_array_equal(back, host)
        check(driver.cuMemFree(device))
        check(driver.cuMemFree(second))


if __name__ == "__main__":
    main()
