"""Which calls a capture forbids beside those on its streams: potentially unsafe ones, by the modes of captures and of
threads. Follows cuThreadExchangeStreamCaptureMode."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.core.capture import Capture

GLOBAL, THREAD_LOCAL, RELAXED = range(3)

active: dict[Capture, None] = {}  # captures that are not relaxed
_thread = threading.local()


def exchange(mode: int) -> int:
    """The calling thread's mode from now on; the one before."""
    if mode not in (GLOBAL, THREAD_LOCAL, RELAXED):
        raise CudaError(Status.INVALID_VALUE, f"stream capture mode {mode} is not known")
    before: int = getattr(_thread, "mode", GLOBAL)
    _thread.mode = mode
    return before


def refuse_unsafe(what: str) -> None:
    """UNSUPPORTED, and the captures concerned are invalid, for a potentially unsafe call that a capture forbids."""
    mode = getattr(_thread, "mode", GLOBAL)
    if not active or mode == RELAXED:
        return
    here = threading.get_ident()
    hit = [capture for capture in list(active)
           if capture.thread == here or (mode == GLOBAL and capture.mode == GLOBAL)]
    for capture in hit:
        capture.invalidate()
    if hit:
        raise CudaError(Status.STREAM_CAPTURE_UNSUPPORTED, f"{what} is not possible while a stream is captured; use "
                                                           "CU_STREAM_CAPTURE_MODE_RELAXED, or "
                                                           "cuThreadExchangeStreamCaptureMode")
