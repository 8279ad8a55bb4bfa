"""What a backend offers, in CUDA-free terms; a backend's author need not know CUDA.

Everything CUDA-specific (context stack, default-stream rules, pools, handles, graphs) is core's. A backend is
found by dropping a file into this package, or through the entry-point group ``compatlayer.backends``.
See docs/backends.md for a guide.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # the compiler is loaded with the first image
    from compatlayer.backends.graph import GraphLayout, PreparedGraph
    from compatlayer.backends.mapping import Mapper
    from compatlayer.compiler.image import KernelInfo, NativeImage


class BackendError(Exception):
    """A backend could not do what was asked; core turns it into a status."""


class OutOfMemory(BackendError):
    """The device has no room; nothing was allocated."""


class DomainFaulted(BackendError):
    """The domain holds a sticky fault; nothing was enqueued."""


class BadArgument(BackendError):
    """An argument is out of range or unmapped; nothing happened."""


class Unsupported(BackendError):
    """This device cannot do what was asked; nothing happened."""


class MemoryKind(Enum):
    """Who may touch an allocation without a copy."""

    DEVICE = 0
    HOST = 1  # pinned host memory
    MANAGED = 2
    MODULE = 3  # a global variable of a loaded program
    REGISTERED = 4  # host memory that the program owns
    MAPPED = 5  # reserved addresses with something mapped there (backends/mapping.py)


class FaultKind(Enum):
    """Why a device stopped a domain's work."""

    ADDRESS = 1
    ASSERT = 2
    TRAP = 3
    BARRIER = 4
    STACK = 5
    INSTRUCTION = 6
    MEMORY = 7
    COPY = 8
    TIMEOUT = 9
    WRITER = 10  # the process that was to write a value that a queue waits for


class Fault(NamedTuple):
    """A sticky device fault; `message` is one sentence for the user (kernel, thread, block, source line)."""

    kind: FaultKind
    message: str


class DeviceCaps(NamedTuple):
    """What a device is and can do; plain constant data."""

    name: str
    target: str  # a file of compiler/targets
    uuid: bytes  # 16 bytes, stable for this device on this machine
    memory_bytes: int
    compute_units: int
    clock_khz: int
    memory_clock_khz: int
    memory_bus_bits: int
    l2_bytes: int
    warp_size: int
    max_block_threads: int
    max_block_dim: tuple[int, int, int]
    max_grid_dim: tuple[int, int, int]
    shared_bytes: int  # per block, default
    shared_optin_bytes: int  # per block, after opting in
    constant_bytes: int
    max_args_bytes: int
    raw_pointers: bool  # device pointers are host addresses
    integrated: bool
    cooperative: bool  # all blocks of a grid can be resident at once


class Allocation(NamedTuple):
    """A live range of memory. `base` and `size_bytes` in bytes; `id` is never used twice."""

    base: int
    size_bytes: int
    id: int
    ordinal: int
    kind: MemoryKind


class Box(NamedTuple):
    """A 3-D copy: `depth` slices of `height` rows of `width_bytes`."""

    destination: int
    source: int
    width_bytes: int
    height: int = 1
    depth: int = 1
    destination_pitch: int = 0
    source_pitch: int = 0
    destination_slice: int = 0
    source_slice: int = 0


class Shape(NamedTuple):
    """A launch: grid and block in blocks and threads."""

    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    dynamic_shared_bytes: int = 0
    cooperative: bool = False


class Comparison(Enum):
    """When a value in memory is as wanted."""

    GEQ = 0  # at or after the wanted value in cyclic order
    EQ = 1
    AND = 2  # they have a bit in common
    NOR = 3  # a bit is set in neither


class Change(Enum):
    """What happens to a value in memory; all but SET combine the old value with the given one atomically."""

    SET = 0
    ADD = 1
    AND = 2
    OR = 3
    REACH = 4  # SET, and done also when a fault makes the work before it be skipped


class Snapshot(NamedTuple):
    """Bytes kept at `address` for as long as this object lives."""

    address: int
    owner: object


class Fence(ABC):
    """A point in a queue's work."""

    @abstractmethod
    def done(self) -> bool: ...

    @abstractmethod
    def wait(self, timeout_s: float) -> bool:
        """Wait at most `timeout_s` seconds without the GIL; True when done."""

    @abstractmethod
    def time_s(self) -> float:
        """Device time in seconds at which the fence was reached (meaningful as differences)."""

    @abstractmethod
    def close(self) -> None: ...


def wait_for(fence: Fence) -> None:
    """Wait on a thread that has nothing else to do."""
    while not fence.wait(1.0):
        pass


class Kernel(ABC):
    """A launchable entry of a program."""

    info: KernelInfo

    @abstractmethod
    def prepare(self, block: tuple[int, int, int]) -> None:
        """Before each launch with blocks of that size: compile what it needs. May take a second the first time.

        Any thread may call it, holding no lock. Raises the compiler's CompilerError, or BackendError when what was
        compiled cannot be loaded."""


class Program(ABC):
    """Loaded code. Lives until close(); no launch of it may be pending then."""

    @abstractmethod
    def kernel(self, name: str) -> Kernel: ...

    @abstractmethod
    def symbol(self, name: str) -> Allocation: ...

    @abstractmethod
    def close(self) -> None: ...


class Queue(ABC):
    """In-order work beside the host. No call waits unless it says so."""

    @abstractmethod
    def copy(self, box: Box) -> None: ...

    @abstractmethod
    def fill(self, destination: int, pattern: int, element_bytes: int, width: int, height: int = 1,
             pitch_bytes: int = 0) -> None: ...

    @abstractmethod
    def watch(self, address: int, element_bytes: int, comparison: Comparison, value: int) -> None:
        """Later work starts once the value of 4 or 8 bytes at `address` is as wanted; nothing is busy meanwhile."""

    @abstractmethod
    def store(self, address: int, element_bytes: int, change: Change, value: int) -> None:
        """Change the value of 4 or 8 bytes at `address`."""

    @abstractmethod
    def launch(self, kernel: Kernel, shape: Shape, args: bytes) -> None: ...

    @abstractmethod
    def call(self, function: Callable[[], None]) -> None:
        """Run `function` on the host-callback thread, in order."""

    @abstractmethod
    def call_pointer(self, function: int, data: int) -> None:
        """Run the C function `void (*)(void *)` at address `function` with `data`, in order."""

    @abstractmethod
    def signal(self) -> Fence: ...

    @abstractmethod
    def wait(self, fence: Fence) -> None: ...

    @abstractmethod
    def idle(self) -> bool: ...

    @abstractmethod
    def drain(self, timeout_s: float) -> bool:
        """Wait at most `timeout_s` seconds, without the GIL, until all enqueued work is done; True when it is."""

    @abstractmethod
    def restrict(self, units: Collection[int]) -> None:
        """Before the first work: only these of the device's compute units, counted from 0, run it."""

    @abstractmethod
    def close(self) -> None:
        """The owner is done with the queue. Work already enqueued still runs, and waits for it stay valid."""


class DoorRole(Enum):
    """Which work comes after which: BARRIER and JOINED work after all of each other so far, FREE work after neither."""

    FREE = 0
    JOINED = 1
    BARRIER = 2


class Launchable(NamedTuple):
    """What a direct launch of a kernel is checked against; anything else is core's to judge."""

    kernel: Kernel
    max_grid: tuple[int, int, int]
    max_block: tuple[int, int, int]
    max_threads: int
    max_dynamic_shared_bytes: int


class Door(ABC):
    """Lets callers of the C interface launch on a queue without core, while core holds it open.

    Core takes a ticket, orders and enqueues a launch of its own, and opens the door with the ticket. The door is
    passable until work is enqueued that its launches would have to come after.
    """

    @abstractmethod
    def launches(self) -> int:
        """Direct launches so far; counted before the caller's launch returns."""

    @abstractmethod
    def ticket(self) -> int: ...

    @abstractmethod
    def open(self, ticket: int) -> None:
        """Nothing happens when the door was shut after the ticket."""

    @abstractmethod
    def shut(self) -> None:
        """Afterwards launches() stays as it is until core opens the door again."""

    @abstractmethod
    def end(self) -> None:
        """Shut for ever; callers no longer know the queue."""


class Doors(ABC):
    """The doors of one domain's queues, and the kernels that callers may launch through them."""

    @abstractmethod
    def door(self, queue: Queue, role: DoorRole, handle: int) -> Door | None:
        """A shut door to the queue that callers call `handle`; 0: the one that a thread enters. None: no memory."""

    @abstractmethod
    def changed(self, role: DoorRole) -> None:
        """Core enqueued work on a queue of `role` itself."""

    @abstractmethod
    def accept(self, handle: int, facts: Launchable, needs_domain: bool) -> None:
        """Let callers launch by `handle`; only threads that entered these doors when `needs_domain`."""

    @abstractmethod
    def forget(self, handle: int) -> tuple[int, int, int] | None:
        """No launch by `handle` from now on; the block shape that callers left for it, if any."""

    @abstractmethod
    def take_block(self, handle: int) -> tuple[int, int, int] | None:
        """The block shape that callers left for `handle` since the last call, if any."""

    @abstractmethod
    def accept_graph(self, handle: int, graph: PreparedGraph) -> None:
        """Let callers start a graph without fences by `handle`."""

    @abstractmethod
    def forget_graph(self, handle: int) -> None:
        """Before the graph that was accepted ends, or stops to be what `handle` means."""

    @abstractmethod
    def enter(self) -> None:
        """For the calling thread, handle 0 is the BARRIER queue of this domain."""

    @abstractmethod
    def leave(self) -> None:
        """For the calling thread, handle 0 is unknown."""

    @abstractmethod
    def end(self) -> None:
        """No door is passable from now on."""


class Domain(ABC):
    """Queues that share one fate: a fault in one stops all of them, and stays until the domain is closed."""

    @abstractmethod
    def queue(self, priority: int) -> Queue: ...

    @abstractmethod
    def fault(self) -> Fault | None: ...

    @abstractmethod
    def limit(self, name: str) -> int:
        """`name` is stack, printf or heap: bytes; or launches: how many may wait for a kernel's end."""

    @abstractmethod
    def set_limit(self, name: str, size_bytes: int) -> None: ...

    @abstractmethod
    def end_waits(self) -> None:
        """Before the end: from now on a wait for a value is given up, with all that comes after it in its queue, once
        no queue of the domain has anything running."""

    def doors(self) -> Doors | None:
        """The doors of this domain, made anew; None when the backend has no direct launches."""
        return None

    @abstractmethod
    def close(self) -> None: ...


class Device(ABC):
    """An opened device."""

    caps: DeviceCaps
    ordinal: int
    mapper: Mapper | None = None  # None: memory cannot be mapped twice or shared between processes

    @abstractmethod
    def domain(self) -> Domain: ...

    @abstractmethod
    def alloc(self, size_bytes: int, kind: MemoryKind, alignment_bytes: int = 512) -> Allocation: ...

    @abstractmethod
    def free(self, base: int) -> None: ...

    @abstractmethod
    def adopt(self, base: int, size_bytes: int, kind: MemoryKind) -> None:
        """Record memory that the program owns; free() forgets it."""

    @abstractmethod
    def find(self, address: int) -> Allocation | None:
        """The live allocation (of any device of this backend) that contains `address`."""

    @abstractmethod
    def used_bytes(self) -> int: ...

    @abstractmethod
    def load(self, image: NativeImage) -> Program:
        """Load a compiler NativeImage."""

    @abstractmethod
    def graph(self, layout: GraphLayout, before: PreparedGraph | None) -> PreparedGraph:
        """A graph whose nodes do nothing yet. Its starts come after those of `before`."""

    @abstractmethod
    def fence(self) -> Fence:
        """One that a start of a graph will reach."""

    @abstractmethod
    def copy_now(self, box: Box) -> None:
        """Copy on the calling thread, without the GIL; BadArgument when a side is not mapped."""

    @abstractmethod
    def fill_now(self, destination: int, pattern: int, element_bytes: int, width: int) -> None:
        """Fill `width` elements inside one live allocation on the calling thread."""

    @abstractmethod
    def snapshot(self, address: int, size_bytes: int) -> Snapshot:
        """The bytes that are at a host address now, so that a queue can copy them later."""


class Sensors(NamedTuple):
    """What a device's sensors show now; None: the machine does not show it."""

    temperature_c: float | None = None
    slowdown_c: float | None = None  # from there the device is made slower
    shutdown_c: float | None = None
    power_w: float | None = None
    energy_j: float | None = None  # since some moment
    power_limit_w: float | None = None
    most_power_limit_w: float | None = None
    clock_mhz: int | None = None
    most_clock_mhz: int | None = None


class Backend(ABC):
    """A kind of device."""

    name: str

    def sensors(self, ordinal: int) -> Sensors:
        """What the device's sensors show; need not open it, and may wait for 20 ms. Never raises."""
        return Sensors()

    def chosen(self, choice: str) -> list[int] | None:
        """The numbers of the devices that `choice` means, which stands behind the backend's name and a colon; None: a
        number there is a count."""
        return None

    def missing(self) -> list[str]:
        """Sentences about what is installed and cannot be used, or is not installed."""
        return []

    @abstractmethod
    def devices(self) -> list[DeviceCaps]:
        """Never raises; empty if library or hardware is missing."""

    @abstractmethod
    def open(self, ordinal: int) -> Device: ...
