"""A contender's process as the suite sees it: commands out, answers in, with a time limit on each."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.native import Absent

CONTENDER = Path(__file__).resolve().parent.parent / "contender.py"
START_S, ANSWER_S = 120.0, 90.0


class Failed(Exception):
    """A contender answered with an error, died or took too long."""


class Process:
    """One contender; started when first needed and again after a failure."""

    def __init__(self, kind: str, environment: Mapping[str, str], small: bool, under_launcher: bool,
                 clock: str = "wall") -> None:
        self.kind, self.clock = kind, clock
        self._environment = {**os.environ, **environment}
        launcher = ["-m", "compatlayer", "run"] if under_launcher else []
        self._command = [sys.executable, *launcher, str(CONTENDER), kind, *(["small"] if small else [])]
        self._child: subprocess.Popen[bytes] | None = None
        self._rest = b""

    def ask(self, action: str, **content: Any) -> dict[str, Any]:
        """Send one command and wait for its answer; raises Absent or Failed."""
        limit_s = ANSWER_S
        if self._child is None:
            self._child = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                           env=self._environment)
            limit_s = START_S
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(json.dumps({"do": action, **content}).encode() + b"\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            self.stop()
            raise Failed("the process died") from None
        answer: dict[str, Any] = json.loads(self._line(limit_s))
        if "absent" in answer:
            raise Absent(answer["absent"])
        if "failed" in answer:
            self.stop()
            raise Failed(answer["failed"])
        return answer

    def _line(self, limit_s: float) -> bytes:
        assert self._child is not None and self._child.stdout is not None
        descriptor = self._child.stdout.fileno()
        while b"\n" not in self._rest:
            if not select.select([descriptor], [], [], limit_s)[0]:
                self.stop()
                raise Failed(f"no answer within {limit_s:.0f} s")
            part = os.read(descriptor, 1 << 16)
            if not part:
                status = self._child.wait()
                self.stop()
                raise Failed(f"the process ended with status {status}")
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def stop(self) -> None:
        """End the process; the next command starts another."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
        self._child, self._rest = None, b""
