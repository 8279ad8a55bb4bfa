"""The architecture (gfx942, ...) of an AMD device, which HIP tells only in a structure that differs between versions.

Linux's amdkfd driver publishes it: /sys/class/kfd/kfd/topology/nodes/*/properties has `gfx_target_version` (90402 for
gfx942) and `location_id` (bus and function on PCI) of each node.
"""

from __future__ import annotations

from pathlib import Path

_NODES = Path("/sys/class/kfd/kfd/topology/nodes")


def architecture(bus_id: str, ordinal: int, nodes: Path = _NODES) -> str:
    """The name of the device at PCI address `bus_id` (0000:03:00.0); by its place among the devices where the address
    is not known. Empty when nothing says."""
    found = [(facts.get("location_id", 0), facts.get("domain", 0), facts["gfx_target_version"])
             for facts in map(_read, sorted(nodes.glob("*/properties"), key=lambda path: _number(path.parent.name)))
             if facts.get("gfx_target_version")]
    place = _location(bus_id)
    versions = [version for location, domain, version in found if (domain, location) == place]
    if not versions and place is None and ordinal < len(found):
        versions = [found[ordinal][2]]
    return gfx_name(versions[0]) if versions else ""


def gfx_name(version: int) -> str:
    """gfx90a for 90010: two decimal digits each of minor version and stepping, the stepping written in hexadecimal."""
    return f"gfx{version // 10000}{version // 100 % 100}{version % 100:x}"


def _read(path: Path) -> dict[str, int]:
    try:
        words = [line.split() for line in path.read_text(encoding="ascii", errors="replace").splitlines()]
    except OSError:
        return {}
    return {pair[0]: int(pair[1]) for pair in words if len(pair) == 2 and pair[1].isdecimal()}


def _location(bus_id: str) -> tuple[int, int] | None:
    """Domain and location_id of a PCI address."""
    try:
        domain, bus, rest = bus_id.split(":")
        device, _, function = rest.partition(".")
        return int(domain, 16), int(bus, 16) << 8 | int(device, 16) << 3 | int(function or "0", 16)
    except ValueError:
        return None


def _number(name: str) -> int:
    return int(name) if name.isdecimal() else 0
