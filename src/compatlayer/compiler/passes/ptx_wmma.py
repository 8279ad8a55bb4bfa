"""wmma.load, wmma.store and wmma.mma: matrices in fragments whose layout is the implementation's.

https://docs.nvidia.com/cuda/parallel-thread-execution/#warp-level-matrix-instructions-for-wmma
Here a lane holds every 32nd element of a matrix, row after row, and packs them into registers in that order; registers
that are left over are 0. Products are summed as mma.sync sums them (ptx_mma.py). Elements of 4 bits and of 1 bit are
refused: their fragments are loaded by rows that start in the middle of bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.types import DOUBLE, FLOAT, HALF, I8, I16, I32, I64, VOID, FloatType, IntType, Type, size_bytes
from ..ir.values import Argument, BasicBlock, Function, Literal, Value
from .ptx_code import GENERIC, Code, Operation, Values, refuse
from .ptx_floats import narrowed
from .ptx_memory import space_of
from .ptx_mma import multiplied, unpacked
from .ptx_threads import gathered

_CUBES = {"m16n16k16": (16, 16, 16), "m32n8k16": (32, 8, 16), "m8n32k16": (8, 32, 16)}
_SHAPES = {"f16": _CUBES, "bf16": _CUBES, "s8": _CUBES, "u8": _CUBES, "tf32": {"m16n16k8": (16, 16, 8)},
           "f64": {"m8n8k4": (8, 8, 4)}}
_SUMS = {"f16": ("f16", "f32"), "bf16": ("f32",), "tf32": ("f32",), "s8": ("s32",), "u8": ("s32",), "f64": ("f64",)}
_BITS = {"f16": 16, "bf16": 16, "s8": 8, "u8": 8, "tf32": 32, "f32": 32, "s32": 32, "f64": 64}
_LANES = 32


class _Fragment:
    """A matrix of rows * columns elements that the lanes share."""

    def __init__(self, use: str, shape: tuple[int, int, int], kind: str) -> None:
        m, n, k = shape
        self.rows, self.columns = {"a": (m, k), "b": (k, n)}.get(use, (m, n))
        self.kind = kind
        self.count = self.rows * self.columns // _LANES  # elements of a lane
        self.packed = 32 // _BITS[kind] if _BITS[kind] < 32 else 1  # elements of a register
        used = -(-self.count // self.packed)
        self.registers = 8 if kind == "f16" and use in "ab" else used
        self.register: Type = {"f64": DOUBLE, "f32": FLOAT}.get(kind, I32)
        self.element: IntType = {8: I8, 16: I16, 32: I32, 64: I64}[_BITS[kind]]


def _shape(words: Sequence[str], kind: str) -> tuple[int, int, int]:
    found = [_SHAPES[kind][each] for each in words if each in _SHAPES.get(kind, ())]
    if len(found) != 1:
        refuse("of wmma there are m16n16k16, m32n8k16 and m8n32k16 for f16, bf16, s8 and u8, m16n16k8 for tf32 and "
               "m8n8k4 for f64")
    return found[0]


def _wmma(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    {"load": _load, "store": _store, "mma": _multiply}[words[1]](code, words, operands)


# ---- memory -------------------------------------------------------------------------------------
def _memory(words: Sequence[str]) -> _Fragment:
    """The fragment of wmma.load.{a,b,c} and wmma.store.d."""
    use, kind = words[2], words[-1]
    if use in "ab":
        return _Fragment(use, _shape(words, kind), kind)
    factors = [each for each, sums in _SUMS.items() if kind in sums and any(word in _SHAPES[each] for word in words)]
    if not factors:
        refuse("this shape is not there for this type")
    return _Fragment(use, _shape(words, factors[0]), kind)


def _places(code: Code, words: Sequence[str], fragment: _Fragment, operand: str, rest: Sequence[str]) -> list[Value]:
    """Where the elements of this lane lie."""
    emit = code.emit
    by_row = "row" in words
    if by_row == ("col" in words):
        refuse("a layout is row or col")
    space = space_of(words)
    start = code.address(operand, GENERIC if space is None else space)
    pitch = code.read(rest[0], I32) if rest else code.word(fragment.columns if by_row else fragment.rows)
    lane = code.call("nvvm.read.ptx.sreg.laneid", I32)
    shift = fragment.columns.bit_length() - 1
    found = []
    for each in range(fragment.count):
        index = emit.binary("or", lane, code.word(_LANES * each))
        row, column = emit.binary("lshr", index, code.word(shift)), emit.binary("and", index, code.word(
            fragment.columns - 1))
        major, minor = (row, column) if by_row else (column, row)
        offset = emit.binary("add", emit.binary("mul", major, pitch), minor)
        bytes_ = emit.binary("mul", emit.cast("zext", offset, I64), code.word(size_bytes(fragment.element), I64))
        found.append(emit.offset(start, bytes_))
    return found


def _meet(code: Code) -> None:
    code.call("nvvm.bar.warp.sync", VOID, code.word(-1))


def _load(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """wmma.load.{a,b,c}.sync.aligned.layout.shape{.ss}.type {r}, [p] {, stride}"""
    fragment, emit = _memory(words), code.emit
    names = code.vector(operands[0])
    if len(names) != fragment.registers or words[2] not in "abc":
        refuse(f"it has {fragment.registers} registers")
    _meet(code)
    bits: list[Value] = [emit.load(fragment.element, place, size_bytes(fragment.element))
                         for place in _places(code, words, fragment, operands[1], operands[2:])]
    for index, name in enumerate(names):
        code.write(name, code.fit(_packed(code, fragment, bits[index * fragment.packed :][: fragment.packed]),
                                  fragment.register))


def _packed(code: Code, fragment: _Fragment, bits: Sequence[Value]) -> Value:
    if fragment.packed == 1:
        return bits[0]
    word: Value = code.word(0)
    for at, each in enumerate(bits):
        moved = code.emit.binary("shl", code.emit.cast("zext", each, I32), code.word(at * _BITS[fragment.kind]))
        word = code.emit.binary("or", word, moved)
    return word


def _store(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """wmma.store.d.sync.aligned.layout.shape{.ss}.type [p], {r} {, stride}"""
    fragment, emit = _memory(words), code.emit
    names = code.vector(operands[1])
    if len(names) != fragment.registers or words[2] != "d":
        refuse(f"it has {fragment.registers} registers")
    _meet(code)
    for index, place in enumerate(_places(code, words, fragment, operands[0], operands[2:])):
        value = code.read(names[index // fragment.packed], fragment.register)
        if fragment.packed > 1:
            by = code.word(index % fragment.packed * _BITS[fragment.kind])
            value = emit.cast("trunc", emit.binary("lshr", value, by), fragment.element)
        emit.store(value, place, size_bytes(fragment.element))
    _meet(code)


# ---- products -----------------------------------------------------------------------------------
class _Product:
    """d = a * b + c of fragments, from registers to registers."""

    def __init__(self, words: Sequence[str]) -> None:
        """wmma.mma.sync.aligned.alayout.blayout.shape{.rn}.dtype{.atype.btype}.ctype{.satfinite}"""
        rest = [each for each in words[2:] if each not in ("sync", "aligned", "row", "col", "rn", "satfinite")]
        kinds = rest[1:]
        if len(kinds) == 2:
            kinds = [kinds[0], "f16", "f16", kinds[1]]
        total, left, right, addend = kinds
        self.clamped = "satfinite" in words
        same = left == right and total in _SUMS.get(left, ()) and addend in _SUMS[left]
        if not same or (self.clamped and total != "s32"):
            refuse("of wmma.mma these types are not there")
        self.shape = _shape(words, left)
        self.a, self.b = _Fragment("a", self.shape, left), _Fragment("b", self.shape, right)
        self.c, self.d = _Fragment("c", self.shape, addend), _Fragment("d", self.shape, total)
        m, n, k = self.shape
        self.name = f"cpl.wmma.m{m}n{n}k{k}.{total}.{left}.{addend}" + ".satfinite" * self.clamped

    def function(self, code: Code) -> Function:
        """Made once a module."""
        found = code.module.symbols.get(self.name)
        if isinstance(found, Function):
            return found
        result = code.module.types.struct([self.d.register] * self.d.registers)
        parameters = [each.register for each in (self.a, self.b, self.c) for _ in range(each.registers)]
        function = Function(self.name, ("internal",), code.module.types.function(result, parameters),
                            [Argument(each, f"p{index}") for index, each in enumerate(parameters)])
        function.attributes = ("convergent", "nounwind")
        block = BasicBlock(None)
        body = Code(code.module, Values(), block)
        whole: Value = Literal(result, "poison")
        for index, value in enumerate(self._run(body, list(function.arguments))):
            whole = body.emit.insert(whole, value, index)
        body.emit.ret(whole)
        function.blocks = [block]
        code.module.add(function)
        return function

    def _run(self, code: Code, values: list[Value]) -> list[Value]:
        emit = code.emit
        a, b = values[: self.a.registers], values[self.a.registers :][: self.b.registers]
        c = self._addends(code, values[self.a.registers + self.b.registers :])
        _, columns, depth = self.shape
        lane = code.call("nvvm.read.ptx.sreg.laneid", I32)
        row = emit.binary("lshr", lane, code.word(columns.bit_length() - 1))  # within the rows of one element
        column = emit.binary("and", lane, code.word(columns - 1))
        rights = [self._element(code, self.b, b, lambda at, k=k: k * columns + at % columns, emit.binary(
            "add", column, code.word(k * columns))) for k in range(depth)]
        sums = []
        for each in range(self.d.count):
            first = each * _LANES // columns
            total = code.word(0) if self.clamped else c[each]
            for k in range(depth):
                index = emit.binary("add", emit.binary("mul", row, code.word(depth)), code.word(first * depth + k))
                left = self._element(code, self.a, a, lambda at, k=k, first=first:
                                     (first + at // columns) * depth + k, index)
                total = multiplied(code, left, rights[k], total, "")
            sums.append(code.call("sadd.sat.i32", I32, total, c[each]) if self.clamped else total)
        return self._results(code, sums)

    def _element(self, code: Code, fragment: _Fragment, registers: list[Value], where: object, index: Value) -> Value:
        """The element at an index that differs from lane to lane; `where` gives it for a lane."""
        emit = code.emit
        places = sorted({where(lane) // _LANES for lane in range(_LANES)})  # type: ignore[operator]
        source = emit.binary("and", index, code.word(_LANES - 1))
        number = emit.binary("lshr", index, code.word(5))
        found: Value | None = None
        for place in places:
            word = _gathered(code, registers[place // fragment.packed], source)
            value = unpacked(code, word, fragment.kind)[place % fragment.packed]
            found = value if found is None else emit.select(
                emit.compare("eq", number, code.word(place)), value, found)
        assert found is not None
        return found

    def _addends(self, code: Code, registers: list[Value]) -> list[Value]:
        if self.c.kind != "f16":
            return registers
        return [value for word in registers for value in unpacked(code, word, "f16")]

    def _results(self, code: Code, sums: list[Value]) -> list[Value]:
        if self.d.kind != "f16":
            return sums
        bits = [code.fit(narrowed(code, each, HALF), I16) for each in sums]
        return [_packed(code, self.d, bits[at : at + 2]) for at in range(0, len(bits), 2)]


def _gathered(code: Code, register: Value, source: Value) -> Value:
    """A register of another lane; of doubles the value."""
    emit = code.emit
    if not isinstance(register.type, FloatType):
        return gathered(code, register, source)
    bits = emit.cast("bitcast", register, I64)
    low = gathered(code, emit.cast("trunc", bits, I32), source)
    high = gathered(code, emit.cast("trunc", emit.binary("lshr", bits, code.word(32, I64)), I32), source)
    wide = emit.binary("shl", emit.cast("zext", high, I64), code.word(32, I64))
    return emit.cast("bitcast", emit.binary("or", wide, emit.cast("zext", low, I64)), DOUBLE)


def _multiply(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    product = _Product(words)
    lists = [code.vector(each) for each in operands]
    wanted = [each.registers for each in (product.d, product.a, product.b, product.c)]
    if [len(each) for each in lists] != wanted:
        refuse(f"it has {', '.join(map(str, wanted))} registers")
    values = [code.read(name, fragment.register) for names, fragment in zip(
        lists[1:], (product.a, product.b, product.c), strict=True) for name in names]
    result = code.emit.call(product.function(code), values)
    for index, name in enumerate(lists[0]):
        code.write(name, code.emit.extract(result, index, product.d.register))


TABLE: dict[str, Operation] = {"wmma": _wmma}
