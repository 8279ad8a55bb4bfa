"""Runs a piece of a program in a Python of its own: what it does to the jump tables stays there."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import compatlayer

PACKAGE = Path(compatlayer.__file__).resolve().parent
LIBRARIES = PACKAGE / "_lib"

_TOP = f"""
import ctypes, sys
LIBRARIES = {str(LIBRARIES)!r}
def stub(name):
    return ctypes.CDLL(LIBRARIES + "/" + name)
"""


def environment(**extra: str) -> dict[str, str]:
    """This process's environment without what would change the layer, plus `extra`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("COMPATLAYER_")}
    return kept | {"PYTHONPATH": str(PACKAGE.parent)} | extra


def run(code: str, *, timeout_s: float = 60, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run `code` after `stub` is defined; the completed process, whatever its exit status."""
    text = _TOP + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=timeout_s, env=environment(**extra)
    )


def lines(code: str, **extra: str) -> list[str]:
    """The lines that `code` prints; fails the test when it fails."""
    done = run(code, **extra)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
