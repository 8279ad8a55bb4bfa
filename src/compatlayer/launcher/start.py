"""What the start-up files call in a fresh interpreter: activate it, or say in one sentence why not."""

from __future__ import annotations

import os
import sys

from compatlayer.launcher import environment


def child() -> None:
    """Activate when COMPATLAYER_ACTIVE asks for it."""
    if environment.wanted(os.environ):
        _activate()


def enabled() -> None:
    """Activate unless COMPATLAYER_ACTIVE is 0."""
    if environment.wanted(os.environ) is not False:
        _activate()


def _activate() -> None:
    from compatlayer.launcher import activation

    try:
        activation.install()
    except RuntimeError as error:
        # An exception here would only print a stack and let the interpreter go on.
        sys.stderr.write(f"compatlayer: {error}\n")
