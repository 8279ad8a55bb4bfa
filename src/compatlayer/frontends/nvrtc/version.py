"""Which compiler this is, and the architectures it compiles for."""

from __future__ import annotations

from typing import Any

from compatlayer.api.entry import entry
from compatlayer.compiler.frontends.nvrtc_options import ARCHITECTURES

VERSION = (13, 0)  # the CUDA release whose documented compiler we follow


@entry("nvrtcVersion")
def version(major: Any, minor: Any) -> None:
    major[0], minor[0] = VERSION


@entry("nvrtcGetNumSupportedArchs")
def count_architectures(numArchs: Any) -> None:
    numArchs[0] = len(ARCHITECTURES)


@entry("nvrtcGetSupportedArchs")
def list_architectures(supportedArchs: Any) -> None:
    for place, number in enumerate(ARCHITECTURES):
        supportedArchs[place] = number
