"""Which functions a kernel calls directly, and which of them are recursive."""

from __future__ import annotations

from ...ir.instructions import Call
from ...ir.values import Alias, Function, Value


def target(call: Call) -> Function | None:
    """The function that a call names, through an alias too; None for pointers and inline assembly."""
    callee: Value | None = call.operands[-1]
    while isinstance(callee, Alias):
        callee = callee.target
    return callee if isinstance(callee, Function) else None


def called(function: Function) -> list[Function]:
    """The defined functions that `function` calls by name, once each."""
    found = (target(each) for each in function.instructions() if isinstance(each, Call))
    return list(dict.fromkeys(each for each in found if each is not None and each.blocks))


def recursive(root: Function) -> set[Function]:
    """The functions reached from `root` that lie in a cycle of direct calls (Tarjan)."""
    found: set[Function] = set()
    number: dict[Function, int] = {root: 0}
    low = {root: 0}
    path: list[Function] = [root]  # Tarjan's stack
    on_path = {root}
    calls = {root: called(root)}
    work = [(root, iter(calls[root]))]
    while work:
        function, rest = work[-1]
        for callee in rest:
            if callee not in number:
                number[callee] = low[callee] = len(number)
                path.append(callee)
                on_path.add(callee)
                calls[callee] = called(callee)
                work.append((callee, iter(calls[callee])))
                break
            if callee in on_path:
                low[function] = min(low[function], number[callee])
        else:
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[function])
            if low[function] == number[function]:
                component = path[path.index(function):]
                del path[path.index(function):]
                on_path.difference_update(component)
                if len(component) > 1 or function in calls[function]:
                    found.update(component)
    return found
