"""The whole way of a program: compile a small kernel, launch it, look at the result."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from compatlayer.doctor.finding import Finding
from compatlayer.launcher import environment, libraries

_TIMEOUT_S = 120


def check_kernel() -> Iterator[Finding]:
    """In a process of its own, started as children of `compatlayer run` are."""
    if not os.path.exists(libraries.RUNTIME):
        return
    variables = dict(os.environ)
    environment.apply(variables)
    variables.pop(environment.REPORT, None)
    command = [sys.executable, "-m", "compatlayer.cli.self_check"]
    try:
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        yield Finding("PROBLEM", f"a small kernel did not finish in {_TIMEOUT_S} s", "set COMPATLAYER_WORKERS=1")
        return
    if done.returncode == 0:
        yield Finding("ok", done.stdout.strip())
    else:
        lines = (done.stderr + done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        yield Finding("PROBLEM", f"a small kernel did not run: {lines[-1]}",
                      "solve the problems above first, or see all of it: compatlayer run -m compatlayer.cli.self_check")
