"""Words that the compiler and the backend of OpenCL devices agree on."""

from __future__ import annotations

from ...errors import CudaError, Status


def entry_name(kernel: str) -> str:
    """The kernel's name for OpenCL, which the entry has."""
    return "cpl_entry_" + "".join(each if each.isalnum() and each.isascii() else "_" for each in kernel)


def refused(what: str) -> CudaError:
    """`what` names kernel, line and need."""
    return CudaError(Status.NOT_SUPPORTED, f"{what}, which this OpenCL device does not have; the CPU device does "
                                           "(COMPATLAYER_DEVICES=cpu)")
