"""Makes a failing kernel smaller: statements and operands are taken away while the failure stays."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import time
from collections.abc import Callable, Iterator

from compatlayer import CompileError, CudaError, Device

from . import tree
from .scalars import SCALARS
from .statements import bodies
from .trial import Difference, Trial

Edit = Callable[[tree.Kernel], bool]


def shrink(found: Difference, limit_s: float = 60.0) -> Difference:
    """The smallest difference reached within `limit_s` seconds. No other device object may be open: a kernel may ruin
    the context, and only the last of them takes it along."""
    end = time.monotonic() + limit_s
    improved = True
    while improved and time.monotonic() < end:
        improved = False
        for edit in _edits(found.kernel):
            if time.monotonic() > end:
                break
            kernel = copy.deepcopy(found.kernel)
            if not edit(kernel):
                continue
            smaller = _try(kernel, found)
            if smaller is not None:
                found, improved = smaller, True
                break
    return found


def _try(kernel: tree.Kernel, found: Difference) -> Difference | None:
    device = Device(0)
    trial = None
    try:
        trial = Trial(device, [kernel], [found.engine])
        return trial.check(kernel, found.shape)
    except (CompileError, CudaError):
        return None
    except (AssertionError, KeyError):
        return None  # what was taken away left a kernel that is none
    finally:
        with contextlib.suppress(CudaError):
            if trial is not None:
                trial.close()
        with contextlib.suppress(CudaError):
            device.close()


def _lists(kernel: tree.Kernel) -> list[list[tree.Statement]]:
    """Every list of statements, outer ones first."""
    found = [kernel.body, *(function.body for function in kernel.functions)]
    for each in found:
        for statement in each:
            found.extend(bodies(statement))
    return found


def _edits(kernel: tree.Kernel) -> Iterator[Edit]:
    for number, statements in enumerate(_lists(kernel)):
        for size in (len(statements) // 2, 1):
            for start in range(0, len(statements), max(size, 1)):
                if size:
                    yield lambda k, n=number, a=start, b=start + size: _remove(k, n, a, b)
    for number, statements in enumerate(_lists(kernel)):
        for place, statement in enumerate(statements):
            for inner in range(len(bodies(statement))):
                yield lambda k, n=number, p=place, i=inner: _unwrap(k, n, p, i)
    for number in range(len(kernel.functions)):
        yield lambda k, n=number: bool(k.functions.pop(n)) or True
    for number in range(len(_expressions(kernel))):
        for part in range(4):
            yield lambda k, n=number, p=part: _simplify(k, n, p)


def _remove(kernel: tree.Kernel, number: int, start: int, end: int) -> bool:
    del _lists(kernel)[number][start:end]
    return True


def _unwrap(kernel: tree.Kernel, number: int, place: int, inner: int) -> bool:
    """Puts one body of a statement in its place."""
    statements = _lists(kernel)[number]
    statements[place : place + 1] = bodies(statements[place])[inner]
    return True


def _expressions(kernel: tree.Kernel) -> list[tuple[object, str, int]]:
    """Where expressions stand: owner, field, position in a list (-1: none)."""
    places: list[tuple[object, str, int]] = []
    owners: list[object] = [each for statements in _lists(kernel) for each in statements]
    owners += [each for each in kernel.functions if isinstance(each, tree.Function)]
    for owner in owners:
        for field in dataclasses.fields(owner):  # type: ignore[arg-type]
            value = getattr(owner, field.name)
            if isinstance(value, tree.Expression) and field.name not in ("variable", "counter", "other"):
                places.append((owner, field.name, -1))
                owners.append(value)
            elif isinstance(value, list):
                for index, each in enumerate(value):
                    if isinstance(each, tree.Expression):
                        places.append((owner, field.name, index))
                        owners.append(each)
    return places


def _simplify(kernel: tree.Kernel, number: int, part: int) -> bool:
    """Replaces an expression by one of its own operands of its type, or by the constant 1."""
    places = _expressions(kernel)
    if number >= len(places):
        return False
    owner, name, index = places[number]
    old = getattr(owner, name) if index < 0 else getattr(owner, name)[index]
    if isinstance(old, (tree.Constant, tree.Variable)) or (isinstance(owner, tree.MaskIf) and name == "condition"):
        return False
    operands = [each for field in dataclasses.fields(old) for value in [getattr(old, field.name)]
                for each in (value if isinstance(value, list) else [value])
                if isinstance(each, tree.Expression) and each.type == old.type]
    if part == 3:
        new: tree.Expression = tree.Constant(old.type, SCALARS[old.type].dtype.type(1))
    elif part < len(operands):
        new = operands[part]
    else:
        return False
    if index < 0:
        setattr(owner, name, new)
    else:
        getattr(owner, name)[index] = new
    return True
