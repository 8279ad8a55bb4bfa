"""The contenders in C: openmp.c (the same loops) and best.c (what a careful person writes)."""

from __future__ import annotations

import ctypes

import numpy as np

from suite.case import Arrays, Case
from suite.native import Absent, build, caller, player, pointers


class NativeCode:
    """One function of a case's C file on host arrays."""

    def __init__(self, case: Case, arrays: Arrays, file: str, flags: tuple[str, ...] = ()) -> None:
        source = case.source(file)
        if source is None:
            raise Absent("not written")
        self._first = arrays
        self._arrays = {name: np.array(array) for name, array in arrays.items()}
        values = [self._arrays[arg] if isinstance(arg, str) else arg for arg in case.args]
        defines = tuple(f"-D{name}={value}" for name, value in case.defines.items())
        library = build([source, caller(case.function, values)], (*flags, *defines))
        self._function = ctypes.cast(library.bench_repeat, ctypes.c_void_p)
        words = [np.uint64(value.ctypes.data) if isinstance(value, np.ndarray) else value for value in values]
        self._pointers, self._kept = pointers(words)
        self._play = player().play_native

    def reset(self) -> None:
        for name, array in self._first.items():
            self._arrays[name][...] = array

    def run(self, repeats: int) -> float:
        return float(self._play(self._function, self._pointers, repeats))

    def outputs(self, names: list[str]) -> Arrays:
        return {name: self._arrays[name] for name in names}

    def close(self) -> None:
        self._arrays.clear()


def same_loops(case: Case, arrays: Arrays) -> NativeCode:
    return NativeCode(case, arrays, "openmp.c")


def best(case: Case, arrays: Arrays) -> NativeCode:
    return NativeCode(case, arrays, "best.c", ("-ffast-math",))
