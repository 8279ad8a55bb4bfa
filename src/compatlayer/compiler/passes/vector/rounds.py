"""Barriers: the gangs of a block run in rounds, each from one barrier to the next, within one call.

Every gang keeps in memory where it stopped and what it needs from there on; the next round goes on after the barrier.
That costs a few loads and stores for each gang, a fraction of a switch between stacks. It is right where all that a
gang can wait for is a barrier of the whole block; kernels that wait for anything else get a stack for each gang.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...ir.build import Emitter
from ...ir.instructions import Alloca, Call, ElementPointer, Instruction, Phi, Terminator
from ...ir.types import I1, I8, I32, I64, PTR, VOID, Type, size_bytes
from ...ir.values import NULL, BasicBlock, Literal, Value, number
from ..contract import runtime
from .interleave import through_grid, turns
from .registers import field_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .body import Body

_MOST_THREADS = 1024
_MOST_BYTES = 1 << 20  # of all gangs' state and stack objects
_MOST_BYTES_OF_TURNS = 4 << 10  # keeping more than that costs more than it gains
_MOST_BLOCKS = 64  # in a round
_MOST_BYTES_OF_BLOCKS = 40 << 10  # of all gangs' state then: numbers, no vectors
_MOST_BARRIERS = 64
_LEFT, _FRESH = -1, 0


class Rounds:
    """The state of one kernel's gangs between rounds."""

    def __init__(self, body: Body, stops: Sequence[Instruction], read: Mapping[Instruction, set[Value]],
                 blocks: int = 1) -> None:
        self.body, self.stops = body, stops
        self.blocks = blocks  # how many blocks a round goes through, at most
        self.gangs = _MOST_THREADS // body.width * blocks
        self._read = read
        self._needed = self._live_after()
        for values in self._needed.values():
            body.outside |= values
        self._add_same_block()
        self.left = BasicBlock("gang.left")
        self._resume = {it: BasicBlock(f"resume.{index}") for index, it in enumerate(stops)}
        self._arrays: dict[Value, Value] = {}
        self._places = {it: index for index, it in enumerate(body.home)}
        self._live: Value | None = None

    def state_bytes(self) -> int:
        """What the gangs' states take."""
        values = set().union(*self._needed.values()) if self._needed else set()
        return self.gangs * sum(size_bytes(self.body.stored_type(each)) for each in values)

    # ---- what is needed after a barrier -----------------------------------------------------------
    def _uses(self, it: Instruction) -> list[Value]:
        return [*it.operands, *self._read.get(it, ())]

    def _kept(self, value: Value) -> bool:
        return isinstance(value, Instruction) and not isinstance(value, Alloca) and field_of(value) is None \
            and not self.body.is_invariant(value)

    def _live_after(self) -> dict[Instruction, set[Value]]:
        blocks = self.body.order.blocks
        live_in: dict[BasicBlock, set[Value]] = {block: set() for block in blocks}
        wanted = set(self.stops)
        found: dict[Instruction, set[Value]] = {}
        changed = True
        while changed:
            changed = False
            for block in reversed(blocks):
                live: set[Value] = set()
                for target in block.successors:
                    live |= live_in.get(target, set())
                    for it in target.instructions:
                        if not isinstance(it, Phi):
                            break
                        live.add(it.operands[it.blocks.index(block)])
                live = {each for each in live if self._kept(each)}
                for it in reversed(block.instructions):
                    if it in wanted:
                        found[it] = set(live)
                    live.discard(it)
                    if not isinstance(it, Phi):
                        live.update(each for each in self._uses(it) if self._kept(each))
                live -= {it for it in block.instructions if isinstance(it, Phi)}
                if live != live_in[block]:
                    live_in[block] = live
                    changed = True
        return found

    def _add_same_block(self) -> None:
        """Values used in their own block, but behind a barrier, need a slot too."""
        for stop in self.stops:
            block = self.body.home[stop]
            at = block.instructions.index(stop)
            before = set(block.instructions[:at])
            for it in block.instructions[at + 1:]:
                self.body.outside.update(each for each in self._uses(it) if each in before and self._kept(each))

    # ---- emission -----------------------------------------------------------------------------------
    def begin(self, fresh: BasicBlock) -> None:
        """At the start of the loop over gangs: where does this one go on?"""
        body = self.body
        self.fresh = fresh
        start = body.slots
        self._states = start.alloca(body.module.types.array(self.gangs, I32), 64)
        self._site, self._again = start.alloca(PTR), start.alloca(I32)
        shift = body.width.bit_length() - 1
        passed = body.emit.binary("sub", body.first, body.begin)
        self._number = body.emit.binary("lshr", passed, number(I32, shift))
        if self.blocks > 1:
            self._number = body.emit.binary("add", self._number, body.gangs_before)
        self._state = self.element(self._states, I32)
        self._where = body.emit.load(I32, self._state, 4)

    def restart(self, emit: Emitter, gangs: Value | None) -> None:
        """No gang has begun; `gangs` (an i32) says how many there are, all that may be without."""
        size: Value = number(I64, 4 * self.gangs)
        if gangs is not None:
            size = emit.binary("shl", emit.cast("zext", gangs, I64), number(I64, 2))
        emit.intrinsic("llvm.memset.p0.i64", VOID, [self._states, number(I8, 0), size, Literal(I1, "false")])

    def element(self, array: Value, type_: Type) -> Value:
        """The current gang's element of an array, computed at the start of the loop over gangs."""
        emit = Emitter(self.body.module, self.body.loop.instructions)
        return emit.put(ElementPointer(PTR, type_, [array, self._number]))

    def stop(self, it: Instruction, site: Value | None) -> None:
        """At a barrier, or where gangs take turns: keep what is needed, go to the next gang; go on here in the next
        round. `site` is the barrier's place."""
        body, emit = self.body, self.body.emit
        needed = sorted(self._needed[it], key=self._places.__getitem__)
        for value in needed:
            emit.store(body.raw(value), self._array(value))
        if body.live_slot is not None:
            emit.store(emit.load(body.mask_type, body.live_slot), self._live_array())
        emit.store(number(I32, 1 + self.stops.index(it)), self._state, 4)
        emit.store(number(I32, 1), self._again, 4)
        if site is not None:
            self._meet(site)
        body.jump(body.done)
        body.open(self._resume[it])
        for value in needed:
            emit.store(emit.load(body.stored_type(value), self._array(value)), body.slot(value))
        if body.live_slot is not None:
            emit.store(emit.load(body.mask_type, self._live_array()), body.live_slot)
        body.forget()
        body.mask = body.live()

    def _meet(self, site: Value) -> None:
        """All gangs of a round wait at the same place, or never go on."""
        body, emit = self.body, self.body.emit
        there = emit.load(PTR, self._site, 8)
        other, same = body.new_block("barriers"), body.new_block("waits")
        emit.store(site, self._site, 8)
        known = emit.compare("eq", there, site)
        first = emit.compare("eq", there, NULL)
        body.branch(emit.binary("or", known, first), same, other)
        body.open(other)
        emit.call(runtime(body.module, "cpl_gang_barriers_meet"), [body.thread, site, there])
        body.jump(same)
        body.open(same)

    def _array(self, value: Value) -> Value:
        if value not in self._arrays:
            type_ = self.body.stored_type(value)
            array = self.body.slots.alloca(self.body.module.types.array(self.gangs, type_), 64)
            self._arrays[value] = self.element(array, type_)
        return self._arrays[value]

    def _live_array(self) -> Value:
        if self._live is None:
            type_ = self.body.mask_type
            array = self.body.slots.alloca(self.body.module.types.array(self.gangs, type_), 64)
            self._live = self.element(array, type_)
        return self._live

    def finish(self, start: Emitter, first: BasicBlock, over: BasicBlock) -> tuple[BasicBlock, BasicBlock]:
        """The blocks around what a round repeats, which begins with `first`: the one before it, and the one after."""
        body = self.body
        numbers = [number(I32, _LEFT), number(I32, _FRESH), *(number(I32, 1 + k) for k in range(len(self.stops)))]
        # A loop that lanes go through one by one has no end of an iteration where gangs could take turns.
        resumed = [each if each.instructions else self.fresh for each in self._resume.values()]
        targets = [body.done, self.fresh, *resumed]
        start.put(Terminator("switch", [self._where], [body.done, *targets], list(numbers)))
        body.open(self.left)
        body.emit.store(number(I32, _LEFT), self._state, 4)
        body.jump(body.done)
        before, after = BasicBlock("round"), BasicBlock("round.over")
        body.open(before)
        body.emit.store(number(I32, 0), self._again, 4)
        body.emit.store(NULL, self._site, 8)
        body.jump(first)
        body.open(after)
        again = body.emit.compare("ne", body.emit.load(I32, self._again, 4), number(I32, 0))
        body.branch(again, before, over)
        return before, after


def plan(body: Body, read: Mapping[Instruction, set[Value]]) -> Rounds | None:
    """Rounds for a kernel whose gangs only wait at barriers of the whole block, or had better take turns in a loop."""
    from .waits import waits_here

    stops: list[Instruction] = []
    for block in body.order.blocks:
        for it in block.instructions:
            if not isinstance(it, Call):
                continue
            if it.callee_name == "cpl_barrier":
                number_, count = it.arguments[1:3]
                if not (_is_zero(number_) and _is_zero(count)):
                    return None
                stops.append(it)
            elif waits_here(body, it, block):
                return None
    most_bytes = _MOST_BYTES
    if not stops:
        stops, most_bytes = turns(body), _MOST_BYTES_OF_TURNS
        if stops and through_grid(body, stops):
            rounds = Rounds(body, stops, read, _MOST_BLOCKS)
            if rounds.state_bytes() <= _MOST_BYTES_OF_BLOCKS:
                return rounds
    if not stops or len(stops) > _MOST_BARRIERS:
        return None
    rounds = Rounds(body, stops, read)
    objects = sum(body.locals.size(each) for each in body.locals.allocas) * _MOST_THREADS
    return rounds if rounds.state_bytes() + objects <= most_bytes else None


def _is_zero(value: Value) -> bool:
    return isinstance(value, Literal) and value.text == "0"
