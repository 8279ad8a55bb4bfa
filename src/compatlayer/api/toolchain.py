"""The C compiler of the build: $CC, else cc or gcc, else the one in the ziglang wheel."""

from __future__ import annotations

import importlib.util
import os
import platform
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

_GLIBC = "2.28"
_COMMON = ("-O2", "-g1", "-fPIC", "-fvisibility=hidden", "-pthread", "-D_GNU_SOURCE")
_WARNINGS = ("-Wall", "-Wextra")


class BuildError(Exception):
    """The build cannot go on; one sentence that says what to do, then the compiler's words if it was that."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """How to compile and link. Commands take gcc's options."""

    command: tuple[str, ...]
    is_zig: bool

    def compile_flags(self, warnings: bool) -> list[str]:
        """Flags for C11 of the baseline CPU, never of the machine that builds."""
        flags = ["-std=c11", *_COMMON, *self._target(), *(_WARNINGS if warnings else ("-w",))]
        return flags + shlex.split(os.environ.get("CFLAGS", ""))

    def link_flags(self) -> list[str]:
        """Flags for a shared library whose missing functions matter only when they are called."""
        return ["-shared", "-Wl,-z,lazy", *_COMMON, *self._target(), *shlex.split(os.environ.get("LDFLAGS", ""))]

    def _target(self) -> list[str]:
        machine = platform.machine()
        if self.is_zig:
            cpu = ["-mcpu=x86_64_v2"] if machine == "x86_64" else []
            return ["-target", f"{machine}-linux-gnu.{_GLIBC}", *cpu, "-fno-sanitize=all"]
        # x86-64-v2, in words that older compilers know too.
        return ["-msse4.2", "-mpopcnt", "-mcx16", "-msahf"] if machine == "x86_64" else []


def _zig() -> Path | None:
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        return None
    zig = Path(spec.origin).parent / "zig"
    return zig if zig.is_file() else None


def find_toolchain() -> Toolchain:
    """The compiler to build with. Raises BuildError when there is none."""
    chosen = shlex.split(os.environ.get("CC", ""))
    if chosen:
        words = {Path(word).name for word in chosen[:2]}
        return Toolchain(tuple(chosen), is_zig="zig" in words)
    for name in ("cc", "gcc"):
        if path := shutil.which(name):
            return Toolchain((path,), is_zig=False)
    zig = _zig()
    if zig is None:
        raise BuildError("no C compiler: set CC, install gcc, or `pip install 'ziglang>=0.17,<0.18'`")
    return Toolchain((str(zig), "cc"), is_zig=True)
