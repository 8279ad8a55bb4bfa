"""What a kernel's case.py says: launches, each with its inputs and the contents expected afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

Dim = tuple[int, ...]

# Grid and block: one thread, less than a warp, one more than a warp, whole warps, several dimensions.
LINES: tuple[tuple[int, int], ...] = ((1, 1), (1, 31), (3, 33), (2, 64), (5, 100))


@dataclass(frozen=True)
class Launch:
    """One launch. An ndarray argument is a device buffer with those contents; any other goes by value (bytes as is)."""

    kernel: str  # name or name expression
    grid: Dim
    block: Dim
    arguments: Sequence[object]
    expected: Mapping[int, np.ndarray] = field(default_factory=dict)  # argument index -> contents afterwards
    shared_bytes: int = 0
    symbols: Mapping[str, np.ndarray] = field(default_factory=dict)  # written before the launch
    expected_symbols: Mapping[str, np.ndarray] = field(default_factory=dict)
    relative: float = 0.0
    absolute: float = 0.0
    printed: Sequence[str] | None = None  # lines on standard output, in any order
    status: str = "CUDA_SUCCESS"  # what synchronising after the launch answers
    cooperative: bool = False

    @property
    def label(self) -> str:
        return f"{self.kernel} grid={self.grid} block={self.block}"


def threads(grid: Dim | int, block: Dim | int) -> int:
    """Threads of the whole grid."""
    return int(np.prod(grid)) * int(np.prod(block))


def rng(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def values(count: int, dtype: type, seed: int = 7) -> np.ndarray:
    """Floats in [-8, 8) or integers over the type's whole range."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return rng(seed).uniform(-8, 8, count).astype(kind)
    info = np.iinfo(kind)
    return rng(seed).integers(info.min, info.max, count, dtype=kind, endpoint=True)


def structure(fields: Sequence[tuple], contents: Mapping[str, object]) -> np.void:
    """A C struct by value, laid out as a C compiler does."""
    record = np.zeros((), dtype=np.dtype(list(fields), align=True))
    for name, value in contents.items():
        record[name] = value
    return record[()]
