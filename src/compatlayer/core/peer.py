"""Peer access between contexts. All devices of one backend share an address space, so access is always possible;
what is kept is the documented state. Follows "Peer Context Memory Access"."""

from __future__ import annotations

from compatlayer.core.context import Context, current
from compatlayer.core.device import Device
from compatlayer.errors import CudaError, Status


def possible(device: Device, peer: Device) -> bool:
    """cuDeviceCanAccessPeer: another device of the same kind; never the device itself."""
    return device is not peer and device.caps.raw_pointers and peer.caps.raw_pointers


def enable(peer: Context, flags: int) -> None:
    """cuCtxEnablePeerAccess: the current context may access memory of `peer`."""
    context = current()
    if flags != 0:
        raise CudaError(Status.INVALID_VALUE, f"peer access flags must be 0, not {flags}")
    peer.live_domain()
    if peer is context:
        raise CudaError(Status.INVALID_CONTEXT, "a context is not its own peer")
    if not possible(context.device, peer.device):
        raise CudaError(Status.PEER_ACCESS_UNSUPPORTED, f"{context.device} cannot access {peer.device}")
    if peer in context.peers:
        raise CudaError(Status.PEER_ACCESS_ALREADY_ENABLED, "access to this peer context is enabled already")
    context.peers[peer] = None


def disable(peer: Context) -> None:
    """cuCtxDisablePeerAccess."""
    context = current()
    if peer not in context.peers:
        raise CudaError(Status.PEER_ACCESS_NOT_ENABLED, "access to this peer context is not enabled")
    context.peers.pop(peer, None)
