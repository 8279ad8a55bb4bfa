"""What a function without a handler answers: "not supported", with the reason where one is known."""

from __future__ import annotations

from compatlayer._native import ffi, lib
from compatlayer.api import forwarding
from compatlayer.api.entry import is_initialized, note
from compatlayer.api.library import LIBRARIES, NVML
from compatlayer.api.reasons import REASONS


def reason(name: str) -> str:
    """Why the function `name` is not supported; "" when nobody said."""
    return REASONS.get(name, "") or forwarding.reason(name)


def answer(number: int, index: int) -> int:
    """The status of a call; its text goes where the texts of all errors go."""
    library = LIBRARIES[number]
    name = ffi.string(lib.cpl_slot_name(number, index)).decode()
    if library is NVML and not is_initialized(library):
        return library.not_initialized
    why = reason(name)
    text = f"{name} is not supported: {why}" if why else f"{name} is not supported"
    note(text, library.not_supported, name, library.name.upper())
    return library.not_supported
