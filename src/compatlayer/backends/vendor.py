"""Vendors' devices through the one table: which are there, and what they say about themselves.

`COMPATLAYER_DEVICES=rocm` (or another name of vendor_rows.py) shows a vendor's devices. A library is tried in a child
process first: one that crashes when it is loaded takes no program with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cached_property
from typing import TYPE_CHECKING

from compatlayer.backends import base
from compatlayer.backends.vendor_calls import DRIVER, Calls, MissingCall, find_library
from compatlayer.backends.vendor_rows import ROWS, Row
from compatlayer.config import Settings, SettingsError
from compatlayer.digest import checksum

if TYPE_CHECKING:
    from compatlayer.backends.vendor_device import VendorDevice

_PROBE_S = 20
_DEFAULTS = {"max_block_threads": 1024, "block_x": 1024, "block_y": 1024, "block_z": 64, "grid_x": 0x7FFFFFFF,
             "grid_y": 0xFFFF, "grid_z": 0xFFFF, "shared_bytes": 48 << 10, "constant_bytes": 64 << 10,
             "clock_khz": 1_000_000, "compute_units": 1, "memory_clock_khz": 1_000_000, "memory_bus_bits": 128,
             "l2_bytes": 1 << 20}


def is_vendor(name: str) -> bool:
    """Whether `name` is a row of the table."""
    return name in ROWS


def open_vendor(name: str, settings: Settings) -> VendorBackend:
    """The backend of a row. Raises SettingsError saying why it cannot be used."""
    backend = VendorBackend(ROWS[name])
    if not backend.devices():
        raise SettingsError(f"COMPATLAYER_DEVICES names {name}, and {backend.state()}; set COMPATLAYER_DEVICES=cpu")
    return backend


class VendorBackend(base.Backend):
    """One vendor's library. Nothing is loaded before the devices are asked for."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.name = row.name
        self._reason = ""

    @cached_property
    def calls(self) -> Calls | None:
        """The library, loaded; None where there is none that works."""
        path = find_library(self.row)
        if path is None:
            folders = ", ".join([*self.row.folders, "COMPATLAYER_VENDOR_PATH"])
            self._reason = f"not installed (none of {', '.join(self.row.libraries)} in {folders})"
            return None
        self._reason = probe(self.row, path)
        if self._reason:
            return None
        return Calls(self.row, path)

    @cached_property
    def _caps(self) -> list[base.DeviceCaps]:
        calls = self.calls
        if calls is None:
            return []
        count = start(calls)
        if isinstance(count, str):
            self._reason = count
            return []
        return [describe(calls, ordinal) for ordinal in range(count)]

    def devices(self) -> list[base.DeviceCaps]:
        return self._caps

    def state(self) -> str:
        """works, or why not, for people."""
        if self._caps:
            return f"works: {len(self._caps)} device(s)"
        return self._reason

    def open(self, ordinal: int) -> VendorDevice:
        from compatlayer.backends.vendor_device import VendorDevice

        assert self.calls is not None
        return VendorDevice(self.calls, ordinal, self._caps[ordinal])


def start(calls: Calls) -> int | str:
    """Initialise the library: how many devices it has, or one clause that says why none."""
    name = os.path.basename(calls.path)
    if calls.has("init"):
        status = calls.init(0)
        if status:
            return f"library found, no device ({name}: initialisation answered {_told(calls, status)})"
    out = calls.ffi.new("int *")
    status = calls.count(out)
    if status or out[0] <= 0:
        return f"library found, no device ({name}: {_told(calls, status) if status else 'it counts 0'})"
    return int(out[0])


def _told(calls: Calls, status: int) -> str:
    words = calls.text(status, "error_name") or calls.text(status)
    return f"{status} {words}".strip()


def describe(calls: Calls, ordinal: int) -> base.DeviceCaps:
    """A device in our terms. Attributes the row has no number for are CUDA's least."""
    select(calls, ordinal)
    row = calls.row
    values = {name: _attribute(calls, name, ordinal) or default for name, default in _DEFAULTS.items()}
    optin = _attribute(calls, "shared_optin_bytes", ordinal)
    total = calls.ffi.new("size_t[2]")
    if calls.memory(total, total + 1):
        total[1] = 0
    name = row.title
    if calls.has("name"):
        text = calls.ffi.new("char[256]")
        if calls.name(text, 256, ordinal) == 0:
            name = calls.ffi.string(text).decode("utf-8", "replace")
    return base.DeviceCaps(
        name=name, target=_target(calls, ordinal),
        uuid=checksum(f"compatlayer {row.name} {ordinal} {_bus(calls, ordinal)} {os.uname().nodename}".encode(), 16),
        memory_bytes=total[1], compute_units=values["compute_units"], clock_khz=values["clock_khz"],
        memory_clock_khz=values["memory_clock_khz"], memory_bus_bits=values["memory_bus_bits"],
        l2_bytes=values["l2_bytes"], warp_size=32, max_block_threads=values["max_block_threads"],
        max_block_dim=(values["block_x"], values["block_y"], values["block_z"]),
        max_grid_dim=(values["grid_x"], values["grid_y"], values["grid_z"]),
        shared_bytes=min(values["shared_bytes"], 48 << 10), shared_optin_bytes=optin or values["shared_bytes"],
        constant_bytes=values["constant_bytes"], max_args_bytes=4096, raw_pointers=False,
        integrated=bool(_attribute(calls, "integrated", ordinal)), cooperative=False)


def select(calls: Calls, ordinal: int) -> None:
    """Make a device the calling thread's."""
    if calls.row.form == DRIVER:
        context = calls.ffi.new("void **")
        if calls.retain(context, ordinal) == 0:
            calls.set_context(context[0])
    else:
        calls.set_device(ordinal)


def _attribute(calls: Calls, name: str, ordinal: int) -> int:
    number = calls.row.attributes.get(name)
    if number is None or not calls.has("attribute"):
        return 0
    out = calls.ffi.new("int *")
    return int(out[0]) if calls.attribute(out, number, ordinal) == 0 else 0


def _bus(calls: Calls, ordinal: int) -> str:
    if not calls.has("bus_id"):
        return ""
    text = calls.ffi.new("char[32]")
    return calls.ffi.string(text).decode("ascii", "replace") if calls.bus_id(text, 32, ordinal) == 0 else ""


def _target(calls: Calls, ordinal: int) -> str:
    """The target that makes code for a device; `none` where kernels cannot run."""
    if calls.takes_our_images():
        return "device_code"
    if calls.row.image == "amdgcn":
        from compatlayer.backends.vendor_amd import architecture

        found = architecture(_bus(calls, ordinal), ordinal)
        return f"amdgcn:{found}" if found else "none:nothing says which architecture it has"
    return calls.row.image or f"none:{calls.row.why_no_kernels}"


def probe(row: Row, path: str) -> str:
    """Load the library in a child: empty when that went well, otherwise one clause that says what happened."""
    program = ("import sys; sys.path[:0] = [sys.argv[1]]; from compatlayer.backends import vendor; "
               "sys.exit(vendor.probe_here(sys.argv[2], sys.argv[3]))")
    if "python" not in os.path.basename(sys.executable or ""):  # Python inside a C program: nobody to try it
        return ""
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    environment = {**os.environ, "COMPATLAYER_ACTIVE": "0"}
    try:
        child = subprocess.run([sys.executable, "-c", program, home, row.name, path], capture_output=True,
                               timeout=_PROBE_S, env=environment, text=True, errors="replace", check=False)
    except subprocess.TimeoutExpired:
        return f"library found, no device ({path} did not load within {_PROBE_S} s)"
    except OSError as error:
        return f"library found, not tried ({error})"
    if child.returncode < 0:
        return f"library found, no device ({path} crashes when it is loaded: signal {-child.returncode})"
    if child.returncode:
        lines = (child.stdout + child.stderr).strip().splitlines()
        return f"library found, no device ({lines[-1] if lines else f'status {child.returncode}'})"
    return ""


def probe_here(name: str, path: str) -> int:
    """In the child: load the library and ask for its devices; 0 when that could be done."""
    try:
        calls = Calls(ROWS[name], path)
        start(calls)
    except (OSError, MissingCall) as error:
        print(error)
        return 1
    return 0


def states() -> list[tuple[str, str, str]]:
    """Each row's name, title and state, for `compatlayer devices`."""
    found = []
    for row in ROWS.values():
        backend = VendorBackend(row)
        backend.devices()
        state = backend.state()
        found.append((row.name, row.title, f"{'not installed' if state.startswith('not installed') else state}; "
                                           f"{row.state}"))
    return found
