"""User object functions of the driver API."""

from __future__ import annotations

from typing import Any

from compatlayer.api.entry import entry
from compatlayer.core import handles
from compatlayer.core.user_object import UserObject
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.graph_values import graph_of
from compatlayer.frontends.driver.values import number, pointer

NO_DESTRUCTOR_SYNC, MOVE = 1, 1  # CUuserObject_flags, CUuserObjectRetain_flags


def object_of(handle: Any) -> UserObject:
    """The user object behind a handle."""
    return handles.get(number(handle), UserObject)


def _checked(count: int) -> int:
    if not 0 < count < 1 << 31:
        raise CudaError(Status.INVALID_VALUE, f"{count} references; give at least one and less than 2^31")
    return count


@entry("cuUserObjectCreate")
def create_object(object_out, ptr, destroy, initialRefcount, flags):
    if flags != NO_DESTRUCTOR_SYNC or not destroy:
        raise CudaError(Status.INVALID_VALUE, "a user object needs a destructor and CU_USER_OBJECT_NO_DESTRUCTOR_SYNC, "
                                              f"the flags given are {flags}")
    object_out[0] = pointer(UserObject(lambda: destroy(ptr), _checked(initialRefcount)).handle)


@entry("cuUserObjectRetain")
def retain_object(object, count):
    object_of(object).retain(_checked(count))


@entry("cuUserObjectRelease")
def release_object(object, count):
    object_of(object).release(_checked(count))


@entry("cuGraphRetainUserObject")
def keep_object(graph, object, count, flags):
    if flags & ~MOVE:
        raise CudaError(Status.INVALID_VALUE, f"user object flags {flags:#x} are not known")
    owner, thing = graph_of(graph), object_of(object)
    if not flags & MOVE:
        thing.retain(_checked(count))
    else:
        thing.own(_checked(count))
    owner.keep(thing, count)


@entry("cuGraphReleaseUserObject")
def let_object_go(graph, object, count):
    graph_of(graph).let_go(object_of(object), _checked(count))
