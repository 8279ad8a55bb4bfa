"""`compatlayer devices`: the devices that programs are shown."""

from __future__ import annotations

import argparse
import os

from compatlayer.cli.command import complain
from compatlayer.cli.table import columns
from compatlayer.launcher import environment

SUMMARY = "list the devices that programs are shown"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--backends", action="store_true", help="show the state of every backend instead")
    parser.add_argument("--devices", metavar="SPEC", help="as COMPATLAYER_DEVICES: cpu, cpu:2, ...")


def main(arguments: argparse.Namespace) -> int:
    from compatlayer.core.runtime import state
    from compatlayer.errors import CudaError

    if arguments.backends:
        return _backends()
    if arguments.devices is not None:
        os.environ[environment.DEVICES] = arguments.devices
    try:
        state.initialize(0)
    except CudaError as error:
        return complain(error.text)
    rows = [("no.", "name", "backend", "capability", "memory", "units", "UUID")]
    for device in state.devices:
        caps = device.caps
        capability = ".".join(str(part) for part in device.capability)
        memory = f"{caps.memory_bytes / 2**30:.1f} GiB"
        rows.append(
            (str(device.ordinal), caps.name, caps.target, capability, memory, str(caps.compute_units), caps.uuid.hex())
        )
    print(columns(rows))
    return 0


def _backends() -> int:
    """Each backend that can be named in COMPATLAYER_DEVICES, and whether it works here."""
    from compatlayer.backends import opencl, vendor

    rows = [("name", "devices of", "state"), ("cpu", "this machine's processor", "works")]
    print(columns([*rows, *opencl.states(), *vendor.states()]))
    return 0
