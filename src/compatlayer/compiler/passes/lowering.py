"""What the tables of intrinsics share: a handler's surroundings, and the ready-made functions it may call."""

from __future__ import annotations

from collections.abc import Callable

from ..ir.build import Emitter
from ..ir.instructions import Call, Instruction
from ..ir.reader import read_into
from ..ir.types import I1, I32, Type
from ..ir.values import Function, Literal, Module, Value, number
from .contract import Contract, runtime, thread


class Lowering:
    """One module's lowering; `function` is the function being rewritten."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.contract = Contract(module)
        self.function: Function
        self.slots: list[Instruction] = []  # stack slots to put into the first block

    @property
    def thread(self) -> Value:
        return thread(self.function)

    def field(self, emit: Emitter, name: str) -> Value:
        return self.contract.field(emit, self.function, name)

    def site(self, instruction: Instruction) -> Value:
        return self.contract.site(instruction, self.function)

    def runtime(self, emit: Emitter, name: str, *arguments: Value) -> Call:
        """Calls the runtime function `name` with the thread and `arguments`."""
        return emit.call(runtime(self.module, name), [self.thread, *arguments])

    def ready(self, name: str, text: str) -> Function:
        """The internal function `name` whose definition is `text`, read into the module once."""
        if name not in self.module.symbols:
            read_into(self.module, text)
        found = self.module.symbols[name]
        assert isinstance(found, Function)
        return found


Lower = Callable[[Lowering, Call, Emitter], object]


def constant(value: int, type_: Type = I32) -> Literal:
    return number(type_, value)


def as_i32(emit: Emitter, value: Value) -> Value:
    """A predicate or narrow integer as i32, zero-extended."""
    return emit.cast("zext", value, I32)


def as_bool(emit: Emitter, value: Value) -> Value:
    return value if value.type is I1 else emit.compare("ne", value, number(value.type, 0))
