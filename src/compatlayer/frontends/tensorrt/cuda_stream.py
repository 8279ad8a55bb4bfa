"""Where inference meets CUDA: streams by handle, work in stream order, and checks of addresses."""

from __future__ import annotations

import atexit
import ctypes
import os
from itertools import count
from threading import Condition
from typing import Any, Protocol

from compatlayer.backends.base import BackendError
from compatlayer.core import context, memory
from compatlayer.core.runtime import state
from compatlayer.core.stream import Stream, resolve
from compatlayer.errors import CudaError
from compatlayer.frontends.tensorrt.log import API_USAGE, Refusal


class Run(Protocol):
    """What is to be done when its turn in the stream comes; it tells its failures itself."""

    def run(self) -> None: ...


_keys = count(1)
_pending: dict[int, Run] = {}  # enqueued once
_captured: dict[int, Run] = {}  # in graphs: run again and again, until release()


def _begin() -> None:
    if not state.initialized:
        from compatlayer import boot  # noqa: F401  (arranges the runtime's end in this process)

        state.initialize(0)


def find(handle: Any) -> Stream:
    """The stream of a CUDA handle; where no context is current, the primary one becomes so, as for any CUDA library."""
    _begin()
    current = context.current_or_none()
    if current is None or (current.primary and not current.alive):
        context.set_current(context.retain_primary(state.device(0) if current is None else current.device))
    return resolve(int(handle))


def device_memory_bytes() -> int:
    _begin()
    return state.device(0).caps.memory_bytes


class _Turns:
    """Runs on the threads of streams. None may be inside of onnxruntime while the interpreter ends: Python ends such a
    thread in the middle of C++ code, which aborts the process."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._running = 0
        self._ended = False

    def take(self, work: Run) -> None:
        with self._changed:
            if self._ended:
                return
            self._running += 1
        try:
            work.run()
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def end(self) -> None:
        """Begin no more runs, and wait for those that have begun."""
        with self._changed:
            self._ended = True
            self._changed.wait_for(lambda: self._running == 0)

    def forget(self) -> None:
        """In a forked child, where the threads are not."""
        self._changed, self._running = Condition(), 0


_turns = _Turns()
atexit.register(_turns.end)
os.register_at_fork(after_in_child=_turns.forget)


def _call(key: int) -> None:
    work = _pending.pop(key, None) or _captured.get(key)
    if work is not None:
        _turns.take(work)


_function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_call)
ctypes.pythonapi.Py_IncRef(ctypes.py_object(_function))  # a stream may call it while Python goes down
_address = ctypes.cast(_function, ctypes.c_void_p).value or 0


def enqueue(stream: Stream, work: Run) -> int:
    """Have `work` run when the stream gets there. Captured, it answers the key for release(); else 0."""
    key = next(_keys)
    home = _pending if stream.capture is None else _captured
    home[key] = work
    try:
        stream.call_pointer(_address, key)
    except BaseException:
        home.pop(key, None)
        raise
    return key if home is _captured else 0


def release(keys: list[int]) -> None:
    """Graphs do nothing any more where these were captured."""
    for key in keys:
        _captured.pop(key, None)


def room_bytes(address: int) -> int | None:
    """Bytes from an address to the end of its allocation; None for memory that is none of ours."""
    record = memory.find(state.device(0), address)
    return None if record is None else record.base + record.size_bytes - address


class Place:
    """A checked address: `alive()` tells whether the memory is still the same."""

    __slots__ = ("address", "record")

    def __init__(self, stream: Stream, name: str, address: int, size_bytes: int, what: str = "tensor") -> None:
        if address == 0:
            raise Refusal(API_USAGE, f"Parameter check failed, condition: mContext.profileObliviousBindings.at(profile"
                          f"ObliviousIndex) || getPtrOrNull(mOutputAllocators, profileObliviousIndex). Neither address "
                          f"or allocator is set for {what} {name}. Call setInputTensorAddress, setOutputTensorAddress, "
                          "setTensorAddress or setOutputAllocator before enqueue/execute.")
        device = stream.context.device
        self.address = address
        self.record = memory.find(device, address)
        if self.record is not None:
            try:
                fits = memory.reaches(self.record, device, address, size_bytes, name, False)
            except CudaError:
                fits = False
            if not fits:
                room = self.record.base + self.record.size_bytes - address
                raise Refusal(API_USAGE, f"The buffer of {what} {name} at {address:#x} has {room} bytes, and its shape "
                              f"needs {size_bytes}; allocate as much as the tensor's shape and type take")
            return
        try:
            for end in (address, address + max(size_bytes, 1) - 1):
                device.hardware.snapshot(end, 1)
        except BackendError:
            raise Refusal(API_USAGE, f"The address {address:#x} of {what} {name} is no memory of {size_bytes} bytes; "
                          "set the address of a live buffer") from None

    def alive(self) -> bool:
        record = self.record
        if record is None:
            return True
        live = memory.live_at(record.base)
        return live is record or (live is None and (record.mapping is not None or record.kind.name == "MODULE"))
