"""One way out: every return, and every thread that ends early, goes to one block that holds `ret void` alone.

Why: lanes of a gang leave at different times; the gang leaves when the last of them is in that block. Code behind a
call that does not return is dropped. What the program promises never to reach is taken as never branched to.
"""

from __future__ import annotations

from ...ir.flow import reverse_postorder
from ...ir.instructions import Call, Instruction, Phi, Terminator
from ...ir.values import BasicBlock, Function, Module
from ..unsupported import Unsupported
from .blocks import jump, remove_edge

_EXIT = "cpl_exit"
STOPS = frozenset(("cpl_trap", "cpl_assert_fail"))
# Set back the processor's mode before a thread ends in the middle; lanes of a gang end together.
_MODES = frozenset(("llvm.x86.sse.ldmxcsr", "llvm.aarch64.set.fpcr"))


def run(module: Module, kernel: Function) -> None:
    out = BasicBlock(None)
    if any(name in module.symbols for name in _MODES):
        _keep_mode(kernel)
    for block in kernel.blocks:
        _end_early(block, out)
    _drop_impossible(kernel)
    for block in kernel.blocks:
        last = block.terminator
        if last.opcode == "ret":
            jump(block, out)
        elif last.opcode == "unreachable" and not stops(block):
            jump(block, out)  # no one gets here: behind a call that does not return, or undefined behaviour
    out.instructions.append(Terminator("ret", [], []))
    kernel.blocks.append(out)
    if out not in reverse_postorder(kernel):
        raise Unsupported("the kernel never returns")


def stops(block: BasicBlock) -> bool:
    """Whether the last instruction before the block's terminator is a call that ends the whole launch."""
    if len(block.instructions) < 2:
        return False
    last = block.instructions[-2]
    return isinstance(last, Call) and last.callee_name in STOPS


def _keep_mode(kernel: Function) -> None:
    """Drops what sets the mode back, with the stack slot that holds the word to load."""
    slots: set[object] = set()
    for block in kernel.blocks:
        for it in block.instructions:
            if isinstance(it, Call) and it.callee_name in _MODES:
                slots.update((it, it.operands[0]))
    for block in kernel.blocks:
        block.instructions = [it for it in block.instructions
                              if it not in slots and not (it.opcode == "store" and it.operands[1] in slots)]


def _end_early(block: BasicBlock, out: BasicBlock) -> None:
    for at, it in enumerate(block.instructions):
        if not isinstance(it, Call):
            continue
        name = it.callee_name
        if name == _EXIT or name in STOPS:
            for target in dict.fromkeys(block.successors):
                remove_edge(block, target)
            last: Instruction = Terminator("br", [], [out]) if name == _EXIT else Terminator("unreachable", [], [])
            last.metadata = tuple(each for each in it.metadata if each[0] == "dbg")
            block.instructions[at if name == _EXIT else at + 1:] = [last]
            return


def _drop_impossible(kernel: Function) -> None:
    """Removes the edges to blocks that hold nothing but `unreachable`, and so on backwards."""
    before: dict[BasicBlock, list[BasicBlock]] = {block: [] for block in kernel.blocks}
    for block in kernel.blocks:
        for target in block.successors:
            if target in before:
                before[target].append(block)
    pending = [block for block in kernel.blocks if _is_impossible(block)]
    while pending:
        block = pending.pop()
        if block is kernel.blocks[0]:
            continue
        for other in dict.fromkeys(before[block]):
            if other.terminator.opcode != "unreachable":
                _never_to(other, block)
                if _is_impossible(other):
                    pending.append(other)


def _is_impossible(block: BasicBlock) -> bool:
    instructions = block.instructions
    return instructions[-1].opcode == "unreachable" and all(isinstance(each, Phi) for each in instructions[:-1])


def _never_to(block: BasicBlock, impossible: BasicBlock) -> None:
    """Takes `impossible` from the targets of `block`."""
    last = block.terminator
    assert isinstance(last, Terminator)
    others = [target for target in last.targets if target is not impossible]
    if not others:
        new = Terminator("unreachable", [], [])
        new.metadata = last.metadata
        block.instructions[-1] = new
    elif last.opcode == "br":
        jump(block, others[0])
    else:
        _shrink_switch(block, last, impossible)


def _shrink_switch(block: BasicBlock, last: Terminator, impossible: BasicBlock) -> None:
    pairs = [(case, target) for case, target in zip(last.cases, last.targets[1:], strict=True)
             if target is not impossible]
    default = last.targets[0]
    if default is impossible:
        default = pairs[-1][1]  # one of the cases must hold: the last needs no test
        pairs = [pair for pair in pairs if pair[1] is not default]
    for target in dict.fromkeys(last.targets[1:]):
        wanted = sum(each is target for _, each in pairs) + (default is target)
        for phi in target.instructions:
            if not isinstance(phi, Phi):
                break
            while phi.blocks.count(block) > max(wanted, 0):
                at = phi.blocks.index(block)
                del phi.blocks[at], phi.operands[at]
    last._targets = [default, *(target for _, target in pairs)]
    last.cases = [case for case, _ in pairs]
