"""Loop-closed SSA: a value made in a loop is used outside it only by phis at the edges that leave the loop.

Why: lanes leave a loop at different turns. At the exit's phi a lane takes its value; without one, later turns of the
lanes that stay would overwrite it.
"""

from __future__ import annotations

from ...ir.instructions import Instruction, Phi
from ...ir.values import BasicBlock, Function, Value
from .loops import Loops

Use = tuple[Instruction, int, BasicBlock]  # user, operand's index, block in which the value must be there


def run(function: Function) -> None:
    loops = Loops(function)
    if loops.headers:
        _Closing(function, loops).run()


class _Closing:
    def __init__(self, function: Function, loops: Loops) -> None:
        self.function, self.loops = function, loops
        self.home: dict[Value, BasicBlock] = {}  # values made in loops
        self.outside: dict[Value, list[Use]] = {}
        self.frontiers: dict[BasicBlock, set[BasicBlock]] | None = None
        self.joins: dict[BasicBlock, set[BasicBlock]] = {}

    def run(self) -> None:
        self.find()
        pending = list(self.outside)
        while pending:
            value = pending.pop()
            for phi in self.close(value, self.outside.pop(value)):
                if phi in self.outside:
                    pending.append(phi)

    def find(self) -> None:
        innermost = self.loops.innermost
        home = self.home
        for block in self.function.blocks:
            if innermost(block) is not None:
                for it in block.instructions:
                    home[it] = block
        for block in self.function.blocks:
            for it in block.instructions:
                blocks = it.blocks if isinstance(it, Phi) else None
                for index, operand in enumerate(it.operands):
                    if operand in home:
                        self.use(operand, it, index, block if blocks is None else blocks[index])

    def use(self, value: Value, user: Instruction, index: int, block: BasicBlock) -> None:
        """Notes the use when it lies outside the loop that makes the value."""
        loops = self.loops
        made = self.home[value]
        if made is block:
            return
        header = loops.innermost(made)
        assert header is not None
        if loops.innermost(block) is not header and block not in loops.body(header):
            self.outside.setdefault(value, []).append((user, index, block))

    # ---- one value --------------------------------------------------------------------------
    def close(self, value: Value, uses: list[Use]) -> list[Phi]:
        """Gives the uses what reaches them through phis behind the value's loop; the new phis."""
        loops = self.loops
        header = loops.innermost(self.home[value])
        assert header is not None and isinstance(value, Instruction)
        body, joins = loops.body(header), self.joins_of(header)
        known: dict[BasicBlock, Value] = {}
        made: list[tuple[BasicBlock, Phi]] = []
        new_uses: list[Use] = []

        def reaching(block: BasicBlock) -> Value:
            path: list[BasicBlock] = []
            while block not in known:
                assert block not in body, "a use that its definition does not dominate"
                if block in joins:
                    phi = Phi(value.type, [], [])
                    phi.metadata = tuple(each for each in value.metadata if each[0] == "dbg")
                    known[block] = phi
                    made.append((block, phi))
                    break
                path.append(block)
                block = loops.dominators[block]
            found = known[block]
            for each in path:
                known[each] = found
            return found

        for user, index, block in uses:
            user.operands[index] = reaching(block)
            new_uses.append((user, index, block))
        at = 0
        while at < len(made):  # filling in a phi may make another
            block, phi = made[at]
            at += 1
            for before in loops.before[block]:
                phi.blocks.append(before)
                if before in body:
                    phi.operands.append(value)
                else:
                    phi.operands.append(reaching(before))
                    new_uses.append((phi, len(phi.operands) - 1, before))
        for block, phi in made:
            block.instructions.insert(0, phi)
            if loops.innermost(block) is not None:
                self.home[phi] = block
        for user, index, block in new_uses:
            operand = user.operands[index]
            if operand in self.home:
                self.use(operand, user, index, block)
        return [phi for _, phi in made]

    def joins_of(self, header: BasicBlock) -> set[BasicBlock]:
        """The blocks behind the loop where a value of the loop needs a phi: its exits and where ways from them meet."""
        found = self.joins.get(header)
        if found is None:
            body = self.loops.body(header)
            if self.frontiers is None:
                self.frontiers = self.find_frontiers()
            found = {target for block in body for target in block.successors if target not in body}
            pending = list(found)
            while pending:
                for block in self.frontiers[pending.pop()]:
                    if block not in found and block not in body:
                        found.add(block)
                        pending.append(block)
            self.joins[header] = found
        return found

    def find_frontiers(self) -> dict[BasicBlock, set[BasicBlock]]:
        """Each block's dominance frontier."""
        found: dict[BasicBlock, set[BasicBlock]] = {block: set() for block in self.loops.order}
        dominators = self.loops.dominators
        for block, before in self.loops.before.items():
            if len(before) < 2:
                continue
            top = dominators[block]
            for runner in before:
                while runner is not top:
                    found[runner].add(block)
                    runner = dominators[runner]
        return found
