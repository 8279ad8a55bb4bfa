"""Whether a struct that is passed by value may be changed while its function runs."""

from __future__ import annotations

from ...ir.flow import users
from ...ir.instructions import Alloca, AtomicUpdate, Call, CompareExchange, ElementPointer, MemoryAccess
from ...ir.values import Argument, Function, Value
from ..externals import is_pure

_COPIES = ("llvm.memcpy.", "llvm.memmove.")
_MARKERS = ("llvm.lifetime.", "llvm.assume", "llvm.experimental.noalias.scope.decl")
# Intrinsics that touch memory; every other `llvm.*` only computes.
_MEMORY = ("llvm.mem", "llvm.masked", "llvm.x86", "llvm.aarch64", "llvm.stack", "llvm.sincos", "llvm.modf",
           "llvm.frexp", "llvm.invariant", "llvm.prefetch")


def is_written(function: Function, argument: Argument) -> bool:
    """Whether `function` may write through `argument`, or lets the address get where we do not look."""
    used = users(function)
    pending: list[Value] = [argument]
    seen: set[Value] = {argument}
    while pending:
        value = pending.pop()
        for user in used.get(value, ()):
            if isinstance(user, ElementPointer) or user.opcode in ("phi", "select", "freeze"):  # type: ignore[attr-defined]
                if user not in seen:
                    seen.add(user)
                    pending.append(user)
            elif not _only_reads(user, value):
                return True
    return False


def _only_reads(user: Value, value: Value) -> bool:
    if isinstance(user, MemoryAccess):
        return user.opcode == "load"
    if isinstance(user, Call):
        name = user.callee_name
        return name.startswith(_MARKERS) or (name.startswith(_COPIES) and value is not user.operands[0])
    return user.opcode == "icmp"  # type: ignore[attr-defined, no-any-return]


def is_changed(function: Function, argument: Argument) -> bool:
    """Whether what `argument` points to may change while `function` runs, through it or through another pointer."""
    return _writes_elsewhere(function) or is_written(function, argument)


def _writes_elsewhere(function: Function) -> bool:
    for it in function.instructions():
        if isinstance(it, MemoryAccess):
            if it.opcode == "store" and not _is_own(it.operands[1]):
                return True
        elif isinstance(it, (AtomicUpdate, CompareExchange)):
            return True
        elif isinstance(it, Call):
            name = it.callee_name
            if name.startswith(_MEMORY):
                if not (name.startswith(("llvm.mem", *_MARKERS)) and _is_own(it.operands[0])):
                    return True
            elif not name.startswith("llvm.") and not is_pure(name):
                return True
    return False


def _is_own(address: Value) -> bool:
    while isinstance(address, ElementPointer):
        address = address.operands[0]
    return isinstance(address, Alloca)
