"""How kernels are refused that OpenCL devices cannot run."""

from __future__ import annotations

from ....errors import CudaError, Status


def refused(what: str) -> CudaError:
    """`what` names kernel, line and need."""
    return CudaError(Status.NOT_SUPPORTED, f"{what}, which this OpenCL device does not have; the CPU device does "
                                           "(COMPATLAYER_DEVICES=cpu)")
