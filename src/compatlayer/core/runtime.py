"""Process state: which devices are shown, and whether cuInit has been called."""

from __future__ import annotations

from importlib import import_module

from compatlayer import config
from compatlayer.backends.base import Backend
from compatlayer.core.device import Device
from compatlayer.errors import CudaError, Status

DRIVER_VERSION = 13050  # the CUDA version whose documented interface include/cuda.h declares


class State:
    """The one process-wide state. `devices` is empty until initialize() succeeded."""

    def __init__(self) -> None:
        self.devices: tuple[Device, ...] = ()
        self.initialized = False
        self.settings: config.Settings | None = None

    def initialize(self, flags: int) -> None:
        """cuInit: find and open the devices. Calling it again is fine. NO_DEVICE when none is shown."""
        if flags != 0:
            raise CudaError(Status.INVALID_VALUE, f"cuInit flags must be 0, not {flags}")
        if self.initialized:
            return
        try:
            self.settings = config.from_environment()
            devices = _open_all(self.settings)
        except config.SettingsError as error:
            raise CudaError(Status.NO_DEVICE, str(error)) from None
        if not devices:
            raise CudaError(Status.NO_DEVICE, "no device is shown; set COMPATLAYER_DEVICES=cpu and look at "
                                              "CUDA_VISIBLE_DEVICES")
        self.devices = devices
        self.initialized = True

    def device(self, ordinal: int) -> Device:
        """The shown device number `ordinal`; INVALID_DEVICE when there is none."""
        if not self.initialized:
            raise CudaError(Status.NOT_INITIALIZED, "cuInit has not been called")
        if not 0 <= ordinal < len(self.devices):
            raise CudaError(Status.INVALID_DEVICE, f"device {ordinal} is not one of the {len(self.devices)} shown")
        return self.devices[ordinal]

    @property
    def workers(self) -> int:
        """Worker threads of the first device."""
        return self.devices[0].caps.compute_units if self.devices else 0


state = State()


def there(settings: config.Settings) -> list[tuple[Backend, int]]:
    """The devices that COMPATLAYER_DEVICES asks for, in order, with their numbers at their backends; none is opened.
    Raises SettingsError."""
    found: list[tuple[Backend, int]] = []
    for name in dict.fromkeys(request.backend for request in settings.devices):
        found += _devices_of(name, [request for request in settings.devices if request.backend == name], settings)
    order = [request.backend for request in settings.devices for _ in range(request.wanted or 1)]
    if len(order) == len(found):  # every place is spoken for: show the devices in the order asked for
        waiting = {name: [pair for pair in found if pair[0].name == name] for name in order}
        found = [waiting[name].pop(0) for name in order]
    return found


def _open_all(settings: config.Settings) -> tuple[Device, ...]:
    chosen = _visible(there(settings), settings.visible)
    devices = tuple(Device(ordinal, backend.open(number), settings)
                    for ordinal, (backend, number) in enumerate(chosen))
    for device in devices:
        device.launch_blocking = settings.launch_blocking
        device.watchdog = settings.watchdog_s > 0
    return devices


def _devices_of(name: str, requests: list[config.DeviceRequest],
                settings: config.Settings) -> list[tuple[Backend, int]]:
    """The devices asked of one backend: all it has for a single mention without a count."""
    counts = [request.wanted for request in requests]
    wanted = None if counts == [None] else sum(count or 1 for count in counts)
    backend = _backend(name, wanted, settings)
    chosen = [backend.chosen(request.choice) for request in requests]
    if None not in chosen:  # a choice says which devices, not how many
        return [(backend, number) for number in _picked(backend, requests, chosen)]
    count = len(backend.devices())
    if count < (wanted or 1):
        raise config.SettingsError(f"COMPATLAYER_DEVICES asks for {wanted or 1} {name} device(s) and {count} are "
                                   "there; set COMPATLAYER_DEVICES=cpu")
    return [(backend, ordinal) for ordinal in range(count if wanted is None else wanted)]


def _picked(backend: Backend, requests: list[config.DeviceRequest], chosen: list[list[int] | None]) -> list[int]:
    """The numbers of the devices that the requests choose, each once."""
    found: dict[int, None] = {}
    for request, numbers in zip(requests, chosen, strict=True):
        if not numbers:
            what = f"{request.backend}:{request.choice}" if request.choice else request.backend
            why = "; ".join(backend.missing()) or "none is there"
            raise config.SettingsError(f"COMPATLAYER_DEVICES asks for {what} and shows no such device: {why}; set "
                                       "COMPATLAYER_DEVICES=cpu")
        found.update(dict.fromkeys(numbers))
    return list(found)


def _backend(name: str, count: int | None, settings: config.Settings) -> Backend:
    """A backend is the file of its name in compatlayer.backends, or an entry point of that group."""
    module = None
    if name != "cpu" and (made := _vendor(name, settings)) is not None:
        return made
    if name not in ("base", "__init__"):
        try:
            module = import_module(f"compatlayer.backends.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"compatlayer.backends.{name}":
                raise
            module = _entry_point(name)
    if module is None:
        raise config.SettingsError(f"COMPATLAYER_DEVICES names '{name}', and no such backend is installed; "
                                   "set COMPATLAYER_DEVICES=cpu")
    if name == "cpu" and settings.cpu != config.NATIVE_CPU:  # a wrong name is told now, not by the first kernel
        from compatlayer.compiler.targets.cpu import host_cpu

        host_cpu()
    backend: Backend = module.open_backend(count, settings)
    return backend


def _vendor(name: str, settings: config.Settings) -> Backend | None:
    """The backend of a vendor's row of that name."""
    from compatlayer.backends import vendor

    return vendor.open_vendor(name, settings) if vendor.is_vendor(name) else None


def _entry_point(name: str):  # type: ignore[no-untyped-def]  # a module that offers open_backend
    from importlib.metadata import entry_points

    for point in entry_points(group="compatlayer.backends", name=name):
        return point.load()
    return None


def _visible(found: list[tuple[Backend, int]], text: str | None) -> list[tuple[Backend, int]]:
    """CUDA_VISIBLE_DEVICES as documented: numbers or UUIDs; what follows the first invalid one is hidden."""
    if text is None:
        return found
    chosen: list[tuple[Backend, int]] = []
    for word in text.split(","):
        place = _place(found, word.strip())
        if place is None or found[place] in chosen:
            break
        chosen.append(found[place])
    return chosen


def _place(found: list[tuple[Backend, int]], word: str) -> int | None:
    if word.isdecimal():
        return int(word) if int(word) < len(found) else None
    digits = word.removeprefix("GPU-").replace("-", "").lower()
    if word.startswith("GPU-") and digits:
        places = [place for place, (backend, number) in enumerate(found)
                  if backend.devices()[number].uuid.hex().startswith(digits)]
        return places[0] if len(places) == 1 else None
    return None
