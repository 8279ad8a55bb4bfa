"""NVIDIA's own driver on this machine, for the pass-through: where it lies, if it can be loaded."""

from __future__ import annotations

from compatlayer.backends import vendor
from compatlayer.backends.vendor_calls import find_library
from compatlayer.backends.vendor_rows import NVIDIA


def path() -> str | None:
    """Full path of a libcuda.so.1 that is not ours and survives being loaded (a child tries it)."""
    found = find_library(NVIDIA)
    return found if found is not None and not vendor.probe(NVIDIA, found) else None
