"""The driver API through the real cuda-bindings package, for tests that try random programs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

os.environ.setdefault("COMPATLAYER_DEVICES", "cpu:2")

driver = pytest.importorskip("cuda.bindings.driver")


def checked(name: str, *arguments: Any) -> Any:
    """Call a driver function; its value, or an assertion that names the status."""
    status, *values = getattr(driver, name)(*arguments)
    assert status == driver.CUresult.CUDA_SUCCESS, f"{name}: {status.name}"
    return values[0] if len(values) == 1 else tuple(values)


@pytest.fixture(scope="module")
def call() -> Iterator[Callable[..., Any]]:
    """Checked calls with device 0's primary context current."""
    if driver.cuInit(0)[0] == driver.CUresult.CUDA_ERROR_NO_DEVICE:
        pytest.skip("no device is shown")
    checked("cuCtxPushCurrent", checked("cuDevicePrimaryCtxRetain", 0))
    yield checked
    checked("cuCtxPopCurrent")
    checked("cuDevicePrimaryCtxRelease", 0)
