"""Computes what a kernel stores: an interpreter of its tree over all threads of the grid at once.

Each value is an array with one element per thread; a mask says which threads run. Statements run in lockstep, which
is one of the orders CUDA allows, and the kernels are written so that every order gives the same results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import tree
from .operations import OPERATIONS
from .scalars import SCALARS, words

Array = np.ndarray
_COMBINE = {"add": np.add, "min": np.minimum, "max": np.maximum, "xor": np.bitwise_xor, "and": np.bitwise_and,
            "or": np.bitwise_or}
START = {"add": 0, "min": 0xFFFFFFFF, "max": 0, "xor": 0, "and": 0xFFFFFFFF, "or": 0, "lock": 0}
_WIDE = {"imin": np.int32, "fadd": np.float32, "add64": np.uint64}


def fresh_cells() -> dict[str, Array]:
    """The cells of the grid before a launch, in the kernel's order."""
    return {name: np.full(tree.CELLS, start, np.uint32) for name, start in START.items()} \
        | {name: np.zeros(tree.CELLS, kind) for name, kind in _WIDE.items()}


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


class Model:
    """One launch of `kernel` on a grid of blocks."""

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

    def run(self) -> tuple[Array, Array, Array, Array]:
        """Rows of words per thread, the cells of the grid in the kernel's order, the threads' own cells, columns."""
        with np.errstate(all="ignore"):
            everyone = np.ones(self.size, bool)
            self.frame.values["m0"] = self.members(everyone)
            active = self.run_block(self.kernel.body, everyone)
            self.save(active, 2)
        own = np.stack([words(each) for each in self.own], axis=1)
        return self.rows, cell_words(self.grid), own, column_words(list(self.side_by_side.values()))

    def save(self, active: Array, code: int) -> None:
        frame = self.frame
        columns = [frame.values[name] for _, name in self.kernel.variables]
        for _, name, length in self.kernel.arrays:
            columns += [frame.arrays[name][:, index] for index in range(length)]
        columns += [frame.values[f"p.{name}"] for _, name in tree.STRUCT_FIELDS]
        columns += [frame.arrays["p.f"][:, index] for index in range(3)]
        self.rows[active, 0] = code
        for number, column in enumerate(columns, 1):
            self.rows[active, number] = words(column)[active]

    # ---- expressions ---------------------------------------------------------------------------
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

    # ---- statements ----------------------------------------------------------------------------
    def run_block(self, statements: Sequence[tree.Statement], active: Array) -> Array:
        """Runs them; the threads that reach the end."""
        for each in statements:
            if not active.any():
                break
            active = self.run_statement(each, active)
        return active

    def assign(self, variable: tree.Variable, value: Array, active: Array) -> None:
        old = self.frame.values[variable.name]
        self.frame.values[variable.name] = np.where(active, value.astype(old.dtype), old)

    def run_statement(self, s: tree.Statement, active: Array) -> Array:
        match s:
            case tree.Assign():
                self.assign(s.variable, self.value(s.value, active), active)
            case tree.Store():
                value = self.value(s.value, active)
                if s.space == "shared":
                    self.shared[s.array][self.block[active], self.tid[active]] = value[active]
                else:
                    assert s.index is not None
                    index = self.index(s.index, s.length, active)
                    if s.space == "column":
                        self.side_by_side[s.array][index[active], np.flatnonzero(active)] = value[active]
                        return active
                    self.frame.arrays[s.array][np.flatnonzero(active), index[active]] = value[active]
            case tree.If():
                condition = self.value(s.condition, active) != 0
                then = self.run_block(s.then, active & condition)
                return then | self.run_block(s.otherwise, active & ~condition)
            case tree.Loop():
                return self.run_loop(s, active)
            case tree.Switch():
                return self.run_switch(s, active)
            case tree.Jump():
                return self.run_jump(s, active)
            case tree.Label():
                self.frame.labels[s.number] = np.zeros(self.size, bool)
                return self.run_block(s.body, active) | self.frame.labels.pop(s.number)
            case tree.Swap():
                one, two = (self.frame.values[each.name] for each in (s.variable, s.other))
                self.assign(s.variable, two, active)
                self.assign(s.other, one, active)
            case tree.StructCall():
                self.run_struct(s, active)
            case _:
                return self.run_together(s, active)
        return active

    def run_loop(self, s: tree.Loop, active: Array) -> Array:
        bound = self.value(s.bound, active)
        frame = self.frame
        self.assign(s.counter, np.full(self.size, 0 if s.style == "for" else -1, np.int32), active)
        inside, done = active, np.zeros(self.size, bool)
        first = True
        while True:
            if s.style != "for":  # while and do count before the test, do skips the first one
                if s.style == "do" and not first:
                    stay = frame.values[s.counter.name] + 1 < bound
                    done |= inside & ~stay
                    inside = inside & stay
                self.assign(s.counter, frame.values[s.counter.name] + 1, inside)
            if s.style != "do":
                stay = frame.values[s.counter.name] < bound
                done |= inside & ~stay
                inside = inside & stay
            first = False
            if not inside.any():
                return done
            frame.breaks.append(np.zeros(self.size, bool))
            frame.continues.append(np.zeros(self.size, bool))
            rest = self.run_block(s.body, inside)
            done |= frame.breaks.pop()
            inside = rest | frame.continues.pop()
            if s.style == "for":
                self.assign(s.counter, frame.values[s.counter.name] + 1, inside)

    def run_switch(self, s: tree.Switch, active: Array) -> Array:
        chosen = np.minimum(self.index(s.value, 5, active), len(s.cases) - 1)
        done, falling = np.zeros(self.size, bool), np.zeros(self.size, bool)
        for number, (falls, body) in enumerate(s.cases):
            rest = self.run_block(body, falling | (active & (chosen == number)))
            falling = rest if falls else np.zeros(self.size, bool)
            done |= np.zeros(self.size, bool) if falls else rest
        return done | falling

    def run_jump(self, s: tree.Jump, active: Array) -> Array:
        frame = self.frame
        leaving = active & (self.value(s.condition, active) != 0)
        if s.kind == "break":
            frame.breaks[-1] |= leaving
        elif s.kind == "continue":
            frame.continues[-1] |= leaving
        elif s.kind == "goto":
            frame.labels[s.label] |= leaving
        elif s.value is not None:
            assert frame.result is not None
            frame.result = np.where(leaving, self.value(s.value, leaving), frame.result)
        else:
            self.save(leaving, 1)
            self.exited |= leaving
        return active & ~leaving

    def run_struct(self, s: tree.StructCall, active: Array) -> None:
        function = self.functions[s.function]
        assert isinstance(function, tree.StructFunction)
        argument = self.value(s.argument, active)
        outer, self.frame = self.frame, Frame()
        inner = self.frame
        names = [name for _, name in tree.STRUCT_FIELDS]
        for name in names:
            inner.values[f"q.{name}"] = outer.values[f"{s.source}.{name}"]
        inner.arrays["q.f"] = outer.arrays[f"{s.source}.f"].copy()
        inner.values["x"] = argument
        self.run_block(function.body, active)
        for turn in range(1, 4 if function.recursive else 0):
            deep = active & ((self.lane & 3) >= turn)
            if deep.any():
                self.run_block(function.body, deep)
        self.frame = outer
        for name in names:
            self.assign(tree.Variable("", f"{s.target}.{name}"), inner.values[f"q.{name}"], active)
        outer.arrays[f"{s.target}.f"] = np.where(active[:, None], inner.arrays["q.f"], outer.arrays[f"{s.target}.f"])

    # ---- statements among threads ------------------------------------------------------------------
    def run_together(self, s: tree.Statement, active: Array) -> Array:
        match s:
            case tree.PrivateAtomic():
                self.run_private(s, active)
            case tree.SharedUpdate():
                index, operand = self.index(s.index, tree.CELLS, active), self.value(s.operand, active)
                if s.operation in _WIDE:
                    self.update_wide(s.operation, index[active], operand[active])
                    return active
                combine = _COMBINE[s.operation]
                if s.space == "shared":
                    combine.at(self.cells, (self.block[active], index[active]), operand[active])
                else:
                    combine.at(self.grid["lock" if s.how == "lock" else s.operation], index[active], operand[active])
            case tree.Barrier():
                self.run_barrier(s, active)
            case tree.Elect():
                self.whole_blocks(active)
                writer = active & (self.tid == self.index(s.place, self.threads, active))
                chosen = np.full(self.block[-1] + 1, 7, np.int32)
                chosen[self.block[writer]] = self.value(s.value, writer)[writer]
                self.assign(s.variable, chosen[self.block], active)
            case tree.Epoch():
                self.whole_blocks(active)
                self.cells[np.unique(self.block[active])] = START[s.operation]
                active = self.run_block(s.body, active)
                self.assign(s.variable, self.cells[self.block, self.index(s.index, tree.CELLS, active)], active)
            case tree.Ballot():
                self.set_mask(s.mask, self.ballot(self.value(s.condition, active), active), active)
            case tree.MaskIf():
                mask = self.frame.values[s.mask]
                taken = (mask >> self.lane.astype(np.uint32) & np.uint32(1)) != 0
                self.assign(s.condition, taken.astype(np.int32), active)
                self.set_mask(s.mask + "e", self.members(active) & ~mask, active)
                then = self.run_block(s.then, active & taken)
                return then | self.run_block(s.otherwise, active & ~taken)
            case tree.WarpLoop():
                return self.run_warp_loop(s, active)
            case tree.Shuffle():
                self.run_shuffle(s, active)
            case tree.WarpCompute():
                self.run_compute(s, active)
            case _:
                raise AssertionError(s)
        return active

    def update_wide(self, operation: str, index: Array, x: Array) -> None:
        cells = self.grid[operation]
        if operation == "add64":
            np.add.at(cells, index, x.astype(np.uint64) * np.uint64(0x100000001))
        elif operation == "imin":
            np.minimum.at(cells, index, x.view(np.int32))
        else:
            np.add.at(cells, index, (x & np.uint32(15)).astype(np.float32))

    def run_private(self, s: tree.PrivateAtomic, active: Array) -> None:
        old = self.own[s.cell]
        x = self.value(s.operand, active).astype(old.dtype)
        one = old.dtype.type(1)
        if s.compare is not None:
            new = np.where(old == self.value(s.compare, active), x, old)
        elif s.operation == "exch":
            new = x
        elif s.operation == "sub":
            new = old - x
        elif s.operation == "inc":
            new = np.where(old >= x, old.dtype.type(0), old + one)
        elif s.operation == "dec":
            new = np.where((old == 0) | (old > x), x, old - one)
        else:
            new = _COMBINE[s.operation](old, x)
        self.own[s.cell] = np.where(active, new, old)
        self.assign(s.variable, old, active)

    def whole_blocks(self, active: Array) -> None:
        """The kernel is written so that all live threads of a block meet."""
        waiting = np.zeros(self.block[-1] + 1, bool)
        waiting[self.block[active]] = True
        assert not (waiting[self.block] & ~active & ~self.exited).any(), "a barrier that some threads miss"

    def run_barrier(self, s: tree.Barrier, active: Array) -> None:
        self.whole_blocks(active)
        if s.variable is None:
            return
        here = np.bincount(self.block[active], minlength=self.block[-1] + 1)[self.block]
        if s.predicate is None:
            self.assign(s.variable, here, active)
            return
        true = active & (self.value(s.predicate, active) != 0)
        count = np.bincount(self.block[true], minlength=self.block[-1] + 1)[self.block]
        result = {"count": count, "and": count == here, "or": count > 0}[s.kind]
        self.assign(s.variable, result, active)

    # ---- warps -----------------------------------------------------------------------------------
    def table(self, values: Array) -> Array:
        """Values by warp and lane; places without a thread are zero."""
        found = np.zeros(self.warps * 32, values.dtype)
        found[self.place] = values
        return found.reshape(self.warps, 32)

    def spread(self, per_warp: Array) -> Array:
        return per_warp[self.place // 32]

    def ballot(self, values: Array, active: Array) -> Array:
        bits = self.table((values != 0) & active).astype(np.uint32) << np.arange(32, dtype=np.uint32)
        return self.spread(np.bitwise_or.reduce(bits, axis=1))

    def members(self, active: Array) -> Array:
        return self.ballot(np.ones(self.size, np.int32), active)

    def set_mask(self, name: str, mask: Array, active: Array) -> None:
        old = self.frame.values.get(name)
        self.frame.values[name] = mask if old is None else np.where(active, mask, old)

    def check_mask(self, mask: str, active: Array) -> None:
        assert (self.frame.values[mask] == self.members(active))[active].all(), f"{mask} does not name who is here"

    def run_warp_loop(self, s: tree.WarpLoop, active: Array) -> Array:
        bound = self.value(s.bound, active)
        self.assign(s.counter, np.zeros(self.size, np.int32), active)
        inside, done = active, np.zeros(self.size, bool)
        while True:
            stay = self.frame.values[s.counter.name] < bound
            done |= inside & ~stay
            inside = inside & stay
            if not inside.any():
                return done
            self.set_mask(s.mask, self.members(inside), inside)
            inside = self.run_block(s.body, inside)
            self.assign(s.counter, self.frame.values[s.counter.name] + 1, inside)

    def run_shuffle(self, s: tree.Shuffle, active: Array) -> None:
        self.check_mask(s.mask, active)
        values, b = self.value(s.value, active), self.value(s.lane, active) & 31
        lane, first = self.lane, self.lane & ~(s.width - 1)
        last = first + s.width - 1
        if s.kind == "idx":
            source = first | (b & (s.width - 1))
        elif s.kind == "up":
            source = np.where(lane - b < first, lane, lane - b)
        elif s.kind == "down":
            source = np.where(lane + b > last, lane, lane + b)
        else:
            source = np.where((lane ^ b) > last, lane, lane ^ b)
        there = self.frame.values[s.mask] >> source.astype(np.uint32) & np.uint32(1)
        got = self.table(values).reshape(-1)[self.place // 32 * 32 + source]
        self.assign(s.variable, np.where(there != 0, got, values.dtype.type(0)), active)

    def run_compute(self, s: tree.WarpCompute, active: Array) -> None:
        self.check_mask(s.mask, active)
        if s.kind == "sync":
            return
        values, here = self.value(s.value, active), self.members(active)
        if s.kind in ("all", "any", "uni", "ballot"):
            true = self.ballot(values, active)
            result = {"all": true == here, "any": true != 0, "uni": (true == here) | (true == 0),
                      "ballot": true.view(np.int32)}[s.kind]
        elif s.kind.startswith("match"):
            table, present = self.table(values), self.table(active)
            same = (self.spread(table) == values[:, None]) & self.spread(present)
            group = (same.astype(np.uint32) << np.arange(32, dtype=np.uint32)).sum(axis=1, dtype=np.uint32)
            result = group.view(np.int32)
            if s.kind == "match_all":
                result = np.where(group == here, result ^ np.int32(1), 0)
        else:
            result = self.reduce(s.kind, values, active)
        self.assign(s.variable, result, active)

    def reduce(self, kind: str, values: Array, active: Array) -> Array:
        combine = _COMBINE[kind]
        info = np.iinfo(values.dtype)
        start = {"add": 0, "min": info.max, "max": info.min, "and": -1, "or": 0, "xor": 0}[kind]
        neutral = np.array([start & 2**32 - 1], np.uint32).view(values.dtype)[0]
        table = np.where(self.table(active), self.table(values), neutral)
        result = combine.reduce(table, axis=1, dtype=values.dtype) if kind == "add" else combine.reduce(table, axis=1)
        return self.spread(result)


