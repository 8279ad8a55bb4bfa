"""Defines the functions of the device math library that the module calls, so that they are inlined.

Why here: they take no thread and use no special register, so they come after the passes that deal with those. Both
engines compute with the same definitions, the vector engine in SIMD lanes.
"""

from __future__ import annotations

from .. import library
from ..ir.values import Module


def run(module: Module) -> Module:
    library.link(module)
    return module
