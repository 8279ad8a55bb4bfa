"""Types of the device IR, and how many bytes they take in memory.

Primitive types are process-wide singletons; composite types belong to one module's TypeTable, so that
identity is equality within a module. Sizes follow LLVM's data layout rules, which agree between
nvptx64 and the 64-bit hosts for every type that CUDA C++ can name.
"""

from __future__ import annotations

from collections.abc import Sequence


class Type:
    """A first-class or function type. `text` is its spelling in LLVM's textual form."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


class VoidType(Type):
    __slots__ = ()


class LabelType(Type):
    __slots__ = ()


class MetadataType(Type):
    __slots__ = ()


class IntType(Type):
    __slots__ = ("bits",)

    def __init__(self, bits: int) -> None:
        super().__init__(f"i{bits}")
        self.bits = bits


class FloatType(Type):
    __slots__ = ("bits",)

    def __init__(self, text: str, bits: int) -> None:
        super().__init__(text)
        self.bits = bits


class PointerType(Type):
    __slots__ = ("space",)

    def __init__(self, space: int) -> None:
        super().__init__(f"ptr addrspace({space})" if space else "ptr")
        self.space = space


class VectorType(Type):
    __slots__ = ("count", "element")

    def __init__(self, count: int, element: Type) -> None:
        super().__init__(f"<{count} x {element.text}>")
        self.count = count
        self.element = element


class ArrayType(Type):
    __slots__ = ("count", "element")

    def __init__(self, count: int, element: Type) -> None:
        super().__init__(f"[{count} x {element.text}]")
        self.count = count
        self.element = element


class StructType(Type):
    """A literal struct."""

    __slots__ = ("fields", "packed")

    def __init__(self, fields: Sequence[Type], packed: bool) -> None:
        inner = ", ".join(field.text for field in fields)
        text = f"{{ {inner} }}" if inner else "{}"
        super().__init__(f"<{text}>" if packed else text)
        self.fields = tuple(fields)
        self.packed = packed


class NamedType(Type):
    """`%name = type ...`; `body` is None while opaque."""

    __slots__ = ("body", "name")

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name
        self.body: StructType | None = None


class FunctionType(Type):
    __slots__ = ("parameters", "result", "variadic")

    def __init__(self, result: Type, parameters: Sequence[Type], variadic: bool) -> None:
        inner = [parameter.text for parameter in parameters]
        if variadic:
            inner.append("...")
        super().__init__(f"{result.text} ({', '.join(inner)})")
        self.result = result
        self.parameters = tuple(parameters)
        self.variadic = variadic


VOID = VoidType("void")
LABEL = LabelType("label")
METADATA = MetadataType("metadata")
TOKEN = Type("token")
PTR = PointerType(0)
HALF = FloatType("half", 16)
BFLOAT = FloatType("bfloat", 16)
FLOAT = FloatType("float", 32)
DOUBLE = FloatType("double", 64)
I1, I8, I16, I32, I64, I128 = (IntType(bits) for bits in (1, 8, 16, 32, 64, 128))

PRIMITIVES: dict[str, Type] = {
    each.text: each
    for each in (VOID, LABEL, METADATA, TOKEN, HALF, BFLOAT, FLOAT, DOUBLE, I1, I8, I16, I32, I64, I128)
}
PRIMITIVES["fp128"] = FloatType("fp128", 128)
PRIMITIVES["x86_fp80"] = FloatType("x86_fp80", 80)
_pointers: dict[int, PointerType] = {0: PTR}


def integer(bits: int) -> IntType:
    """The integer type of `bits` bits."""
    found = PRIMITIVES.get(f"i{bits}")
    if found is None:
        found = PRIMITIVES[f"i{bits}"] = IntType(bits)
    assert isinstance(found, IntType)
    return found


def pointer(space: int = 0) -> PointerType:
    """The pointer type of address space `space`."""
    found = _pointers.get(space)
    if found is None:
        found = _pointers[space] = PointerType(space)
    return found


class TypeTable:
    """The composite types of one module, made once each."""

    __slots__ = ("_made", "named")

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], Type] = {}
        self.named: dict[str, NamedType] = {}

    def vector(self, count: int, element: Type) -> VectorType:
        key = ("v", count, element)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = VectorType(count, element)
        return found  # type: ignore[return-value]

    def array(self, count: int, element: Type) -> ArrayType:
        key = ("a", count, element)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = ArrayType(count, element)
        return found  # type: ignore[return-value]

    def struct(self, fields: Sequence[Type], packed: bool = False) -> StructType:
        key = ("s", packed, *fields)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = StructType(fields, packed)
        return found  # type: ignore[return-value]

    def function(self, result: Type, parameters: Sequence[Type], variadic: bool = False) -> FunctionType:
        key = ("f", variadic, result, *parameters)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = FunctionType(result, parameters, variadic)
        return found  # type: ignore[return-value]


def struct_of(type_: Type) -> StructType | None:
    """The struct behind a literal or named struct type; None for every other type."""
    if isinstance(type_, NamedType):
        return type_.body
    return type_ if isinstance(type_, StructType) else None


def _round_up(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment


def align_bytes(type_: Type) -> int:
    """ABI alignment of `type_` in bytes."""
    if isinstance(type_, PointerType):
        return 8
    if isinstance(type_, IntType):
        return min(16, 1 << max(0, (type_.bits + 7) // 8 - 1).bit_length())
    if isinstance(type_, FloatType):
        return 16 if type_.bits > 64 else type_.bits // 8
    if isinstance(type_, ArrayType):
        return align_bytes(type_.element)
    if isinstance(type_, VectorType):
        return 1 << max(0, (_vector_bits(type_) + 7) // 8 - 1).bit_length()
    body = struct_of(type_)
    if body is None:
        raise ValueError(f"the type {type_.text} has no alignment")
    return 1 if body.packed else max((align_bytes(field) for field in body.fields), default=1)


def _vector_bits(type_: VectorType) -> int:
    element = type_.element
    bits = element.bits if isinstance(element, (IntType, FloatType)) else 64
    return bits * type_.count


def size_bytes(type_: Type) -> int:
    """Bytes that one element of an array of `type_` takes (padding at the end included)."""
    if isinstance(type_, PointerType):
        return 8
    if isinstance(type_, (IntType, FloatType)):
        return _round_up((type_.bits + 7) // 8, align_bytes(type_))
    if isinstance(type_, ArrayType):
        return type_.count * size_bytes(type_.element)
    if isinstance(type_, VectorType):
        return _round_up((_vector_bits(type_) + 7) // 8, align_bytes(type_))
    body = struct_of(type_)
    if body is None:
        raise ValueError(f"the type {type_.text} has no size")
    return field_offsets(body)[-1]


def field_offsets(body: StructType) -> list[int]:
    """Byte offset of each field, and the struct's size as the last entry."""
    offsets, end, widest = [], 0, 1
    for field in body.fields:
        alignment = 1 if body.packed else align_bytes(field)
        widest = max(widest, alignment)
        end = _round_up(end, alignment)
        offsets.append(end)
        end += size_bytes(field)
    offsets.append(_round_up(end, widest))
    return offsets
