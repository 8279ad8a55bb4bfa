"""Devices: what is shown and what it says of itself."""

from __future__ import annotations

import os
from typing import Any

import pytest


def test_two_devices_are_shown_when_asked(api: Any) -> None:
    if os.environ["COMPATLAYER_DEVICES"] != "cpu:2":
        pytest.skip("COMPATLAYER_DEVICES was set from outside")
    assert api.cuDeviceGetCount() == 2


def test_an_ordinal_that_is_not_shown_is_invalid(api: Any) -> None:
    assert api.status("cuDeviceGet", 64) == "INVALID_DEVICE"
    assert api.status("cuDeviceGet", -1) == "INVALID_DEVICE"
    assert api.status("cuDeviceTotalMem", 64) == "INVALID_DEVICE"


def test_init_takes_no_flags(api: Any) -> None:
    assert api.status("cuInit", 1) == "INVALID_VALUE"
    assert api.status("cuInit", 0) == "SUCCESS"


def test_the_name_ends_with_a_zero_and_fits_a_small_buffer(api: Any) -> None:
    assert api.cuDeviceGetName(128, 0).split(b"\0")[0].startswith(b"compatlayer CPU (")
    assert api.cuDeviceGetName(4, 0) == b"com\0"


def test_uuids_are_stable_and_distinct(api: Any) -> None:
    uuids = {bytes(api.cuDeviceGetUuid(device).bytes) for device in range(api.cuDeviceGetCount())}
    assert len(uuids) == api.cuDeviceGetCount()
    assert bytes(api.cuDeviceGetUuid(0).bytes) in uuids


def test_a_pci_bus_id_finds_its_device_again(api: Any) -> None:
    for device in range(api.cuDeviceGetCount()):
        text = api.cuDeviceGetPCIBusId(32, device).split(b"\0")[0]
        assert int(api.cuDeviceGetByPCIBusId(text)) == device
    assert api.status("cuDeviceGetByPCIBusId", b"0000:7f:1f.7") == "INVALID_DEVICE"
    assert api.status("cuDeviceGetByPCIBusId", b"nonsense") == "INVALID_VALUE"


def test_capability_and_attributes_agree(api: Any, cu: Any) -> None:
    kind = cu.CUdevice_attribute
    major = api.cuDeviceGetAttribute(kind.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0)
    minor = api.cuDeviceGetAttribute(kind.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 0)
    assert (major, minor) == api.cuDeviceComputeCapability(0)


@pytest.mark.parametrize(("name", "value"), [
    ("MAX_THREADS_PER_BLOCK", 1024), ("WARP_SIZE", 32), ("MAX_BLOCK_DIM_Z", 64), ("MAX_GRID_DIM_X", 2**31 - 1),
    ("MAX_SHARED_MEMORY_PER_BLOCK", 49152), ("MAX_SHARED_MEMORY_PER_BLOCK_OPTIN", 101376),
    ("UNIFIED_ADDRESSING", 1), ("MEMORY_POOLS_SUPPORTED", 1), ("STREAM_PRIORITIES_SUPPORTED", 1),
    ("CLUSTER_LAUNCH", 0),
])
def test_attribute_values(api: Any, cu: Any, name: str, value: int) -> None:
    assert api.cuDeviceGetAttribute(getattr(cu.CUdevice_attribute, f"CU_DEVICE_ATTRIBUTE_{name}"), 0) == value


def test_every_known_attribute_answers_and_the_end_mark_does_not(api: Any, cu: Any) -> None:
    for kind in cu.CUdevice_attribute:
        expected = "INVALID_VALUE" if kind.name.endswith("ATTRIBUTE_MAX") else "SUCCESS"
        assert api.status("cuDeviceGetAttribute", kind, 0) == expected, kind


def test_old_style_properties_agree_with_attributes(api: Any) -> None:
    properties = api.cuDeviceGetProperties(0)
    assert properties.maxThreadsPerBlock == 1024
    assert list(properties.maxThreadsDim) == [1024, 1024, 64]
    assert properties.SIMDWidth == 32


def test_devices_are_each_others_peers_but_not_their_own(api: Any) -> None:
    assert api.cuDeviceCanAccessPeer(0, 0) == 0
    if api.cuDeviceGetCount() > 1:
        assert api.cuDeviceCanAccessPeer(0, 1) == 1
