"""libNVVM's compile options, parsed (libNVVM API documentation, `nvvmCompileProgram`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...errors import CompilerError
from .nvrtc_options import ARCHITECTURES


class InvalidOption(CompilerError):
    """An option that libNVVM does not have, or a value it does not take; the text names it."""


class Options(NamedTuple):
    """What the options ask for."""

    architecture: str = "compute_75"
    optimise: bool = True
    flush_denormals: bool = False
    contract: bool = True
    exact_division: bool = True
    exact_sqrt: bool = True
    lto: bool = False


# Name -> the values it takes; None for any number.
_VALUES: dict[str, tuple[str, ...] | None] = {
    "opt": ("0", "1", "2", "3"), "ftz": ("0", "1"), "prec-sqrt": ("0", "1"), "prec-div": ("0", "1"), "fma": ("0", "1"),
    "split-compile": None, "jump-table-density": None, "Ofast-compile": ("0", "min", "mid", "max"),
    "Ofc": ("0", "min", "mid", "max"), "maxreg": None,
}  # fmt: skip
# CUDA 12's library has the same name and takes these too; numba 0.60 asks for 5.3 where a program does not say.
_EARLIER = (50, 52, 53, 60, 61, 62, 70, 72)
_SWITCHES = ("g", "generate-line-info", "lineinfo", "gen-lto", "device-stack-protector")


def parse(options: Sequence[str]) -> Options:
    """The options as one record. Raises InvalidOption naming the first one that libNVVM would refuse.

    Source lines are kept with and without -g. Divisions and square roots that may be approximate are so in PTX text;
    kernels that run always round them correctly."""
    parsed = Options()
    for word in options:
        name, equals, value = word.strip().removeprefix("-").partition("=")
        if not word.strip().startswith("-"):
            raise InvalidOption(f"{word} is an unsupported option")
        if name == "arch":
            parsed = parsed._replace(architecture=_architecture(value, word))
        elif not equals and name in _SWITCHES:
            parsed = parsed._replace(lto=parsed.lto or name == "gen-lto")
        elif equals and name in _VALUES:
            parsed = _valued(parsed, word, name, value)
        else:
            raise InvalidOption(f"{word} is an unsupported option")
    return parsed


def _valued(parsed: Options, word: str, name: str, value: str) -> Options:
    known = _VALUES[name]
    if not (value.isdecimal() if known is None else value in known):
        takes = "a number" if known is None else " or ".join(known)
        raise InvalidOption(f"{word}: -{name} takes {takes}")
    asked = value != "0"
    match name:
        case "opt":
            return parsed._replace(optimise=asked)
        case "ftz":
            return parsed._replace(flush_denormals=asked)
        case "fma":
            return parsed._replace(contract=asked)
        case "prec-div":
            return parsed._replace(exact_division=asked)
        case "prec-sqrt":
            return parsed._replace(exact_sqrt=asked)
    return parsed


def _architecture(value: str, word: str) -> str:
    kind, _, number = value.partition("_")
    suffix = number[-1:] if number[-1:] in ("a", "f") else ""
    digits = number[: len(number) - len(suffix)]
    known = kind == "compute" and digits.isdecimal() and int(digits) in (*_EARLIER, *ARCHITECTURES)
    if not known or (suffix and int(digits) < 90):
        names = " ".join(f"compute_{each}" for each in (*_EARLIER, *ARCHITECTURES))
        raise InvalidOption(f"{word}: -arch takes {names}")
    return value
