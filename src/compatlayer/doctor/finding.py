"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`level` is ok, note or PROBLEM; only a problem makes the command fail. A problem comes with advice."""

    level: str
    what: str
    advice: str = ""
