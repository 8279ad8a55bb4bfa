"""Memory that graphs allocate: one fixed address for each allocation node's life.

The memory is there from the making of the node on; `allocated` says whether a program may use it: from a launch of the
node until it is freed by a node, by cuMemFree or by cuMemFreeAsync. Follows "Graph Memory Nodes".
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from compatlayer.backends.base import MemoryKind
from compatlayer.core import memory
from compatlayer.core.context import Context
from compatlayer.core.device import Device
from compatlayer.core.memory import Record
from compatlayer.core.work import AllocateWork, FreeWork
from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.core.pool import Pool
    from compatlayer.core.stream import Stream

USED_CURRENT, USED_HIGH, RESERVED_CURRENT, RESERVED_HIGH = range(4)  # CUgraphMem_attribute
STEP_BYTES = 512

_ids = count(1 << 20)


class Access(NamedTuple):
    """CUmemAccessDesc."""

    location_type: int
    location_id: int
    flags: int


class Usage:
    """What graphs of one device hold, in bytes, and the memory of ended nodes, which stays with it until it is trimmed.

    Memory in use is what is "associated with graphs": all that is held, as no two nodes share any.
    """

    def __init__(self) -> None:
        self.values = [0, 0, 0, 0]
        self.spare: dict[tuple[MemoryKind, int], list[Record]] = {}  # by kind and size

    def change(self, size_bytes: int) -> None:
        """The high-water marks follow."""
        values = self.values
        for which in (USED_CURRENT, RESERVED_CURRENT):
            values[which] += size_bytes
            values[which + 1] = max(values[which + 1], values[which])

    def take(self, kind: MemoryKind, rounded: int) -> Record | None:
        """Spare memory of that size."""
        try:
            return self.spare[kind, rounded].pop()
        except (KeyError, IndexError):
            return None

    def trim(self) -> int:
        """Give spare memory back to the device; bytes given back."""
        given = 0
        for (_, rounded), records in list(self.spare.items()):
            while records:
                try:
                    record = records.pop()
                except IndexError:  # another thread took the last one
                    break
                record.device.hardware.free(record.base)
                self.change(-rounded)
                given += rounded
        return given


_usages: dict[Device, Usage] = {}


def usage(device: Device) -> Usage:
    return _usages.setdefault(device, Usage())


class GraphMemory:
    """The memory of one allocation node, which clones of the node share."""

    def __init__(self, context: Context, size_bytes: int, kind: MemoryKind = MemoryKind.DEVICE,
                 place: tuple[int, int, int] | None = None, access: tuple[Access, ...] = ()) -> None:
        context.check()
        if size_bytes == 0:
            raise CudaError(Status.INVALID_VALUE, "an allocation of 0 bytes")
        self.context = context
        self.place = place or (1, context.device.ordinal, 1)  # location type and id, allocation type
        self.access = access
        self.allocated = False
        self._nodes = 1
        self.rounded = -(-size_bytes // STEP_BYTES) * STEP_BYTES
        self.record = self._obtain(size_bytes, kind)
        self.record.pool = self

    def _obtain(self, size_bytes: int, kind: MemoryKind) -> Record:
        found = usage(self.context.device)
        spare = found.take(kind, self.rounded)
        if spare is None:
            record = memory.obtain(self.context.device, self.rounded, kind, self.context)
            found.change(self.rounded)
            record.size_bytes = size_bytes
            return record
        record = Record(spare.base, size_bytes, next(_ids) << 32 | spare.id & 0xFFFF_FFFF, kind, self.context.device,
                        self.context)
        memory.adopt(record)
        return record

    def keep(self) -> None:
        """One node more has it."""
        self._nodes += 1

    def drop(self) -> None:
        """One node less has it; the last one gives it back, or leaves that to whoever frees it."""
        self._nodes -= 1
        if not self._nodes and not self.allocated and memory.take(self.record):
            self.context.wait_idle()
            self._give_back()

    def _give_back(self) -> None:
        usage(self.context.device).spare.setdefault((self.record.kind, self.rounded), []).append(self.record)

    def take_back(self, record: Record) -> None:
        """cuMemFree; its record was taken away, and its context's work waited for."""
        self.allocated = False
        if self._nodes:
            memory.adopt(record)
        else:
            self._give_back()

    def may_free(self, record: Record) -> None:
        """INVALID_VALUE for memory that no program has."""
        if not self.allocated:
            raise CudaError(Status.INVALID_VALUE, f"{record.base:#x} is memory of a graph, and no launch has allocated "
                                                  "it since it was freed last")


def memory_at(address: int) -> GraphMemory:
    """What an allocation node made at `address`; INVALID_VALUE when that is not such memory."""
    record = memory.live_at(address)
    if record is None or not isinstance(record.pool, GraphMemory):
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} is not the address of a graph's allocation")
    return record.pool


def launch(works: Iterable[AllocateWork | FreeWork], auto_free: bool) -> None:
    """Note what a launch with these nodes, in order, allocates and frees; INVALID_VALUE, and nothing is noted, when
    memory is in use already (and not `auto_free`), or freed without being in use."""
    state: dict[GraphMemory, bool] = {}
    ours: set[GraphMemory] = set()
    for work in works:
        what = work.memory
        allocated = state.get(what, what.allocated)
        if isinstance(work, AllocateWork):
            if allocated and (not auto_free or what in ours):
                raise CudaError(Status.INVALID_VALUE, f"the graph's allocation {what.record.base:#x} was not freed "
                                                      "since the last launch; free it, or instantiate with "
                                                      "CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH")
            ours.add(what)
            state[what] = True
        elif not allocated:
            raise CudaError(Status.INVALID_VALUE, f"the graph frees {what.record.base:#x}, which is not allocated")
        else:
            state[what] = False
    for what, allocated in state.items():
        what.allocated = allocated


def attribute(device: Device, number: int) -> int:
    """CU_GRAPH_MEM_ATTR_* in bytes."""
    if not USED_CURRENT <= number <= RESERVED_HIGH:
        raise CudaError(Status.INVALID_VALUE, f"graph memory attribute {number} is not known")
    return usage(device).values[number]


def reset_high(device: Device, number: int, value: int) -> None:
    """A high-water mark can be set to 0, which makes it what is in use now."""
    if number not in (USED_HIGH, RESERVED_HIGH) or value != 0:
        raise CudaError(Status.INVALID_VALUE, f"graph memory attribute {number} cannot be set to {value}")
    values = usage(device).values
    values[number] = values[number - 1]


def capture_allocation(stream: Stream, size_bytes: int, pool: Pool) -> Record:
    """An allocation in a captured stream becomes a node."""
    capture = stream.capture
    assert capture is not None
    capture.check()
    if pool.kind is not MemoryKind.DEVICE or pool.device is not stream.context.device:
        capture.refuse("memory that is not the device's own cannot be allocated")
    made = GraphMemory(stream.context, size_bytes)
    try:
        capture.add(stream, AllocateWork(stream.context, made))
    except CudaError:
        made.drop()
        raise
    return made.record


def capture_free(stream: Stream, address: int) -> None:
    """A free in a captured stream becomes a node; only graphs' memory can be freed by one."""
    capture = stream.capture
    assert capture is not None
    capture.check()
    try:
        found = memory_at(address)
    except CudaError:
        capture.invalidate()
        raise
    capture.add(stream, FreeWork(found.context, found))
