"""Integer intrinsics of the device, each compared with a model written here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from elementwise import TYPES, Case, call, evaluate_all, kernel

M = 1 << 32


def signed(value: int, bits: int = 32) -> int:
    value %= 1 << bits
    return value - (1 << bits) if value >> (bits - 1) else value


def permute(a: int, b: int, selector: int) -> int:
    source = (b % M) << 32 | a % M
    found = 0
    for index in range(4):
        nibble = selector >> 4 * index & 15
        byte = source >> 8 * (nibble & 7) & 255
        found |= (255 * (byte >> 7) if nibble & 8 else byte) << 8 * index
    return found


def find_nth(mask: int, base: int, offset: int) -> int:
    """PTX's fns, as its documentation spells it."""
    mask, base, offset = mask % M, base % 32, signed(offset)
    if offset == 0:
        return base if mask >> base & 1 else M - 1
    position, step, left = base, (1 if offset > 0 else -1), abs(offset)
    while 0 <= position < 32:
        left -= mask >> position & 1
        if left == 0 and mask >> position & 1:
            return position
        position += step
    return M - 1


def lanes(word: int, bits: int, is_signed: bool) -> list[int]:
    parts = [word >> shift & ((1 << bits) - 1) for shift in range(0, 32, bits)]
    return [signed(part, bits) if is_signed else part for part in parts]


def leading(value: int, is_signed: bool, amount: bool) -> int:
    value %= M
    if is_signed and value >> 31:
        value ^= M - 1
    if value == 0:
        return M - 1
    return 32 - value.bit_length() if amount else value.bit_length() - 1


def masked(start: int, width: int) -> int:
    start, width = min(start % M, 32), min(width % M, 32)
    return ((1 << width) - 1) << start


def kept(value: int, width: int, is_signed: bool) -> int:
    width = min(width % M, 32)
    low = value % M & ((1 << width) - 1)
    return signed(low, width) if is_signed and width else low


def funnel(high: int, low: int, shift: int, left: bool) -> int:
    wide, shift = (high % M) << 32 | low % M, min(shift % M, 32)
    return (wide << shift) >> 32 if left else wide >> shift


MODELS: dict[str, tuple[str, int, str, Callable[..., int]]] = {
    "mulhi.i": ("i32", 2, "", lambda a, b: a * b >> 32),
    "mulhi.ui": ("i32", 2, "", lambda a, b: (a % M) * (b % M) >> 32),
    "mulhi.ll": ("i64", 2, "", lambda a, b: a * b >> 64),
    "mulhi.ull": ("i64", 2, "", lambda a, b: (a % M**2) * (b % M**2) >> 64),
    "mul24.i": ("i32", 2, "", lambda a, b: signed(a, 24) * signed(b, 24)),
    "mul24.ui": ("i32", 2, "", lambda a, b: (a % 2**24) * (b % 2**24)),
    "sad.i": ("i32", 3, "", lambda a, b, c: abs(a - b) + c),
    "sad.ui": ("i32", 3, "", lambda a, b, c: abs(a % M - b % M) + c),
    "prmt": ("i32", 3, "", permute),
    "prmt.f4e": ("i32", 3, "", lambda a, b, c: permute(a, b, (0x3210, 0x4321, 0x5432, 0x6543)[c & 3])),
    "prmt.rc16": ("i32", 2, "", lambda a, c: permute(a, a, (0x1010, 0x3232)[c & 1])),
    "fns": ("i32", 3, "", find_nth),
    "flo.u": ("i32", 1, "i1 false", lambda a: leading(a, False, False)),
    "flo.s": ("i32", 1, "i1 true", lambda a: leading(a, True, True)),
    "idp4a.s.s": ("i32", 3, "", lambda a, b, c: sum(
        x * y for x, y in zip(lanes(a, 8, True), lanes(b, 8, True), strict=True)) + c),
    "idp4a.u.s": ("i32", 3, "", lambda a, b, c: sum(
        x * y for x, y in zip(lanes(a, 8, False), lanes(b, 8, True), strict=True)) + c),
    "bmsk.clamp": ("i32", 2, "", masked),
    "zext.clamp": ("i32", 2, "", lambda a, b: kept(a, b, False)),
    "sext.clamp": ("i32", 2, "", lambda a, b: kept(a, b, True)),
    "fshl.clamp": ("i32", 3, "", lambda a, b, c: funnel(a, b, c, True)),
    "fshr.clamp": ("i32", 3, "", lambda a, b, c: funnel(a, b, c, False)),
}  # fmt: skip


def test_integer_intrinsics_do_what_ptx_says() -> None:
    random = np.random.default_rng(11)
    cases: list[Case] = []
    for name, (type_, count, extra, _) in MODELS.items():
        info = np.iinfo(TYPES[type_])
        arrays = [random.integers(info.min, info.max, 300, dtype=TYPES[type_], endpoint=True) for _ in range(count)]
        arrays[-1][:120] = np.tile(np.arange(-3, 37), 3)  # small numbers matter where an operand is a count
        if name == "fns":
            arrays[1] %= 32
        cases.append((call(f"llvm.nvvm.{name}", [type_] * count, type_, extra), arrays, type_))
    for (name, (type_, _, _, model)), (_, arrays, _), got in zip(MODELS.items(), cases, evaluate_all(cases),
                                                               strict=True):
        bits = 64 if type_ == "i64" else 32
        wanted = [signed(model(*(int(each) for each in row)), bits) for row in zip(*arrays, strict=True)]
        assert got.tolist() == wanted, name


ASSEMBLY: dict[str, tuple[str, Callable[..., int]]] = {
    "bfind.u32 $0, $1;": ("=r,r", lambda a: leading(a, False, False)),
    "bfind.shiftamt.s32 $0, $1;": ("=r,r", lambda a: leading(a, True, True)),
    "brev.b32 $0, $1;": ("=r,r", lambda a: int(f"{a % M:032b}"[::-1], 2)),
    "popc.b32 $0, $1;": ("=r,r", lambda a: (a % M).bit_count()),
    "clz.b32 $0, $1;": ("=r,r", lambda a: 32 - (a % M).bit_length()),
    "shl.b32 $0, $1, $2;": ("=r,r,r", lambda a, b: a << min(b % M, 32)),
    "shr.u32 $0, $1, $2;": ("=r,r,r", lambda a, b: a % M >> min(b % M, 32)),
    "shr.s32 $0, $1, $2;": ("=r,r,r", lambda a, b: a >> min(b % M, 31)),
    "lop3.b32 $0, $1, $2, $3, 0x96;": ("=r,r,r,r", lambda a, b, c: a ^ b ^ c),
    "lop3.b32 $0, $1, $2, $3, 0xE8;": ("=r,r,r,r", lambda a, b, c: a & b | a & c | b & c),
    "mad.lo.s32 $0, $1, $2, $3;": ("=r,r,r,r", lambda a, b, c: a * b + c),
    "mul.hi.s32 $0, $1, $2;": ("=r,r,r", lambda a, b: a * b >> 32),
    "add.u32 $0, $1, 5; // five\n xor.b32 $0, $0, $1;": ("=r,r", lambda a: (a + 5) ^ a),
    "mov.u32 $0, %laneid;": ("=r", lambda: 0),
}


def test_inline_ptx_does_what_ptx_says() -> None:
    random = np.random.default_rng(13)
    cases: list[Case] = []
    for text, (constraints, _) in ASSEMBLY.items():
        count = constraints.count(",")
        arrays = [random.integers(-(2**31), 2**31, 40, dtype=np.int64).astype(np.int32) for _ in range(max(1, count))]
        arrays[-1][:36] = np.arange(36)
        given = ", ".join(f"i32 %{letter}" for letter in "abc"[:count])
        escaped = text.replace("\n", "\\0A")
        cases.append((kernel(["i32"] * len(arrays), "i32",
                             f'  %r = call i32 asm "{escaped}", "{constraints}"({given})'), arrays, "i32"))
    results = evaluate_all(cases)
    for (text, (constraints, model)), (_, arrays, _), got in zip(ASSEMBLY.items(), cases, results, strict=True):
        if "laneid" in text:
            assert got.tolist() == [index % 32 for index in range(len(got))]
            continue
        count = constraints.count(",")
        wanted = [signed(model(*(int(each) for each in row[:count]))) for row in zip(*arrays, strict=True)]
        assert got.tolist() == wanted, text


@pytest.mark.parametrize("text", ["frob.u32 $0, $1;", "wgmma.fence.sync.aligned;", "mov.u32 $0, %pm0;",
                                  "mma.sync.aligned $0, $1;", "add.u32 $0, $1, $9;"])
def test_unknown_inline_ptx_is_named(text: str) -> None:
    from compatlayer.errors import CompilerError

    code = kernel(["i32"], "i32", f'  %r = call i32 asm "{text}", "=r,r"(i32 %a)')
    with pytest.raises(CompilerError, match="inline PTX"):
        evaluate_all([(code, [np.zeros(1, np.int32)], "i32")])
