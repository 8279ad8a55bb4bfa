"""Events that several processes record and wait for (CU_EVENT_INTERPROCESS). Follows cuIpcGetEventHandle and family.

Processes share a page with the number of the last record, and SLOTS places where the records come to pass: record n
stores n in place n % SLOTS when the work before it is done, in whichever process. A wait of a stream is for the place
of the last record to hold its number. The layout: the number (8 bytes, and 8 unused ones), then for each place the
number reached and the process that recorded last (8 bytes each).
"""

from __future__ import annotations

import os
from collections import deque
from time import monotonic, sleep
from typing import TYPE_CHECKING

from compatlayer.backends.base import BackendError, Change, Fence, MemoryKind
from compatlayer.backends.mapping import Backing
from compatlayer.core import host_function, ipc, sharing
from compatlayer.core.device import Device
from compatlayer.core.sharing import Label
from compatlayer.core.stream import Stream
from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.core.context import Context
    from compatlayer.core.event import Event

SLOTS = 256
SLOT_BYTES = 16
PAGE_BYTES = 8192
LONGEST_SLEEP_S = 0.001
ALIVE_EVERY_S = 0.1


class SharedEvent:
    """The page that the processes share, mapped here."""

    def __init__(self, device: Device, backing: Backing, label: Label) -> None:
        self.device = device
        self.mapper = sharing.mapper_of(device)
        self.backing = backing
        self.label = label
        try:
            self.base = self.mapper.alloc(backing, sharing.FRONT_BYTES, PAGE_BYTES, MemoryKind.HOST).base
        except BackendError as error:
            backing.close()
            raise CudaError(Status.OUT_OF_MEMORY, str(error)) from None
        self._pending: dict[Fence, None] = {}  # behind work of this process that uses the page
        self._open = [None]
        self._look = monotonic() + ALIVE_EVERY_S  # when a query looks after the recorder

    def record(self, stream: Stream, fence: Fence) -> None:
        """Have the next number stored by `stream`, whose work so far `fence` is behind."""
        number = self.mapper.next_number(self.base)
        place = self._place(number)
        at = sharing.FRONT_BYTES + place - self.base
        # A record long ago that has not come to pass; it never will when its process has ended.
        while self.mapper.number(place) + SLOTS < number and self._recorder_lives(number):
            host_function.refuse_to_wait()
            sleep(LONGEST_SLEEP_S)
        self.backing.write(at + 8, os.getpid().to_bytes(8, "little"))
        try:
            stream.enqueue(lambda queue: queue.store(place, 8, Change.REACH, number))
            self._use(stream.signal())
        except BaseException:  # nobody must wait for what is not going to come
            self.backing.write(at, number.to_bytes(8, "little"))
            raise

    def wait(self, stream: Stream) -> None:
        """Later work of `stream` starts after the last record; its process ends first: EXTERNAL_DEVICE, which sticks.

        A wait that just ended would let work run on what was never computed.
        """
        number = self.mapper.number(self.base)
        if number and not self._reached(number):
            place = self._place(number)
            stream.enqueue(lambda queue: self.mapper.wait_for_number(queue, place, number, place + 8))
            self._use(stream.signal())

    def done(self) -> bool:
        """True when the last record came to pass, or there was none; INVALID_HANDLE as `synchronize`."""
        number = self.mapper.number(self.base)
        if number == 0 or self._reached(number):
            return True
        if monotonic() >= self._look:
            self._look = monotonic() + ALIVE_EVERY_S
            self._refuse_dead(number)
        return False

    def synchronize(self) -> None:
        """Wait for the last record; INVALID_HANDLE when its process ended before it came to pass."""
        number = self.mapper.number(self.base)
        if number == 0 or self._reached(number):
            return
        host_function.refuse_to_wait()
        pause, look = 20e-6, monotonic() + ALIVE_EVERY_S
        while not self._reached(number):
            sleep(pause)
            pause = min(2 * pause, LONGEST_SLEEP_S)
            if monotonic() >= look:
                look += ALIVE_EVERY_S
                self._refuse_dead(number)

    def _refuse_dead(self, number: int) -> None:
        if not self._recorder_lives(number) and not self._reached(number):
            raise CudaError(Status.INVALID_HANDLE, "the process that recorded the event ended before its work came to "
                                                   "the event")

    def handle(self) -> bytes:
        """64 bytes for cuIpcOpenEventHandle in another process."""
        return ipc.pack(sharing.EVENT, self.backing, self.label.secret, 0, PAGE_BYTES)

    def close(self) -> None:
        """The page goes when the work of this process that uses it is done; twice is fine."""
        try:
            self._open.pop()
        except IndexError:
            return
        _retired.append(self)
        for _ in range(len(_retired)):
            try:
                oldest = _retired.popleft()
            except IndexError:
                return
            if all(fence.done() for fence in list(oldest._pending)):
                oldest._give_back()
            else:
                _retired.append(oldest)

    def _give_back(self) -> None:
        self.device.hardware.free(self.base)
        self.backing.close()

    def _place(self, number: int) -> int:
        return self.base + SLOT_BYTES * (1 + number % SLOTS)

    def _reached(self, number: int) -> bool:
        return self.mapper.number(self._place(number)) >= number

    def _recorder_lives(self, number: int) -> bool:
        process = self.mapper.number(self._place(number) + 8)
        return process == 0 or self.mapper.process_lives(process)

    def _use(self, fence: Fence) -> None:
        self._pending[fence] = None
        for one in list(self._pending):
            if one.done():
                self._pending.pop(one, None)


_retired: deque[SharedEvent] = deque()


def create(device: Device) -> SharedEvent:
    """The page of a new event."""
    label = sharing.label_for(sharing.EVENT, PAGE_BYTES, (1, device.ordinal), 0)
    return SharedEvent(device, sharing.create(sharing.mapper_of(device), label), label)


def open_handle(context: Context, data: bytes) -> Event:
    """cuIpcOpenEventHandle: an event of `context` that shares all records with another process's."""
    from compatlayer.core.event import DISABLE_TIMING, INTERPROCESS, Event

    process, descriptor, _, _, secret = ipc.unpack(data, sharing.EVENT)
    context.check()
    mapper = sharing.mapper_of(context.device)
    backing, label = sharing.open_of_process(mapper, process, descriptor, secret, sharing.EVENT)
    return Event(context, DISABLE_TIMING | INTERPROCESS, SharedEvent(context.device, backing, label))
