"""What a public kernel's case says: where its source is, and jobs with inputs of ours and what they must give."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

Dim = int | tuple[int, ...]
HERE = Path(__file__).parent

# The commits that the cases were written for.
REPOSITORIES = {
    "NVIDIA/cuda-samples": "c94ff366aed18c797b8a85dfaac7817b0228b420",
    "karpathy/llm.c": "f1e2ace651495b74ae22d45d1723443fd00ecd3a",
    "yuhc/gpu-rodinia": "9c10d3ea16ddba2ba057cc3951a9efc4c2cc18a4",
    "zjin-lcf/HeCBench": "f27000a5188f8ac79bd43fc95a1b3f890c18823d",
}


@dataclass(frozen=True)
class Step:
    """One launch. A str argument is the address of the job's buffer of that name, any other goes by value."""

    kernel: str  # name or name expression
    grid: Dim
    block: Dim
    arguments: Sequence[object]
    shared_bytes: int = 0
    cooperative: bool = False


@dataclass(frozen=True)
class Job:
    """Launches one after the other over buffers that begin with these contents; `expected` holds them afterwards.

    `symbols` are written to variables of the program before. `check` replaces the comparison where many results are
    right: it gets the buffers' contents and raises AssertionError.
    """

    buffers: Mapping[str, np.ndarray]
    steps: Sequence[Step]
    expected: Mapping[str, np.ndarray] = field(default_factory=dict)
    symbols: Mapping[str, np.ndarray] = field(default_factory=dict)
    relative: float = 0.0
    absolute: float = 0.0
    check: Callable[[Mapping[str, np.ndarray]], None] | None = None

    def verify(self, contents: Mapping[str, np.ndarray]) -> None:
        """Raises AssertionError when the buffers do not hold what they must."""
        assert self.expected or self.check, "a job says what its result is"
        for name, wanted in self.expected.items():
            got, wanted = contents[name].ravel(), np.asarray(wanted).ravel()
            assert got.shape == wanted.shape, name
            if self.relative or self.absolute:
                np.testing.assert_allclose(got, wanted, self.relative, self.absolute, err_msg=name)
            else:
                np.testing.assert_array_equal(got, wanted, err_msg=name)
        if self.check:
            self.check(contents)


@dataclass(frozen=True)
class PublicKernel:
    """A kernel of a public program. `make(size)` gives the job: size 0 for tests, 1 for timing."""

    name: str
    repository: str
    path: str
    kind: str
    features: str
    make: Callable[[int], Job]
    expressions: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    extra: str = ""  # what the program's build or its host part defines before the device part
    lockstep: bool = False  # relies on a warp's threads moving together without __syncwarp, which CUDA does not promise


def checkout(repository: str) -> Path | None:
    """The folder of a checkout under COMPATLAYER_PUBLIC, named owner+name; None without one."""
    root = os.environ.get("COMPATLAYER_PUBLIC", "")
    folder = Path(root) / repository.replace("/", "+")
    return folder if root and folder.is_dir() else None


def all_kernels() -> list[PublicKernel]:
    """The cases of every kernels_*.py here, in order of their names."""
    found: list[PublicKernel] = []
    for path in sorted(HERE.glob("kernels_*.py")):
        found += importlib.import_module(path.stem).KERNELS
    return found


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def ceil_div(count: int, size: int) -> int:
    return -(-count // size)
