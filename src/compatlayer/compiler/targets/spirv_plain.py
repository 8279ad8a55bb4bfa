"""SPIR-V for OpenCL devices without subgroups of 32: kernels with warp operations are refused."""

from __future__ import annotations

from ..image import DeviceCode, Sharing
from . import cpu, spirv

lower_module = spirv.lower_module
assemble = spirv.assemble


def lower_variant(code: DeviceCode, kernel: str, shape_class: int, engine: str,
                  sharing: Sharing | None = None) -> cpu.Lowered:
    """As for spirv, without warp operations."""
    return spirv.lower_variant(code, kernel, shape_class, engine, sharing, warps=False)
