"""Memory with a label, so that another process can tell what it was given.

A shareable backing begins with a front of FRONT_BYTES, whose first page holds the label; the memory follows. The label
has a secret of its own, which a handle repeats: a process number and a descriptor that meanwhile mean something else
are noticed. Layout of the label, little endian: magic (16 bytes), secret (16), kind, location type, location id, handle
types (4 bytes each), bytes of memory (8), process (8).
"""

from __future__ import annotations

import os
from struct import Struct
from typing import NamedTuple

from compatlayer.backends.base import BackendError, BadArgument
from compatlayer.backends.mapping import Backing, Mapper
from compatlayer.core.device import Device
from compatlayer.errors import CudaError, Status

PHYSICAL, POOL, ALLOCATION, EVENT = 1, 2, 3, 4  # what is behind the front
FRONT_BYTES = 2 << 20  # so that what follows is aligned as mappings are
LOCATION_DEVICE = 1  # CU_MEM_LOCATION_TYPE_DEVICE
POSIX_DESCRIPTOR = 1  # CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR
HANDLE_TYPES = 0xF  # the documented ones
_MAGIC = b"compatlayer 1\0\0\0"
_LABEL = Struct("<16s16sIiiIQQ")


class Label(NamedTuple):
    """What a backing says of itself."""

    kind: int
    location: tuple[int, int]  # CUmemLocationType and id, as the maker said them
    handle_types: int
    size_bytes: int
    secret: bytes
    process: int


def mapper_of(device: Device) -> Mapper:
    """The device's mapper; NOT_SUPPORTED when it has none."""
    mapper = device.hardware.mapper
    if mapper is None:
        raise CudaError(Status.NOT_SUPPORTED, f"{device} can neither map memory at reserved addresses nor share it")
    return mapper


def label_for(kind: int, size_bytes: int, location: tuple[int, int], handle_types: int) -> Label:
    """A label of this process with a new secret."""
    return Label(kind, location, handle_types, size_bytes, os.urandom(16), os.getpid())


def create(mapper: Mapper, label: Label) -> Backing:
    """Memory that begins with `label`; OUT_OF_MEMORY without."""
    try:
        backing = mapper.create("compatlayer shared memory", FRONT_BYTES + label.size_bytes)
    except BackendError as error:
        raise CudaError(Status.OUT_OF_MEMORY, str(error)) from None
    write(backing, label)
    return backing


def write(backing: Backing, label: Label) -> None:
    """Label memory that has its front already."""
    data = _LABEL.pack(_MAGIC, label.secret, label.kind, *label.location, label.handle_types, label.size_bytes,
                       label.process)
    backing.write(0, data)


def read(backing: Backing) -> Label | None:
    """The label; None when the memory is not one of ours, or shorter than its label says."""
    try:
        data = backing.read(0, _LABEL.size)
    except OSError:
        return None
    if len(data) != _LABEL.size:
        return None
    magic, secret, kind, where, ident, handle_types, size_bytes, process = _LABEL.unpack(data)
    if magic != _MAGIC or backing.size_bytes < FRONT_BYTES + size_bytes:
        return None
    return Label(kind, (where, ident), handle_types, size_bytes, secret, process)


def descriptor_of(backing: Backing) -> int:
    """The file of memory that is to be shared; INVALID_VALUE when another thread gives it back at this moment."""
    try:
        return backing.descriptor()
    except BackendError as error:
        raise CudaError(Status.INVALID_VALUE, f"the memory cannot be shared: {error}") from None


def open_descriptor(mapper: Mapper, descriptor: int, kind: int) -> tuple[Backing, Label]:
    """What another process exported as a file descriptor; the caller's descriptor stays open."""
    try:
        backing = mapper.open(descriptor)
    except BadArgument as error:
        raise CudaError(Status.INVALID_VALUE, str(error)) from None
    label = read(backing)
    if label is None or label.kind != kind:
        backing.close()
        raise CudaError(Status.INVALID_VALUE, f"file descriptor {descriptor} was not exported by compatlayer for this "
                                              "purpose")
    return backing, label


def open_of_process(mapper: Mapper, process: int, descriptor: int, secret: bytes, kind: int) -> tuple[Backing, Label]:
    """What another process shared by its number; INVALID_HANDLE when that is gone."""
    try:
        backing = mapper.open_of(process, descriptor)
    except BadArgument as error:
        raise CudaError(Status.INVALID_HANDLE, str(error)) from None
    label = read(backing)
    if label is None or label.kind != kind or label.secret != secret:
        backing.close()
        raise CudaError(Status.INVALID_HANDLE, f"process {process} ended or gave the memory back: its descriptor "
                                               f"{descriptor} is something else now")
    return backing, label


def device_of(label: Label, here: Device, devices: tuple[Device, ...]) -> Device:
    """The device that memory of another process is of: the one of the same number, or `here` where none has it."""
    kind, ident = label.location
    return devices[ident] if kind == LOCATION_DEVICE and 0 <= ident < len(devices) else here


def check_handle_type(handle_type: int, what: str) -> None:
    """Of the ways to share between processes, file descriptors are there."""
    if handle_type == POSIX_DESCRIPTOR:
        return
    if handle_type & ~HANDLE_TYPES or handle_type == 0:
        raise CudaError(Status.INVALID_VALUE, f"handle type {handle_type} of {what} is not known")
    raise CudaError(Status.NOT_SUPPORTED, f"{what} of handle type {handle_type}: only POSIX file descriptors (1) are "
                                          "there; Windows handles and fabric handles need what this machine has not")
