"""Pointer attribute functions of the driver API."""

from __future__ import annotations

from compatlayer.api.entry import entry
from compatlayer.core import pointer as core
from compatlayer.errors import CudaError, Status
from compatlayer.frontends.driver.values import any_device, load, store


@entry("cuPointerGetAttribute")
def get_attribute(data, attribute, ptr):
    value = core.attribute(any_device(), attribute, ptr)
    store(data, core.WIDTHS[attribute], value)


@entry("cuPointerGetAttributes")
def get_attributes(numAttributes, attributes, data, ptr):
    device = any_device()
    for index in range(numAttributes):
        number = attributes[index]
        value = core.attribute_or_null(device, number, ptr)
        store(data[index], core.WIDTHS[number], value)


@entry("cuPointerSetAttribute")
def set_attribute(value, attribute, ptr):
    if attribute != core.SYNC_MEMOPS:
        raise CudaError(Status.INVALID_VALUE, f"pointer attribute {attribute} cannot be set")
    core.set_sync_memops(any_device(), ptr, load(value, 4) != 0)
