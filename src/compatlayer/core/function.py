"""Functions: a kernel of a module loaded into one context, with the attributes that a program can set.

Follows "Execution Control" of the CUDA driver API.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

from compatlayer.backends.base import Doors, Kernel, Launchable
from compatlayer.compiler.image import KernelInfo
from compatlayer.core import handles
from compatlayer.core.device import Device
from compatlayer.errors import CudaError, Status

if TYPE_CHECKING:
    from compatlayer.core.module import Module

# The engine has no register file; this is what is reported, and it never limits occupancy.
NOMINAL_REGISTERS = 32
CARVEOUT_DEFAULT = -1


class FunctionAttribute(IntEnum):
    """CUfunction_attribute values."""

    MAX_THREADS_PER_BLOCK = 0
    SHARED_SIZE_BYTES = 1
    CONST_SIZE_BYTES = 2
    LOCAL_SIZE_BYTES = 3
    NUM_REGS = 4
    PTX_VERSION = 5
    BINARY_VERSION = 6
    CACHE_MODE_CA = 7
    MAX_DYNAMIC_SHARED_SIZE_BYTES = 8
    PREFERRED_SHARED_MEMORY_CARVEOUT = 9
    CLUSTER_SIZE_MUST_BE_SET = 10
    REQUIRED_CLUSTER_WIDTH = 11
    REQUIRED_CLUSTER_HEIGHT = 12
    REQUIRED_CLUSTER_DEPTH = 13
    NON_PORTABLE_CLUSTER_SIZE_ALLOWED = 14
    CLUSTER_SCHEDULING_POLICY_PREFERENCE = 15


_NEEDS_CLUSTERS = frozenset({
    FunctionAttribute.REQUIRED_CLUSTER_WIDTH, FunctionAttribute.REQUIRED_CLUSTER_HEIGHT,
    FunctionAttribute.REQUIRED_CLUSTER_DEPTH, FunctionAttribute.NON_PORTABLE_CLUSTER_SIZE_ALLOWED,
    FunctionAttribute.CLUSTER_SCHEDULING_POLICY_PREFERENCE,
})


class KernelAttributes:
    """A kernel's attributes on one device: fixed facts and the few that a program may set."""

    __slots__ = ("admitted", "carveout", "device", "info", "max_dynamic_shared_bytes", "version")

    def __init__(self, info: KernelInfo, device: Device, version: int) -> None:
        self.info = info
        self.device = device
        self.version = version  # 86 for sm_86
        # Static shared memory may use up the block's default amount; dynamic gets what is left.
        self.max_dynamic_shared_bytes = max(0, device.caps.shared_bytes - info.static_shared_bytes)
        self.carveout = CARVEOUT_DEFAULT
        self.admitted: dict[Function, None] = {}  # those that C callers launch by these limits

    @property
    def max_threads(self) -> int:
        return min(self.info.max_threads, self.device.caps.max_block_threads)

    def get(self, number: int) -> int:
        """The attribute's value; INVALID_VALUE for an undocumented number."""
        info = self.info
        match number:
            case FunctionAttribute.MAX_THREADS_PER_BLOCK:
                return self.max_threads
            case FunctionAttribute.SHARED_SIZE_BYTES:
                return info.static_shared_bytes
            case FunctionAttribute.CONST_SIZE_BYTES:
                return info.constant_bytes
            case FunctionAttribute.LOCAL_SIZE_BYTES:
                return info.local_bytes
            case FunctionAttribute.NUM_REGS:
                return NOMINAL_REGISTERS
            case FunctionAttribute.PTX_VERSION | FunctionAttribute.BINARY_VERSION:
                return self.version
            case FunctionAttribute.MAX_DYNAMIC_SHARED_SIZE_BYTES:
                return self.max_dynamic_shared_bytes
            case FunctionAttribute.PREFERRED_SHARED_MEMORY_CARVEOUT:
                return self.carveout
            case FunctionAttribute.CACHE_MODE_CA | FunctionAttribute.CLUSTER_SIZE_MUST_BE_SET:
                return 0
        if number in _NEEDS_CLUSTERS:
            return 0
        raise CudaError(Status.INVALID_VALUE, f"{number} is no function attribute")

    def set(self, number: int, value: int) -> None:
        """Set one of the attributes that can be set; the others are INVALID_VALUE."""
        if number == FunctionAttribute.MAX_DYNAMIC_SHARED_SIZE_BYTES:
            limit = self.device.caps.shared_optin_bytes - self.info.static_shared_bytes
            if not 0 <= value <= limit:
                raise CudaError(Status.INVALID_VALUE, f"{value} bytes of dynamic shared memory for {self.info.name}: "
                                                      f"0 to {limit} are possible")
            self.max_dynamic_shared_bytes = value
            for function in list(self.admitted):
                function.withdraw()
        elif number == FunctionAttribute.PREFERRED_SHARED_MEMORY_CARVEOUT:
            if not CARVEOUT_DEFAULT <= value <= 100:
                raise CudaError(Status.INVALID_VALUE, f"a carve-out is -1 to 100 percent, not {value}")
            self.carveout = value
        elif number in _NEEDS_CLUSTERS:
            raise CudaError(Status.NOT_SUPPORTED, "this device has no thread block clusters")
        else:
            raise CudaError(Status.INVALID_VALUE, f"function attribute {number} cannot be set")


def parameter(info: KernelInfo, index: int) -> tuple[int, int]:
    """Offset and size in bytes of a parameter; INVALID_VALUE past the last one."""
    if not 0 <= index < len(info.parameters):
        raise CudaError(Status.INVALID_VALUE, f"{info.name} has {len(info.parameters)} parameters; there is no number "
                                              f"{index}")
    return info.parameters[index].offset, info.parameters[index].size_bytes


class LegacyLaunch:
    """What cuFuncSetBlockShape, cuFuncSetSharedSize and cuParamSet* left for the next cuLaunch."""

    __slots__ = ("args", "args_bytes", "block", "shared_bytes")

    def __init__(self) -> None:
        self.block: tuple[int, int, int] | None = None
        self.shared_bytes = 0
        self.args = bytearray()
        self.args_bytes = 0

    def write(self, offset: int, data: bytes, limit_bytes: int) -> None:
        """Place argument bytes; INVALID_VALUE outside what a kernel may take."""
        end = offset + len(data)
        if offset < 0 or end > limit_bytes:
            raise CudaError(Status.INVALID_VALUE, f"argument bytes {offset} to {end}: a kernel takes {limit_bytes}")
        if len(self.args) < end:
            self.args.extend(bytes(end - len(self.args)))
        self.args[offset:end] = data


class Function:
    """A launchable kernel in one context. Lives as long as its module."""

    handle_error: ClassVar[Status] = Status.INVALID_HANDLE
    __slots__ = ("admitted", "attributes", "handle", "info", "kernel", "legacy", "module", "sizes", "without_gaps")

    def __init__(self, module: Module, info: KernelInfo, kernel: Kernel, attributes: KernelAttributes) -> None:
        self.module = module
        self.info = info
        self.kernel = kernel
        self.attributes = attributes
        self.legacy: LegacyLaunch | None = None
        self.sizes = tuple(one.size_bytes for one in info.parameters)
        self.without_gaps = sum(self.sizes) == info.args_bytes  # the arguments' bytes follow each other
        self.admitted: dict[int, Doors] = {}  # handles by which C callers launch it without core
        self.handle = handles.add(self)

    def admit(self, handle: int) -> None:
        """Let C callers launch it by `handle`: its own, or its library kernel's, which is of no one context."""
        doors = self.module.context.doors
        if doors is None:
            return
        caps, attributes = self.attributes.device.caps, self.attributes
        limit = attributes.max_dynamic_shared_bytes
        doors.accept(handle, Launchable(self.kernel, caps.max_grid_dim, caps.max_block_dim, attributes.max_threads,
                                        limit), handle != self.handle)
        # Noted after it was accepted: whoever takes the note has the handle forgotten, which is in vain before, and
        # without a note nobody would do it again.
        self.admitted[handle] = doors
        attributes.admitted[self] = None
        # Another thread may have ended the function or changed the limit, too early to find the note.
        if handles.find(self.handle) is not self or attributes.max_dynamic_shared_bytes != limit:
            self.withdraw()
            self.module.context.wait_idle()  # for what came through meanwhile: the code may go with this call

    def withdraw(self) -> None:
        """Every launch comes through core again, at least once."""
        self.attributes.admitted.pop(self, None)
        for handle, doors in list(self.admitted.items()):
            self.admitted.pop(handle, None)
            left = doors.forget(handle)
            if left is not None:
                self._legacy().block = left

    def legacy_launch(self) -> LegacyLaunch:
        """What was left for the next cuLaunch, also by C callers (cuFuncSetBlockShape)."""
        state, doors = self._legacy(), self.admitted.get(self.handle)
        left = doors.take_block(self.handle) if doors is not None else None
        if left is not None:
            state.block = left
        return state

    def _legacy(self) -> LegacyLaunch:
        if self.legacy is None:
            self.legacy = LegacyLaunch()
        return self.legacy

    def close(self) -> None:
        handles.remove(self.handle)
        self.withdraw()
