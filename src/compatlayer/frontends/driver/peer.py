"""Peer access functions of the driver API."""

from __future__ import annotations

from compatlayer.api.entry import entry
from compatlayer.core import peer as core
from compatlayer.core.runtime import state
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import context_of


@entry("cuDeviceCanAccessPeer")
def can_access(canAccessPeer, dev, peerDev):
    canAccessPeer[0] = int(core.possible(state.device(dev), state.device(peerDev)))


@entry("cuCtxEnablePeerAccess")
def enable(peerContext, Flags):
    core.enable(context_of(peerContext), Flags)


@entry("cuCtxDisablePeerAccess")
def disable(peerContext):
    core.disable(context_of(peerContext))


@entry("cuDeviceGetP2PAttribute")
def get_attribute(value, attrib, srcDevice, dstDevice):
    source, destination = state.device(srcDevice), state.device(dstDevice)
    if source is destination:
        raise CudaError(Status.INVALID_DEVICE, "a device is not its own peer")
    possible = int(core.possible(source, destination))
    values = {1: 0, 2: possible, 3: possible, 4: 0, 5: 0}  # rank, access, native atomics, arrays, partial atomics
    if attrib not in values:
        raise CudaError(Status.INVALID_VALUE, f"peer attribute {attrib} is not known")
    value[0] = values[attrib]
