"""mma.sync: a product of small matrices whose elements lie in the registers of a warp.

https://docs.nvidia.com/cuda/parallel-thread-execution/#warp-level-matrix-instructions-mma
A lane of the row `lane / 4` and the place `lane % 4` holds runs of elements: see the figures of each shape there. Each
lane fetches the rows of A and the columns of B that its elements of the result need from the lanes that have them.
Products are summed one after the other with rising k, in float for halves; CUDA leaves the order and the precision of
the sum open. Integers wrap around, or with .satfinite the result is clamped; the products of one instruction fit 32
bits. Of 1 bit, a register's bits are combined and counted at once. One function per shape and types keeps kernels with
many products small.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..ir.build import mangled
from ..ir.types import BFLOAT, DOUBLE, FLOAT, HALF, I16, I32, I64, FloatType, Type
from ..ir.values import Argument, BasicBlock, Function, Literal, Value
from .ptx_code import Code, Operation, Values, refuse
from .ptx_floats import narrowed, widened
from .ptx_threads import gathered

_SHAPE = re.compile(r"m(8|16)n8k(4|8|16|32|64|128|256)")
_ELEMENTS = {"f16": 2, "bf16": 2, "tf32": 1, "s8": 4, "u8": 4, "f64": 1, "s4": 8, "u4": 8,
             "b1": 32}  # per register
_SHAPES = {"f16": ((16, 8), (16, 16)), "bf16": ((16, 8), (16, 16)), "tf32": ((16, 4), (16, 8)),
           "s8": ((8, 16), (16, 16), (16, 32)), "u8": ((8, 16), (16, 16), (16, 32)), "f64": ((8, 4),),
           "s4": ((8, 32), (16, 32), (16, 64)), "u4": ((8, 32), (16, 32), (16, 64)),
           "b1": ((8, 128), (16, 128), (16, 256))}
_SUMS = {"f16": ("f16", "f32"), "bf16": ("f32",), "tf32": ("f32",), "s8": ("s32",), "u8": ("s32",), "f64": ("f64",),
         "s4": ("s32",), "u4": ("s32",), "b1": ("s32",)}
_INTEGERS = ({"s8", "u8"}, {"s4", "u4"})
_THERE = ("m16n8k8 and m16n8k16 for f16 and bf16, m16n8k4 and m16n8k8 for tf32, m8n8k16, m16n8k16 and m16n8k32 for s8 "
          "and u8, m8n8k32, m16n8k32 and m16n8k64 for s4 and u4, m8n8k128, m16n8k128 and m16n8k256 for b1, "
          "m8n8k4 for f64, all .row.col")


class _Shape(NamedTuple):
    rows: int
    depth: int
    left: str  # types of A, of B, and of C and D
    right: str
    sum: str
    combine: str  # of b1: xor or and
    clamped: bool

    @property
    def run(self) -> int:
        """Elements in a register."""
        return _ELEMENTS[self.left]

    @property
    def halves(self) -> int:
        """Registers along k of one row."""
        return self.depth // (4 * self.run)

    @property
    def bands(self) -> int:
        """Rows of the result in a lane, eight apart."""
        return self.rows // 8

    @property
    def register(self) -> Type:
        return DOUBLE if self.left == "f64" else I32

    @property
    def total(self) -> Type:
        """The registers of C and D."""
        return {"f64": DOUBLE, "f32": FLOAT, "f16": I32, "s32": I32}[self.sum]

    @property
    def totals(self) -> int:
        return self.bands * (1 if self.sum == "f16" else 2)


def _shape(words: Sequence[str]) -> _Shape:
    rest = [each for each in words[1:] if each not in ("sync", "aligned", "row", "col", "rn", "satfinite")]
    combine = rest.pop(5) if len(rest) == 7 and rest[5] in ("xor", "and") and rest[6] == "popc" else ""
    match = _SHAPE.fullmatch(rest[0]) if len(rest) == (6 if combine else 5) else None
    if match is None or tuple(each for each in words if each in ("row", "col")) != ("row", "col"):
        refuse(f"of mma there are {_THERE}")
    total, left, right, addend = rest[1:5]
    clamped = "satfinite" in words
    found = _Shape(int(match[1]), int(match[2]), left, right, total, combine, clamped)
    same = left == right or {left, right} in _INTEGERS
    same &= (left == "b1") == bool(combine) and (not clamped or left in ("s8", "u8", "s4", "u4"))
    if left not in _SHAPES or not same or (found.rows, found.depth) not in _SHAPES[left] or \
            total not in _SUMS[left] or addend != total:
        refuse("of mma this shape with these types is not there")
    return found


def _multiply(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """mma.sync.aligned.shape.row.col.dtype.atype.btype.ctype {d}, {a}, {b}, {c}"""
    shape = _shape(words)
    lists = [code.vector(each) for each in operands]
    wanted = [shape.totals, shape.bands * shape.halves, shape.halves, shape.totals]
    if [len(each) for each in lists] != wanted:
        refuse(f"it has {', '.join(str(each) for each in wanted)} registers")
    values = [code.read(each, shape.register) for each in (*lists[1], *lists[2])]
    values += [code.read(each, shape.total) for each in lists[3]]
    result = code.emit.call(_function(code, shape), values)
    for index, name in enumerate(lists[0]):
        code.write(name, code.emit.extract(result, index, shape.total))


def _function(code: Code, shape: _Shape) -> Function:
    """The function that multiplies by this shape, made once a module."""
    module = code.module
    name = f"cpl.mma.m{shape.rows}n8k{shape.depth}.{shape.left}.{shape.right}.{shape.sum}"
    name += f".{shape.combine}" * bool(shape.combine) + ".satfinite" * shape.clamped
    found = module.symbols.get(name)
    if isinstance(found, Function):
        return found
    registers = (shape.bands + 1) * shape.halves
    result = module.types.struct([shape.total] * shape.totals)
    parameters = [shape.register] * registers + [shape.total] * shape.totals
    function = Function(name, ("internal",), module.types.function(result, parameters),
                        [Argument(each, f"p{index}") for index, each in enumerate(parameters)])
    function.attributes = ("convergent", "nounwind")
    block = BasicBlock(None)
    body = Code(module, Values(), block)
    sums = _Product(body, shape, list(function.arguments)).run()
    whole: Value = Literal(result, "poison")
    for index, value in enumerate(sums):
        whole = body.emit.insert(whole, value, index)
    body.emit.ret(whole)
    function.blocks = [block]
    module.add(function)
    return function


class _Product:
    def __init__(self, code: Code, shape: _Shape, values: list[Value]) -> None:
        self.code, self.shape = code, shape
        cut = shape.bands * shape.halves
        self.left, self.right = values[:cut], values[cut : cut + shape.halves]
        self.addends = values[cut + shape.halves :]

    def run(self) -> list[Value]:
        code, shape, emit = self.code, self.shape, self.code.emit
        lane = code.call("nvvm.read.ptx.sreg.laneid", I32)
        quad = emit.binary("and", lane, code.word(28))
        columns = emit.binary("shl", emit.binary("and", lane, code.word(3)), code.word(3))
        sums = self._start()
        for half in range(shape.halves):
            for source in range(4):
                here = emit.binary("or", quad, code.word(source))
                rows = [self._elements(self.left[half * shape.bands + band], here, shape.left)
                        for band in range(shape.bands)]
                for column in range(2):
                    there = emit.binary("or", columns, code.word(4 * column + source))
                    others = self._elements(self.right[half], there, shape.right)
                    for band, row in enumerate(rows):
                        for a, b in zip(row, others, strict=True):
                            place = 2 * band + column
                            sums[place] = multiplied(code, a, b, sums[place], shape.combine)
        return self._end(sums)

    def _start(self) -> list[Value]:
        if self.shape.clamped:
            return [self.code.word(0)] * len(self.addends)
        if self.shape.sum != "f16":
            return list(self.addends)
        return [each for word in self.addends for each in unpacked(self.code, word, "f16")]

    def _end(self, sums: list[Value]) -> list[Value]:
        if self.shape.clamped:
            return [self.code.call("sadd.sat.i32", I32, total, addend)
                    for total, addend in zip(sums, self.addends, strict=True)]
        if self.shape.sum != "f16":
            return sums
        code, found = self.code, []
        for low, high in zip(sums[::2], sums[1::2], strict=True):
            bits = [code.emit.cast("zext", code.fit(narrowed(code, each, HALF), I16), I32) for each in (low, high)]
            found.append(code.emit.binary("or", bits[0], code.emit.binary("shl", bits[1], code.word(16))))
        return list(found)

    def _elements(self, register: Value, lane: Value, kind: str) -> list[Value]:
        """The elements in a register of another lane, as they are multiplied."""
        code, emit = self.code, self.code.emit
        if kind == "f64":
            bits = emit.cast("bitcast", register, I64)
            low = gathered(code, emit.cast("trunc", bits, I32), lane)
            high = gathered(code, emit.cast("trunc", emit.binary("lshr", bits, code.word(32, I64)), I32), lane)
            wide = emit.binary("shl", emit.cast("zext", high, I64), code.word(32, I64))
            return [emit.cast("bitcast", emit.binary("or", wide, emit.cast("zext", low, I64)), DOUBLE)]
        return unpacked(code, gathered(code, register, lane), kind)


def unpacked(code: Code, word: Value, kind: str) -> list[Value]:
    """The elements in a register, as they are multiplied."""
    emit = code.emit
    if kind == "tf32":  # the low bits are not looked at
        return [emit.cast("bitcast", emit.binary("and", word, code.word(~0x1FFF)), FLOAT)]
    if kind in ("f16", "bf16"):
        parts = [emit.cast("trunc", word, I16), emit.cast("trunc", emit.binary("lshr", word, code.word(16)), I16)]
        return [widened(code, code.fit(each, HALF if kind == "f16" else BFLOAT)) for each in parts]
    if kind in ("b1", "f64"):
        return [word]
    opcode, size = "ashr" if kind[0] == "s" else "lshr", int(kind[1])
    return [emit.binary(opcode, emit.binary("shl", word, code.word(32 - size - at)), code.word(32 - size))
            for at in range(0, 32, size)]


def multiplied(code: Code, a: Value, b: Value, total: Value, combine: str) -> Value:
    """total + a * b; with `combine`, xor or and, the bits that are set in a and b combined."""
    emit = code.emit
    if isinstance(a.type, FloatType):
        return code.call(f"fma.{mangled(a.type)}", a.type, a, b, total)
    if combine:
        return emit.binary("add", total, code.call("ctpop.i32", I32, emit.binary(combine, a, b)))
    return emit.binary("add", total, emit.binary("mul", a, b))


TABLE: dict[str, Operation] = {"mma": _multiply}
