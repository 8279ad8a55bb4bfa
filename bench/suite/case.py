"""A case: one kernel at one size, its inputs, its launches, and how its outputs are judged."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

KERNELS = Path(__file__).resolve().parent.parent / "kernels"
SEED = 20
_CHUNK = 1 << 16
Arrays = dict[str, np.ndarray]
# A kernel's argument: the name of an array, or a value of exactly the parameter's type.
Argument = str | np.generic


@dataclass(frozen=True)
class Launch:
    """One kernel launch; CUDA C and OpenCL C have the same kernel names and parameters."""

    kernel: str
    grid: tuple[int, ...]
    block: tuple[int, ...]
    args: tuple[Argument, ...]


@dataclass(frozen=True)
class Tolerance:
    """|out - ref| <= absolute + relative * |ref|; at most the part `mismatches` of the elements may lie outside."""

    relative: float = 0.0
    absolute: float = 0.0
    mismatches: float = 0.0

    def error(self, out: np.ndarray, ref: np.ndarray) -> str | None:
        """What is wrong with `out`, or None."""
        if out.shape != ref.shape:
            return f"shape {out.shape}, expected {ref.shape}"
        outs, refs = out.reshape(-1), ref.reshape(-1)
        count, first = 0, None
        for begin in range(0, outs.size, _CHUNK):  # chunks stay in the cache
            part = slice(begin, begin + _CHUNK)
            bad = self._bad(outs[part], refs[part])
            if bad.any():
                count += int(np.count_nonzero(bad))
                first = begin + int(np.argmax(bad)) if first is None else first
        if first is None or count <= self.mismatches * ref.size:
            return None
        place = tuple(int(index) for index in np.unravel_index(first, ref.shape))
        return f"{count} of {ref.size} elements are wrong; the first at {place}: {out[place]}, not {ref[place]}"

    def _bad(self, out: np.ndarray, ref: np.ndarray) -> np.ndarray:
        if not self.relative and not self.absolute:
            return out != ref
        wide = np.float64 if ref.dtype.kind == "f" else np.int64
        wanted = ref.astype(wide)
        return ~(np.abs(out.astype(wide) - wanted) <= self.absolute + self.relative * np.abs(wanted))  # true for NaN


@dataclass(frozen=True)
class Case:
    """`bytes_moved` is the least traffic that the algorithm needs, `operations` its arithmetic, counted by hand.

    kind        unit of the operations: f32, f64 or i32
    function    the functions of openmp.c and of best.c, both called with `args`
    inputs      every array by name, the outputs among them (their first content is part of the case)
    reference   from the inputs, the outputs as they have to be
    limit       what holds the kernel back when neither bandwidth nor arithmetic does
    """

    name: str
    inputs: Callable[[np.random.Generator], Arrays]
    launches: tuple[Launch, ...]
    function: str
    args: tuple[Argument, ...]
    reference: Callable[[Arrays], Arrays]
    tolerance: dict[str, Tolerance]
    bytes_moved: int
    operations: int
    kind: str = "f32"
    defines: dict[str, int] = field(default_factory=dict)
    limit: str = ""
    streaming: bool = False
    folder: Path = KERNELS

    def errors(self, outputs: Arrays, reference: Arrays) -> str | None:
        """What is wrong with the outputs, or None."""
        for name, tolerance in self.tolerance.items():
            error = tolerance.error(outputs[name], reference[name])
            if error:
                return f"{name}: {error}"
        return None

    def source(self, name: str) -> Path | None:
        """A file of the case's folder, if it has one."""
        path = self.folder / name
        return path if path.exists() else None


def groups(count: int, size: int) -> int:
    """Blocks of `size` that cover `count`."""
    return (count + size - 1) // size


def load(names: Sequence[str] = (), small: bool = False) -> list[Case]:
    """All cases, or those whose name or folder is in `names`; raises ValueError for a name that there is not."""
    cases: list[Case] = []
    for folder in sorted(path.parent for path in KERNELS.glob("*/case.py")):
        spec = importlib.util.spec_from_file_location(f"case_{folder.name}", folder / "case.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        cases += [Case(**{**vars(case), "folder": folder}) for case in module.cases(small)]
    known = {case.name for case in cases} | {case.folder.name for case in cases}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"no kernel {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    return [case for case in cases if not names or case.name in names or case.folder.name in names]
