"""Graph memory functions of the driver API."""

from __future__ import annotations

from compatlayer.api.entry import entry
from compatlayer.core import graph_memory as core
from compatlayer.core.runtime import state
from compatlayer.frontends.driver.values import load, store


@entry("cuDeviceGetGraphMemAttribute")
def get_attribute(device, attr, value):
    store(value, 8, core.attribute(state.device(device), int(attr)))


@entry("cuDeviceSetGraphMemAttribute")
def set_attribute(device, attr, value):
    core.reset_high(state.device(device), int(attr), load(value, 8))


@entry("cuDeviceGraphMemTrim")
def trim(device):
    core.usage(state.device(device)).trim()
