"""PTX instructions on their way to device IR: registers, operands, addresses, predicates, blocks.

The table of instructions (ptx_table.py) writes through this; it serves inline PTX, where registers are plain values,
and modules, where they are stack slots that the optimiser turns into values.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, Protocol

from ..ir.build import Emitter
from ..ir.instructions import Alloca, Phi, Terminator
from ..ir.types import FLOAT, I1, I32, I64, PTR, FloatType, IntType, PointerType, Type, integer, pointer
from ..ir.values import BasicBlock, GlobalVariable, Literal, Module, Value, number
from .ptx_syntax import Statement, decimal_of, float_bits, integer_of
from .ptx_types import PtxType, register_type, type_of

GLOBAL, SHARED, CONST, GENERIC = 1, 3, 4, 0
CARRY = "%cc.cf"  # the carry flag of add.cc and its kin
_ADDRESS = re.compile(r"\[\s*([\w$%.]+)\s*(?:([-+])\s*([-\w$%]+)\s*)?\]")
_REGISTERS = re.compile(r"(?:\.v([24])\s*)?\.(\w+)\s+(.+)", re.S)
_MOVED = re.compile(r"([\w$%.]+?)\s*([-+])\s*(-?\w+)")
_SUM = re.compile(r"([A-Za-z_$%][\w$]*)\s*([-+])\s*(-?\w+)")


class Refused(Exception):
    """An instruction that cannot be translated; says why, or nothing when its form is not in the table."""


def refuse(why: str = "") -> NoReturn:
    raise Refused(why)


class Registers(Protocol):
    """The registers of a function, by unique name."""

    def declare(self, name: str, type_: Type) -> None: ...
    def type_of(self, name: str) -> Type | None: ...
    def get(self, emit: Emitter, name: str) -> Value: ...
    def set(self, emit: Emitter, name: str, value: Value) -> None: ...
    def snapshot(self) -> Mapping[str, Value]: ...
    def merge(self, emit: Emitter, before: Mapping[str, Value], head: BasicBlock, end: BasicBlock) -> None: ...


class Values:
    """Registers as values, for code without labels: a register is what was written last."""

    def __init__(self) -> None:
        self.types: dict[str, Type] = {CARRY: I1}
        self.values: dict[str, Value] = {}

    def declare(self, name: str, type_: Type) -> None:
        self.types[name] = type_
        self.values.pop(name, None)

    def type_of(self, name: str) -> Type | None:
        return self.types.get(name)

    def get(self, emit: Emitter, name: str) -> Value:
        return self.values.get(name) or zero(self.types[name])

    def set(self, emit: Emitter, name: str, value: Value) -> None:
        self.values[name] = value

    def snapshot(self) -> Mapping[str, Value]:
        return dict(self.values)

    def merge(self, emit: Emitter, before: Mapping[str, Value], head: BasicBlock, end: BasicBlock) -> None:
        for name, value in list(self.values.items()):
            old = before.get(name) or zero(self.types[name])
            if old is not value:
                self.values[name] = emit.put(Phi(value.type, [old, value], [head, end]))


class Slots:
    """Registers as stack slots, zero at first: what a program reads unwritten must not undo its control flow."""

    def __init__(self, module: Module) -> None:
        self.entry = Emitter(module)  # goes to the start of the function
        self.stores = Emitter(module)  # and then this
        self.slots: dict[str, Alloca] = {}
        self.declare(CARRY, I1)

    def declare(self, name: str, type_: Type) -> None:
        slot = self.entry.alloca(type_)
        assert isinstance(slot, Alloca)
        self.slots[name] = slot
        self.stores.store(zero(type_), slot)

    def type_of(self, name: str) -> Type | None:
        found = self.slots.get(name)
        return found.allocated if found is not None else None

    def get(self, emit: Emitter, name: str) -> Value:
        slot = self.slots[name]
        return emit.load(slot.allocated, slot)

    def set(self, emit: Emitter, name: str, value: Value) -> None:
        emit.store(value, self.slots[name])

    def snapshot(self) -> Mapping[str, Value]:
        return {}

    def merge(self, emit: Emitter, before: Mapping[str, Value], head: BasicBlock, end: BasicBlock) -> None:
        return


def zero(type_: Type) -> Literal:
    return Literal(type_, "zeroinitializer" if isinstance(type_, FloatType) else
                   "null" if isinstance(type_, PointerType) else "false" if type_ is I1 else "0")


class Code:
    """One piece of PTX being translated; `emit` appends to `block`, and `blocks` are those begun so far."""

    def __init__(self, module: Module, registers: Registers, first: BasicBlock) -> None:
        self.module = module
        self.registers = registers
        self.emit = Emitter(module, first.instructions)
        self.block = first
        self.blocks = [first]
        self.scopes: list[dict[str, str]] = [{}]
        self.memory: list[dict[str, Value]] = [{}]  # names of memory, by scope: pointers in their address space
        self.statement: Statement
        self.made = 0
        self.condition: Value | None = None  # of a predicated instruction without side effects

    # ---- scopes ---------------------------------------------------------------------------------
    def push(self) -> None:
        self.scopes.append({})
        self.memory.append({})

    def pop(self) -> None:
        if len(self.scopes) > 1:
            self.scopes.pop()
            self.memory.pop()

    def variable(self, name: str) -> Value | None:
        for scope in reversed(self.memory):
            if name in scope:
                return scope[name]
        return None

    # ---- blocks ---------------------------------------------------------------------------------
    def begin(self, block: BasicBlock) -> None:
        self.block = block
        self.blocks.append(block)
        self.emit.out = block.instructions

    def jump(self, target: BasicBlock) -> None:
        self.emit.put(Terminator("br", [], [target]))

    def branch(self, condition: Value, yes: BasicBlock, no: BasicBlock) -> None:
        self.emit.put(Terminator("br", [condition], [yes, no]))

    def guarded(self, condition: Value, work: Callable[[], None]) -> None:
        """`work` where the condition holds, by a branch."""
        then, join, head = BasicBlock(None), BasicBlock(None), self.block
        before = self.registers.snapshot()
        self.branch(condition, then, join)
        self.begin(then)
        work()
        end = self.block
        self.jump(join)
        self.begin(join)
        self.registers.merge(self.emit, before, head, end)

    # ---- registers ------------------------------------------------------------------------------
    def declare(self, text: str) -> None:
        """`.reg .b32 %r<5>, x`: the text after `.reg`."""
        found = _REGISTERS.fullmatch(text.strip())
        type_ = type_of(found[2]) if found else None
        if found is None or type_ is None:
            refuse("this is no declaration of registers")
        axes = [f".{axis}" for axis in "xyzw"[: int(found[1])]] if found[1] else [""]
        for name in found[3].split(","):
            name = name.strip()
            many = re.fullmatch(r"([\w$%]+)\s*<\s*(\d+)\s*>", name)
            for each in [f"{many[1]}{index}" for index in range(int(many[2]))] if many else [name]:
                for axis in axes:
                    self.declare_one(each + axis, register_type(type_))

    def declare_one(self, name: str, type_: Type) -> None:
        unique = name
        if self.registers.type_of(name) is not None:
            self.made += 1
            unique = f"{name}.{self.made}"
        self.scopes[-1][name] = unique
        self.registers.declare(unique, type_)

    def register(self, name: str) -> str | None:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        if name[-2:-1] == "." and name[-1] in "rgba":
            return self.register(name[:-1] + "xyzw"["rgba".index(name[-1])])
        return name if name[:1] == "$" and self.registers.type_of(name) is not None else None

    def write(self, operand: str, value: Value, signed: bool = False) -> None:
        """Writes a destination; a wider register is extended."""
        if operand == "_":
            return
        name = self.register(operand)
        if name is None:
            refuse(f"'{operand}' is no register")
        type_ = self.registers.type_of(name)
        assert type_ is not None
        value = self.fit(value, type_, signed)
        if self.condition is not None:
            value = self.emit.select(self.condition, value, self.registers.get(self.emit, name))
        self.registers.set(self.emit, name, value)

    def width(self, operand: str) -> int:
        """Bits of the register `operand`; 0 when it is none."""
        name = self.register(operand)
        type_ = self.registers.type_of(name) if name is not None else None
        return type_.bits if isinstance(type_, (IntType, FloatType)) else 0

    def carry(self) -> Value:
        return self.registers.get(self.emit, CARRY)

    def set_carry(self, value: Value) -> None:
        if self.condition is not None:
            value = self.emit.select(self.condition, value, self.carry())
        self.registers.set(self.emit, CARRY, value)

    # ---- values ---------------------------------------------------------------------------------
    def fit(self, value: Value, type_: Type, signed: bool = False) -> Value:
        """The same bits as another type; integers are cut or extended."""
        emit = self.emit
        if value.type is type_:
            return value
        if isinstance(value.type, IntType) and isinstance(type_, IntType):
            if isinstance(value, Literal) and value.text.lstrip("-").isdigit():
                return number(type_, int(value.text))
            if type_ is I1:
                return emit.compare("ne", value, zero(value.type))
            wider = type_.bits > value.type.bits
            return emit.cast(("sext" if signed else "zext") if wider else "trunc", value, type_)
        if isinstance(value.type, PointerType):
            return self.fit(emit.cast("ptrtoint", value, I64), type_)
        if isinstance(type_, PointerType):
            return emit.cast("inttoptr", self.fit(value, I64), type_)
        if isinstance(value.type, FloatType):
            if isinstance(type_, FloatType) and type_.bits != value.type.bits:
                return self.fit(self.fit(value, integer(value.type.bits)), type_)
            if isinstance(type_, IntType) and type_.bits != value.type.bits:
                return self.fit(emit.cast("bitcast", value, integer(value.type.bits)), type_)
            return emit.cast("bitcast", value, type_)
        if isinstance(type_, FloatType) and isinstance(value.type, IntType):
            return emit.cast("bitcast", self.fit(value, integer(type_.bits)), type_)
        refuse("its operands have other types")

    def read(self, operand: str, type_: Type) -> Value:
        """A source operand of `type_`: register, special register, constant, or address of a variable."""
        name = self.register(operand)
        if name is not None:
            return self.fit(self.registers.get(self.emit, name), type_)
        found = self._constant(operand, type_)
        if found is not None:
            return found
        moved = _MOVED.fullmatch(operand)
        if moved and self.register(moved[1]) is not None and isinstance(type_, IntType):
            by = integer_of(moved[3])
            if by is not None:
                return self.emit.binary("add" if moved[2] == "+" else "sub", self.read(moved[1], type_),
                                        self.number(type_, by))
        if operand[:1] == "%":
            from .ptx_registers import special

            return self.fit(special(self, operand[1:]), type_)
        if operand == "WARP_SZ":
            return self.fit(self.word(32), type_)
        offset = _SUM.fullmatch(operand)
        base = self.variable(offset[1] if offset else operand)
        if base is None:
            refuse(f"'{operand}' is not known")
        if offset:
            by = integer_of(offset[3])
            if by is None:
                refuse(f"'{operand}' is not known")
            base = self.offset(base, -by if offset[2] == "-" else by)
        return self.fit(self.emit.cast("ptrtoint", base, I64), type_)

    def _constant(self, operand: str, type_: Type) -> Value | None:
        bits = float_bits(operand)
        if bits is None:
            whole = integer_of(operand)
            if whole is not None and isinstance(type_, IntType):
                return self.number(type_, whole)
            value = decimal_of(operand)
            if value is None:
                return self.number(I64, whole) if whole is not None and isinstance(type_, PointerType) else None
            width = type_.bits if isinstance(type_, FloatType) and type_.bits >= 32 else 64
            packed = struct.pack("<f", value) if width == 32 else struct.pack("<d", value)
            bits = width, int.from_bytes(packed, "little")
        width, word = bits
        if isinstance(type_, FloatType) and type_.bits != width and type_.bits >= 32:
            value = struct.unpack("<f" if width == 32 else "<d", word.to_bytes(width // 8, "little"))[0]
            word = int.from_bytes(struct.pack("<f" if type_.bits == 32 else "<d", value), "little")
            width = type_.bits
        if isinstance(type_, FloatType) and type_.bits == width:
            return float_literal(type_, word)
        return self.fit(number(integer(width), word), type_)

    @staticmethod
    def number(type_: IntType, value: int) -> Literal:
        """A constant of `type_`; bits that it has no room for are cut off."""
        value &= (1 << type_.bits) - 1
        if type_ is I1:
            return Literal(I1, "true" if value else "false")
        return number(type_, value - (1 << type_.bits) if value >> type_.bits - 1 else value)

    def predicate(self, operand: str) -> Value:
        """A predicate operand, `!p` inverted."""
        inverted = operand.startswith("!")
        value = self.read(operand.lstrip("! "), I1)
        return self.inverted(value) if inverted else value

    def inverted(self, value: Value) -> Value:
        return self.emit.binary("xor", value, Literal(I1, "true"))

    def vector(self, operand: str) -> list[str]:
        """The parts of `{a, b}`; of anything else the operand itself."""
        if operand[:1] == "{":
            return [each.strip() for each in operand[1:-1].split(",")]
        if self.register(operand + ".x") is not None:  # a register that is a vector
            return [operand + f".{axis}" for axis in "xyzw" if self.register(operand + f".{axis}") is not None]
        return [operand]

    def bits(self, operand: str, type_: PtxType) -> Value:
        """The operand's bits as one integer of the type's width."""
        return self.read(operand, type_.whole)

    @staticmethod
    def fit_type(bits: int) -> IntType:
        return integer(bits)

    # ---- addresses ------------------------------------------------------------------------------
    def offset(self, base: Value, by: int) -> Value:
        return self.emit.offset(base, number(I64, by)) if by else base

    def address(self, operand: str, space: int) -> Value:
        """The pointer of `[a+b]` in an address space; a shared address is an offset in the block's memory."""
        match = _ADDRESS.fullmatch(operand)
        if match is None:
            refuse(f"'{operand}' is no address")
        by = 0
        if match[3]:
            offset = integer_of(match[3])
            if offset is None:
                refuse(f"'{operand}' is no address")
            by = -offset if match[2] == "-" else offset
        variable = None if self.register(match[1]) is not None else self.variable(match[1])
        if variable is not None:
            base = self.emit.cast("addrspacecast", variable, pointer(space)) if variable.type is not pointer(space) \
                else variable
            return self.offset(base, by)
        name = self.register(match[1])
        value = self.registers.get(self.emit, name) if name is not None else self.read(match[1], I64)
        if isinstance(value.type, PointerType) and space != SHARED:
            return self.offset(value, by)
        if not isinstance(value.type, (IntType, PointerType)):
            refuse(f"'{operand}' is no address")
        whole = self.fit(value, I64)
        return self.offset(self.emit.cast("inttoptr", whole, pointer(space)), by)

    # ---- calls ----------------------------------------------------------------------------------
    def call(self, name: str, result: Type, *arguments: Value) -> Value:
        """Calls the intrinsic `llvm.<name>`."""
        return self.emit.intrinsic(f"llvm.{name}", result, arguments)

    def word(self, value: int, type_: IntType = I32) -> Literal:
        return self.number(type_, value)


def float_literal(type_: FloatType, bits: int) -> Literal:
    """The constant with these bits as LLVM writes it: floats are given as the double of the same value."""
    if type_ is not FLOAT:
        return Literal(type_, f"0x{bits:016X}")
    exponent, fraction, sign = bits >> 23 & 0xFF, bits & 0x7FFFFF, bits >> 31
    if exponent == 0xFF:
        return Literal(type_, f"0x{sign << 63 | 0x7FF << 52 | fraction << 29:016X}")
    value = struct.unpack("<f", struct.pack("<I", bits))[0]
    return Literal(type_, f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}")


Operation = Callable[[Code, Sequence[str], Sequence[str]], None]
__all__ = ["CARRY", "CONST", "GENERIC", "GLOBAL", "PTR", "SHARED", "Code", "GlobalVariable", "Operation", "Refused",
           "Slots", "Values", "float_literal", "refuse", "zero"]
