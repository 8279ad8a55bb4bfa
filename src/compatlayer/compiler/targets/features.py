"""What clang knows of a processor: its name and instruction sets, and whether this machine runs code for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from ...config import NATIVE_CPU, SettingsError
from ...errors import CompilerError
from .. import toolchain

_PROBE = b"void probe(void) {}\n"
_OPTIONS = {"x86_64": "-march", "aarch64": "-mcpu"}
_ATTRIBUTE = re.compile(rb'"target-(cpu|features)"="([^"]*)"')
# Not instructions that a compiler chooses by itself: the same in all code that runs at all, or of the system alone.
_HARMLESS = frozenset(("64bit", "x87", "fmv", "perfmon", "ras", "spe"))
# What each part of the names of versions adds is listed by itself.
_VERSION = re.compile(r"v[89](\.\d+)?a")
_EXAMPLES = {"x86_64": ", x86-64-v2, x86-64-v3 or x86-64-v4", "aarch64": " or a name such as neoverse-n1"}


def arguments(machine: str, choice: str) -> list[str]:
    """clang -cc1's -target-cpu and -target-feature for `choice`, which is `native` or a name that clang knows.

    Raises SettingsError for one that clang does not know."""
    name, features = _ask(machine, choice)
    return ["-target-cpu", name, *(word for each in features for word in ("-target-feature", each))]


def require(machine: str, choice: str) -> None:
    """Raises SettingsError for a processor whose instructions this machine lacks."""
    if choice == NATIVE_CPU:
        return
    lacking = missing(_ask(machine, choice)[1], _ask(machine, NATIVE_CPU)[1])
    if lacking:
        raise SettingsError(f"COMPATLAYER_CPU={choice} needs {_some(lacking)}, which this machine lacks; write "
                            f"{NATIVE_CPU} or a lower level")


def missing(wanted: Iterable[str], there: Iterable[str]) -> list[str]:
    """Features that `wanted` has (+name) and `there` has not."""
    has = {each[1:] for each in there if each[:1] == "+"}
    return [each[1:] for each in wanted if each[:1] == "+" and each[1:] not in has | _HARMLESS
            and not _VERSION.fullmatch(each[1:])]


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


@cache
def _ask(machine: str, choice: str) -> tuple[str, list[str]]:
    """The processor's name and its features, with the signs that clang gives them.

    Of `native` those that are absent count too: a virtual machine may hide what the processor's name promises."""
    status, output, _ = toolchain.run(["clang", "-target", f"{machine}-linux-gnu", f"{_OPTIONS[machine]}={choice}",
                                       "-O2", "-S", "-emit-llvm", "-x", "c", "-", "-o", "-"], _PROBE)
    told = {kind: text.decode() for kind, text in _ATTRIBUTE.findall(output)}
    if status == 0 and b"cpu" in told:
        return told[b"cpu"], [each for each in told.get(b"features", "").split(",") if each]
    if choice == NATIVE_CPU and machine == "aarch64":
        return _ask(machine, "generic")  # newer than the compiler: it runs what every AArch64 runs
    if choice == NATIVE_CPU:
        raise CompilerError("clang does not know this CPU; please report the output of 'python -m ziglang clang "
                            f"{_OPTIONS[machine]}=native -### -c -x c /dev/null'")
    raise SettingsError(f"COMPATLAYER_CPU={choice} is no processor that the compiler knows for {machine}; write "
                        f"{NATIVE_CPU}{_EXAMPLES[machine]}")
