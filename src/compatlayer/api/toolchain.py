"""The C compiler of the build: $CC, else cc or gcc, else the one in the ziglang wheel."""

from __future__ import annotations

import importlib.util
import os
import platform
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path

_GLIBC = "2.28"
_COMMON = ("-O2", "-g1", "-fPIC", "-fvisibility=hidden", "-pthread", "-D_GNU_SOURCE")
_WARNINGS = ("-Wall", "-Wextra")
# What zig compiles for: every processor of the name has it.
_BASELINES = {"x86_64": "x86_64_v2", "aarch64": "generic"}


class BuildError(Exception):
    """The build cannot go on; one sentence that says what to do, then the compiler's words if it was that."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """How to compile and link. Commands take gcc's options."""

    command: tuple[str, ...]
    is_zig: bool
    machine: str = field(default_factory=platform.machine)  # what the code is for
    for_wheel: bool = False  # code that leaves this machine, whose compiler and variables are not asked

    def compile_flags(self, warnings: bool) -> list[str]:
        """Flags for C11 of the baseline CPU, never of the machine that builds."""
        flags = ["-std=c11", *_COMMON, *self._target(), *(_WARNINGS if warnings else ("-w",))]
        return flags + self._chosen("CFLAGS")

    def link_flags(self) -> list[str]:
        """Flags for a shared library whose missing functions matter only when they are called."""
        stripped = ["-Wl,--strip-debug"] if self.for_wheel else []
        return ["-shared", "-Wl,-z,lazy", *_COMMON, *self._target(), *stripped, *self._chosen("LDFLAGS")]

    def _chosen(self, variable: str) -> list[str]:
        return [] if self.for_wheel else shlex.split(os.environ.get(variable, ""))

    def _target(self) -> list[str]:
        if self.is_zig:
            cpu = [f"-mcpu={_BASELINES[self.machine]}"] if self.machine in _BASELINES else []
            return ["-target", f"{self.machine}-linux-gnu.{_GLIBC}", *cpu, "-fno-sanitize=all"]
        # x86-64-v2, in words that older compilers know too.
        return ["-msse4.2", "-mpopcnt", "-mcx16", "-msahf"] if self.machine == "x86_64" else []


def _zig() -> Path | None:
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        return None
    zig = Path(spec.origin).parent / "zig"
    return zig if zig.is_file() else None


def wheel_toolchain(machine: str) -> Toolchain:
    """The ziglang wheel's compiler for `machine`, x86_64 or aarch64. Raises BuildError."""
    if machine not in _BASELINES:
        raise BuildError(f"no wheel can be made for {machine}; choose one of {', '.join(_BASELINES)}")
    zig = _zig()
    if zig is None:
        raise BuildError("wheels are made with zig: `pip install 'ziglang>=0.17,<0.18'`")
    return Toolchain((str(zig), "cc"), is_zig=True, machine=machine, for_wheel=True)


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
