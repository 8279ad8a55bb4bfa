"""The state of a launch in the model, and the values of expressions: an array with one element per thread each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import tree
from .operations import OPERATIONS
from .scalars import SCALARS, words

Array = np.ndarray
START = {"add": 0, "min": 0xFFFFFFFF, "max": 0, "xor": 0, "and": 0xFFFFFFFF, "or": 0, "lock": 0}
WIDE = {"imin": np.int32, "fadd": np.float32, "add64": np.uint64}


def fresh_cells() -> dict[str, Array]:
    """The cells of the grid before a launch, in the kernel's order."""
    return {name: np.full(tree.CELLS, start, np.uint32) for name, start in START.items()} \
        | {name: np.zeros(tree.CELLS, kind) for name, kind in WIDE.items()}


def cell_words(cells: dict[str, Array]) -> Array:
    return np.concatenate([each.view(np.uint32) for each in cells.values()])


def column_words(columns: Sequence[Array]) -> Array:
    return np.concatenate([words(each.reshape(-1)) for each in columns])


@dataclass(frozen=True)
class Data:
    """What a launch is given: input buffers by type letter, parameters and the fields of the struct by name."""

    inputs: dict[str, Array]
    parameters: dict[str, np.generic]
    fields: dict[str, np.generic]
    array: Array


class Frame:
    """The locals of one call."""

    def __init__(self) -> None:
        self.values: dict[str, Array] = {}
        self.arrays: dict[str, Array] = {}
        self.result: Array | None = None
        self.breaks: list[Array] = []
        self.continues: list[Array] = []
        self.labels: dict[int, Array] = {}


class Evaluation(ABC):
    """One launch of `kernel` on a grid of blocks."""

    @abstractmethod
    def run_block(self, statements: Sequence[tree.Statement], active: Array) -> Array:
        """Runs them; the threads that reach the end."""

    def __init__(self, kernel: tree.Kernel, grid: Sequence[int], block: Sequence[int], data: Data) -> None:
        blocks, threads = int(np.prod(grid)), int(np.prod(block))
        self.kernel, self.threads, self.data = kernel, threads, data
        size = self.size = blocks * threads
        self.tables = {name: np.array(values, SCALARS[type_].dtype) for type_, name, values in kernel.constants}
        self.functions = {each.name: each for each in kernel.functions}
        gid = np.arange(size, dtype=np.int32)
        tid = gid % threads
        self.tid, self.block, self.lane = tid, gid // threads, tid & 31
        warps = (threads + 31) // 32
        self.warps = warps * blocks
        self.place = (self.block * warps + (tid >> 5)) * 32 + self.lane  # position in a (warp, lane) table
        self.exited = np.zeros(size, bool)
        self.own = [np.zeros(size, SCALARS[each].dtype) for each in tree.OWN]
        self.cells = np.zeros((blocks, tree.CELLS), np.uint32)
        self.side_by_side = {f"col_{t}": np.zeros((tree.COLUMNS, size), SCALARS[t].dtype) for t in tree.COLUMN}
        self.grid = fresh_cells()
        shape = blocks, threads
        self.shared = {"sh_u": (tid.astype(np.uint32) * np.uint32(2654435761)).reshape(shape),
                       "sh_c": (tid * 7).astype(np.uint8).reshape(shape),
                       "sh_d": (tid * 0.5).reshape(shape), "sh_m": tid.astype(np.uint64).reshape(shape)}
        self.frame = self.first_frame(gid, blocks)
        for letter, place, extent in (("t", tid, block), ("b", self.block, grid)):
            width, height = [*extent, 1, 1][:2]
            places = place % width, place // width % height, place // (width * height)
            self.frame.values |= {f"{letter}{axis}": each for axis, each in zip("xyz", places, strict=True)}
        names = [name for _, name in kernel.variables]
        self.columns = [*names, *(f"{name}[{index}]" for _, name, length in kernel.arrays for index in range(length)),
                        *(f"p.{name}" for _, name in tree.STRUCT_FIELDS), *(f"p.f[{index}]" for index in range(3))]
        self.rows = np.zeros((size, len(self.columns) + 1), np.uint64)

    def first_frame(self, gid: Array, blocks: int) -> Frame:
        frame = Frame()
        values = frame.values
        values |= {"tid": self.tid, "gid": gid, "lane": self.lane, "bid": self.block,
                   "threads": np.full_like(gid, self.threads), "blocks": np.full_like(gid, blocks)}
        for type_, name in tree.PARAMETERS:
            values[name] = np.full(self.size, self.data.parameters[name], SCALARS[type_].dtype)
        for type_, name in self.kernel.variables:
            values[name] = gid.astype(SCALARS[type_].dtype)
        for type_, name, length in self.kernel.arrays:
            frame.arrays[name] = (np.arange(length)[None, :] + self.tid[:, None]).astype(SCALARS[type_].dtype)
        for number in range(self.kernel.flags):
            values[f"b{number}"] = np.zeros(self.size, np.int32)
        for struct in "pq":
            for type_, name in tree.STRUCT_FIELDS:
                values[f"{struct}.{name}"] = np.full(self.size, self.data.fields[name], SCALARS[type_].dtype)
            frame.arrays[f"{struct}.f"] = np.repeat(self.data.array[None, :], self.size, axis=0)
        return frame

    def value(self, e: tree.Expression, active: Array) -> Array:
        match e:
            case tree.Constant():
                return np.full(self.size, e.value, SCALARS[e.type].dtype)
            case tree.Variable():
                return self.frame.values[e.name]
            case tree.Apply():
                found = OPERATIONS[e.operation].compute(*(self.value(each, active) for each in e.operands))
                return np.asarray(found, SCALARS[e.type].dtype)
            case tree.Choice():
                condition = self.value(e.condition, active) != 0
                return np.where(condition, self.value(e.then, active & condition),
                                self.value(e.otherwise, active & ~condition))
            case tree.Element():
                return self.element(e, active)
            case tree.Invoke():
                return self.invoke(e, active)
        raise AssertionError(e)

    def index(self, e: tree.Expression, length: int, active: Array) -> Array:
        return self.value(e, active).astype(np.int64) % 2**32 % length

    def element(self, e: tree.Element, active: Array) -> Array:
        everyone = np.arange(self.size)
        if e.space == "near":
            place = self.value(e.index, active).astype(np.int64)
            inside = (place >= 0) & (place < tree.INPUT)
            kind = SCALARS[e.type].dtype.type
            return np.where(inside, self.data.inputs[e.type][np.where(inside, place, 0)], kind(0))
        index = self.index(e.index, e.length or self.threads, active)
        if e.space == "column":
            return self.side_by_side[e.array][index, everyone]
        if e.space == "input":
            return self.data.inputs[e.type][index]
        if e.space == "shared":
            return self.shared[e.array][self.block, index]
        if e.space == "own":
            return self.own[0]
        if e.space == "constant":
            return self.tables[e.array][index]
        return self.frame.arrays[e.array][everyone, index]

    def invoke(self, e: tree.Invoke, active: Array) -> Array:
        arguments = [self.value(each, active) for each in e.arguments]
        if e.index is None:
            return self.call(e.function, arguments, active)
        chosen = self.index(e.index, len(e.table), active)
        result = np.zeros(self.size, SCALARS[e.type].dtype)
        for number, name in enumerate(e.table):
            mine = active & (chosen == number)
            if mine.any():
                result = np.where(mine, self.call(name, arguments, mine), result)
        return result

    def call(self, name: str, arguments: Sequence[Array], active: Array) -> Array:
        function = self.functions[name]
        assert isinstance(function, tree.Function)
        outer, self.frame = self.frame, Frame()
        try:
            values = self.frame.values
            for (type_, parameter), argument in zip(function.parameters, arguments, strict=True):
                values[parameter] = argument.astype(SCALARS[type_].dtype)
            for type_, variable in function.variables:
                values[variable] = np.zeros(self.size, SCALARS[type_].dtype)
            result = np.zeros(self.size, SCALARS[function.result].dtype)
            if function.recursive:
                result = np.where(values["depth"] <= 0, values["x"], result)
                active = active & (values["depth"] > 0)
            if active.any():
                self.frame.result = result
                rest = self.run_block(function.body, active)
                result = self.frame.result
                if rest.any():
                    result = np.where(rest, self.value(function.value, rest), result)
            return result
        finally:
            self.frame = outer

    def assign(self, variable: tree.Variable, value: Array, active: Array) -> None:
        old = self.frame.values[variable.name]
        self.frame.values[variable.name] = np.where(active, value.astype(old.dtype), old)
