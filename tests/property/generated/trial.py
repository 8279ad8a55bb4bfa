"""Runs generated kernels on a device, in both engines, and compares what they store with the model."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

import numpy as np

from compatlayer import CompileError, CudaError, Device, LaunchConfig, Program, launch

from . import text, tree
from .evaluation import Data, cell_words, column_words, fresh_cells
from .model import Model
from .scalars import SCALARS, random_value, words

Shape = tuple[tuple[int, ...], tuple[int, ...]]

# Grids and blocks of each class that the vector engine has code for (cpl_shape_class in include/compatlayer/runtime.h).
SHAPES: dict[str, tuple[Shape, ...]] = {
    "tiny": (((1,), (1,)), ((5,), (2,)), ((1, 3), (2, 2))),
    "row of 32": (((2,), (64,)), ((1, 2), (32, 3)), ((1,), (1024,)), ((2,), (128, 1, 2))),
    "row of 16": (((2,), (16, 16)), ((1, 2, 2), (48,)), ((2,), (16, 3, 5))),
    "row of 8": (((2, 2), (24, 5)), ((2,), (8, 8, 2)), ((1, 3), (8, 4)), ((4,), (8,))),
    "line": (((3,), (33,)), ((2,), (31,)), ((2,), (100, 1)), ((1,), (999,)), ((7,), (5,))),
    "whole": (((2,), (4, 4, 4)), ((2,), (2, 16)), ((1,), (4, 8, 5))),
    "part": (((2,), (7, 3, 5)), ((1, 2), (5, 7)), ((3,), (3, 2)), ((1,), (10, 100))),
}
# Code is made for each class, so a kernel runs two blocks of each of a few classes.
_TURNS = (("line", "row of 32", "tiny"), ("part", "row of 16", "line"), ("row of 8", "line", "whole"),
          ("row of 32", "part", "row of 16"), ("whole", "row of 8", "part"))
ENGINES = ("vector", "naive")
OPTIONS = ("-fmad=false",)


@dataclass(frozen=True)
class Difference:
    """What a kernel got wrong at one shape. `detail` is a text for people."""

    kernel: tree.Kernel
    shape: Shape
    engine: str
    detail: str
    ruined: bool = False  # nothing more can be run in the context

    def __str__(self) -> str:
        grid, block = self.shape
        return (f"kernel of seed {self.kernel.seed}, grid {grid}, block {block}, {self.engine} engine: {self.detail}\n"
                f"{text.PRELUDE}{text.kernel_text(self.kernel)}")


@lru_cache(4)
def data_of(seed: int) -> Data:
    random = Random(seed)
    inputs = {t: np.array([random_value(random, t) for _ in range(tree.INPUT)], SCALARS[t].dtype) for t in text.INPUTS}
    parameters = {name: random_value(random, t) for t, name in tree.PARAMETERS}
    fields = {name: random_value(random, t) for t, name in tree.STRUCT_FIELDS}
    return Data(inputs, parameters, fields, np.array([random_value(random, "f") for _ in range(3)], np.float32))


def packed_struct(data: Data) -> bytes:
    kinds = [(name, SCALARS[t].dtype) for t, name in tree.STRUCT_FIELDS] + [("f", np.float32, 3)]
    record = np.zeros((), np.dtype(kinds, align=True))
    for name, value in data.fields.items():
        record[name] = value
    record["f"] = data.array
    return record.tobytes()


def own_words(raw: np.ndarray) -> np.ndarray:
    """The threads' own cells as the model gives them: by type, every NaN the same."""
    low = np.ascontiguousarray(raw).view(np.uint32)[:, ::2]
    columns = [np.ascontiguousarray(raw[:, number]) if t == "m" else np.ascontiguousarray(low[:, number]).view(
        SCALARS[t].dtype) for number, t in enumerate(tree.OWN)]
    return np.stack([words(each) for each in columns], axis=1)


def compare(kernel: tree.Kernel, shape: Shape, engine: str, model: Model, expected: Sequence[np.ndarray],
            results: Sequence[np.ndarray]) -> Difference | None:
    """The first word that differs from what the model expects."""
    names = [f"{name} cell, word {index}" for name, cells in model.grid.items()
             for index in range(cells.nbytes // 4)]
    for what, wanted, got in zip(("row", "cells", "own", "column"), expected, results, strict=True):
        got = got.reshape(wanted.shape)
        wrong = np.argwhere(got != wanted)
        if not len(wrong):
            continue
        place = tuple(int(each) for each in wrong[0])
        if what == "row":
            column = ["how it ended", *model.columns][place[1]]
            where = f"thread {place[0] % model.threads} of block {place[0] // model.threads}, {column}"
        elif what == "own":
            where = f"thread {place[0] % model.threads} of block {place[0] // model.threads}, own[{place[1]}]"
        elif what == "column":
            row, thread = divmod(place[0], model.size)
            where = f"thread {thread % model.threads} of block {thread // model.threads}, " \
                    f"col_{tree.COLUMN[row // tree.COLUMNS]}, row {row % tree.COLUMNS}"
        else:
            where = names[place[0]]
        detail = f"{where} is {int(got[place]):#x}, wanted {int(wanted[place]):#x} ({len(wrong)} words differ)"
        return Difference(kernel, shape, engine, detail)
    return None


@contextlib.contextmanager
def engine_of(device: Device, engine: str) -> Iterator[None]:
    """Kernels that are compiled for the device meanwhile are for `engine`."""
    hardware: Any = device.core.hardware
    kept = hardware.settings
    hardware.settings = kept._replace(engine=engine)
    try:
        yield
    finally:
        hardware.settings = kept


class Trial:
    """A module of kernels on `device`, once for each engine. Raises CompileError when they do not compile."""

    def __init__(self, device: Device, kernels: Sequence[tree.Kernel], engines: Sequence[str] = ENGINES) -> None:
        self.device, self.kernels = device, kernels
        source = text.module_text(kernels)
        self.programs = {engine: Program(device, source, options=OPTIONS, name="generated.cu") for engine in engines}

    def compile(self, shapes: Sequence[tuple[tree.Kernel, Shape]]) -> None:
        """Compiles the code for all of the launches, two at a time."""
        with ThreadPoolExecutor(2) as pool:
            for engine, program in self.programs.items():
                loaded: Any = program.core.program
                with engine_of(self.device, engine):
                    list(pool.map(lambda each, loaded=loaded: loaded.kernel(each[0].name).prepare(
                        (*each[1][1], 1, 1)[:3]), shapes))

    def in_vectors(self, kernel: tree.Kernel, shape: Shape) -> bool:
        """Whether the vector engine ran the kernel."""
        found: Any = self.programs["vector"].core.program
        from compatlayer._native import lib

        own = found.kernel(kernel.name)
        block = (*shape[1], 1, 1)[:3]
        return bool(own._variants[lib.cpl_shape_class(block, own._flags)].width > 1)

    def check(self, kernel: tree.Kernel, shape: Shape) -> Difference | None:
        """Runs one kernel in each engine; what differs. A failed launch is a difference too."""
        grid, block = shape
        data = data_of(kernel.seed)
        model = Model(kernel, grid, block, data)
        outputs = [np.zeros_like(model.rows), cell_words(fresh_cells()), np.zeros((model.size, 4), np.uint64),
                   *(np.zeros_like(each) for each in model.side_by_side.values())]
        expected = model.run()
        for engine in self.programs:
            try:
                results = self.run(kernel, shape, data, outputs, engine)
            except CudaError as error:
                return Difference(kernel, shape, engine, str(error), ruined=True)
            results = [*results[:2], own_words(results[2]), column_words(results[3:])]
            found = compare(kernel, shape, engine, model, expected, results)
            if found is not None:
                return found
        return None

    def run(self, kernel: tree.Kernel, shape: Shape, data: Data, outputs: Sequence[np.ndarray],
            engine: str) -> list[np.ndarray]:
        arrays = [*(data.inputs[t] for t in text.INPUTS), *outputs]
        buffers = [self.device.upload(each) for each in arrays]
        arguments: list[Any] = [*buffers, *(data.parameters[name] for _, name in tree.PARAMETERS),
                                packed_struct(data)]
        stream = self.device.default_stream
        try:
            config = LaunchConfig(*shape, shared_bytes=8 * int(np.prod(shape[1])))
            with engine_of(self.device, engine):
                launch(stream, config, self.programs[engine].kernel(kernel.name), *arguments)
            stream.synchronize()
            return [each.copy_to() for each in buffers[len(data.inputs):]]
        finally:
            for buffer in buffers:
                with contextlib.suppress(CudaError):  # of a context that a kernel has ruined
                    buffer.close()

    def close(self) -> None:
        for program in self.programs.values():
            program.close()


def shapes_of(seed: int, count: int) -> list[Shape]:
    """`count` shapes for a kernel; all come up over a few seeds."""
    classes = _TURNS[seed % len(_TURNS)]
    found = []
    for number in range(count):
        offered = SHAPES[classes[number % len(classes)]]
        found.append(offered[(seed // len(_TURNS) + number // len(classes)) % len(offered)])
    return found


def differences(device: Device, kernels: Sequence[tree.Kernel], shapes: int, engines: Sequence[str] = ENGINES,
                ran: Counter[str] | None = None) -> Iterator[Difference]:
    """What the kernels, compiled as one module, get wrong: at most one difference each, and none after one that
    ruins the context. `ran` counts the launches of
    the vector engine's code, and of the naive engine's where the vector one was asked for."""
    trial = Trial(device, kernels, engines)
    try:
        trial.compile([(kernel, shape) for kernel in kernels for shape in shapes_of(kernel.seed, shapes)])
        for kernel in kernels:
            for shape in shapes_of(kernel.seed, shapes):
                if ran is not None:
                    ran["vector" if trial.in_vectors(kernel, shape) else "naive"] += 1
                found = trial.check(kernel, shape)
                if found is not None:
                    yield found
                    if found.ruined:
                        return
                    break
    finally:
        with contextlib.suppress(CudaError):
            trial.close()


def does_not_compile(device: Device, kernel: tree.Kernel) -> bool:
    try:
        Trial(device, [kernel]).close()
    except CompileError:
        return True
    return False
