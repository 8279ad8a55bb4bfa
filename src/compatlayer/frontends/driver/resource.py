"""Device resources of the driver API.

A CUdevResource carries what core knows of it in the bytes that CUDA keeps for itself: a mark, the device, the range of
units, the split that made it and its role there. The caller owns the structure.
"""

from __future__ import annotations

import struct
from typing import Any

from compatlayer._native import ffi
from compatlayer.api.entry import entry
from compatlayer.core import resource as core
from compatlayer.core.context import current
from compatlayer.core.resource import Group, Units, Work
from compatlayer.core.runtime import state
from compatlayer.core.stream import resolve
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import context_and_view, current_green, green_of, number, pointer

INVALID, SM, WORK_CONFIG, WORK = 0, 1, 1000, 10000  # CUdevResourceType
IGNORE_COSCHEDULING = 1
BACKFILL = 1
LOCALITY = 2 | 4
MARK = 0xC0_9A_7E_11
_HIDDEN = struct.Struct("<IiIIQI")
_BYTES = 92


@entry("cuDeviceGetDevResource")
def of_device(device, resource, type):
    shown = state.device(device)
    if type == SM:
        _put_units(resource, core.whole(shown))
    else:
        _put_work(resource, type, Work(shown, shown.caps.compute_units, 0))


@entry("cuCtxGetDevResource", optional=("hCtx",))
def of_context(hCtx, resource, type):
    context, view = context_and_view(hCtx) if hCtx else (current(), None)
    green = view.green if view is not None else None if hCtx else current_green()
    if green is not None:
        _of_green(green, resource, type)
    elif type == SM:
        _put_units(resource, core.whole(context.device))
    else:
        _put_work(resource, type, Work(context.device, context.device.caps.compute_units, 0))


@entry("cuGreenCtxGetDevResource")
def of_green(hCtx, resource, type):
    _of_green(green_of(hCtx), resource, type)


@entry("cuStreamGetDevResource", optional=("hStream",))
def of_stream(hStream, resource, type):
    stream = resolve(number(hStream))
    if type != SM:
        raise CudaError(Status.INVALID_RESOURCE_TYPE, f"a stream has no resources of type {type}")
    if stream.green is not None:
        _of_green(stream.green, resource, type)
    else:
        _put_units(resource, core.whole(stream.context.device))


def _of_green(green: Any, resource: Any, kind: int) -> None:
    device = green.context.device
    if kind == SM:
        first = min(green.units)
        units = Units(device, first, first + len(green.units))
        _put_units(resource, units)
    else:
        _put_work(resource, kind, green.work)


@entry("cuDevSmResourceSplitByCount", optional=("result", "remainder"))
def split_by_count(result, nbGroups, input, remainder, flags, minCount):
    if flags & ~IGNORE_COSCHEDULING:
        raise CudaError(Status.INVALID_VALUE, f"split flags {flags:#x} are not known, or need compute capability 9.0")
    source = _units(input)
    groups, left = core.split_evenly(source, int(nbGroups[0]) if result else None, minCount,
                                     bool(flags & IGNORE_COSCHEDULING))
    nbGroups[0] = len(groups)
    if result:
        for index, group in enumerate(groups):
            _put_units(result + index, group)
        _put_remainder(remainder, left)


@entry("cuDevSmResourceSplit", optional=("result", "remainder"))
def split(result, nbGroups, input, remainder, flags, groupParams):
    if flags != 0 or nbGroups == 0:
        raise CudaError(Status.INVALID_VALUE, f"{nbGroups} groups with flags {flags:#x}: there must be a group, and "
                                              "flags must be 0")
    source = _units(input)
    wanted = [_group(source, groupParams[index]) for index in range(nbGroups)]
    groups, left = core.split(source, wanted, simulate=not result)
    for index, group in enumerate(groups):
        groupParams[index].smCount = group.number
        if result:
            _put_units(result + index, group)
    if result:
        _put_remainder(remainder, left)


def _group(source: Units, asked: Any) -> Group:
    if asked.flags & ~(BACKFILL | LOCALITY):
        raise CudaError(Status.INVALID_VALUE, f"group flags {asked.flags:#x} are not known")
    if asked.flags & LOCALITY:
        raise CudaError(Status.INVALID_RESOURCE_CONFIGURATION, "the device has no locality domains "
                                                               "(CU_DEVICE_ATTRIBUTE_LOCALITY_DOMAIN_COUNT is 0)")
    step = core.alignment(source.device)
    together = asked.coscheduledSmCount or step
    backfill = bool(asked.flags & BACKFILL)
    if together > core.ALIGNMENT or asked.preferredCoscheduledSmCount > core.ALIGNMENT:
        raise CudaError(Status.INVALID_VALUE, f"at most {core.ALIGNMENT} units are scheduled together, not {together}")
    if asked.smCount and (asked.smCount % step or (asked.smCount % together and not backfill)
                          or asked.smCount > source.number):
        raise CudaError(Status.INVALID_RESOURCE_CONFIGURATION, f"a group of {asked.smCount} units: it must be a "
                                                               f"multiple of {together}, at most {source.number}")
    return Group(asked.smCount, together, backfill)


@entry("cuDevResourceGenerateDesc")
def generate_description(phDesc, resources, nbResources):
    if nbResources == 0:
        raise CudaError(Status.INVALID_VALUE, "a descriptor of no resources")
    phDesc[0] = pointer(core.Description([_part(resources[index]) for index in range(nbResources)]).handle)


def _part(resource: Any) -> Units | Work:
    if resource.type == SM:
        return _units(ffi.addressof(resource))
    if resource.type == WORK_CONFIG:
        asked = resource.wqConfig
        if asked.sharingScope not in (0, 1) or asked.wqConcurrencyLimit == 0:
            raise CudaError(Status.INVALID_RESOURCE_CONFIGURATION, f"work queues of scope {asked.sharingScope}, "
                                                                   f"{asked.wqConcurrencyLimit} at once")
        return Work(state.device(asked.device), asked.wqConcurrencyLimit, asked.sharingScope)
    if resource.type == WORK:
        device = _hidden(resource)[1]
        return Work(device, device.caps.compute_units, 0)
    raise CudaError(Status.INVALID_RESOURCE_TYPE, f"device resources of type {resource.type} are not known")


def _put_units(resource: Any, units: Units) -> None:
    ffi.memmove(resource, bytes(ffi.sizeof("CUdevResource")), ffi.sizeof("CUdevResource"))
    _hide(resource, units)
    resource.type = SM
    resource.sm.smCount = units.number
    resource.sm.minSmPartitionSize = resource.sm.smCoscheduledAlignment = core.alignment(units.device)


def _put_remainder(resource: Any, left: Units | None) -> None:
    if not resource:
        return
    if left is not None:
        _put_units(resource, left)
    else:
        ffi.memmove(resource, bytes(ffi.sizeof("CUdevResource")), ffi.sizeof("CUdevResource"))


def _put_work(resource: Any, kind: int, work: Work) -> None:
    if kind not in (WORK_CONFIG, WORK):
        raise CudaError(Status.INVALID_RESOURCE_TYPE, f"device resources of type {kind} are not known")
    ffi.memmove(resource, bytes(ffi.sizeof("CUdevResource")), ffi.sizeof("CUdevResource"))
    _hide(resource, core.whole(work.device))
    resource.type = kind
    if kind == WORK_CONFIG:
        resource.wqConfig.device = work.device.ordinal
        resource.wqConfig.wqConcurrencyLimit = work.limit
        resource.wqConfig.sharingScope = work.scope


def _hide(resource: Any, units: Units) -> None:
    data = _HIDDEN.pack(MARK, units.device.ordinal, units.first, units.end, units.split, units.role)
    ffi.memmove(resource._internal_padding, data.ljust(_BYTES, b"\0"), _BYTES)


def _hidden(resource: Any) -> tuple[Any, ...]:
    mark, ordinal, *rest = _HIDDEN.unpack(bytes(ffi.buffer(resource._internal_padding, _HIDDEN.size)))
    if mark != MARK:
        raise CudaError(Status.INVALID_RESOURCE_TYPE, "the device resource did not come from CUDA")
    return mark, state.device(ordinal), *rest


def _units(resource: Any) -> Units:
    """The units that a resource of the caller stands for."""
    if not resource or resource.type != SM:
        raise CudaError(Status.INVALID_RESOURCE_TYPE if resource else Status.INVALID_VALUE,
                        "an SM resource is needed (CU_DEV_RESOURCE_TYPE_SM)")
    _, device, first, end, split, role = _hidden(resource)
    if not 0 <= first < end <= device.caps.compute_units or role > core.REMAINDER:
        raise CudaError(Status.INVALID_RESOURCE_CONFIGURATION, "the SM resource was changed by the program")
    return Units(device, first, end, split, role)
