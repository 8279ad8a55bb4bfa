"""Control flow within a function and calls between functions."""

from __future__ import annotations

from .instructions import Call
from .values import Alias, BasicBlock, Constant, Function, Module, Value


def predecessors(function: Function) -> dict[BasicBlock, list[BasicBlock]]:
    """The blocks that lead to each block; one that does so twice is there twice."""
    found: dict[BasicBlock, list[BasicBlock]] = {block: [] for block in function.blocks}
    for block in function.blocks:
        for target in block.successors:
            found[target].append(block)
    return found


def reverse_postorder(function: Function) -> list[BasicBlock]:
    """The blocks that the entry reaches, each before its successors except along back edges."""
    order: list[BasicBlock] = []
    seen = {function.blocks[0]}
    stack = [(function.blocks[0], iter(function.blocks[0].successors))]
    while stack:
        block, targets = stack[-1]
        for target in targets:
            if target not in seen:
                seen.add(target)
                stack.append((target, iter(target.successors)))
                break
        else:
            order.append(block)
            stack.pop()
    order.reverse()
    return order


def back_edges(function: Function) -> list[tuple[BasicBlock, BasicBlock]]:
    """Edges (latch, header) that go against the reverse post-order; every cycle holds at least one."""
    rank = {block: index for index, block in enumerate(reverse_postorder(function))}
    return [(block, target) for block in rank for target in dict.fromkeys(block.successors)
            if rank[target] <= rank[block]]


def loop_body(latch: BasicBlock, header: BasicBlock,
              before: dict[BasicBlock, list[BasicBlock]]) -> set[BasicBlock]:
    """The blocks of the natural loop of a back edge."""
    body = {header, latch}
    pending = [latch] if latch is not header else []
    while pending:
        for block in before[pending.pop()]:
            if block not in body:
                body.add(block)
                pending.append(block)
    return body


def immediate_dominators(function: Function) -> dict[BasicBlock, BasicBlock]:
    """The immediate dominator of each reached block; the entry's is itself (Cooper, Harvey, Kennedy)."""
    order = reverse_postorder(function)
    rank = {block: index for index, block in enumerate(order)}
    before = predecessors(function)
    found: dict[BasicBlock, BasicBlock] = {order[0]: order[0]}
    changed = True
    while changed:
        changed = False
        for block in order[1:]:
            known = [each for each in before[block] if each in found]
            best = known[0]
            for other in known[1:]:
                while best is not other:
                    while rank[best] > rank[other]:
                        best = found[best]
                    while rank[other] > rank[best]:
                        other = found[other]
            if found.get(block) is not best:
                found[block] = best
                changed = True
    return found


def users(function: Function) -> dict[Value, list[Value]]:
    """The instructions that use each value, in order; an instruction that uses it twice is there twice."""
    found: dict[Value, list[Value]] = {}
    for instruction in function.instructions():
        for operand in instruction.operands:
            found.setdefault(operand, []).append(instruction)
    return found


def _functions_in(value: Value, found: set[Function]) -> None:
    if isinstance(value, Function):
        found.add(value)
    elif isinstance(value, Alias):
        if value.target is not None:
            _functions_in(value.target, found)
    elif isinstance(value, Constant):
        for part in value.parts():
            _functions_in(part, found)


def callees(module: Module) -> dict[Function, set[Function]]:
    """Whom each function may call; through a pointer, every function whose address is taken anywhere."""
    direct: dict[Function, set[Function]] = {}
    indirect: set[Function] = set()
    taken: set[Function] = set()
    for function in module.defined():
        called: set[Function] = set()
        for instruction in function.instructions():
            if isinstance(instruction, Call):
                _functions_in(instruction.callee, called)
                if not isinstance(instruction.callee, Constant):
                    indirect.add(function)
                for value in instruction.arguments:
                    _functions_in(value, taken)
            else:
                for value in instruction.operands:
                    _functions_in(value, taken)
        direct[function] = called
    for variable in module.variables():
        if variable.initializer is not None:
            _functions_in(variable.initializer, taken)
    for function in indirect:
        direct[function] |= {each for each in taken if each.blocks and not each.is_kernel}
    return direct


def reached_functions(module: Module) -> dict[Function, set[Function]]:
    """Every kernel's defined functions, itself included."""
    calls = callees(module)
    found: dict[Function, set[Function]] = {}
    for kernel in module.defined():
        if not kernel.is_kernel:
            continue
        reached: set[Function] = set()
        pending = [kernel]
        while pending:
            function = pending.pop()
            if function not in reached and function.blocks:
                reached.add(function)
                pending.extend(calls[function])
        found[kernel] = reached
    return found
