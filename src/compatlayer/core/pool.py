"""Memory pools: stream-ordered allocation with reuse. Follows "Stream Ordered Memory Allocator".

A freed block stays with the pool, together with the stream that freed it and a fence behind its last use. The same
stream may have it again at once; another stream when the fence is done, or by waiting for it when memory is short.
Blocks above the release threshold go back to the device at the next synchronisation. Counters are statistics: they
are changed by single additions.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from compatlayer.backends.base import Fence, MemoryKind
from compatlayer.core import graph_memory, handles, host_function, memory
from compatlayer.core.context import Context
from compatlayer.core.device import Device
from compatlayer.core.memory import Record
from compatlayer.core.stream import Stream
from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.core.pool_sharing import PoolFile

FOLLOW_EVENT_DEPENDENCIES = 1
ALLOW_OPPORTUNISTIC = 2
ALLOW_INTERNAL_DEPENDENCIES = 3
RELEASE_THRESHOLD = 4
RESERVED_CURRENT = 5
RESERVED_HIGH = 6
USED_CURRENT = 7
USED_HIGH = 8
READ_WRITE = 3
SMALLEST_BLOCK = 512

_ids = count(1)


class Block:
    """Memory that the pool holds; `stream` freed it last and `fence` is behind its last use (None: done)."""

    __slots__ = ("base", "fence", "id", "size_bytes", "stream")

    def __init__(self, base: int, size_bytes: int, ident: int, stream: Stream | None = None) -> None:
        self.base = base
        self.size_bytes = size_bytes
        self.id = ident
        self.stream = stream
        self.fence: Fence | None = None


class Place(NamedTuple):
    """Where a pool's memory is, as its maker said it: CUmemLocation and CUmemAllocationType."""

    location_type: int
    location_id: int
    allocation_type: int
    max_bytes: int = 0
    usage: int = 0
    handle_types: int = 0  # CUmemAllocationHandleType: how other processes may get it


class Pool:
    """A memory pool of one kind of memory on one device."""

    handle_error: ClassVar[Status] = Status.INVALID_VALUE

    def __init__(self, device: Device, kind: MemoryKind, place: Place, file: PoolFile | None = None) -> None:
        self.device = device
        self.file = file  # what other processes share; None: the memory is this process's
        self.kind = kind
        self.place = place
        self.is_default = False
        self.settings = {FOLLOW_EVENT_DEPENDENCIES: 1, ALLOW_OPPORTUNISTIC: 1, ALLOW_INTERNAL_DEPENDENCIES: 1,
                         RELEASE_THRESHOLD: 0}
        self.access: dict[tuple[int, int], int] = {}
        self.reserved_bytes = self.reserved_high_bytes = 0
        self.used_bytes = self.used_high_bytes = 0
        self.cached: dict[int, dict[int, Block]] = {}  # block size -> base address -> block
        self.destroyed = False
        _pools[self] = None
        device.after_wait = after_wait
        self.handle = handles.add(self)

    def allocate(self, size_bytes: int, stream: Stream) -> Record:
        """Memory for use in `stream` from here on; OUT_OF_MEMORY leaves nothing behind."""
        stream.context.check()
        if self.file is not None and self.file.imported:
            raise CudaError(Status.NOT_PERMITTED, "an imported memory pool gives no memory of its own; import pointers "
                                                  "into it with cuMemPoolImportPointer")
        if stream.capture is not None:
            return graph_memory.capture_allocation(stream, size_bytes, self)
        memory.free_postponed()
        rounded = block_bytes(size_bytes)
        block = self._reuse(rounded, stream) or self._reserve(rounded, stream)
        self._count_used(rounded)
        record = Record(block.base, size_bytes, next(_ids) << 32 | block.id, self.kind, self.device, stream.context,
                        pool=self)
        memory.adopt(record)
        return record

    def _count_used(self, rounded: int) -> None:
        self.used_bytes += rounded
        self.used_high_bytes = max(self.used_high_bytes, self.used_bytes)

    def _count_reserved(self, rounded: int) -> None:
        self.reserved_bytes += rounded
        self.reserved_high_bytes = max(self.reserved_high_bytes, self.reserved_bytes)

    def count(self, rounded: int) -> None:
        """Note a block that came from another process."""
        self._count_reserved(rounded)
        self._count_used(rounded)

    def _reuse(self, rounded: int, stream: Stream, wait: bool = False) -> Block | None:
        bucket = self.cached.get(rounded, {})
        # Not items(): its pairs are new objects, which may start a garbage collection that changes the bucket.
        for candidate in list(bucket.values()):
            block = bucket.pop(candidate.base, None) if self._may_take(candidate, stream, wait) else None
            if block is None:
                continue
            if block.stream is not stream and block.fence is not None and not block.fence.done():
                try:
                    stream.wait_fence(block.fence)
                except CudaError:  # the stream's context ended, or it is captured now
                    bucket[block.base] = block
                    raise
            block.stream = block.fence = None
            return block
        return None

    def _may_take(self, block: Block, stream: Stream, wait: bool) -> bool:
        if block.stream is stream or block.fence is None:
            return True
        if self.settings[ALLOW_OPPORTUNISTIC] and block.fence.done():
            return True
        return bool(wait and self.settings[ALLOW_INTERNAL_DEPENDENCIES])

    def _reserve(self, rounded: int, stream: Stream) -> Block:
        limit = self.place.max_bytes
        if limit and self.reserved_bytes + rounded > limit:
            self.trim(0)
        try:
            if limit and self.reserved_bytes + rounded > limit:
                raise CudaError(Status.OUT_OF_MEMORY, f"{rounded} bytes asked of a pool that holds "
                                                      f"{self.reserved_bytes} of at most {limit}")
            base, ident = self._obtain(rounded)
        except CudaError:
            block = self._reuse(rounded, stream, wait=True)
            if block is None:
                raise
            return block
        self._count_reserved(rounded)
        return Block(base, rounded, ident)

    def _obtain(self, rounded: int) -> tuple[int, int]:
        if self.file is not None:
            return self.file.obtain(rounded, self.kind is not MemoryKind.HOST)
        record = memory.obtain(self.device, rounded, self.kind, None)
        memory.forget(record.base)
        return record.base, record.id

    def _end_block(self, block: Block) -> None:
        if self.file is not None:
            self.file.give_back(block.base, block.size_bytes, self.kind is not MemoryKind.HOST)
        else:
            self.device.hardware.free(block.base)

    def free_in(self, record: Record, stream: Stream | None) -> None:
        """The memory comes back once the work that `stream` has so far is done (None: it is done)."""
        rounded = block_bytes(record.size_bytes)
        self.used_bytes -= rounded
        block = Block(record.base, rounded, record.id & 0xFFFF_FFFF, stream)
        if stream is not None:
            try:
                block.fence = stream.signal()
            except CudaError:  # a faulted or ended context runs nothing any more
                block.stream = None
        self.cached.setdefault(rounded, {})[block.base] = block
        if self.destroyed:
            _pools[self] = None  # until its last block is done, which later waits look for
            self.trim(0)

    def may_free(self, record: Record) -> None:
        """What has a record is in use."""

    def take_back(self, record: Record) -> None:
        """cuMemFree of pool memory: its context's work was waited for."""
        self.free_in(record, None)

    def trim(self, keep_bytes: int) -> int:
        """Give cached blocks that are done back to the device until `keep_bytes` stay reserved; bytes given back."""
        given = self._give_back(keep_bytes)
        if self.destroyed and not self.reserved_bytes:
            _pools.pop(self, None)
            if self.file is not None:
                self.file.close()
        return given

    def _give_back(self, keep_bytes: int) -> int:
        given = 0
        if self.file is not None and self.file.imported and self.cached and not self._quiet():
            return given  # see pool_sharing.py
        for bucket in list(self.cached.values()):
            for block in list(bucket.values()):
                if self.reserved_bytes <= keep_bytes:
                    return given
                if block.fence is not None and not block.fence.done():
                    continue
                taken = bucket.pop(block.base, None)
                if taken is None:
                    continue
                if taken is not block and taken.fence is not None and not taken.fence.done():
                    bucket[taken.base] = taken  # another thread had it and gave it back meanwhile
                    continue
                self.reserved_bytes -= block.size_bytes
                given += block.size_bytes
                self._end_block(block)
        return given

    def _quiet(self) -> bool:
        contexts = [context for context in handles.live(Context) if context.device is self.device and context.alive]
        return all(stream.queue.idle() for context in contexts for stream in list(context.busy))

    def access_of(self, location_type: int, location_id: int) -> int:
        """CU_MEM_ACCESS_FLAGS of a location: its own may read and write, others what was set."""
        own = (location_type, location_id) == self.own_place or self.kind is not MemoryKind.DEVICE
        return self.access.get((location_type, location_id), READ_WRITE if own else 0)

    @property
    def own_place(self) -> tuple[int, int]:
        return self.place.location_type, self.place.location_id

    def destroy(self) -> None:
        """End the pool: cached memory goes now, memory in use when it is freed."""
        if self.is_default:
            raise CudaError(Status.INVALID_VALUE, "a default memory pool cannot be destroyed")
        if not handles.remove(self.handle):
            return
        self.destroyed = True
        if self.device.current_pool is self:
            self.device.current_pool = None
        for key in list(_current):
            if _current.get(key) is self:
                _current.pop(key, None)
        for bucket in list(self.cached.values()):  # what is still in use must be done before it can go
            for block in list(bucket.values()):
                if block.stream is not None and not host_function.on_callback_thread():
                    block.stream.drain()
        self.settings[RELEASE_THRESHOLD] = 0
        self.trim(0)

    def attribute(self, number: int) -> int:
        """CU_MEMPOOL_ATTR_* 1 to 8, and the facts the pool was made with."""
        if number in self.settings:
            return self.settings[number]
        facts = {RESERVED_CURRENT: self.reserved_bytes, RESERVED_HIGH: self.reserved_high_bytes,
                 USED_CURRENT: self.used_bytes, USED_HIGH: self.used_high_bytes,
                 9: self.place.allocation_type, 10: self.place.handle_types, 11: self.place.location_id,
                 12: self.place.location_type, 13: self.place.max_bytes, 14: 0}
        if number not in facts:
            raise CudaError(Status.INVALID_VALUE, f"memory pool attribute {number} is not known")
        return facts[number]

    def set_attribute(self, number: int, value: int) -> None:
        """Set a setting; the high-water marks can only be reset to 0."""
        if number in (RESERVED_HIGH, USED_HIGH) and value == 0:
            if number == RESERVED_HIGH:
                self.reserved_high_bytes = self.reserved_bytes
            else:
                self.used_high_bytes = self.used_bytes
        elif number == RELEASE_THRESHOLD or (number in self.settings and value in (0, 1)):
            self.settings[number] = value
        else:
            raise CudaError(Status.INVALID_VALUE, f"memory pool attribute {number} cannot be set to {value}")


_pools: dict[Pool, None] = {}
_defaults: dict[tuple[int, int, int], Pool] = {}  # (location type, location id, allocation type)
_current: dict[tuple[int, int, int], Pool] = {}


def block_bytes(size_bytes: int) -> int:
    """The size class of a request: steps of an eighth of its power of two, so that like sizes share blocks."""
    step = max(SMALLEST_BLOCK, 1 << max(0, (size_bytes - 1).bit_length() - 3))
    return -(-size_bytes // step) * step


def default(device: Device) -> Pool:
    """The device's default pool, made on first use."""
    return default_at(device, MemoryKind.DEVICE, Place(1, device.ordinal, 1))


def default_at(device: Device, kind: MemoryKind, place: Place) -> Pool:
    """The default pool of a location and allocation type."""
    key = (place.location_type, place.location_id, place.allocation_type)
    pool = _defaults.get(key)
    if pool is None:
        made = Pool(device, kind, place)
        made.is_default = True
        pool = _defaults.setdefault(key, made)
        if pool is not made:  # another thread was first
            handles.remove(made.handle)
            _pools.pop(made, None)
    return pool


def current(device: Device) -> Pool:
    """The pool that cuMemAllocAsync uses on `device`."""
    return device.current_pool or default(device)


def current_at(device: Device, kind: MemoryKind, place: Place) -> Pool:
    """The current pool of a location and allocation type."""
    key = (place.location_type, place.location_id, place.allocation_type)
    if key == (1, device.ordinal, 1):
        return current(device)
    return _current.get(key) or default_at(device, kind, place)


def set_current(device: Device, pool: Pool, place: Place) -> None:
    """Make `pool` the one used at a location; it must be of that location."""
    key = (place.location_type, place.location_id, place.allocation_type)
    if key != (pool.place.location_type, pool.place.location_id, pool.place.allocation_type):
        raise CudaError(Status.INVALID_VALUE, "the memory pool was made for another location or allocation type")
    if key == (1, device.ordinal, 1):
        device.current_pool = pool
    else:
        _current[key] = pool


def free_async(address: int, stream: Stream) -> None:
    """cuMemFreeAsync: the memory ends after the work that `stream` has so far."""
    if address == 0:
        return
    if stream.capture is not None:
        graph_memory.capture_free(stream, address)
        return
    memory.free_postponed()
    record = memory.live_at(address)
    if record is None or (record.on_host and record.pool is None):
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} is not the start of live device memory")
    if not isinstance(record.pool, Pool):
        if not host_function.on_callback_thread() and not stream.idle():
            stream.synchronize()
        memory.free(address)
        return
    if not memory.take(record):
        raise CudaError(Status.INVALID_VALUE, f"{address:#x} was freed by another thread")
    record.pool.free_in(record, stream)


def after_wait(context: Context) -> None:
    """Give back what pools hold above their release threshold; called after every synchronisation.

    A destroyed pool has no device of its own any more whose waits could be meant: every one looks at it.
    """
    for pool in list(_pools):
        threshold = pool.settings[RELEASE_THRESHOLD]
        meant = pool.device is context.device or pool.destroyed
        if meant and pool.reserved_bytes > threshold and pool.reserved_bytes > pool.used_bytes:
            pool.trim(threshold)


def release_all(device: Device) -> int:
    """Give back everything that pools of `device` hold and nobody uses; bytes given back."""
    return sum(pool.trim(0) for pool in list(_pools) if pool.device is device)
