"""Bitcasts between scalars and several scalars: element 0 has the lowest bits, as on every host."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

from ...ir.build import Emitter
from ...ir.types import FloatType, PointerType, Type, integer
from ...ir.values import Value, number
from .leaves import bits_of


def reshape(emit: Emitter, values: Sequence[Value], types: Sequence[Type]) -> list[Value]:
    """The bits of `values` (all of one type) as scalars of `types` (all of one type too)."""
    given, wanted = bits_of(values[0].type), bits_of(types[0])
    if given == wanted:
        return [_cast(emit, value, type_) for value, type_ in zip(values, types, strict=True)]
    words = [_word(emit, value) for value in values]
    step = gcd(given, wanted)
    if given != step:
        words = [part for word in words for part in _split(emit, word, step)]
    if wanted != step:
        count = wanted // step
        words = [_join(emit, words[at: at + count], step, wanted) for at in range(0, len(words), count)]
    return [_cast(emit, word, type_) for word, type_ in zip(words, types, strict=True)]


def _word(emit: Emitter, value: Value) -> Value:
    if isinstance(value.type, PointerType):
        return emit.cast("ptrtoint", value, integer(64))
    return emit.cast("bitcast", value, integer(bits_of(value.type)))


def _cast(emit: Emitter, value: Value, type_: Type) -> Value:
    if isinstance(value.type, PointerType) and not isinstance(type_, PointerType):
        value = emit.cast("ptrtoint", value, integer(64))
    if isinstance(type_, PointerType) and not isinstance(value.type, PointerType):
        if isinstance(value.type, FloatType):
            value = emit.cast("bitcast", value, integer(64))
        return emit.cast("inttoptr", value, type_)
    return emit.cast("bitcast", value, type_)


def _split(emit: Emitter, word: Value, bits: int) -> list[Value]:
    found: list[Value] = []
    for shift in range(0, bits_of(word.type), bits):
        moved = emit.binary("lshr", word, number(word.type, shift)) if shift else word
        found.append(emit.cast("trunc", moved, integer(bits)))
    return found


def _join(emit: Emitter, words: Sequence[Value], step: int, bits: int) -> Value:
    type_ = integer(bits)
    whole = emit.cast("zext", words[0], type_)
    for at, word in enumerate(words[1:], 1):
        moved = emit.binary("shl", emit.cast("zext", word, type_), number(type_, at * step))
        whole = emit.binary("or", whole, moved)
    return whole
