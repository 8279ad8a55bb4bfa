"""Removes what no kernel and no exported variable reaches, and refuses functions that nobody defines.

Why: headers bring far more than a kernel uses, and every later stage costs time per line.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import CompilerError, UnresolvedSymbol
from ..ir.build import replace
from ..ir.reader import read_into
from ..ir.values import Alias, Constant, Function, GlobalValue, GlobalVariable, Module, Value
from ..library import libdevice
from . import launchables
from .externals import DEVICE_CALLS, is_c_function

_ENVIRONMENT = "_ZN08NumbaEnv"  # numba gives each function a pointer that no kernel reads and no host asks for
_BOOKKEEPING = ("llvm.used", "llvm.compiler.used", "llvm.global_ctors", "llvm.global_dtors")


_PURE = """define internal void @{name}() noreturn nounwind {{
  call void @llvm.trap()
  unreachable
}}
declare void @llvm.trap()
"""


def run(module: Module) -> Module:
    _refuse_constructors(module)
    libdevice.leave_out(module)
    launchables.replace_addresses(module)
    for name in ("__cxa_pure_virtual", "__cxa_deleted_virtual"):
        found = module.symbols.get(name)
        if isinstance(found, Function) and found.is_declaration:
            _define_pure(module, found)
    live = keep(module, [each for each in module.symbols.values() if _is_root(each)])
    for value in live:
        if isinstance(value, Function) and value.is_declaration and not _is_known(value.name):
            raise UnresolvedSymbol(value.name, f"unresolved extern function '{value.name}': no __device__ function of "
                                               "this name is defined in the program")
        if isinstance(value, GlobalVariable) and value.space != 3 and value.initializer is None:
            raise UnresolvedSymbol(value.name, f"unresolved extern variable '{value.name}': declared but defined "
                                               "nowhere in the program")
    return module


def keep(module: Module, roots: Iterable[GlobalValue]) -> set[GlobalValue]:
    """Drops what `roots` do not reach; what is left."""
    live: set[GlobalValue] = set()
    pending = list(roots)
    while pending:
        value = pending.pop()
        if value in live:
            continue
        live.add(value)
        for used in _uses(value):
            pending.extend(symbols_of(used))
    module.symbols = {name: value for name, value in module.symbols.items() if value in live}
    return live


def _define_pure(module: Module, declared: Function) -> None:
    """What a virtual table holds for a function without a body: calling it is a trap."""
    text = Module()
    read_into(text, _PURE.format(name=declared.name))
    made = text.symbols[declared.name]
    assert isinstance(made, Function)
    declared.blocks, declared.prefix, declared.attributes = made.blocks, made.prefix, made.attributes
    fresh = text.symbols["llvm.trap"]
    trap = module.symbols.setdefault(fresh.name, fresh)
    if trap is not fresh:
        replace(declared, {fresh: trap})


def _is_known(name: str) -> bool:
    return name.startswith(("llvm.", "cpl_")) or name in DEVICE_CALLS or is_c_function(name)


def _is_root(value: GlobalValue) -> bool:
    if isinstance(value, Function):
        return value.is_kernel
    return isinstance(value, GlobalVariable) and is_exported(value)


def is_exported(variable: GlobalVariable) -> bool:
    """Whether the host can ask for the variable by name. Virtual tables and other plain constants are not asked for."""
    if variable.constant and not variable.externally_initialized:
        return False
    if variable.name.startswith(_ENVIRONMENT):
        return False
    return (variable.space in (0, 1, 4) and variable.initializer is not None and "private" not in variable.prefix
            and not variable.name.startswith(("llvm.", ".", "cpl.")))


def _uses(value: GlobalValue) -> list[Value]:
    if isinstance(value, Function):
        return [operand for instruction in value.instructions() for operand in instruction.operands]
    if isinstance(value, Alias):
        return [value.target] if value.target else []
    assert isinstance(value, GlobalVariable)
    return [value.initializer] if value.initializer else []


def symbols_of(value: Value) -> list[GlobalValue]:
    """The globals that a value mentions, inside constant expressions too."""
    if isinstance(value, GlobalValue):
        return [value]
    if not isinstance(value, Constant):
        return []
    return [symbol for part in value.parts() for symbol in symbols_of(part)]


def _refuse_constructors(module: Module) -> None:
    for name in _BOOKKEEPING:
        found = module.symbols.pop(name, None)
        if found is not None and name.endswith("tors"):
            raise CompilerError("dynamic initialisation is not supported for __device__ and __constant__ variables")
