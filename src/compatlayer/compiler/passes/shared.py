"""Shared variables become offsets from the block's shared memory.

Layout: variables that several kernels reach come first, at the same offset for all; what only one kernel reaches
lies after them and overlaps with other kernels' own variables. `extern __shared__` arrays are the dynamic part.
Why here: native code has no address space 3; every thread knows its block's base through the hidden parameter.
"""

from __future__ import annotations

from ...errors import CudaError, Status
from ..ir.build import Emitter, entry_point, rewrite
from ..ir.flow import reached_functions
from ..ir.instructions import Cast, ElementPointer, Instruction, Simple
from ..ir.types import I8, I64, PTR, IntType, PointerType, align_bytes, size_bytes
from ..ir.values import (
    AggregateConstant,
    Constant,
    ConstantExpression,
    Function,
    GlobalVariable,
    Literal,
    Module,
    Value,
)
from .contract import Contract
from .prune import symbols_of

SPACE = 3
_BASE_ALIGNMENT = 128  # bytes; what every block's memory has


def is_dynamic(variable: GlobalVariable) -> bool:
    """`extern __shared__`: its size is a launch argument."""
    return variable.initializer is None


class Layout:
    """Offsets of a module's shared variables, and what each kernel reaches."""

    def __init__(self, module: Module) -> None:
        self.offsets: dict[GlobalVariable, int] = {}
        self.used: dict[str, int] = {}  # kernel -> bytes of the variables it reaches
        self.extent: dict[str, int] = {}  # kernel -> bytes that must be provided
        variables = [each for each in module.variables() if each.space == SPACE and not is_dynamic(each)]
        if not variables:
            return
        self.offsets |= module.shared_places
        direct = {function: _mentioned(function) for function in module.defined()}
        reached: dict[str, list[GlobalVariable]] = {}
        for kernel, functions in reached_functions(module).items():
            found = {variable for function in functions for variable in direct[function]}
            reached[kernel.name] = [variable for variable in variables if variable in found]
        owners = {variable: sum(variable in found for found in reached.values()) for variable in variables}
        end = self._place([variable for variable in variables if owners[variable] > 1], 0)
        for name, own in reached.items():
            own_end = self._place([variable for variable in own if owners[variable] == 1], end)
            extent = max((self.offsets[each] + size_bytes(each.value_type) for each in own), default=0)
            # The runtime takes the base's alignment from the extent (native/block.c).
            strictest = max((_alignment(each) for each in own), default=1)
            self.extent[name] = -(-extent // strictest) * strictest if strictest > _BASE_ALIGNMENT else extent
            self.used[name] = min(own_end, sum(size_bytes(each.value_type) for each in own))
        for variable in variables:
            self.offsets.setdefault(variable, 0)  # reached by no kernel

    def _place(self, variables: list[GlobalVariable], end: int) -> int:
        for variable in sorted(variables, key=_alignment, reverse=True):
            end = -(-end // _alignment(variable)) * _alignment(variable)
            end = self.offsets.setdefault(variable, end)
            end += size_bytes(variable.value_type)
        return end


def _alignment(variable: GlobalVariable) -> int:
    return max(variable.align, align_bytes(variable.value_type))


def _mentioned(function: Function) -> set[GlobalVariable]:
    return {symbol for instruction in function.instructions() for operand in instruction.operands
            for symbol in symbols_of(operand) if isinstance(symbol, GlobalVariable) and symbol.space == SPACE}


def run(module: Module) -> Module:
    layout = Layout(module)
    _refuse_initialisers(module)
    contract: Contract | None = None
    shared = {each for each in module.variables() if each.space == SPACE}
    has_pointers = bool(shared) or any(_makes_pointer(each) for function in module.defined()
                                       for each in function.instructions())
    if not has_pointers:
        return module
    contract = Contract(module)
    for function in module.defined():
        _Expansion(module, contract, layout, function).run()
    for variable in shared:
        del module.symbols[variable.name]
    return module


def _makes_pointer(instruction: Instruction) -> bool:
    """ptrtoint from, and inttoptr to, address space 3."""
    return instruction.opcode in ("ptrtoint", "inttoptr", "ptrtoaddr") and any(
        isinstance(each, PointerType) and each.space == SPACE
        for each in (instruction.type, instruction.operands[0].type))


def _refuse_initialisers(module: Module) -> None:
    for variable in module.variables():
        initializer = variable.initializer
        if variable.space == SPACE and isinstance(initializer, Constant) \
                and initializer.spelling() not in ("undef", "poison"):
            raise CudaError(Status.INVALID_IMAGE, f"the shared variable '{variable.name}' has an initialiser; "
                                                  "__shared__ variables cannot have one")
        if initializer is not None and any(isinstance(each, GlobalVariable) and each.space == SPACE
                                           for each in symbols_of(initializer)):
            raise CudaError(Status.INVALID_IMAGE, f"the initialiser of '{variable.name}' holds the address of a "
                                                  "__shared__ variable, which is not a constant")


class _Expansion:
    """Rewrites one function. Addresses are made once, at its start: they are the same for all its uses."""

    def __init__(self, module: Module, contract: Contract, layout: Layout, function: Function) -> None:
        self.module, self.contract, self.layout, self.function = module, contract, layout, function
        self.emit = Emitter(module)
        self.made: dict[str, Value] = {}

    def run(self) -> None:
        for instruction in self.function.instructions():
            operands = instruction.operands
            for index, operand in enumerate(operands):
                if isinstance(operand, Constant) and _names_shared(operand):
                    operands[index] = self.expand(operand)
        rewrite(self.module, self.function, self.convert)
        at = entry_point(self.function)
        self.function.blocks[0].instructions[at:at] = self.emit.out

    def base(self, name: str) -> Value:
        if name not in self.made:
            self.made[name] = self.contract.field(self.emit, self.function, name)
        return self.made[name]

    def expand(self, value: Value) -> Value:
        """Instructions that compute a constant which mentions a shared variable."""
        if not isinstance(value, Constant) or not _names_shared(value):
            return value
        key = f"{value.type.text} {value.spelling()}"
        if key not in self.made:
            self.made[key] = self._expand(value)
        return self.made[key]

    def _expand(self, value: Constant) -> Value:
        if isinstance(value, GlobalVariable):
            base = self.base("dynamic_shared" if is_dynamic(value) else "shared")
            address = self.emit.offset(base, 0 if is_dynamic(value) else self.layout.offsets[value])
            return self.emit.cast("addrspacecast", address, value.type)
        if isinstance(value, AggregateConstant):
            whole: Value = Literal(value.type, "poison")
            if value.brackets[0].startswith(("splat", "<")) and value.brackets[0] != "<{ ":
                raise CudaError(Status.NOT_SUPPORTED, "a vector of addresses of __shared__ variables is not supported")
            for index, element in enumerate(value.elements):
                whole = self.emit.insert(whole, self.expand(element), index)
            return whole
        assert isinstance(value, ConstantExpression)
        operands = [self.expand(each) for each in value.operands]
        if value.opcode == "getelementptr":
            assert value.source is not None
            flags = tuple(each for each in value.flags if not each.startswith("inrange"))
            return self.emit.put(ElementPointer(value.type, value.source, operands, flags))
        if len(operands) == 1:
            cast = Cast(value.opcode, value.type, operands)
            converted = self.convert(cast, self.emit)
            return converted if isinstance(converted, Value) else self.emit.put(cast)
        return self.emit.put(Simple(value.opcode, value.type, operands, value.flags))

    def convert(self, instruction: Instruction, emit: Emitter) -> object:
        """A shared address as a number is its offset in the block's shared memory, as PTX has it."""
        if not _makes_pointer(instruction):
            return None
        value = instruction.operands[0]
        base = self.base("shared")
        if instruction.opcode == "inttoptr":
            address = emit.put(_byte_offset(base, emit.cast(_resize(value.type), value, I64)))
            return emit.cast("addrspacecast", address, instruction.type)
        generic = emit.cast("addrspacecast", value, PTR)
        offset = emit.binary("sub", emit.cast("ptrtoint", generic, I64), emit.cast("ptrtoint", base, I64))
        assert isinstance(instruction.type, IntType)
        return emit.cast("trunc" if instruction.type.bits < 64 else "zext", offset, instruction.type)


def _resize(type_: object) -> str:
    assert isinstance(type_, IntType)
    return "trunc" if type_.bits > 64 else "zext"


def _byte_offset(base: Value, offset: Value) -> Instruction:
    return ElementPointer(PTR, I8, [base, offset])


def _names_shared(value: Value) -> bool:
    if isinstance(value, GlobalVariable):
        return value.space == SPACE
    return isinstance(value, Constant) and any(_names_shared(part) for part in value.parts())
