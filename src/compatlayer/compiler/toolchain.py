"""The zig binary of the ziglang wheel: clang, lld and their cost. Called as child processes, so a crash of the
compiler cannot hurt the program."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from ..errors import CompilerError, CompilerHindered, CompilerMissing

TIMEOUT_S = 600.0
REMEDY = "reinstall the package ziglang, and set COMPATLAYER_ZIG, if at all, to a zig binary"


@cache
def zig() -> Path:
    """The compiler's path: COMPATLAYER_ZIG, else the ziglang wheel's. Raises CompilerError when there is none."""
    chosen = os.environ.get("COMPATLAYER_ZIG")
    if chosen:
        path = Path(os.path.abspath(chosen))
        if not _is_program(path):
            raise CompilerMissing(f"no compiler found: COMPATLAYER_ZIG={chosen} is not an executable file; set it to "
                                  "the path of a zig binary, or leave it out to use the ziglang package's")
        return path
    from importlib.util import find_spec

    spec = find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        raise CompilerMissing("no compiler found: the package 'ziglang' is not installed; run "
                              "pip install 'ziglang>=0.17,<0.18'")
    path = Path(next(iter(spec.submodule_search_locations))) / "zig"
    if not _is_program(path):
        raise CompilerMissing(f"no compiler found: {path} is not an executable file; reinstall the package ziglang, "
                              "or set COMPATLAYER_ZIG to a zig binary")
    return path


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


@cache
def identity() -> str:
    """Changes whenever the compiler binary changes; costs one stat, starts no process."""
    path = zig()
    status = path.stat()
    return f"{path}:{status.st_size}:{status.st_mtime_ns}"


def run(args: Sequence[str], input_bytes: bytes = b"", *, cwd: str | None = None,
        environment: Mapping[str, str] | None = None) -> tuple[int, bytes, bytes]:
    """Run ``zig *args`` with `input_bytes` on its standard input; answers (exit status, stdout, stderr).

    A negative status is the signal that ended it. Raises CompilerError when it cannot start or does not end."""
    import subprocess

    try:
        done = subprocess.run([str(zig()), *args], input=input_bytes, capture_output=True, cwd=cwd, check=False,
                              env=None if environment is None else dict(environment), timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise CompilerError(f"the compiler did not end within {TIMEOUT_S:.0f} s; simplify the kernel") from None
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN):
            raise CompilerHindered(f"cannot start the compiler {zig()}: {error.strerror}; raise that limit of the "
                                "process (ulimit)") from error
        raise CompilerMissing(f"cannot start the compiler {zig()}: {error.strerror}; {REMEDY}") from error
    if done.returncode > 0 and not done.stdout and not done.stderr:
        raise CompilerMissing(f"{zig()} ended with status {done.returncode} and without a word; {REMEDY}")
    return done.returncode, done.stdout, done.stderr
