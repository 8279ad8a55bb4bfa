"""Green contexts: a part of a device's compute units, used within the primary context. Follows "Green Contexts".

Work of the streams made in a green context runs on its units and nowhere else. Its default streams are those of the
primary context, and with them on all units.
"""

from __future__ import annotations

from itertools import count
from typing import ClassVar

from compatlayer.backends.base import Fence
from compatlayer.core import context as contexts
from compatlayer.core import handles
from compatlayer.core.context import Context
from compatlayer.core.resource import Description
from compatlayer.core.stream import DetachedStream, Stream
from compatlayer.errors import CudaError, Status

_ids = count(1)


class GreenContext:
    """A green context holds the primary context; its streams are the primary context's, restricted to its units."""

    handle_error: ClassVar[Status] = Status.INVALID_CONTEXT

    def __init__(self, description: Description) -> None:
        self.context = contexts.retain_primary(description.device)
        self.units = description.units
        self.work = description.work
        self.id = 1 << 32 | next(_ids)  # among the numbers of contexts
        self.destroyed = False
        self.gate: Fence | None = None  # streams made from now on wait for it
        self.handle = handles.add(self)
        self.view = GreenView(self)

    def live(self) -> Context:
        """The primary context; CONTEXT_IS_DESTROYED after the end of either."""
        if self.destroyed:
            raise CudaError(Status.CONTEXT_IS_DESTROYED, "the green context was destroyed")
        self.context.live_domain()
        return self.context

    def new_stream(self, flags: int, priority: int) -> Stream:
        """A stream whose work runs on this green context's units."""
        stream = self.live().new_stream(flags, priority, self)
        if self.gate is not None:
            stream.wait_fence(self.gate)
        return stream

    def streams(self) -> list[Stream]:
        return [stream for stream in list(self.context.streams) if stream.green is self]

    def destroy(self) -> None:
        """End it: its streams are detached (their work still runs), the primary context is released."""
        if not handles.remove(self.handle):
            raise CudaError(Status.CONTEXT_IS_DESTROYED, "the green context was destroyed by another thread")
        self.destroyed = True
        for stream in self.streams():
            handle = stream.handle
            if stream.capture is not None:
                stream.capture.invalidate()
            stream.close()
            handles.replace(handle, DetachedStream(handle))
        contexts.release_primary(self.context.device)


class GreenView:
    """The CUcontext of a green context. It stays known after the end, to say so."""

    handle_error: ClassVar[Status] = Status.INVALID_CONTEXT

    def __init__(self, green: GreenContext) -> None:
        self.green = green
        self.handle = handles.add(self)
