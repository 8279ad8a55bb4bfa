"""Clang's messages about NVVM IR in the form of libNVVM's log: ``name (line, column): error: text``."""

from __future__ import annotations

import re
from typing import NamedTuple

_PLACE = re.compile(r"^<stdin>:(\d+):(\d+): (?:fatal )?error: (.*)$", re.MULTILINE)
_ERROR = re.compile(r"^(?:fatal )?error: (.*)$", re.MULTILINE)
_BROKEN = "Broken module found"
UNNAMED = "<unnamed>"


class Found(NamedTuple):
    """What was wrong, and whether it was in the joining of modules."""

    text: str
    of_link: bool


def read(messages: str, module: str) -> Found:
    """The first error of `messages` about `module`."""
    name = module or UNNAMED
    if (place := _PLACE.search(messages)) is not None:
        return Found(f"{name} ({place[1]}, {place[2]}): error: {place[3]}\n", False)
    if _BROKEN in messages:
        reasons = messages.split(_BROKEN)[0].strip().splitlines()
        reason = "; ".join(line.strip() for line in reasons[:2]) or "the module is not consistent"
        return Found(f"{name}: error: {reason}\n", False)
    if (error := _ERROR.search(messages)) is not None:
        linking = "link" in error[1].lower() or "symbol multiply defined" in error[1]
        return Found(f"{name}: error: {error[1]}\n", linking)
    return Found(f"{name}: error: {messages.strip()[:300] or 'the module cannot be read'}\n", False)
