"""A switch becomes comparisons and branches, in a balanced tree when it has many cases.

Why: the vector engine parts lanes at branches with two targets, and only there: one mask for each side.
"""

from __future__ import annotations

from ...ir.build import Emitter, Metadata
from ...ir.instructions import Phi, Terminator
from ...ir.types import IntType
from ...ir.values import BasicBlock, Function, Literal, Module, Value, number
from .blocks import remove_edge

_CHAIN = 6  # runs of cases that are tested one after the other
_LEAF = 3  # the same at the leaves of a tree
Run = tuple[int, int, BasicBlock]  # first value, last value, target


def run(module: Module, function: Function) -> None:
    done: list[BasicBlock] = []
    for block in function.blocks:
        done.append(block)
        if block.terminator.opcode == "switch":
            done += _Switch(module, block).run()
    function.blocks = done


class _Switch:
    def __init__(self, module: Module, block: BasicBlock) -> None:
        switch = block.instructions.pop()
        assert isinstance(switch, Terminator)
        self.module, self.block = module, block
        self.value = switch.operands[0]
        assert isinstance(self.value.type, IntType)
        self.bits = self.value.type.bits
        self.default = switch.targets[0]
        self.metadata: Metadata = tuple(each for each in switch.metadata if each[0] == "dbg")
        self.blocks: list[BasicBlock] = []
        self.arriving: dict[BasicBlock, list[tuple[Phi, Value]]] = {}
        for target in dict.fromkeys(switch.targets):
            self.arriving[target] = [(phi, phi.operands[phi.blocks.index(block)]) for phi in target.instructions
                                     if isinstance(phi, Phi)]
            remove_edge(block, target)
        self.runs = self._runs(switch)

    def _runs(self, switch: Terminator) -> list[Run]:
        """The cases in order, neighbours with the same target as one run; those of the default left out."""
        mask = (1 << self.bits) - 1
        cases = sorted((_number(case) & mask, at) for at, case in enumerate(switch.cases))
        found: list[Run] = []
        for value, at in cases:
            target = switch.targets[at + 1]
            if target is self.default:
                continue
            if found and found[-1][2] is target and found[-1][1] + 1 == value:
                found[-1] = (found[-1][0], value, target)
            else:
                found.append((value, value, target))
        return found

    def run(self) -> list[BasicBlock]:
        """The new blocks."""
        if len(self.runs) <= _CHAIN:
            self.chain(self.block, self.runs)
        else:
            self.tree(self.block, self.runs)
        return self.blocks

    def tree(self, block: BasicBlock, runs: list[Run]) -> None:
        if len(runs) <= _LEAF:
            self.chain(block, runs)
            return
        middle = len(runs) // 2
        below = self.emitter(block).compare("ult", self.value, self.constant(runs[middle][0]))
        left, right = self.new_block(), self.new_block()
        self.branch(block, below, left, right)
        self.tree(left, runs[:middle])
        self.tree(right, runs[middle:])

    def chain(self, block: BasicBlock, runs: list[Run]) -> None:
        """One test for each target."""
        targets = list(dict.fromkeys(target for _, _, target in runs))
        for target in targets:
            emit = self.emitter(block)
            tests = [self.test(emit, low, high) for low, high, each in runs if each is target]
            found = tests[0]
            for other in tests[1:]:
                found = emit.binary("or", found, other)
            other_way = self.default if target is targets[-1] else self.new_block()
            self.branch(block, found, target, other_way)
            block = other_way
        if not targets:
            self.branch(block, None, self.default, self.default)

    def test(self, emit: Emitter, low: int, high: int) -> Value:
        if low == high:
            return emit.compare("eq", self.value, self.constant(low))
        distance = self.value if low == 0 else emit.binary("sub", self.value, self.constant(low))
        return emit.compare("ule", distance, self.constant(high - low))

    def constant(self, value: int) -> Literal:
        if self.bits == 1:
            return Literal(self.value.type, "true" if value else "false")
        return number(self.value.type, value - (1 << self.bits) if value >> (self.bits - 1) else value)

    def emitter(self, block: BasicBlock) -> Emitter:
        return Emitter(self.module, block.instructions, self.metadata)

    def new_block(self) -> BasicBlock:
        self.blocks.append(BasicBlock(None))
        return self.blocks[-1]

    def branch(self, block: BasicBlock, condition: Value | None, yes: BasicBlock, no: BasicBlock) -> None:
        last = Terminator("br", [], [yes]) if condition is None else Terminator("br", [condition], [yes, no])
        last.metadata = self.metadata
        block.instructions.append(last)
        for target in last.targets:
            for phi, value in self.arriving.get(target, ()):
                phi.operands.append(value)
                phi.blocks.append(block)


def _number(value: Value) -> int:
    assert isinstance(value, Literal)
    return int(value.text == "true") if value.text in ("true", "false") else int(value.text)
