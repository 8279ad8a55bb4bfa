"""The contender in Python: a case's jit.py, whose `run` is numba's @njit(parallel=True)."""

from __future__ import annotations

import importlib.util
import time

import numpy as np

from suite.case import Arrays, Case
from suite.native import Absent


class NumbaCode:
    """`run` of jit.py with the arguments of the OpenMP function."""

    def __init__(self, case: Case, arrays: Arrays) -> None:
        source = case.source("jit.py")
        if source is None:
            raise Absent("not written")
        try:
            import numba  # noqa: F401
        except ImportError:
            raise Absent("numba is not installed") from None
        spec = importlib.util.spec_from_file_location(f"jit_{case.folder.name}", source)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self._first = arrays
        self._arrays = {name: np.array(array) for name, array in arrays.items()}
        self._values = [self._arrays[arg] if isinstance(arg, str) else arg for arg in case.args]
        self._run = module.run

    def reset(self) -> None:
        for name, array in self._first.items():
            self._arrays[name][...] = array

    def run(self, repeats: int) -> float:
        start = time.perf_counter()
        for _ in range(repeats):
            self._run(*self._values)
        return time.perf_counter() - start

    def outputs(self, names: list[str]) -> Arrays:
        return {name: self._arrays[name] for name in names}

    def close(self) -> None:
        self._arrays.clear()
