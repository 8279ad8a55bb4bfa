"""Instructions of the device IR: one small class per shape of operands."""

from __future__ import annotations

from .types import VOID, FunctionType, Type
from .values import BasicBlock, Function, Value


class Instruction(Value):
    """`operands` are values only; blocks a terminator leads to are `targets`.

    `metadata` holds the attachments in order, e.g. (("dbg", "!14"), ("tbaa", "!29")).
    """

    __slots__ = ("flags", "metadata", "opcode", "operands")
    opcode: str
    is_terminator = False

    def __init__(self, opcode: str, type_: Type, operands: list[Value], flags: tuple[str, ...] = ()) -> None:
        self.opcode = opcode
        self.type = type_
        self.name = None
        self.operands = operands
        self.flags = flags
        self.metadata: tuple[tuple[str, str], ...] = ()

    @property
    def targets(self) -> list[BasicBlock]:
        return []

    def attachment(self, kind: str) -> str | None:
        """The node attached as `!kind`, e.g. "!14"."""
        for name, node in self.metadata:
            if name == kind:
                return node
        return None


class Simple(Instruction):
    """Binary operators, fneg, freeze, select, vector element operations: operands only."""

    __slots__ = ()


class Compare(Instruction):
    """icmp and fcmp."""

    __slots__ = ("predicate",)

    def __init__(self, opcode: str, type_: Type, predicate: str, operands: list[Value],
                 flags: tuple[str, ...] = ()) -> None:
        super().__init__(opcode, type_, operands, flags)
        self.predicate = predicate


class Cast(Instruction):
    """trunc, zext, fptosi, bitcast, addrspacecast and the like; `type` is the destination."""

    __slots__ = ()


class FieldAccess(Instruction):
    """extractvalue and insertvalue."""

    __slots__ = ("indices",)

    def __init__(self, opcode: str, type_: Type, operands: list[Value], indices: tuple[int, ...]) -> None:
        super().__init__(opcode, type_, operands)
        self.indices = indices


class Alloca(Instruction):
    """Stack object; `operands` holds the element count when it is not one."""

    __slots__ = ("align", "allocated")

    def __init__(self, type_: Type, allocated: Type, count: Value | None, align: int) -> None:
        super().__init__("alloca", type_, [] if count is None else [count])
        self.allocated = allocated
        self.align = align


class MemoryAccess(Instruction):
    """load and store. `flags` may hold `volatile` and `atomic`; ordering and scope are empty when not atomic."""

    __slots__ = ("align", "ordering", "scope")

    def __init__(self, opcode: str, type_: Type, operands: list[Value], flags: tuple[str, ...] = (), align: int = 0,
                 ordering: str = "", scope: str = "") -> None:
        super().__init__(opcode, type_, operands, flags)
        self.align = align
        self.ordering = ordering
        self.scope = scope


class ElementPointer(Instruction):
    """getelementptr."""

    __slots__ = ("source",)

    def __init__(self, type_: Type, source: Type, operands: list[Value], flags: tuple[str, ...] = ()) -> None:
        super().__init__("getelementptr", type_, operands, flags)
        self.source = source


class Fence(Instruction):
    __slots__ = ("ordering", "scope")

    def __init__(self, ordering: str, scope: str = "") -> None:
        super().__init__("fence", VOID, [])
        self.ordering = ordering
        self.scope = scope


class CompareExchange(Instruction):
    """cmpxchg; operands pointer, expected, desired."""

    __slots__ = ("align", "failure", "scope", "success")

    def __init__(self, type_: Type, operands: list[Value], flags: tuple[str, ...], scope: str, success: str,
                 failure: str, align: int) -> None:
        super().__init__("cmpxchg", type_, operands, flags)
        self.scope = scope
        self.success = success
        self.failure = failure
        self.align = align


class AtomicUpdate(Instruction):
    """atomicrmw; operands pointer, value."""

    __slots__ = ("align", "operation", "ordering", "scope")

    def __init__(self, type_: Type, operation: str, operands: list[Value], flags: tuple[str, ...], scope: str,
                 ordering: str, align: int) -> None:
        super().__init__("atomicrmw", type_, operands, flags)
        self.operation = operation
        self.scope = scope
        self.ordering = ordering
        self.align = align


class Phi(Instruction):
    """operands[i] arrives from blocks[i]."""

    __slots__ = ("blocks",)

    def __init__(self, type_: Type, operands: list[Value], blocks: list[BasicBlock],
                 flags: tuple[str, ...] = ()) -> None:
        super().__init__("phi", type_, operands, flags)
        self.blocks = blocks


class Call(Instruction):
    """operands are the arguments, then the callee. `tail` is "", "tail", "musttail" or "notail"."""

    __slots__ = ("argument_attributes", "attributes", "bundles", "convention", "function_type", "result_attributes",
                 "tail")

    def __init__(self, function_type: FunctionType, callee: Value, arguments: list[Value],
                 flags: tuple[str, ...] = ()) -> None:
        super().__init__("call", function_type.result, [*arguments, callee], flags)
        self.function_type = function_type
        self.argument_attributes: list[tuple[str, ...]] = [()] * len(arguments)
        self.attributes: tuple[str, ...] = ()
        self.result_attributes: tuple[str, ...] = ()
        self.convention = ""
        self.tail = ""
        self.bundles = ""

    @property
    def callee(self) -> Value:
        return self.operands[-1]

    @callee.setter
    def callee(self, value: Value) -> None:
        self.operands[-1] = value

    @property
    def arguments(self) -> list[Value]:
        return self.operands[:-1]

    @property
    def callee_name(self) -> str:
        """The name of the function called directly; empty for pointers and inline assembly."""
        callee = self.operands[-1]
        return callee.name if isinstance(callee, Function) else ""


class Terminator(Instruction):
    """ret, br, switch, unreachable. A conditional br has its condition as operand; a switch its value."""

    __slots__ = ("_targets", "cases")
    is_terminator = True

    def __init__(self, opcode: str, operands: list[Value], targets: list[BasicBlock],
                 cases: list[Value] | None = None) -> None:
        super().__init__(opcode, VOID, operands)
        self._targets = targets
        self.cases = cases or []  # switch: cases[i] leads to targets[i + 1]; targets[0] is the default

    @property
    def targets(self) -> list[BasicBlock]:
        return self._targets
