"""Whether all threads of a block come to each barrier of a kernel together, or none.

CUDA lets a thread end before a barrier, and lets threads wait at different ones; OpenCL does not, and a driver may hang
then or, worse, go on with wrong values. What cannot be shown to be alike for all threads is refused. The kernel is one
function here, optimised, with everything inlined.

A value differs between threads when it comes from the thread's number, from an atomic operation, from memory at an
address that differs, or from a choice that differs. A block of code is reached by some threads only when it is control
dependent on a choice that differs.
"""

from __future__ import annotations

from ...ir.flow import predecessors
from ...ir.instructions import AtomicUpdate, Call, CompareExchange, Instruction, MemoryAccess, Phi
from ...ir.values import BasicBlock, Constant, Function, Value

_POINTERS = ("getelementptr", "addrspacecast", "bitcast", "phi", "select")
_BARRIERS = ("_Z7barrier",)
_OWN = ("_Z12get_local_id", "_Z13get_global_id", "_Z22get_sub_group_local_id", "_Z17sub_group_shuffle",
        "_Z16sub_group_ballot", "_Z20get_local_linear_id")  # fmt: skip


def divergent(function: Function) -> bool:
    """Whether a barrier is reached by a choice that may differ between threads."""
    at = {block for block in function.blocks for each in block.instructions
          if isinstance(each, Call) and each.callee_name.startswith(_BARRIERS)}
    if not at:
        return False
    depends = _dependences(function)
    return bool(_Varying(function, depends).controlled & at)


def in_step(function: Function) -> bool:
    """Whether the kernel reads and writes shared memory by volatile accesses: what the threads of one warp tell each
    other so, without a barrier, arrives on devices that run them in step, and OpenCL promises nothing of the kind."""
    shared: set[Value] = {each for each in function.arguments if each.name == "shared"}
    before = -1
    while before != len(shared):
        before = len(shared)
        for each in function.instructions():
            if each not in shared and each.opcode in _POINTERS and any(one in shared for one in each.operands):
                shared.add(each)
    kinds = {each.opcode for each in function.instructions() if isinstance(each, MemoryAccess)
             and "volatile" in each.flags and each.operands[-1] in shared}
    return len(kinds) == 2


def _dependences(function: Function) -> dict[BasicBlock, set[BasicBlock]]:
    """Block -> the blocks whose choice decides whether it is reached (its own loop's exits among them)."""
    after = _post_dominators(function)
    found: dict[BasicBlock, set[BasicBlock]] = {block: set() for block in function.blocks}
    for block in function.blocks:
        targets = list(dict.fromkeys(block.successors))
        if len(targets) < 2:
            continue
        for target in targets:
            for each in after[target]:
                if each not in after[block] or each is block:
                    found[each].add(block)
    return found


def _post_dominators(function: Function) -> dict[BasicBlock, set[BasicBlock]]:
    """Block -> the blocks that every way from it to an end goes through, itself among them."""
    everything = set(function.blocks)
    found = {block: {block} if not block.successors else set(everything) for block in function.blocks}
    before = predecessors(function)
    pending = [block for block in function.blocks if block.successors][::-1]
    waiting = set(pending)
    while pending:
        block = pending.pop(0)
        waiting.discard(block)
        new = set.intersection(*(found[each] for each in block.successors)) | {block}
        if new != found[block]:
            found[block] = new
            for each in before[block]:
                if each not in waiting:
                    waiting.add(each)
                    pending.append(each)
    return found


class _Varying:
    """The values that may differ between threads, and the blocks that some threads only may reach."""

    def __init__(self, function: Function, depends: dict[BasicBlock, set[BasicBlock]]) -> None:
        self.function = function
        self.values: set[Value] = set()
        self.controlled: set[BasicBlock] = set()
        self._stored: set[Value] = set()  # stack objects with contents that differ
        self._choices: set[BasicBlock] = set()
        self._home = {each: block for block in function.blocks for each in block.instructions}
        changed = True
        while changed:
            changed = self._round(depends)

    def _round(self, depends: dict[BasicBlock, set[BasicBlock]]) -> bool:
        before = len(self.values), len(self._choices), len(self.controlled), len(self._stored)
        for block in self.function.blocks:
            for instruction in block.instructions:
                if instruction not in self.values and self._differs(instruction, block):
                    self.values.add(instruction)
            end = block.terminator
            if len(block.successors) > 1 and end.operands and end.operands[0] in self.values:
                self._choices.add(block)
        for block, on in depends.items():
            if on & self._choices or on & self.controlled:
                self.controlled.add(block)
        return before != (len(self.values), len(self._choices), len(self.controlled), len(self._stored))

    def _differs(self, instruction: Instruction, block: BasicBlock) -> bool:
        if isinstance(instruction, (AtomicUpdate, CompareExchange)):
            return True
        if isinstance(instruction, Call):
            name = instruction.callee_name
            if name.startswith(_OWN):
                return True
            if name.startswith(("llvm.memcpy", "llvm.memmove", "llvm.memset")):
                self._store(instruction.operands[0], True)
            return any(each in self.values for each in instruction.arguments)
        if isinstance(instruction, MemoryAccess):
            if instruction.opcode == "store":
                value, address = instruction.operands
                self._store(address, value in self.values or address in self.values or block in self.controlled)
                return False
            return self._private(instruction.operands[0]) in self._stored or instruction.operands[0] in self.values
        if isinstance(instruction, Phi):
            return self._phi(instruction)
        return any(each in self.values for each in instruction.operands)

    def _phi(self, phi: Phi) -> bool:
        if any(each in self.values for each in phi.operands):
            return True
        kinds = {each.spelling() if isinstance(each, Constant) else id(each) for each in phi.operands}
        return len(kinds) > 1 and any(each in self.controlled or each in self._choices for each in phi.blocks)

    def _store(self, address: Value, differs: bool) -> None:
        if differs:
            root = self._private(address)
            if root is not None:
                self._stored.add(root)

    def _private(self, address: Value) -> Value | None:
        """The stack object that an address is in, through casts and offsets."""
        while isinstance(address, Instruction):
            if address.opcode == "alloca":
                return address
            if address.opcode not in ("getelementptr", "addrspacecast", "bitcast"):
                return None
            address = address.operands[0]
        return None
