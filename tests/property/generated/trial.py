"""Runs generated kernels on a device and compares what they store with the model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from compatlayer import CompileError, CudaError, Device, LaunchConfig, Program, launch

from . import text, tree
from .model import Data, Model, cell_words, fresh_cells
from .scalars import SCALARS, random_value, words

Shape = tuple[tuple[int, ...], tuple[int, ...]]

# Grid and block: one thread, less than a warp, one more than a warp, ragged and whole warps, one to three dimensions.
SHAPES: tuple[Shape, ...] = (
    ((1,), (1,)), ((2,), (31,)), ((3,), (33,)), ((2, 2), (24, 5)), ((1, 2, 2), (7, 3, 2)), ((3,), (100,)),
    ((1,), (256,)), ((2,), (64,)), ((5,), (2,)), ((1, 3), (8, 4)))  # fmt: skip
OPTIONS = ("-fmad=false",)


@dataclass(frozen=True)
class Difference:
    """What a kernel got wrong at one shape. `detail` is a text for people."""

    kernel: tree.Kernel
    shape: Shape
    detail: str

    def __str__(self) -> str:
        grid, block = self.shape
        return (f"kernel of seed {self.kernel.seed}, grid {grid}, block {block}: {self.detail}\n"
                f"{text.PRELUDE}{text.kernel_text(self.kernel)}")


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


def compare(kernel: tree.Kernel, shape: Shape, model: Model, results: Sequence[np.ndarray]) -> Difference | None:
    """The first word that differs from the model's."""
    names = [f"{name} cell, word {index}" for name, cells in model.grid.items()
             for index in range(cells.nbytes // 4)]
    for what, wanted, got in zip(("row", "cells", "own"), model.run(), results, strict=True):
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
        else:
            where = names[place[0]]
        detail = f"{where} is {int(got[place]):#x}, wanted {int(wanted[place]):#x} ({len(wrong)} words differ)"
        return Difference(kernel, shape, detail)
    return None


class Trial:
    """A module of kernels on `device`. Raises CompileError when they do not compile."""

    def __init__(self, device: Device, kernels: Sequence[tree.Kernel]) -> None:
        self.device, self.kernels = device, kernels
        self.program = Program(device, text.module_text(kernels), options=OPTIONS, name="generated.cu")

    def check(self, kernel: tree.Kernel, shape: Shape) -> Difference | None:
        """Runs one kernel; what differs. A failed launch is a difference too."""
        grid, block = shape
        data = data_of(kernel.seed)
        model = Model(kernel, grid, block, data)
        outputs = [np.zeros_like(model.rows), cell_words(fresh_cells()), np.zeros((model.size, 4), np.uint64)]
        try:
            results = self.run(kernel, shape, data, outputs)
        except CudaError as error:
            return Difference(kernel, shape, str(error))
        results[2] = own_words(results[2])
        return compare(kernel, shape, model, results)

    def run(self, kernel: tree.Kernel, shape: Shape, data: Data, outputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        arrays = [*(data.inputs[t] for t in text.INPUTS), *outputs]
        buffers = [self.device.upload(each) for each in arrays]
        arguments: list[Any] = [*buffers, *(data.parameters[name] for _, name in tree.PARAMETERS),
                                packed_struct(data)]
        stream = self.device.default_stream
        try:
            config = LaunchConfig(*shape, shared_bytes=8 * int(np.prod(shape[1])))
            launch(stream, config, self.program.kernel(kernel.name), *arguments)
            stream.synchronize()
            return [each.copy_to() for each in buffers[len(data.inputs):]]
        finally:
            for buffer in buffers:
                with contextlib.suppress(CudaError):  # of a context that a kernel has ruined
                    buffer.close()

    def close(self) -> None:
        self.program.close()


def shapes_of(seed: int, count: int) -> list[Shape]:
    """`count` shapes for a kernel; all come up over a few seeds."""
    return [SHAPES[(seed * 3 + number) % len(SHAPES)] for number in range(count)]


def differences(device: Device, kernels: Sequence[tree.Kernel], shapes: int) -> Iterator[Difference]:
    """What the kernels, compiled as one module, get wrong: at most one difference each."""
    trial = Trial(device, kernels)
    try:
        for kernel in kernels:
            for shape in shapes_of(kernel.seed, shapes):
                found = trial.check(kernel, shape)
                if found is not None:
                    yield found
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
