"""Names that the compiler and the backend of OpenCL devices agree on."""

from __future__ import annotations


def entry_name(kernel: str) -> str:
    """The kernel's name for OpenCL, which the entry has."""
    return "cpl_entry_" + "".join(each if each.isalnum() and each.isascii() else "_" for each in kernel)
