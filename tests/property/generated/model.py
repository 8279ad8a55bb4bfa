"""Computes what a kernel stores: an interpreter of its tree over all threads of the grid at once.

Each value is an array with one element per thread; a mask says which threads run. Statements run in lockstep, which
is one of the orders CUDA allows, and the kernels are written so that every order gives the same results.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import tree
from .evaluation import START, WIDE, Array, Frame, cell_words, column_words
from .scalars import words
from .warps import COMBINE, Warps


class Model(Warps):
    """One launch of `kernel` on a grid of blocks: statements one after another."""

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

    # ---- statements ----------------------------------------------------------------------------
    def run_block(self, statements: Sequence[tree.Statement], active: Array) -> Array:
        """Runs them; the threads that reach the end."""
        for each in statements:
            if not active.any():
                break
            active = self.run_statement(each, active)
        return active

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
                if s.operation in WIDE:
                    self.update_wide(s.operation, index[active], operand[active])
                    return active
                combine = COMBINE[s.operation]
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
            new = COMBINE[s.operation](old, x)
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
