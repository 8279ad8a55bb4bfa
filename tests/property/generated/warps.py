"""What threads of a warp do together, in the model: masks, votes, shuffles, matches, reductions."""

from __future__ import annotations

import numpy as np

from . import tree
from .evaluation import Array, Evaluation

COMBINE = {"add": np.add, "min": np.minimum, "max": np.maximum, "xor": np.bitwise_xor, "and": np.bitwise_and,
           "or": np.bitwise_or}


class Warps(Evaluation):
    """Values by warp and lane."""

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
        combine = COMBINE[kind]
        info = np.iinfo(values.dtype)
        start = {"add": 0, "min": info.max, "max": info.min, "and": -1, "or": 0, "xor": 0}[kind]
        neutral = np.array([start & 2**32 - 1], np.uint32).view(values.dtype)[0]
        table = np.where(self.table(active), self.table(values), neutral)
        result = combine.reduce(table, axis=1, dtype=values.dtype) if kind == "add" else combine.reduce(table, axis=1)
        return self.spread(result)
