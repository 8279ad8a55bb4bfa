"""What the vector engine says of a kernel that it cannot run; the naive engine runs it then."""

from __future__ import annotations


class Unsupported(Exception):
    """One clause that says why, for the person whose kernel it is: "a call through a pointer may wait"."""
