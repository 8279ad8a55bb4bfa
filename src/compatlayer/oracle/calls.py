"""A libcuda by its path, with every call and its answer written down. Nothing else of this package is used here."""

from __future__ import annotations

import ctypes
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path

_FUNCTION: type = ctypes.CFUNCTYPE(None).__mro__[1]  # what every C function of ctypes is

# A step is (function, status) of a call, or ("note", label, value) of something that the program saw.
Step = list[object]
Argument = int | bytes | None | ctypes.Array[ctypes.c_char] | ctypes.Structure | object


class Skip(Exception):
    """Raised by a program that this library or device cannot run; the recording says so."""


class Cuda:
    """`cuda.cuMemAlloc_v2(out, 64)` calls the library and writes down what it answers.

    Integers and pointers of every width are passed as 64 bits, which x86-64 and AArch64 allow. A ctypes value or
    structure is passed by its address; bytes as a string. `kernels` is the PTX text that programs load.
    """

    def __init__(self, library: ctypes.CDLL, kernels: bytes = b"") -> None:
        self._library = library
        self._names: dict[int, str] = {}
        self.kernels = kernels
        self.steps: list[Step] = []

    def __getattr__(self, name: str) -> Callable[..., str]:
        if not name.startswith("cu"):
            raise AttributeError(name)
        try:
            function = getattr(self._library, name)
        except AttributeError:
            raise Skip(f"the library has no {name}") from None

        def call(*arguments: Argument) -> str:
            status = self.status_name(function(*[_passed(each) for each in arguments]))
            self.steps.append([name, status])
            return status

        return call

    def status_name(self, number: int) -> str:
        """What the library calls a status, without CUDA_ and ERROR_."""
        if number not in self._names:
            text = ctypes.c_char_p()
            self._library.cuGetErrorName(number, ctypes.byref(text))
            name = text.value.decode() if text.value else f"status {number}"
            self._names[number] = name.removeprefix("CUDA_").removeprefix("ERROR_")
        return self._names[number]

    def note(self, label: str, value: object) -> None:
        """Write down something that a program saw: a number, a text, or bytes as hexadecimal digits."""
        self.steps.append(["note", label, value.hex() if isinstance(value, bytes) else value])

    def quietly(self, name: str, *arguments: Argument) -> int:
        """Call without a line in the recording; the status as a number."""
        return int(getattr(self._library, name)(*[_passed(each) for each in arguments]))


def _passed(argument: Argument) -> object:
    if argument is None:
        return ctypes.c_void_p(None)
    if isinstance(argument, int):
        return ctypes.c_uint64(argument & 0xFFFFFFFFFFFFFFFF)
    if isinstance(argument, bytes):
        return ctypes.c_char_p(argument)
    if isinstance(argument, _FUNCTION):
        return argument
    return ctypes.byref(argument)  # type: ignore[arg-type]


class Program:
    """A function that makes calls; `alone`: it leaves the process unfit for another."""

    def __init__(self, function: Callable[[Cuda], None], alone: bool, context: bool) -> None:
        self.function = function
        self.alone = alone
        self.context = context
        self.name = f"{Path(inspect.getfile(function)).stem}.{function.__name__}"

    def run(self, cuda: Cuda) -> list[Step]:
        """The steps of one run; a Skip is a step too."""
        cuda.steps = []
        held = self.context and _hold_context(cuda)
        try:
            self.function(cuda)
        except Skip as reason:
            cuda.steps.append(["skipped", str(reason)])
        if held:
            _release_context(cuda)
        return cuda.steps


def _hold_context(cuda: Cuda) -> bool:
    context = ctypes.c_uint64()
    if cuda.quietly("cuDevicePrimaryCtxRetain", context, 0):
        raise RuntimeError("device 0 has no primary context")
    cuda.quietly("cuCtxPushCurrent_v2", context.value)
    return True


def _release_context(cuda: Cuda) -> None:
    """Nothing stays current, and what the program left is destroyed with the context."""
    popped = ctypes.c_uint64()
    for _ in range(16):
        if cuda.quietly("cuCtxPopCurrent_v2", popped):
            break
    cuda.quietly("cuDevicePrimaryCtxReset_v2", 0)
    cuda.quietly("cuDevicePrimaryCtxRelease_v2", 0)


_found: list[Program] = []


def program(function: Callable[[Cuda], None]) -> Callable[[Cuda], None]:
    """Decorates a program; device 0's primary context is current while it runs."""
    _found.append(Program(function, alone=False, context=True))
    return function


def program_alone(function: Callable[[Cuda], None]) -> Callable[[Cuda], None]:
    """As program, in a process of its own: for errors that stick."""
    _found.append(Program(function, alone=True, context=True))
    return function


def program_without_context(function: Callable[[Cuda], None]) -> Callable[[Cuda], None]:
    """As program, without a context."""
    _found.append(Program(function, alone=False, context=False))
    return function


def programs() -> Iterable[Program]:
    """The programs of the files that were imported so far, in their order."""
    return tuple(_found)
