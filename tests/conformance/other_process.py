"""A second process, not forked from this one, that makes driver calls when it is told to.

Run as a script it reads lines of Python from its input and answers each with one line: what the expression `_` is.
"""

from __future__ import annotations

import ast
import ctypes
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

PRELUDE = """
import ctypes, os, sys
import numpy as np
sys.path.insert(0, {here!r})
from cuda.bindings import driver as cu
from conftest import Api
api = Api()
api.cuInit(0)
context = api.cuDevicePrimaryCtxRetain(0)
api.cuCtxPushCurrent(context)
def got(at, size=64):
    back = np.empty(size, np.uint8)
    api.cuMemcpyDtoH(back, at, size)
    return back.tolist()
def put(at, value, size=64):
    api.cuMemcpyHtoD(at, np.full(size, value, np.uint8), size)
from other_process import filled, raw
def memory_handle(data):
    return filled(cu.CUipcMemHandle(), data)
def event_handle(data):
    return filled(cu.CUipcEventHandle(), data)
"""


def raw(handle: Any) -> bytes:
    """The 64 bytes of a structure of cuda.bindings."""
    return ctypes.string_at(handle.getPtr(), 64)


def filled(handle: Any, data: bytes) -> Any:
    """Such a structure with these bytes."""
    ctypes.memmove(handle.getPtr(), data, 64)
    return handle


class Other:
    """A child process; `do` runs statements there, `ask` answers an expression's value."""

    def __init__(self, descriptors: tuple[int, ...] = ()) -> None:
        self.process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, pass_fds=descriptors)
        self.do(PRELUDE.format(here=str(Path(__file__).parent)))

    def _send(self, code: str) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(repr(code) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the other process has ended"
        kind, value = ast.literal_eval(answer)
        assert kind == "value", value
        return value

    def do(self, code: str) -> None:
        self._send(code)

    def ask(self, expression: str) -> Any:
        return self._send(f"_ = {expression}")

    def end(self) -> None:
        """Let it finish as a program does."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(30) == 0

    def __enter__(self) -> Other:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def main() -> None:
    names: dict[str, Any] = {}
    for line in sys.stdin:
        names["_"] = None
        try:
            exec(ast.literal_eval(line), names)
            answer = ("value", names["_"])
        except BaseException as error:
            answer = ("error", f"{type(error).__name__}: {error}")
        print(repr(answer), flush=True)


if __name__ == "__main__":
    main()
