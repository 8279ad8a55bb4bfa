"""The zig binary of the ziglang wheel: clang, lld and their cost. Called as child processes, so a crash of the
compiler cannot hurt the program."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from ..errors import CompilerError, CompilerMissing

TIMEOUT_S = 600.0


@cache
def zig() -> Path:
    """The compiler's path: COMPATLAYER_ZIG, else the ziglang wheel's. Raises CompilerError when there is none."""
    chosen = os.environ.get("COMPATLAYER_ZIG")
    if chosen:
        path = Path(chosen)
    else:
        from importlib.util import find_spec

        spec = find_spec("ziglang")
        if spec is None or not spec.submodule_search_locations:
            raise CompilerMissing("no compiler found: the package 'ziglang' is not installed; run pip install ziglang")
        path = Path(next(iter(spec.submodule_search_locations))) / "zig"
    if not os.access(path, os.X_OK):
        raise CompilerMissing(f"no compiler found: {path} is not an executable file; reinstall the package ziglang, "
                            "or set COMPATLAYER_ZIG to a zig binary")
    return path


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
        raise CompilerMissing(f"cannot start the compiler {zig()}: {error.strerror}; reinstall the package "
                            "ziglang") from error
    return done.returncode, done.stdout, done.stderr
