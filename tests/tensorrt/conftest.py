"""The module tensorrt of this process, and a device; without onnxruntime there is nothing to collect."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from trt_device import Device

NEEDED = [name for name in ("onnxruntime", "onnx", "cuda.bindings") if find_spec(name) is None]
collect_ignore_glob = ["test_*.py"] if NEEDED else []


def pytest_report_header() -> str | None:
    return f"tests of tensorrt are left out without {', '.join(NEEDED)}: pip install compatlayer[jetson]" if NEEDED \
        else None


@pytest.fixture
def gpu() -> Iterator[Device]:
    from trt_device import Device, driver

    made = Device()
    yield made
    made.wait()
    for buffer in made.buffers:
        driver.cuMemFree(buffer)
    driver.cuStreamDestroy(made.stream)
    driver.cuDevicePrimaryCtxRelease(made.device)
