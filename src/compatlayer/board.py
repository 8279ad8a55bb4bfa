"""The boards that COMPATLAYER_PROFILE names: what programs are told that they run on.

Figures are those of NVIDIA's public data sheets of the modules and of the programming guide's table of compute
capabilities; the texts of the files are those that Jetson Linux shows on the developer kits.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

VARIABLE = "COMPATLAYER_PROFILE"
# Jetson Linux, by the generation of TensorRT that came with it: JetPack 6.2 has 10.3, JetPack 6.0 has 8.6.2.
_RELEASES = {"10": ("4.3", "38968081", "Wed Jan  8 01:49:37 UTC 2025"),
             "8": ("3.0", "36106755", "Thu Apr 25 03:14:05 UTC 2024")}


class Board(NamedTuple):
    """One board. Memory in bytes, clocks in kHz; `model` and `compatible` are the device tree's."""

    name: str  # of the device, in CUDA
    monitor_name: str  # of the device, in NVML
    capability: tuple[int, int]
    memory_bytes: int
    compute_units: int
    clock_khz: int
    memory_clock_khz: int
    memory_bus_bits: int
    l2_bytes: int
    shared_optin_bytes: int  # the most of one block
    model: str
    compatible: tuple[str, ...]


def _orin(memory_gib: int, units: int, clock_mhz: int, memory_mhz: int, bus_bits: int, model: str, carrier: str,
          module: str) -> Board:
    return Board(
        name="Orin", monitor_name="Orin (nvgpu)", capability=(8, 7), memory_bytes=memory_gib << 30,
        compute_units=units, clock_khz=clock_mhz * 1000, memory_clock_khz=memory_mhz * 1000,
        memory_bus_bits=bus_bits, l2_bytes=4 << 20, shared_optin_bytes=163 << 10, model=f"NVIDIA Jetson {model}",
        compatible=(f"nvidia,{carrier}+{module}", f"nvidia,{module}", "nvidia,tegra234"))


_KIT = "Developer Kit"
_ENGINEERING = "Engineering Reference Developer Kit"
BOARDS = {
    "orin-agx-64": _orin(64, 16, 1300, 3200, 256, f"AGX Orin {_KIT}", "p3737-0000", "p3701-0005"),
    "orin-agx-32": _orin(32, 14, 930, 3200, 256, f"AGX Orin {_KIT}", "p3737-0000", "p3701-0004"),
    "orin-nx-16": _orin(16, 8, 918, 3200, 128, f"Orin NX {_ENGINEERING}", "p3768-0000", "p3767-0000"),
    "orin-nano-8": _orin(8, 8, 625, 2133, 128, f"Orin Nano {_KIT}", "p3768-0000", "p3767-0005"),
}


class UnknownBoard(ValueError):
    """COMPATLAYER_PROFILE names none: one sentence."""


def chosen(environment: Mapping[str, str] = os.environ) -> Board | None:
    """The board that COMPATLAYER_PROFILE names; None where it is not set. Raises UnknownBoard."""
    name = environment.get(VARIABLE)
    if not name:
        return None
    if name not in BOARDS:
        raise UnknownBoard(f"{VARIABLE}={name} is not one of {', '.join(BOARDS)}")
    return BOARDS[name]


def files(board: Board, environment: Mapping[str, str] = os.environ) -> dict[str, bytes]:
    """The files by which programs recognise a board, with their contents."""
    revision, number, date = _RELEASES.get(environment.get("COMPATLAYER_TENSORRT") or "10", _RELEASES["10"])
    release = (f"# R36 (release), REVISION: {revision}, GCID: {number}, BOARD: generic, EABI: aarch64, DATE: {date}\n"
               "# KERNEL_VARIANT: oot\nTARGET_USERSPACE_LIB_DIR=nvidia\n"
               "TARGET_USERSPACE_LIB_DIR_PATH=usr/lib/aarch64-linux-gnu/nvidia\n")
    tree = {"model": f"{board.model}\0", "compatible": "".join(f"{each}\0" for each in board.compatible)}
    found = {"/etc/nv_tegra_release": release.encode(), "/sys/devices/soc0/family": b"Tegra\n",
             "/sys/devices/soc0/machine": f"{board.model}\n".encode(),
             "/sys/module/tegra_fuse/parameters/tegra_chip_id": b"35\n"}
    for folder in ("/proc/device-tree", "/sys/firmware/devicetree/base"):
        for name, text in tree.items():
            found[f"{folder}/{name}"] = text.encode()
    return found
