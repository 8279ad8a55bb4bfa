"""Checks the canonical form: what the vector engine takes for granted; a breach would give wrong answers silently."""

from __future__ import annotations

from ...ir.flow import predecessors, reverse_postorder
from ...ir.instructions import Alloca, Call, CompareExchange, FieldAccess, Instruction, MemoryAccess, Phi
from ...ir.printer import print_instruction
from ...ir.types import ArrayType, FloatType, IntType, NamedType, PointerType, StructType, VectorType
from ...ir.values import Argument, BasicBlock, Function, Module, Value
from ..tiles import is_tile, tile
from ..unsupported import Unsupported
from . import call_graph
from .exits import STOPS
from .loops import Loops
from .markers import MARKERS

_COMPOSITE = (VectorType, ArrayType, StructType, NamedType)


class NotCanonical(AssertionError):
    """Says which rule a function breaks and where."""


def check(module: Module, function: Function) -> None:
    """Raises NotCanonical at the first breach."""
    _Check(module, function).run()


class _Check:
    def __init__(self, module: Module, function: Function) -> None:
        self.module, self.function = module, function
        self.number = {block: at for at, block in enumerate(function.blocks)}
        self.home: dict[Value, BasicBlock] = {it: block for block in function.blocks for it in block.instructions}
        self.recursive = call_graph.recursive(function)

    def fail(self, problem: str, block: BasicBlock, it: Instruction | None = None) -> NotCanonical:
        where = f"'{self.function.name}', block {self.number.get(block, '?')}"
        text = "" if it is None else f" in '{print_instruction(self.function, it)}'"
        return NotCanonical(f"{where}: {problem}{text}")

    def run(self) -> None:
        blocks = self.function.blocks
        before = predecessors(self.function)
        if before[blocks[0]]:
            raise self.fail("the first block has predecessors", blocks[0])
        reached = set(reverse_postorder(self.function))
        for block in blocks:
            if block not in reached:
                raise self.fail("nothing reaches this block", block)
            self.terminator(block)
            self.phis(block, before[block])
            for at, it in enumerate(block.instructions):
                self.instruction(it, block, at)
        self.one_return()
        try:
            loops = Loops(self.function)
        except Unsupported as error:
            raise self.fail(str(error), blocks[0]) from None
        self.loops(loops)
        self.dominance(loops)

    # ---- blocks -----------------------------------------------------------------------------
    def terminator(self, block: BasicBlock) -> None:
        last = block.terminator
        if last.opcode == "br":
            if last.operands and (len(last.targets) != 2 or last.targets[0] is last.targets[1]):
                raise self.fail("a branch without two distinct targets", block, last)
        elif last.opcode == "unreachable":
            call = block.instructions[-2] if len(block.instructions) > 1 else None
            if not isinstance(call, Call) or call.callee_name not in STOPS:
                raise self.fail("unreachable is not behind a call that does not return", block, last)
        elif last.opcode != "ret":
            raise self.fail("this is no terminator of the canonical form", block, last)

    def phis(self, block: BasicBlock, before: list[BasicBlock]) -> None:
        past = False
        for it in block.instructions:
            if not isinstance(it, Phi):
                past = True
                continue
            if past:
                raise self.fail("a phi is not at the start of its block", block, it)
            if len(it.blocks) != len(before) or set(it.blocks) != set(before) or len(it.operands) != len(before):
                raise self.fail("a phi does not name each predecessor once", block, it)

    def one_return(self) -> None:
        found = [block for block in self.function.blocks if block.terminator.opcode == "ret"]
        if len(found) != 1:
            raise self.fail(f"{len(found)} returns", self.function.blocks[0])
        if len(found[0].instructions) != 1 or found[0].terminator.operands:
            raise self.fail("the block that returns holds more than 'ret void'", found[0])

    # ---- instructions -----------------------------------------------------------------------
    def instruction(self, it: Instruction, block: BasicBlock, at: int) -> None:
        if it.is_terminator and it is not block.terminator:
            raise self.fail("a terminator is not the last of its block", block, it)
        if isinstance(it, Alloca):
            if block is not self.function.blocks[0] or it.operands:
                raise self.fail("a stack slot outside the first block or of unknown size", block, it)
        elif isinstance(it, Call):
            self.call(it, block, at)
        elif isinstance(it, MemoryAccess):
            type_ = it.type if it.opcode == "load" else it.operands[0].type
            if not isinstance(type_, (IntType, FloatType, PointerType)) or getattr(type_, "bits", 0) > 128:
                raise self.fail("an access that is not of a scalar", block, it)
        if isinstance(it.type, _COMPOSITE) and not self.is_pair(it):
            raise self.fail("a value that is not a scalar", block, it)
        for operand in it.operands:
            if isinstance(operand.type, _COMPOSITE) and not (
                    isinstance(it, FieldAccess) and it.opcode == "extractvalue" and self.is_pair(operand)):
                raise self.fail("an operand that is not a scalar", block, it)
            if isinstance(operand, Instruction) and operand not in self.home:
                raise self.fail("an operand that is not in the function", block, it)
            if isinstance(operand, Argument) and operand not in self.function.arguments:
                raise self.fail("an argument of another function", block, it)

    def is_pair(self, value: Value) -> bool:
        return isinstance(value, CompareExchange) or (isinstance(value, Call) and (
            ".with.overflow." in value.callee_name or tile(value.callee_name) is not None))

    def call(self, it: Call, block: BasicBlock, at: int) -> None:
        callee = call_graph.target(it)
        name = it.callee_name
        if callee is not None and callee.blocks and callee not in self.recursive and not is_tile(callee.name):
            raise self.fail("a call that is not in line", block, it)
        if name == "cpl_exit" or name.startswith(MARKERS):
            raise self.fail(f"'{name}' is still called", block, it)
        if name in STOPS and block.instructions[at + 1].opcode != "unreachable":
            raise self.fail("code behind a call that does not return", block, it)

    # ---- loops and SSA ----------------------------------------------------------------------
    def loops(self, loops: Loops) -> None:
        for header in loops.headers:
            latches = loops.latches(header)
            if len(latches) != 1 or len(latches[0].successors) != 1:
                raise self.fail("a loop without a latch of its own", header)
        for block in self.function.blocks:
            for it in block.instructions:
                for index, operand in enumerate(it.operands):
                    made = self.home.get(operand)
                    if made is None:
                        continue
                    loop = loops.innermost(made)
                    used = it.blocks[index] if isinstance(it, Phi) else block
                    if loop is not None and used not in loops.body(loop):
                        raise self.fail("a value of a loop is used outside it without a phi at the exit", block, it)

    def dominance(self, loops: Loops) -> None:
        """Each value is there before it is used."""
        begin, end = _intervals(loops)
        place = {it: at for block in self.function.blocks for at, it in enumerate(block.instructions)}
        for block in self.function.blocks:
            for at, it in enumerate(block.instructions):
                for index, operand in enumerate(it.operands):
                    made = self.home.get(operand)
                    if made is None:
                        continue
                    used = it.blocks[index] if isinstance(it, Phi) else block
                    good = begin[made] <= begin[used] and end[used] <= end[made]
                    if used is made and not isinstance(it, Phi):
                        good = place[operand] < at  # type: ignore[index]
                    if not good:
                        raise self.fail("a value is used where it need not have been made", block, it)


def _intervals(loops: Loops) -> tuple[dict[BasicBlock, int], dict[BasicBlock, int]]:
    """When a walk over the dominator tree enters and leaves each block."""
    children: dict[BasicBlock, list[BasicBlock]] = {block: [] for block in loops.order}
    for block in loops.order[1:]:
        children[loops.dominators[block]].append(block)
    begin: dict[BasicBlock, int] = {}
    end: dict[BasicBlock, int] = {}
    work: list[tuple[BasicBlock, bool]] = [(loops.order[0], False)]
    while work:
        block, done = work.pop()
        if done:
            end[block] = len(begin)
            continue
        begin[block] = len(begin)
        work.append((block, True))
        work.extend((each, False) for each in children[block])
    return begin, end
