"""Host functions run on the backend's host-callback thread, where no wait may happen: it would wait for itself."""

from __future__ import annotations

from threading import get_ident

from compatlayer.backends.base import Queue
from compatlayer.errors import CudaError, Status


class CallbackThread:
    """The identity of the host-callback thread, learnt the first time that something runs there."""

    ident: int | None = None


def learn_thread(queue: Queue) -> None:
    """Have the callback thread note its identity, once, before a host function of `queue` runs there."""
    if CallbackThread.ident is None:
        queue.call(_note_thread)


def _note_thread() -> None:
    CallbackThread.ident = get_ident()


def on_callback_thread() -> bool:
    return CallbackThread.ident is not None and CallbackThread.ident == get_ident()


def refuse_to_wait() -> None:
    """NOT_PERMITTED on the host-callback thread, as documented for CUDA calls from host functions."""
    if on_callback_thread():
        raise CudaError(Status.NOT_PERMITTED, "a host function must not call CUDA functions that wait for a stream")
