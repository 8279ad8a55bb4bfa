"""One contender's process: reads commands as JSON lines, answers each with one line.

load    take a case with its inputs and reference, run it once from fresh inputs, and judge the outputs
time    run it `repeats` times in a row; the seconds of all, wall time and processor time of all threads
check   from fresh inputs again: run once, judge the outputs
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from suite.case import Arrays, Case, load
from suite.native import Absent

MAKERS = {"ours": "suite.cuda:CudaCode", "naive": "suite.cuda:CudaCode", "openmp": "suite.openmp:same_loops",
          "clang": "suite.openmp:same_loops",
          "best": "suite.openmp:best", "pocl": "suite.opencl:OpenClCode", "intel": "suite.opencl:OpenClCode",
          "numba": "suite.numba_jit:NumbaCode"}


class Contender:
    """One case at a time, made by the contender's maker."""

    def __init__(self, kind: str, small: bool) -> None:
        module, _, name = MAKERS[kind].partition(":")
        self._make = getattr(importlib.import_module(module), name)
        self._cases = {case.name: case for case in load(small=small)}
        self._case: Case | None = None
        self._code: Any = None
        self._reference: Arrays = {}

    def load(self, case: str, data: str) -> dict[str, Any]:
        self.unload()
        self._case = self._cases[case]
        arrays = {path.stem: np.load(path) for path in sorted(Path(data, "inputs").glob("*.npy"))}
        self._reference = {path.stem: np.load(path) for path in sorted(Path(data, "reference").glob("*.npy"))}
        self._code = self._make(self._case, arrays)
        self._code.reset()
        begin = time.perf_counter()
        self._code.run(1)
        first_s = time.perf_counter() - begin
        error = self._error()
        return {"error": error, "first_s": first_s, "times": getattr(self._code, "times", {})}

    def time(self, repeats: int) -> dict[str, Any]:
        before = time.process_time()
        seconds = self._code.run(repeats)
        return {"wall": seconds, "cpu": time.process_time() - before}

    def check(self) -> dict[str, Any]:
        self._code.reset()
        self._code.run(1)
        return {"error": self._error()}

    def unload(self) -> dict[str, Any]:
        if self._code is not None:
            self._code.close()
        self._code = None
        return {}

    def _error(self) -> str | None:
        assert self._case is not None
        return self._case.errors(self._code.outputs(list(self._case.tolerance)), self._reference)


def serve(kind: str, small: bool) -> None:
    """Answer commands until the input ends; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    contender: Contender | None = None
    for line in sys.stdin:
        command = json.loads(line)
        action = command.pop("do")
        try:
            contender = contender or Contender(kind, small)
            answer(getattr(contender, action)(**command))
        except Absent as absent:
            answer({"absent": str(absent)})
        except Exception as error:
            answer({"failed": f"{type(error).__name__}: {error}"[:500]})
