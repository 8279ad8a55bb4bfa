"""The target of devices that run no kernels through us: every module is refused, with the reason."""

from __future__ import annotations

from types import SimpleNamespace

from ...errors import CudaError, Status
from ..image import DeviceCode
from .cpu import Loaded


def of(reason: str) -> SimpleNamespace:
    """The target that refuses for `reason`."""

    def lower_module(code: DeviceCode) -> Loaded:
        raise CudaError(Status.NOT_SUPPORTED, f"this device runs no kernels through compatlayer: {reason}; memory, "
                                              "streams, events and copies work. Set COMPATLAYER_DEVICES=cpu")

    return SimpleNamespace(lower_module=lower_module)
