"""Bringing the running process, and the children it starts, onto our libraries."""

from __future__ import annotations

import os

from compatlayer.launcher import environment, imports, libraries


def install() -> None:
    """Make the CUDA packages that this process imports from now on run on compatlayer; children too.

    Call it before importing any CUDA package. Calling it twice is fine. Starts no thread and opens no device.
    Raises RuntimeError when the native libraries are missing, when another CUDA library is loaded already, or when
    COMPATLAYER_PROFILE names no board.
    """
    board_files = _board_files()
    libraries.preload()
    environment.apply(os.environ)
    if board_files is not None:
        from compatlayer.launcher import board_files as files

        files.show(board_files)
    imports.hook()
    if os.environ.get(environment.REPORT) in (str(os.getpid()), "all"):
        from compatlayer.launcher import report

        report.at_exit()


def _board_files() -> dict[str, bytes] | None:
    """The files of the chosen board; None, and nothing imported, where none is chosen."""
    if not os.environ.get("COMPATLAYER_PROFILE"):
        return None
    from compatlayer import board

    try:
        shown = board.chosen()
    except board.UnknownBoard as error:
        raise RuntimeError(str(error)) from None
    return board.files(shown) if shown is not None else None
