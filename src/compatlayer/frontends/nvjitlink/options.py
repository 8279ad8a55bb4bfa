"""nvJitLink's options, parsed (nvJitLink documentation, "Supported Link Options")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from compatlayer.frontends.nvjitlink.result import JitLinkError, JitLinkResult


class Options(NamedTuple):
    """What the options ask for."""

    architecture: str
    lto: bool = False
    ptx: bool = False


_SWITCHES = ("verbose", "time", "g", "lineinfo", "no-cache", "optimize-unused-variables", "O0", "O1", "O2", "O3",
             "device-stack-protector")  # fmt: skip
# Options with a value that changes nothing here: all code is kept, and registers are no limit.
_VALUES = ("maxrregcount", "ftz", "prec-div", "prec-sqrt", "fma", "kernels-used", "variables-used", "Xptxas", "Xnvvm",
           "split-compile", "split-compile-extended", "jump-table-density")  # fmt: skip
_NUMBERS = ("maxrregcount", "split-compile", "split-compile-extended", "jump-table-density")
_CHOICES = ("ftz", "prec-div", "prec-sqrt", "fma")  # cuda-core writes them as words


def parse(words: Sequence[str]) -> Options:
    """The options as one record. Raises JitLinkError naming the first one that nvJitLink would refuse."""
    parsed = Options("")
    for word in words:
        name, equals, value = word.strip().removeprefix("-").partition("=")
        if name == "arch" and equals:
            parsed = parsed._replace(architecture=_architecture(value))
        elif word in ("-lto", "-ptx"):
            parsed = parsed._replace(lto=parsed.lto or name == "lto", ptx=parsed.ptx or name == "ptx")
        elif word.startswith("-") and not equals and name in _SWITCHES:
            continue
        elif word.startswith("-") and equals and name in _VALUES:
            threads = name.startswith("split-compile") and value == "True"  # what cuda-core writes for one of its forms
            if name in _NUMBERS and not value.isdecimal() and not threads:
                text = f"{word}: -{name} takes a number"
                raise JitLinkError(JitLinkResult.ERROR_UNRECOGNIZED_OPTION, text)
            if name in _CHOICES and value not in ("0", "1", "false", "true"):
                text = f"{word}: -{name} takes 0, 1, false or true"
                raise JitLinkError(JitLinkResult.ERROR_UNRECOGNIZED_OPTION, text)
        else:
            raise JitLinkError(JitLinkResult.ERROR_UNRECOGNIZED_OPTION, f"unrecognized option {word!r}")
    if not parsed.architecture:
        raise JitLinkError(JitLinkResult.ERROR_MISSING_ARCH, "-arch=sm_XX is missing")
    if parsed.ptx and not parsed.lto:
        raise JitLinkError(JitLinkResult.ERROR_INCOMPATIBLE_OPTIONS, "-ptx needs -lto: only LTO IR is linked to PTX")
    return parsed


def _architecture(value: str) -> str:
    from compatlayer.compiler.frontends.nvrtc_options import ARCHITECTURES

    kind, _, number = value.partition("_")
    digits = number.rstrip("af")
    if kind not in ("sm", "compute") or not digits.isdecimal() or len(number) - len(digits) > 1:
        raise JitLinkError(JitLinkResult.ERROR_UNRECOGNIZED_ARCH, f"{value!r} is no architecture; pass -arch=sm_86")
    if int(digits) not in ARCHITECTURES:
        raise JitLinkError(JitLinkResult.ERROR_UNSUPPORTED_ARCH, f"architecture {value!r} is not supported; "
                           f"{', '.join(f'sm_{each}' for each in ARCHITECTURES)} are")
    return f"sm_{number}"
