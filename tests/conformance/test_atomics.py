"""Which atomic operations work across devices and with the host."""

from __future__ import annotations

from typing import Any


def test_devices_share_atomics_with_the_host_and_each_other(api: Any, cu: Any) -> None:
    operation, capability = cu.CUatomicOperation, cu.CUatomicOperationCapability
    asked = [operation.CU_ATOMIC_OPERATION_INTEGER_ADD, operation.CU_ATOMIC_OPERATION_CAS,
             operation.CU_ATOMIC_OPERATION_FLOAT_MIN]
    for found in (api.cuDeviceGetHostAtomicCapabilities(asked, 3, 0),
                  api.cuDeviceGetP2PAtomicCapabilities(asked, 3, 0, 1)):
        add, swap, smallest = (int(one) for one in found)
        assert add & capability.CU_ATOMIC_CAPABILITY_REDUCTION and add & capability.CU_ATOMIC_CAPABILITY_SCALAR_64
        assert swap & capability.CU_ATOMIC_CAPABILITY_SCALAR_32 and not swap & capability.CU_ATOMIC_CAPABILITY_REDUCTION
        assert smallest == 0
    native = cu.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_HOST_NATIVE_ATOMIC_SUPPORTED
    assert api.cuDeviceGetAttribute(native, 0) == 1


def test_wrong_operations_and_devices_are_refused(api: Any, cu: Any) -> None:
    add, end = cu.CUatomicOperation.CU_ATOMIC_OPERATION_INTEGER_ADD, cu.CUatomicOperation.CU_ATOMIC_OPERATION_MAX
    assert api.status("cuDeviceGetHostAtomicCapabilities", [end], 1, 0) == "INVALID_VALUE"
    assert api.status("cuDeviceGetHostAtomicCapabilities", [add], 0, 0) == "INVALID_VALUE"
    assert api.status("cuDeviceGetHostAtomicCapabilities", [add], 1, 64) == "INVALID_DEVICE"
    assert api.status("cuDeviceGetP2PAtomicCapabilities", [add], 1, 0, 0) == "INVALID_DEVICE"
    assert api.status("cuDeviceGetP2PAtomicCapabilities", [add], 1, 0, 64) == "INVALID_DEVICE"
    assert api.status("cuDeviceGetP2PAtomicCapabilities", [end], 1, 0, 1) == "INVALID_VALUE"
