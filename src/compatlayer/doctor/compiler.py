"""The compiler of kernels: there, the right version, and in order."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator

from compatlayer.doctor.finding import Finding

_TIMEOUT_S = 120
_ZIG, _CLANG = "0.17", 22  # what the package requires, and the LLVM that it carries: the IR of others differs
_INSTALL = "pip install 'ziglang>=0.17,<0.18'"
_PROBE = b"int probe(int x) { return x + 1; }\n"


def check_compiler() -> Iterator[Finding]:
    """Find it, ask its version, compile a line."""
    from compatlayer.compiler import toolchain
    from compatlayer.errors import CompilerError

    try:
        binary = str(toolchain.zig())
    except CompilerError as error:
        what, _, advice = str(error).partition("; ")
        yield Finding("PROBLEM", what, advice)
        return
    told = _ask([binary, "clang", "--version"])
    found = re.match(r"clang version (\d+)[\w.]*", told[1])
    if told[0] or not found:
        yield Finding("PROBLEM", f"{binary} clang {told[0] or 'does not say its version'}", toolchain.REMEDY)
    elif int(found[1]) != _CLANG:
        yield Finding("PROBLEM", f"{binary} has {found[0]}, and version {_CLANG} is needed", _advice())
    else:
        yield from _check_version(binary, found[0])


def _check_version(binary: str, clang: str) -> Iterator[Finding]:
    failure, version = _ask([binary, "version"])
    if failure or version.strip().split(".")[:2] != _ZIG.split("."):
        yield Finding("PROBLEM", f"{binary} is zig {failure or version.strip()}, and {_ZIG} is needed", _advice())
        return
    failure, _ = _ask([binary, "clang", "-cc1", "-triple", "nvptx64-nvidia-cuda", "-emit-llvm", "-x", "c", "-o", "-",
                       "-"], _PROBE)
    if failure:
        yield Finding("PROBLEM", f"{binary} does not compile for devices: it {failure}", _advice())
    else:
        yield Finding("ok", f"compiler: {clang} of zig {version.strip()}")


def _advice() -> str:
    return "leave COMPATLAYER_ZIG out, or set it to a zig 0.17" if os.environ.get("COMPATLAYER_ZIG") else _INSTALL


def _ask(command: list[str], text: bytes = b"") -> tuple[str, str]:
    """How it failed ("" when it did not), and what it printed."""
    try:
        done = subprocess.run(command, input=text, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return f"did not end within {_TIMEOUT_S} s", ""
    except OSError as error:
        return f"does not run: {error.strerror}", ""
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode == 0:
        return "", output
    words = (done.stderr.decode("utf-8", "replace") or output).strip().partition("\n")[0] or "no message"
    return f"fails with status {done.returncode}: {words}", output
