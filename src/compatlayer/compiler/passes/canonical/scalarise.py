"""Splits every value that is a vector, an array or a struct into scalars.

Why: a gang's vectors have one element per lane; a vector of each lane would be a matrix. What is left of such types are
the pairs that cmpxchg and the arithmetic with overflow give, which only extractvalue reads.
"""

from __future__ import annotations

from collections.abc import Callable

from ...ir.build import Emitter, replace
from ...ir.flow import reverse_postorder
from ...ir.instructions import (
    Call,
    CompareExchange,
    FieldAccess,
    Instruction,
    MemoryAccess,
    Phi,
)
from ...ir.types import IntType, Type, VectorType, align_bytes, integer
from ...ir.values import Constant, Function, Literal, Module, Value, number
from ..tiles import is_tile
from ..unsupported import Unsupported
from . import copies, vector_calls
from .bits import reshape
from .clones import copy
from .leaves import COMPOSITE, Leaves, align_at, bits_of

_KEPT_METADATA = frozenset(("dbg", "invariant.load", "nontemporal"))


def run(module: Module, function: Function) -> None:
    _Splitting(module, function).run()


class _Splitting:
    """One function. `parts` holds the scalars of each value that was split, `replaced` what scalar results became."""

    def __init__(self, module: Module, function: Function) -> None:
        self.module, self.function = module, function
        self.leaves = Leaves()
        self.parts: dict[Value, list[Value]] = {}
        self.replaced: dict[Value, Value] = {}
        self.phis: list[tuple[Phi, list[Phi]]] = []

    def run(self) -> None:
        for block in reverse_postorder(self.function):  # definitions come before their uses, but for phis
            if any(_concerns(it) for it in block.instructions):
                emit = Emitter(self.module, [])
                for it in block.instructions:
                    if _concerns(it):
                        emit.metadata = tuple(each for each in it.metadata if each[0] == "dbg")
                        self.split(it, emit)
                    else:
                        emit.out.append(it)
                block.instructions = emit.out
        for phi, scalars in self.phis:
            columns = [self.of(operand) for operand in phi.operands]
            for at, scalar in enumerate(scalars):
                scalar.operands = [column[at] for column in columns]
        if self.replaced:
            replace(self.function, self.replaced)

    def of(self, value: Value) -> list[Value]:
        """The scalars of `value`; a scalar is its own."""
        found = self.parts.get(value)
        if found is not None:
            return found
        if type(value.type) not in COMPOSITE:
            return [value]
        if isinstance(value, Constant):
            return self.leaves.constant(value)
        raise Unsupported(f"a value of type {value.type.text} from '{getattr(value, 'opcode', 'an argument')}'")

    def split(self, it: Instruction, emit: Emitter) -> None:
        handler = _HANDLERS.get(it.opcode)
        if handler is not None:
            handler(self, it, emit)
        elif it.opcode in _ELEMENTWISE:
            self.elementwise(it, emit)
        else:
            raise Unsupported(f"'{it.opcode}' of type {it.type.text}")

    def elementwise(self, it: Instruction, emit: Emitter) -> None:
        leaves = self.leaves.of(it.type)
        columns = [self.of(operand) if type(operand.type) in COMPOSITE else [operand] * len(leaves)
                   for operand in it.operands]
        made: list[Value] = []
        for at, leaf in enumerate(leaves):
            new = copy(it)
            new.type = leaf.type
            new.operands = [column[at] for column in columns]
            emit.out.append(new)
            made.append(new)
        self.parts[it] = made

    def bitcast(self, it: Instruction, emit: Emitter) -> None:
        types = [leaf.type for leaf in self.leaves.of(it.type)]
        self.result(it, reshape(emit, self.of(it.operands[0]), types))

    def result(self, it: Instruction, parts: list[Value]) -> None:
        if type(it.type) in COMPOSITE:
            self.parts[it] = parts
        else:
            self.replaced[it] = parts[0]

    def phi(self, it: Instruction, emit: Emitter) -> None:
        assert isinstance(it, Phi)
        scalars = [Phi(leaf.type, [], list(it.blocks), it.flags) for leaf in self.leaves.of(it.type)]
        for scalar in scalars:
            scalar.metadata = it.metadata
        emit.out += scalars
        self.phis.append((it, scalars))
        self.parts[it] = list(scalars)

    # ---- parts ------------------------------------------------------------------------------
    def extract_value(self, it: Instruction, emit: Emitter) -> None:
        assert isinstance(it, FieldAccess)
        whole = it.operands[0]
        at, type_ = self.leaves.position(whole.type, it.indices)
        self.result(it, self.of(whole)[at: at + len(self.leaves.of(type_))])

    def insert_value(self, it: Instruction, emit: Emitter) -> None:
        assert isinstance(it, FieldAccess)
        parts = list(self.of(it.operands[0]))
        new = self.of(it.operands[1])
        at, _ = self.leaves.position(it.type, it.indices)
        parts[at: at + len(new)] = new
        self.parts[it] = parts

    def extract_element(self, it: Instruction, emit: Emitter) -> None:
        parts = self.of(it.operands[0])
        index = it.operands[1]
        if isinstance(index, Literal):
            place = _index(index)
            self.replaced[it] = parts[place] if 0 <= place < len(parts) else Literal(it.type, "poison")
            return
        found = parts[0]
        for at, part in enumerate(parts):
            if at and _fits(index.type, at):
                found = emit.select(emit.compare("eq", index, number(index.type, at)), part, found)
        self.replaced[it] = found

    def insert_element(self, it: Instruction, emit: Emitter) -> None:
        parts = list(self.of(it.operands[0]))
        new, index = it.operands[1:]
        if isinstance(index, Literal):
            place = _index(index)
            if 0 <= place < len(parts):
                parts[place] = new
        else:
            for at, part in enumerate(parts):
                if _fits(index.type, at):
                    parts[at] = emit.select(emit.compare("eq", index, number(index.type, at)), new, part)
        self.parts[it] = parts

    def shuffle(self, it: Instruction, emit: Emitter) -> None:
        parts = self.of(it.operands[0]) + self.of(it.operands[1])
        assert isinstance(it.type, VectorType)
        found: list[Value] = []
        for index in self.of(it.operands[2]):
            assert isinstance(index, Literal)
            unknown = index.text in ("undef", "poison")
            found.append(Literal(it.type.element, "poison") if unknown else parts[_index(index)])
        self.parts[it] = found

    # ---- memory -----------------------------------------------------------------------------
    def as_word(self, access: MemoryAccess, type_: Type) -> Type | None:
        """The integer to load or store in place of vectors that must stay whole, or whose elements are no bytes."""
        leaves = self.leaves.of(type_)
        if not access.ordering and all(leaf.offset >= 0 for leaf in leaves):
            return None
        bits = sum(bits_of(leaf.type) for leaf in leaves)
        if not isinstance(type_, VectorType) or bits > 128:
            raise Unsupported(f"a {access.opcode} of type {type_.text}")
        return integer(bits)

    def load(self, it: Instruction, emit: Emitter) -> None:
        assert isinstance(it, MemoryAccess)
        emit.metadata = tuple(each for each in it.metadata if each[0] in _KEPT_METADATA)
        align = it.align or align_bytes(it.type)
        leaves = self.leaves.of(it.type)
        word = self.as_word(it, it.type)
        if word is not None:
            whole = emit.put(MemoryAccess("load", word, list(it.operands), it.flags, align, it.ordering, it.scope))
            self.parts[it] = reshape(emit, [whole], [leaf.type for leaf in leaves])
            return
        address, flags = it.operands[0], it.flags
        self.parts[it] = [emit.load(leaf.type, emit.offset(address, leaf.offset), align_at(align, leaf.offset), flags)
                          for leaf in leaves]

    def store(self, it: Instruction, emit: Emitter) -> None:
        assert isinstance(it, MemoryAccess)
        emit.metadata = tuple(each for each in it.metadata if each[0] in _KEPT_METADATA)
        value, address = it.operands
        align = it.align or align_bytes(value.type)
        parts = self.of(value)
        word = self.as_word(it, value.type)
        if word is not None:
            whole = reshape(emit, parts, [word])[0]
            emit.put(MemoryAccess("store", it.type, [whole, address], it.flags, align, it.ordering, it.scope))
            return
        for leaf, part in zip(self.leaves.of(value.type), parts, strict=True):
            if isinstance(part, Literal) and part.text in ("undef", "poison") and not it.flags:
                continue
            store = emit.store(part, emit.offset(address, leaf.offset), align_at(align, leaf.offset))
            store.flags = it.flags

    # ---- calls and pairs --------------------------------------------------------------------
    def call(self, it: Instruction, emit: Emitter) -> None:
        assert isinstance(it, Call)
        name = it.callee_name
        if name.startswith(copies.NAMES):
            if not copies.expand(it, emit):
                emit.out.append(it)
        elif is_tile(name):
            self.parts[it] = vector_calls.tile(it, self.of, self.leaves.of(it.type), emit)
        elif ".with.overflow." in name and not isinstance(it.operands[0].type, VectorType):
            self.pair(it, emit)
        else:
            self.result(it, vector_calls.split(it, self.of, self.leaves.of(it.type), emit))

    def pair(self, it: Instruction, emit: Emitter) -> None:
        emit.out.append(it)
        self.parts[it] = [emit.extract(it, at, leaf.type) for at, leaf in enumerate(self.leaves.of(it.type))]


def _concerns(it: Instruction) -> bool:
    """Whether `it` makes or takes a value that is no scalar, or copies memory."""
    if type(it.type) in COMPOSITE:
        return True
    if isinstance(it, Call):
        return it.callee_name.startswith(copies.NAMES) or any(type(each.type) in COMPOSITE for each in it.operands)
    return it.opcode in _READERS and type(it.operands[0].type) in COMPOSITE


def _index(index: Literal) -> int:
    if index.text in ("true", "false"):
        return int(index.text == "true")
    return {"zeroinitializer": 0}.get(index.text, -1) if not index.text.lstrip("-").isdigit() else int(index.text)


def _fits(type_: Type, value: int) -> bool:
    assert isinstance(type_, IntType)
    return value < 1 << type_.bits


def _atomic(it: _Splitting, instruction: Instruction, emit: Emitter) -> None:
    if not isinstance(instruction, CompareExchange):
        raise Unsupported(f"an atomic operation of type {instruction.type.text}")
    it.pair(instruction, emit)


_READERS = frozenset(("extractvalue", "extractelement", "bitcast", "store"))
_ELEMENTWISE = frozenset((
    "add", "sub", "mul", "udiv", "sdiv", "urem", "srem", "shl", "lshr", "ashr", "and", "or", "xor", "fadd", "fsub",
    "fmul", "fdiv", "frem", "fneg", "freeze", "select", "icmp", "fcmp", "trunc", "zext", "sext", "fptrunc", "fpext",
    "fptoui", "fptosi", "uitofp", "sitofp", "ptrtoint", "ptrtoaddr", "inttoptr", "getelementptr"))
_HANDLERS: dict[str, Callable[[_Splitting, Instruction, Emitter], None]] = {
    "phi": _Splitting.phi, "bitcast": _Splitting.bitcast, "extractvalue": _Splitting.extract_value,
    "insertvalue": _Splitting.insert_value, "extractelement": _Splitting.extract_element,
    "insertelement": _Splitting.insert_element, "shufflevector": _Splitting.shuffle, "load": _Splitting.load,
    "store": _Splitting.store, "call": _Splitting.call, "cmpxchg": _atomic, "atomicrmw": _atomic,
}
