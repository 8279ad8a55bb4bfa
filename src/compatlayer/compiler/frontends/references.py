"""Texture and surface references: sources that declare one get the header for them, and the variables their space.

CUDA's C++ has not had them since CUDA 12 and NVRTC refuses them there; our nvcc takes them, for the programs that were
written before.
"""

from __future__ import annotations

import re

_DECLARATION = re.compile(
    r"^(?P<before>[ \t]*(?:extern\s+)?)(?:static\s+)?(?P<what>(?:texture|surface)\s*<[^;(){}]*?>\s*\w+\s*"
    r"(?:\([^;{}]*\)\s*)?(?:=[^;{}]*)?(?:,\s*\w+\s*)*;)", re.MULTILINE)


def declared(text: str) -> bool:
    """Whether `text` seems to declare a reference."""
    return ("texture" in text or "surface" in text) and _DECLARATION.search(text) is not None


def in_device_memory(text: str) -> str:
    """The text with each reference made a device variable that the driver API finds, static or not; lines stay."""
    return _DECLARATION.sub(r"\g<before>__device__ \g<what>", text)
