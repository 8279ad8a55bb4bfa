"""Puts a Python function behind an exported C function.

    @entry("cuMemAlloc_v2")
    def alloc(dptr, bytesize): ...

The handler's parameters are named as in the header (a Python keyword gets a trailing underscore) and receive raw cffi
values. It returns None for success, or a status that is not an error (NOT_READY). It raises ApiError for the rest.
Nothing that goes wrong in a handler is ever reported as success.
"""

from __future__ import annotations

import os
import sys
from _thread import _local
from collections.abc import Callable
from functools import partial
from keyword import iskeyword
from typing import Any, TypeVar

from compatlayer._native import ffi, lib
from compatlayer.api import log
from compatlayer.api.library import CUDA, LIBRARIES, Library, library_of
from compatlayer.errors import ApiError, CompilerError, CudaError, SetupError

__all__ = ["EntryError", "entry", "fill_slot", "holding", "is_initialized", "last_error_text", "note",
           "set_initialized"]

Handler = TypeVar("Handler", bound=Callable[..., "int | None"])

_PREFIX = "cplpy_"
# Globals of every generated wrapper: for each library whether its initialisation has succeeded.
_shared: dict[str, Any] = {f"{library.name}_initialized": False for library in LIBRARIES}
_wrappers: dict[tuple[int, tuple[int, ...], int, str], Callable[[Any], Any]] = {}
_diagnostics = _local()


class EntryError(TypeError):
    """A handler does not fit its C function; the text says how."""


def set_initialized(value: bool, library: Library = CUDA) -> None:
    """Let the library's calls through (cuInit or nvmlInit has succeeded), or stop them with its "not initialised"."""
    _shared[f"{library.name}_initialized"] = value


def is_initialized(library: Library = CUDA) -> bool:
    """Whether the library's initialisation has succeeded in this process."""
    return bool(_shared[f"{library.name}_initialized"])


def last_error_text() -> str:
    """The text of the last ApiError raised in a handler on this thread; "" if there was none."""
    return str(getattr(_diagnostics, "text", ""))


class Holding:
    """Handlers that are registered inside of `with holding:` are called from its end on, when their modules are
    complete: another thread may be waiting to call one."""

    def __init__(self) -> None:
        self._depth = 0
        self._slots: list[tuple[int, int, Any]] = []

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        while self._slots and not self._depth:
            lib.cpl_slot_set(*self._slots.pop(0))

    def fill(self, library: int, index: int, address: Any) -> None:
        if self._depth:
            self._slots.append((library, index, address))
        else:
            lib.cpl_slot_set(library, index, address)


holding = Holding()
fill_slot = holding.fill


def entry(name: str, *, optional: tuple[str, ...] = (), before_init: bool = False) -> Callable[[Handler], Handler]:
    """Make the decorated function the handler of the exported function `name`, and return it unchanged.

    Pointers to data that is not const and not void are refused when null, unless named in `optional`. Functions
    of the driver and of NVML answer "not initialised" before cuInit or nvmlInit unless `before_init`. Raises
    EntryError at import when anything does not fit.
    """
    library = library_of(name)
    index = lib.cpl_slot_find(library.number, name.encode())
    if index < 0:
        raise EntryError(f"{name} is not declared in include/; declare it there first")

    def register(handler: Handler) -> Handler:
        names, required = _parameters(library, index, name, optional)
        _compare(name, handler, names)
        asleep = library.initializes and not before_init
        wrapper = _wrapper(len(names), required, library, asleep)(handler)
        onerror = partial(_translate, library, name)
        ffi.def_extern(name=_PREFIX + name, error=library.unknown, onerror=onerror)(wrapper)
        address = ffi.cast("void *", ffi.addressof(lib, _PREFIX + name))
        fill_slot(library.number, index, address)
        return handler

    return register


def _parameters(
    library: Library, index: int, name: str, optional: tuple[str, ...]
) -> tuple[list[str], tuple[int, ...]]:
    """The header's names, and the positions of the pointers that must not be null."""
    text = ffi.string(lib.cpl_slot_parameters(library.number, index)).decode()
    words = text.split(",") if text else []
    names = [word.rstrip("*") for word in words]
    names = [word + "_" if iskeyword(word) else word for word in names]
    unknown = [word for word in optional if word not in names]
    if unknown:
        raise EntryError(f"{name} has no parameter {unknown[0]!r} to be optional; it has {', '.join(names)}")
    required = (position for position, word in enumerate(words) if word.endswith("*"))
    return names, tuple(position for position in required if names[position] not in optional)


def _compare(name: str, handler: Callable[..., Any], names: list[str]) -> None:
    code = getattr(handler, "__code__", None)
    if code is None:
        raise EntryError(f"the handler of {name} must be a plain function, not {type(handler).__name__}")
    given = list(code.co_varnames[: code.co_argcount])
    varies = code.co_kwonlyargcount or code.co_flags & 0x0C  # keyword-only, *args, **kwargs
    if given != names or varies:
        raise EntryError(f"the handler of {name} must take ({', '.join(names)}), not ({', '.join(given)})")


def _wrapper(
    count: int, required: tuple[int, ...], library: Library, check_initialized: bool
) -> Callable[[Any], Any]:
    """A factory of wrappers of one shape; handlers of the same shape share its code."""
    key = (count, required, library.invalid_value, library.name if check_initialized else "")
    if key not in _wrappers:
        arguments = ", ".join(f"a{position}" for position in range(count))
        lines = ["def make(handler):", f"    def call({arguments}):"]
        if check_initialized:
            lines += [f"        if not {library.name}_initialized:", f"            return {library.not_initialized}"]
        if required:
            null = " or ".join(f"not a{position}" for position in required)
            lines += [f"        if {null}:", f"            return {library.invalid_value}"]
        lines += [f"        status = handler({arguments})", "        return 0 if status is None else status"]
        lines += ["    return call"]
        exec("\n".join(lines), _shared)
        _wrappers[key] = _shared.pop("make")
    return _wrappers[key]


_told: set[str] = set()


def note(text: str, status: int, name: str, source: str = "CUDA") -> None:
    """Keep the text of an error of function `name` for whoever asks; it goes to stderr when that is wanted."""
    _diagnostics.text = text
    log.add(text, source)
    log.add(f"Returning {status} from {name}", source)
    if _verbose():
        _print(f"compatlayer: {text}")


def _verbose() -> bool:
    return os.environ.get("COMPATLAYER_VERBOSE", "0") not in ("", "0")


def _translate(
    library: Library, name: str, kind: type[BaseException], error: BaseException, trace: Any
) -> int:
    """The status for an exception that left a handler; cffi calls it. Never raises, never answers success."""
    try:
        if isinstance(error, KeyboardInterrupt):
            # The destructor is C and runs when this frame ends: no bytecode of ours can then swallow the interrupt,
            # which Python raises again in the program.
            again = ffi.gc(ffi.new("char *"), lib.cpl_python_interrupt)
            return library.unknown if again else 0
        if isinstance(error, ApiError) and not (isinstance(error, CudaError) and library is not CUDA):
            status = int(error.status) or library.unknown
            note(str(error), status, name, library.name.upper())
            if isinstance(error.__context__, SetupError) and error.text not in _told and not _verbose():
                _told.add(error.text)
                _print(f"compatlayer: {error.text}")
            return status
        if isinstance(error, MemoryError):
            return library.out_of_memory
        if isinstance(error, CompilerError):
            _print(f"compatlayer: {error}")
        else:
            _print(_unexpected(kind, error, trace))
        _diagnostics.text = f"{kind.__name__}: {error}"
        log.add(_diagnostics.text, library.name.upper())
        return library.unknown
    except BaseException:
        return library.unknown


def _unexpected(kind: type[BaseException], error: BaseException, trace: Any) -> str:
    try:
        import traceback
    except ImportError:  # Python ends
        return f"compatlayer: unexpected error in a handler: {kind.__name__}: {error}"
    return "compatlayer: unexpected error in a handler\n" + "".join(traceback.format_exception(kind, error, trace))


def _print(text: str) -> None:
    if sys.stderr is not None:
        print(text.rstrip("\n"), file=sys.stderr, flush=True)
