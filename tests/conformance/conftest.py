"""The driver API through the real cuda-bindings package, on the devices that COMPATLAYER_DEVICES shows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import needs
import numpy as np
import pytest

os.environ.setdefault("COMPATLAYER_DEVICES", "cpu:2")

driver = pytest.importorskip("cuda.bindings.driver")


class Api:
    """cuda.bindings.driver with results checked: `api.cuMemAlloc(8)` answers the pointer or fails the test."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(driver, name)
        if not name.startswith("cu"):
            return function

        def call(*arguments: Any) -> Any:
            status, *values = function(*arguments)
            assert status == driver.CUresult.CUDA_SUCCESS, f"{name}: {status.name}"
            return values[0] if len(values) == 1 else tuple(values) or None

        return call

    @staticmethod
    def status(name: str, *arguments: Any) -> str:
        """What a call answers, as the name behind CUDA_ERROR_ (or SUCCESS)."""
        result = getattr(driver, name)(*arguments)[0]
        return result.name.removeprefix("CUDA_").removeprefix("ERROR_")


def pytest_configure(config: pytest.Config) -> None:
    needs.register(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what cannot be asked of the libcuda that COMPATLAYER_TEST_LIBCUDA names."""
    named = os.environ.get("COMPATLAYER_TEST_LIBCUDA")
    for item in items if named else ():
        reason = needs.missing(item, named or "")
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def cu() -> Any:
    """The module itself: types and constants."""
    return driver


@pytest.fixture(scope="session")
def api() -> Api:
    """Checked calls, after cuInit; the tests are skipped when no device is shown."""
    if driver.cuInit(0)[0] == driver.CUresult.CUDA_ERROR_NO_DEVICE:
        pytest.skip("no device is shown")
    return Api()


@pytest.fixture
def context(api: Api) -> Iterator[Any]:
    """Device 0's primary context, current; released afterwards, with nothing left current on the thread."""
    handle = api.cuDevicePrimaryCtxRetain(0)
    api.cuCtxPushCurrent(handle)
    yield handle
    while int(api.cuCtxGetCurrent()):
        api.cuCtxPopCurrent()
    api.cuDevicePrimaryCtxRelease(0)


@pytest.fixture
def stream(api: Api, context: Any) -> Any:
    """A non-blocking stream of the context."""
    return api.cuStreamCreate(driver.CUstream_flags.CU_STREAM_NON_BLOCKING)


@pytest.fixture
def numbers() -> np.ndarray:
    """4096 distinct bytes-in-words to copy about."""
    return np.arange(1024, dtype=np.uint32) * np.uint32(2654435761)


class Gate:
    """Holds a stream back: its work stops at a host function until open() is called."""

    def __init__(self, api: Api, stream: Any) -> None:
        import ctypes
        import threading

        self._event = threading.Event()
        self._kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
        self._function = self._kind(lambda data: self._event.wait(20) and None)
        address = ctypes.cast(self._function, ctypes.c_void_p).value
        api.cuLaunchHostFunc(stream, driver.CUhostFn(address), 0)

    def open(self) -> None:
        """Let the stream go on."""
        self._event.set()


@pytest.fixture
def hold(api: Api) -> Iterator[Callable[[Any], Gate]]:
    """Make gates; all are opened at the test's end."""
    gates: list[Gate] = []

    def make(stream: Any) -> Gate:
        gates.append(Gate(api, stream))
        return gates[-1]

    yield make
    for gate in gates:
        gate.open()
    api.status("cuCtxSynchronize")


@pytest.fixture
def rt(api: Api) -> Iterator[Any]:
    """Checked calls of the runtime library. Afterwards the devices are reset and nothing is current on the thread."""
    from runtime_calls import Runtime

    runtime = Runtime()
    runtime.status("cudaGetLastError")
    yield runtime
    for device in range(runtime.cudaGetDeviceCount()):
        runtime.cudaSetDevice(device)
        runtime.cudaDeviceReset()
    runtime.cudaSetDevice(0)
    runtime.cudaDeviceReset()
    runtime.status("cudaGetLastError")
