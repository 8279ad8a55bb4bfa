"""Bringing the running process, and the children it starts, onto our libraries."""

from __future__ import annotations

import os

from compatlayer.launcher import environment, imports, libraries


def install() -> None:
    """Make the CUDA packages that this process imports from now on run on compatlayer; children too.

    Call it before importing any CUDA package. Calling it twice is fine. Starts no thread and opens no device.
    Raises RuntimeError when the native libraries are missing, or when another CUDA library is loaded already.
    """
    libraries.preload()
    environment.apply(os.environ)
    imports.hook()
    if os.environ.get(environment.REPORT) in (str(os.getpid()), "all"):
        from compatlayer.launcher import report

        report.at_exit()
