"""Modes of a device. None can be changed: those that have one right answer here give it."""

from __future__ import annotations

from typing import Any

from compatlayer.api.entry import entry
from compatlayer.frontends.nvml.result import check_version
from compatlayer.frontends.nvml.session import card

_DISABLED, _DEFAULT = 0, 0
_ATS = 2  # NVML_DEVICE_ADDRESSING_MODE_ATS: the host's page tables


@entry("nvmlDeviceGetComputeMode")
def get_compute_mode(device: Any, mode: Any) -> None:
    """Several processes may use a device at the same time."""
    card(device)
    mode[0] = _DEFAULT


@entry("nvmlDeviceGetPersistenceMode")
def get_persistence_mode(device: Any, mode: Any) -> None:
    """Nothing of the driver stays when no process uses it."""
    card(device)
    mode[0] = _DISABLED


@entry("nvmlDeviceGetDisplayMode")
def get_display_mode(device: Any, display: Any) -> None:
    card(device)
    display[0] = _DISABLED


@entry("nvmlDeviceGetDisplayActive")
def get_display_active(device: Any, isActive: Any) -> None:
    card(device)
    isActive[0] = _DISABLED


@entry("nvmlDeviceGetAddressingMode")
def get_addressing_mode(device: Any, mode: Any) -> None:
    """Kernels use the addresses of the process that launches them."""
    check_version(mode.version, "nvmlDeviceAddressingMode_v1_t", 1)
    card(device)
    mode.value = _ATS
