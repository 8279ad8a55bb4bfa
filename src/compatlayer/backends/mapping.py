"""Memory apart from addresses: bytes that can be mapped at reserved addresses, twice, or in several processes.

A backend offers it as `Device.mapper`; one without answers None there, and core says NOT_SUPPORTED.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from compatlayer.backends.base import Allocation, MemoryKind, Queue


class Backing(ABC):
    """Bytes of no address. Those who mapped them keep them after close(); nobody can make them fewer."""

    size_bytes: int

    @abstractmethod
    def descriptor(self) -> int:
        """A file descriptor that stands for them, to be lent to other processes; close() closes it."""

    @abstractmethod
    def read(self, offset: int, size_bytes: int) -> bytes: ...

    @abstractmethod
    def write(self, offset: int, data: bytes) -> None: ...

    @abstractmethod
    def discard(self, offset: int, size_bytes: int) -> None:
        """Give the memory behind some of the bytes back; they are zero again. Whole pages."""

    @abstractmethod
    def close(self) -> None:
        """Twice is fine."""


class Mapper(ABC):
    """Makes backings and maps them. Offsets, addresses and sizes of mappings are whole pages (`page_bytes`)."""

    page_bytes: int
    granularity_bytes: int  # what addresses and sizes of mappings should be multiples of
    READ: ClassVar[int] = 1
    READ_WRITE: ClassVar[int] = 3

    @abstractmethod
    def create(self, name: str, size_bytes: int) -> Backing:
        """Zeros. Memory is taken as they are written. `name` is for those who look at the process."""

    @abstractmethod
    def open(self, descriptor: int) -> Backing:
        """The bytes behind a descriptor, which the caller keeps; BadArgument when it stands for none."""

    @abstractmethod
    def open_of(self, process: int, descriptor: int) -> Backing:
        """The bytes behind a descriptor of another process of this user; BadArgument when they are gone."""

    @abstractmethod
    def alloc(self, backing: Backing, offset: int, size_bytes: int, kind: MemoryKind, inner: int = 0) -> Allocation:
        """An allocation that begins `inner` bytes (less than a page) behind `offset`; Device.free() ends it."""

    @abstractmethod
    def share(self, base: int, name: str, front_bytes: int) -> tuple[Backing, int]:
        """Move an allocation, in use or not, to a new backing behind `front_bytes` of zeros; answers where it begins.

        BadArgument when it cannot be moved, or was."""

    @abstractmethod
    def charge(self, size_bytes: int) -> None:
        """Count bytes as used on the device, as an allocation does; OutOfMemory when it has not so many."""

    @abstractmethod
    def discharge(self, size_bytes: int) -> None: ...

    @abstractmethod
    def reserve(self, size_bytes: int, alignment_bytes: int, wanted: int) -> int:
        """Addresses for mappings, at `wanted` when that is free and not 0."""

    @abstractmethod
    def release(self, base: int) -> None:
        """BadArgument while something is mapped there."""

    @abstractmethod
    def map(self, address: int, size_bytes: int, backing: Backing, offset: int) -> Allocation:
        """Nobody may touch it before protect(). BadArgument when it is not free reserved addresses."""

    @abstractmethod
    def unmap(self, address: int) -> None:
        """The whole mapping that begins at `address`."""

    @abstractmethod
    def protect(self, address: int, access: int) -> None:
        """What may be done with the whole mapping that begins at `address`: 0, READ or READ_WRITE."""

    @abstractmethod
    def next_number(self, address: int) -> int:
        """Add 1 to a word of 8 bytes that other processes change too, and answer it."""

    @abstractmethod
    def number(self, address: int) -> int:
        """A word of 8 bytes that other processes change."""

    @abstractmethod
    def wait_for_number(self, queue: Queue, address: int, number: int, writer: int) -> None:
        """Have later work of `queue` start once the word at `address` has reached `number`.

        The process whose number stands in the word at `writer` writes it; when that ends first, the queue's domain has
        a fault (FaultKind.WRITER).
        """

    @abstractmethod
    def process_lives(self, process: int) -> bool:
        """Whether a process of this machine can still do anything."""
