"""PTX instructions on texture and surface objects: the fetches of the device library, and accesses in place.

https://docs.nvidia.com/cuda/parallel-thread-execution/#texture-instructions
https://docs.nvidia.com/cuda/parallel-thread-execution/#surface-instructions
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.build import declare
from ..ir.instructions import Call, Simple
from ..ir.types import FLOAT, I32, I64, PTR, VOID, Type
from ..ir.values import Value, number
from .ptx_code import Code, Operation, refuse
from .ptx_memory import _VECTORS
from .ptx_syntax import split
from .ptx_types import register_type, type_of

# Geometry -> dimensions (4: a cube's direction) and whether a layer comes first.
_GEOMETRIES = {"1d": (1, False), "2d": (2, False), "3d": (3, False), "a1d": (1, True), "a2d": (2, True),
               "cube": (4, False), "acube": (4, True)}
_RESULTS = {"f32": "f", "s32": "i", "u32": "i"}
# Byte offsets in cpl_texture (include/compatlayer/texture.h).
_FIELDS = {"texel_bytes": 20, "width": 52, "height": 72, "depth": 92, "pitch_bytes": 108, "slice_bytes": 112,
           "array_size": 120, "num_mipmap_levels": 144}
_MORE = 16  # asks a function of two channels for the third and fourth


def _place(operand: str) -> tuple[str, list[str]]:
    """`[a, {x, y}]` as a and its coordinates."""
    if operand[:1] != "[" or operand[-1:] != "]":
        refuse()
    name, *rest = split(operand[1:-1])
    if len(rest) != 1:
        refuse("a sampler of its own is not supported; texture objects have one" if len(rest) == 2 else "")
    inner = rest[0]
    return name, [each.strip() for each in inner[1:-1].split(",")] if inner[:1] == "{" else [inner]


def _called(code: Code, name: str, result: Type, *arguments: Value) -> Value:
    function = declare(code.module, name, result, [each.type for each in arguments])
    return code.emit.put(Call(function.function_type, function, list(arguments)))


def _coordinates(code: Code, names: Sequence[str], geometry: str) -> tuple[list[Value], Value]:
    """Three floats, and the layer."""
    if geometry not in _GEOMETRIES:
        refuse()
    dims, layered = _GEOMETRIES[geometry]
    wanted = min(dims, 3)
    found = [code.read(each, FLOAT) for each in names[layered : layered + wanted]]
    if len(found) != wanted:
        refuse()
    layer = code.read(names[0], I32) if layered else code.word(0)
    return found + [code.read("0f00000000", FLOAT)] * (3 - wanted), layer


def _write_pairs(code: Code, operand: str, pairs: Sequence[Value]) -> None:
    targets = code.vector(operand)
    if len(targets) != 4:
        refuse()
    for index, target in enumerate(targets):
        word = pairs[index // 2]
        if index % 2:
            word = code.emit.binary("lshr", word, code.word(32, I64))
        code.write(target, code.emit.cast("trunc", word, I32))


def _texture(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """tex{.level,.grad,.base}.geometry.v4.dtype.ctype d, [a, c]{, level}{, dx, dy}"""
    kind, *rest = [each for each in words[1:] if each != "base"]
    if kind not in ("level", "grad"):
        kind, rest = "", [kind, *rest]
    count = {"": 2, "level": 3, "grad": 4}[kind]
    if len(rest) != 4 or rest[1] != "v4" or rest[2] not in _RESULTS or len(operands) != count:
        refuse()
    geometry, result = rest[0], _RESULTS[rest[2]]
    name, names = _place(operands[1])
    object_ = code.read(name, I64)
    if rest[3] == "s32":
        if geometry != "1d" or kind:
            refuse("integer coordinates are supported for tex.1d (tex1Dfetch)")
        _write_vector(code, operands[0], "__nv_texfetch_4", [object_, code.read(names[0], I32)])
        return
    if rest[3] != "f32":
        refuse()
    at, layer = _coordinates(code, names, geometry)
    dims = _GEOMETRIES[geometry][0]
    if dims < 4 and not kind:
        last = [layer] if dims < 3 else []
        _write_vector(code, operands[0], f"__nv_tex{dims}d_{result}4", [object_, *at[:dims], *last])
        return
    level = code.read("0f00000000", FLOAT)
    if kind == "level":
        level = code.read(operands[2], FLOAT)
    elif kind == "grad":
        if dims > 3:
            refuse()
        steps = [value for operand in operands[2:] for value in _coordinates(code, code.vector(operand), f"{dims}d")[0]]
        level = _called(code, "__nv_texture_level", FLOAT, object_, code.word(dims), *steps)
    _write_pairs(code, operands[0], [
        _called(code, "__nv_texture_sample", I64, object_, code.word(dims | more), *at, layer, level)
        for more in (0, _MORE)])


def _write_vector(code: Code, operand: str, function: str, arguments: Sequence[Value]) -> None:
    targets = code.vector(operand)
    if len(targets) != 4:
        refuse()
    found = _called(code, function, code.module.types.vector(4, I32), *arguments)
    for index, target in enumerate(targets):
        code.write(target, code.emit.put(Simple("extractelement", I32, [found, number(I32, index)], ())))


def _gather(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """tld4.channel.2d.v4.dtype.f32 d, [a, c]"""
    if len(words) != 6 or words[1] not in ("r", "g", "b", "a") or words[2] not in ("2d", "a2d") or words[3] != "v4" or \
            words[4] not in _RESULTS or words[5] != "f32" or len(operands) != 2:
        refuse()
    name, names = _place(operands[1])
    at, layer = _coordinates(code, names, words[2])
    object_, channel = code.read(name, I64), "rgba".index(words[1])
    _write_pairs(code, operands[0], [
        _called(code, "__nv_texture_gather", I64, object_, code.word(channel | more), *at[:2], layer)
        for more in (0, _MORE)])


# ---- surfaces --------------------------------------------------------------------------------------
def _field(code: Code, object_: Value, name: str, type_: Type = I32) -> Value:
    address = code.offset(code.emit.cast("inttoptr", object_, PTR), _FIELDS[name] if name else 0)
    return code.emit.load(type_, address, 8 if type_ is not I32 else 4)


def _surface(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """suld.b.geometry{.cop}{.vector}.type.clamp d, [a, b] and sust, whose operands are the other way round."""
    rest = [each for each in words[2:] if each not in ("ca", "cg", "cs", "cv", "wb", "wt")]
    found = type_of(rest[-2]) if len(rest) in (3, 4) and words[1] == "b" else None
    count = _VECTORS.get(rest[1], 0) if len(rest) == 4 else 1
    known = found is not None and found.letter == "b" and count and rest[-1] in ("trap", "clamp", "zero")
    if found is None or not known or len(operands) != 2:
        refuse()
    loads = words[0] == "suld"
    data, at = (operands[0], operands[1]) if loads else (operands[1], operands[0])
    names, size = code.vector(data), found.bits // 8
    if len(names) != count:
        refuse()
    address, inside = _surface_place(code, at, rest[0], size * count, rest[-1])

    def access() -> None:
        for index, name in enumerate(names):
            place = code.offset(address, index * size)
            element = register_type(found)
            if loads:
                code.write(name, code.emit.load(element, place, size))
            else:
                code.emit.store(code.read(name, element), place, size)

    def trap() -> None:
        code.call("trap", VOID)

    if rest[-1] == "trap":
        code.guarded(code.inverted(inside), trap)
        access()
        return
    if loads and rest[-1] == "zero":
        for name in names:
            code.write(name, code.number(code.fit_type(found.bits), 0))
    code.guarded(inside, access)


def _surface_place(code: Code, operand: str, geometry: str, size: int, mode: str) -> tuple[Value, Value]:
    """The address of an element, and whether it is one of the surface's."""
    name, names = _place(operand)
    dims, layered = _GEOMETRIES.get(geometry, (4, False))
    if dims > 3 or len(names) < dims + layered:
        refuse()
    emit, object_ = code.emit, code.read(name, I64)
    width = emit.binary("mul", _field(code, object_, "width"), _field(code, object_, "texel_bytes"))
    ends = [emit.binary("sub", width, code.word(size))]
    if dims > 1:
        ends.append(emit.binary("sub", _field(code, object_, "height"), code.word(1)))
    if dims > 2 or layered:
        ends.append(emit.binary("sub", _field(code, object_, "array_size" if layered else "depth"), code.word(1)))
    ordered = [*names[layered : layered + dims], *names[:layered]]
    places = [code.read(each, I32) for each in ordered]
    inside: Value = emit.compare("sge", ends[0], code.word(0))
    if mode == "clamp":
        places = [emit.intrinsic("llvm.smin.i32", I32, [place, end]) for place, end in zip(places, ends, strict=True)]
        places = [emit.intrinsic("llvm.smax.i32", I32, [place, code.word(0)]) for place in places]
    else:
        for place, end in zip(places, ends, strict=True):
            inside = emit.binary("and", inside, emit.compare("ule", place, end))
    low = emit.binary("and", places[0], code.word(size - 1))
    inside = emit.binary("and", inside, emit.compare("eq", low, code.word(0)))
    pitches = (["pitch_bytes"] if dims > 1 else []) + (["slice_bytes"] if dims > 2 or layered else [])
    offset = emit.cast("sext", places[0], I64)
    for place, pitch in zip(places[1:], pitches, strict=True):
        step = _field(code, object_, pitch, I64) if pitch == "slice_bytes" else emit.cast(
            "zext", _field(code, object_, pitch), I64)
        offset = emit.binary("add", offset, emit.binary("mul", emit.cast("sext", place, I64), step))
    return emit.offset(_field(code, object_, "", PTR), offset), inside


def _query(code: Code, words: Sequence[str], operands: Sequence[str]) -> None:
    """txq.what.b32 d, [a] and suq"""
    if len(words) != 3 or words[1] not in _FIELDS or "bytes" in words[1] or words[2] != "b32" or len(operands) != 2:
        refuse()
    code.write(operands[0], _field(code, code.read(operands[1][1:-1].strip(), I64), words[1]))


TABLE: dict[str, Operation] = {"tex": _texture, "tld4": _gather, "suld": _surface, "sust": _surface, "txq": _query,
                               "suq": _query}
