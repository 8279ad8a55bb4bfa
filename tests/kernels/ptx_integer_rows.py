"""Rows of the table of PTX: integers, bits, comparisons, moves, carries, and what each computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ptx_model import Format

M32, M64 = 2**32 - 1, 2**64 - 1


class Row(NamedTuple):
    """`text` with %0 as result; `letters`: constraint of the result, then of the operands; `pool` of inputs."""

    text: str
    letters: str
    model: Callable[..., int]
    pool: str = "int"
    result: Format | None = None  # for NaN and tolerance
    ulps: float = 0


def s(value: int, bits: int = 32) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def clamp(value: int, bits: int, signed: bool) -> int:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return min(max(value, low), high)


def lanes(word: int, bits: int, signed: bool) -> list[int]:
    return [s(word >> at, bits) if signed else word >> at & (1 << bits) - 1 for at in range(0, 32, bits)]


def joined(values: Sequence[int], bits: int) -> int:
    return sum((each & (1 << bits) - 1) << bits * at for at, each in enumerate(values))


def wide_of(bits: int) -> str:
    return {16: "h", 32: "r", 64: "l"}[bits]


def integer_rows() -> Iterator[Row]:
    for bits, letter in ((16, "h"), (32, "r"), (64, "l")):
        for sign in "us":
            t, signed = f"{sign}{bits}", sign == "s"

            def v(x: int, bits: int = bits, signed: bool = signed) -> int:
                return s(x, bits) if signed else x & (1 << bits) - 1

            two = letter * 3
            yield Row(f"add.{t} %0, %1, %2;", two, lambda a, b: a + b)
            yield Row(f"sub.{t} %0, %1, %2;", two, lambda a, b: a - b)
            yield Row(f"mul.lo.{t} %0, %1, %2;", two, lambda a, b: a * b)
            yield Row(f"mul.hi.{t} %0, %1, %2;", two, lambda a, b, v=v, n=bits: v(a) * v(b) >> n)
            if bits < 64:
                yield Row(f"mul.wide.{t} %0, %1, %2;", wide_of(2 * bits) + letter * 2, lambda a, b, v=v: v(a) * v(b))
                yield Row(f"mad.wide.{t} %0, %1, %2, %3;", wide_of(2 * bits) + letter * 2 + wide_of(2 * bits),
                          lambda a, b, c, v=v: v(a) * v(b) + c)
            yield Row(f"mad.lo.{t} %0, %1, %2, %3;", letter * 4, lambda a, b, c: a * b + c)
            yield Row(f"mad.hi.{t} %0, %1, %2, %3;", letter * 4, lambda a, b, c, v=v, n=bits: (v(a) * v(b) >> n) + c)
            yield Row(f"sad.{t} %0, %1, %2, %3;", letter * 4, lambda a, b, c, v=v: abs(v(a) - v(b)) + c)
            yield Row(f"div.{t} %0, %1, %2;", two, lambda a, b, v=v: quotient(v(a), v(b)) if v(b) else -1)
            yield Row(f"rem.{t} %0, %1, %2;", two,
                      lambda a, b, v=v: v(a) - quotient(v(a), v(b)) * v(b) if v(b) else a)
            yield Row(f"min.{t} %0, %1, %2;", two, lambda a, b, v=v: min(v(a), v(b)))
            yield Row(f"max.{t} %0, %1, %2;", two, lambda a, b, v=v: max(v(a), v(b)))
            yield Row(f"shr.{t} %0, %1, %2;", letter * 2 + "r", lambda a, b, v=v: v(a) >> min(b, 64))
            for how, test in COMPARE.items():
                yield Row(f"{{.reg .pred p; setp.{how}.{t} p, %1, %2; selp.{t} %0, %1, %2, p;}}", two,
                          lambda a, b, v=v, test=test: a if test(v(a), v(b)) else b)
            if bits > 16:
                yield Row(f"bfind.{t} %0, %1;", "r" + letter, lambda a, v=v: find(v(a)))
                yield Row(f"bfind.shiftamt.{t} %0, %1;", "r" + letter,
                          lambda a, v=v, n=bits: M32 if find(v(a)) == M32 else n - 1 - find(v(a)))
                yield Row(f"bfe.{t} %0, %1, %2, %3;", letter * 2 + "rr",
                          lambda a, b, c, n=bits, signed=signed: extract(a, b, c, n, signed), "small")
        yield Row(f"neg.s{bits} %0, %1;", letter * 2, lambda a: -a)
        yield Row(f"abs.s{bits} %0, %1;", letter * 2, lambda a, n=bits: abs(s(a, n)))
        yield Row(f"shl.b{bits} %0, %1, %2;", letter * 2 + "r", lambda a, b: a << min(b, 64))
        yield Row(f"and.b{bits} %0, %1, %2;", letter * 3, lambda a, b: a & b)
        yield Row(f"or.b{bits} %0, %1, %2;", letter * 3, lambda a, b: a | b)
        yield Row(f"xor.b{bits} %0, %1, %2;", letter * 3, lambda a, b: a ^ b)
        yield Row(f"not.b{bits} %0, %1;", letter * 2, lambda a: ~a)
        yield Row(f"cnot.b{bits} %0, %1;", letter * 2, lambda a, n=bits: int(not a & (1 << n) - 1))
        if bits > 16:
            yield Row(f"popc.b{bits} %0, %1;", "r" + letter, lambda a, n=bits: bin(a & (1 << n) - 1).count("1"))
            yield Row(f"clz.b{bits} %0, %1;", "r" + letter, lambda a, n=bits: n - (a & (1 << n) - 1).bit_length())
            yield Row(f"brev.b{bits} %0, %1;", letter * 2,
                      lambda a, n=bits: int(f"{a & (1 << n) - 1:0{n}b}"[::-1], 2))
            yield Row(f"bfi.b{bits} %0, %1, %2, %3, %4;", letter * 3 + "rr",
                      lambda a, b, c, d, n=bits: insert(a, b, c, d, n), "small")


def quotient(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def find(value: int) -> int:
    value = ~value if value < 0 else value
    return value.bit_length() - 1 if value else M32


def extract(a: int, b: int, c: int, bits: int, signed: bool) -> int:
    at, length = b & 255, c & 255
    top = 0 if not signed or length == 0 else a >> min(at + length - 1, bits - 1) & 1
    return sum((a >> at + i & 1 if i < length and at + i < bits else top) << i for i in range(bits))


def insert(a: int, b: int, c: int, d: int, bits: int) -> int:
    at, length = c & 255, d & 255
    for i in range(length):
        if at + i < bits:
            b = b & ~(1 << at + i) | (a >> i & 1) << at + i
    return b


COMPARE: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
}  # fmt: skip


def f24(a: int, signed: bool) -> int:
    return s(a, 24) if signed else a & 0xFFFFFF


def permute(a: int, b: int, selector: int) -> int:
    pool = (b << 32 | a).to_bytes(8, "little")
    out = []
    for at in range(4):
        nibble = selector >> 4 * at & 15
        byte = pool[nibble & 7]
        out.append((255 if byte & 128 else 0) if nibble & 8 else byte)
    return int.from_bytes(out, "little")


MODES = {"f4e": (0x3210, 0x4321, 0x5432, 0x6543), "b4e": (0x5670, 0x6701, 0x7012, 0x0123),
         "rc8": (0x0000, 0x1111, 0x2222, 0x3333), "ecl": (0x3210, 0x3211, 0x3222, 0x3333),
         "ecr": (0x0000, 0x1110, 0x2210, 0x3210), "rc16": (0x1010, 0x3232, 0x1010, 0x3232)}


def mask_of(a: int, b: int, wrap: bool) -> int:
    start, width = (a & 31, b & 31) if wrap else (min(a, 32), min(b, 32))
    return ((1 << width) - 1) << start


def word_rows() -> Iterator[Row]:
    yield Row("add.sat.s32 %0, %1, %2;", "rrr", lambda a, b: clamp(s(a) + s(b), 32, True))
    yield Row("sub.sat.s32 %0, %1, %2;", "rrr", lambda a, b: clamp(s(a) - s(b), 32, True))
    yield Row("mad.hi.sat.s32 %0, %1, %2, %3;", "rrrr", lambda a, b, c: clamp((s(a) * s(b) >> 32) + s(c), 32, True))
    for sign in "us":
        k = sign == "s"
        yield Row(f"mul24.lo.{sign}32 %0, %1, %2;", "rrr", lambda a, b, k=k: f24(a, k) * f24(b, k))
        yield Row(f"mul24.hi.{sign}32 %0, %1, %2;", "rrr", lambda a, b, k=k: f24(a, k) * f24(b, k) >> 16)
        yield Row(f"mad24.lo.{sign}32 %0, %1, %2, %3;", "rrrr", lambda a, b, c, k=k: f24(a, k) * f24(b, k) + c)
        yield Row(f"mad24.hi.{sign}32 %0, %1, %2, %3;", "rrrr", lambda a, b, c, k=k: (f24(a, k) * f24(b, k) >> 16) + c)
        yield Row(f"min.{sign}16x2 %0, %1, %2;", "rrr", lambda a, b, k=k: joined(
            [min(x, y) for x, y in zip(lanes(a, 16, k), lanes(b, 16, k), strict=True)], 16))
        yield Row(f"max.{sign}16x2 %0, %1, %2;", "rrr", lambda a, b, k=k: joined(
            [max(x, y) for x, y in zip(lanes(a, 16, k), lanes(b, 16, k), strict=True)], 16))
        yield Row(f"add.{sign}16x2 %0, %1, %2;", "rrr", lambda a, b: joined(
            [x + y for x, y in zip(lanes(a, 16, False), lanes(b, 16, False), strict=True)], 16))
        for other in "us":
            j = other == "s"
            yield Row(f"dp4a.{sign}32.{other}32 %0, %1, %2, %3;", "rrrr", lambda a, b, c, k=k, j=j: c + sum(
                x * y for x, y in zip(lanes(a, 8, k), lanes(b, 8, j), strict=True)))
            for half, at in (("lo", 0), ("hi", 2)):
                yield Row(f"dp2a.{half}.{sign}32.{other}32 %0, %1, %2, %3;", "rrrr", lambda a, b, c, k=k, j=j, at=at:
                          c + sum(x * y for x, y in zip(lanes(a, 16, k), lanes(b, 8, j)[at:at + 2], strict=True)))
        yield Row(f"vabsdiff4.u32.{sign}32.{sign}32.add %0, %1, %2, %3;", "rrrr", lambda a, b, c, k=k: c + sum(
            abs(x - y) for x, y in zip(lanes(a, 8, k), lanes(b, 8, k), strict=True)))
        yield Row(f"vadd4.{sign}32.{sign}32.{sign}32.sat %0, %1, %2, %3;", "rrrr", lambda a, b, c, k=k: joined(
            [clamp(x + y, 8, k) for x, y in zip(lanes(a, 8, k), lanes(b, 8, k), strict=True)], 8))
        for bits in (8, 16):
            yield Row(f"cvt.pack.sat.{sign}{bits}.s32{'.b32' if bits == 8 else ''} %0, %1, %2{', %3' * (bits == 8)};",
                      "rrrr" if bits == 8 else "rrr", lambda a, b, c=0, n=bits, k=k: joined(
                          [clamp(s(b), n, k), clamp(s(a), n, k)], n) | (c << 2 * n if n == 8 else 0))
    yield Row("vshr.u32.u32.u32.clamp.add %0, %1, %2, %3;", "rrrr", lambda a, b, c: (a >> min(b, 32)) + c)
    yield Row("vshl.u32.u32.u32.wrap %0, %1, %2;", "rrr", lambda a, b: a << (b & 31))
    yield Row("vadd.s32.s32.u32.sat %0, %1.b1, %2.h1;", "rrr", lambda a, b: clamp(s(a >> 8, 8) + (b >> 16), 32, True))
    yield Row("vsub.u32.u32.u32.sat.max %0, %1, %2, %3;", "rrrr", lambda a, b, c: max(clamp(a - b, 32, False), c))
    yield Row("vabsdiff.u32.s32.s32.add %0, %1.b0, %2.b3, %3;", "rrrr",
              lambda a, b, c: abs(s(a, 8) - s(b >> 24, 8)) + c)
    yield Row("vmin.s32.s32.u32 %0, %1, %2;", "rrr", lambda a, b: min(s(a), b))
    yield Row("{.reg .u32 m; mov.u32 m, %lanemask_lt; .reg .u32 l; mov.u32 l, %laneid; shl.b32 l, 1, l;"
              " sub.u32 m, m, l; add.u32 %0, m, %1;}", "rr", lambda a: a - 1)
    yield Row("min.relu.s32 %0, %1, %2;", "rrr", lambda a, b: max(0, min(s(a), s(b))))
    yield Row("max.relu.s16x2 %0, %1, %2;", "rrr", lambda a, b: joined(
        [max(0, x, y) for x, y in zip(lanes(a, 16, True), lanes(b, 16, True), strict=True)], 16))
    for table in (0x00, 0x96, 0xE8, 0xCA, 0xFE, 0x80, 0xC0, 0x3C, 0xFC, 0xB8, 0x1D, 0x55, 0xFF, 0x6A):
        yield Row(f"lop3.b32 %0, %1, %2, %3, {table};", "rrrr", lambda a, b, c, t=table: sum(
            (t >> (4 * (a >> i & 1) + 2 * (b >> i & 1) + (c >> i & 1)) & 1) << i for i in range(32)))
    yield Row("{.reg .pred p, q; setp.lt.u32 p, %3, 9; lop3.or.b32 %0|q, %1, %2, %3, 0x80, p; @q add.u32 %0, %0, 1;}",
              "rrrr", lambda a, b, c: (a & b & c) + bool((a & b & c) or c < 9))
    for side in "lr":
        for how in ("wrap", "clamp"):
            yield Row(f"shf.{side}.{how}.b32 %0, %1, %2, %3;", "rrrr",
                      lambda a, b, c, side=side, how=how: funnel(a, b, c & 31 if how == "wrap" else min(c, 32), side))
    yield Row("prmt.b32 %0, %1, %2, %3;", "rrrr", permute)
    for mode, table in MODES.items():
        pair = mode in ("f4e", "b4e")
        yield Row(f"prmt.b32.{mode} %0, %1, %2, %3;", "rrrr",
                  lambda a, b, c, t=table, pair=pair: permute(a, b if pair else a, t[c & 3]))
    for how in ("wrap", "clamp"):
        wrap = how == "wrap"
        yield Row(f"bmsk.{how}.b32 %0, %1, %2;", "rrr", lambda a, b, wrap=wrap: mask_of(a, b, wrap), "small")
        for sign in "us":
            yield Row(f"szext.{how}.{sign}32 %0, %1, %2;", "rrr", lambda a, b, wrap=wrap, k=sign == "s": extract(
                a, 0, b & 31 if wrap else min(b, 32), 32, k), "small")
    yield Row("{.reg .pred p; setp.ge.s32 p, %1, 0; slct.b32.s32 %0, %2, %3, %1;}", "rrrr",
              lambda a, b, c: b if s(a) >= 0 else c)
    yield Row("set.gt.u32.s32 %0, %1, %2;", "rrr", lambda a, b: M32 if s(a) > s(b) else 0)
    yield Row("set.le.f32.u32 %0, %1, %2;", "rrr", lambda a, b: 0x3F800000 if a <= b else 0)
    yield Row("{.reg .pred p, q; setp.hi.u32 p, %1, %2; setp.ls.and.u32 p|q, %2, %3, p; selp.b32 %0, 1, 0, p;"
              "@q or.b32 %0, %0, 2;}", "rrrr", lambda a, b, c: (a > b and b <= c) + 2 * (a > b and b > c))
    yield Row("{.reg .pred p, q; setp.eq.s32 p, %1, %2; setp.lt.xor.s32 q, %1, %2, !p; selp.u32 %0, 5, 6, q;}", "rrr",
              lambda a, b: 5 if (s(a) < s(b)) != (a != b) else 6)
    # Carries: 96-bit sums, differences and products.
    yield Row("{.reg .u32 t; add.cc.u32 t, %1, %2; addc.cc.u32 t, %2, %3; addc.u32 %0, %1, %3;}", "rrrr",
              lambda a, b, c: a + c + ((b + c + (a + b >> 32)) >> 32))
    yield Row("{.reg .u32 t; sub.cc.u32 t, %1, %2; subc.cc.u32 t, %2, %3; subc.u32 %0, %1, %3;}", "rrrr",
              lambda a, b, c: a - c - (b - c - (a < b) < 0))
    yield Row("{.reg .u64 t; add.cc.u64 t, %1, %2; addc.u64 %0, %2, %3;}", "llll",
              lambda a, b, c: b + c + (a + b >> 64))
    yield Row("{.reg .u32 t; mad.lo.cc.u32 t, %1, %2, %3; madc.hi.u32 %0, %1, %2, %3;}", "rrrr",
              lambda a, b, c: (a * b >> 32) + c + ((a * b & M32) + c >> 32))
    yield Row("{.reg .u32 t; mad.hi.cc.u32 t, %1, %2, %3; madc.lo.cc.u32 t, %1, %3, t; addc.u32 %0, 0, 0;}", "rrrr",
              lambda a, b, c: ((a * c & M32) + ((a * b >> 32) + c & M32) + ((a * b >> 32) + c >> 32)) >> 32)
    # Packing, guards, scopes, immediates.
    yield Row("mov.b64 %0, {%1, %2};", "lrr", lambda a, b: b << 32 | a)
    yield Row("{.reg .b32 x; mov.b64 {x, %0}, %1;}", "rl", lambda a: a >> 32)
    yield Row("mov.b32 %0, {%1, %2};", "rhh", lambda a, b: (b & 0xFFFF) << 16 | a & 0xFFFF)
    yield Row("{.reg .b16 x, y; mov.b32 {x, y}, %1; mov.b32 %0, {y, x};}", "rr", lambda a: a << 16 | a >> 16)
    yield Row("mov.u32 %0, (1 << 4) + 0x10 - 0b11 + 010;", "rr", lambda a: 16 + 16 - 3 + 8)
    yield Row("{.reg .pred p; .reg .u32 t<3>; setp.ne.u32 p, %1, %2; mov.u32 %0, 7; @p mov.u32 t1, %1; @p add.u32 %0,"
              " t1, %2; @!p sub.u32 %0, %0, 1;}", "rrr", lambda a, b: a + b if a != b else 6)
    yield Row("{.reg .u32 x; add.u32 x, %1, 1; {.reg .u32 x; mov.u32 x, 77;} mov.u32 %0, x;}", "rr", lambda a: a + 1)
    # Labels: a loop that multiplies by shifting and adding.
    yield Row("{.reg .u32 a, b; .reg .pred p; mov.u32 a, %1; mov.u32 b, %2; mov.u32 %0, 0; AGAIN%=: and.b32 %0, %0, %0;"
              "{.reg .u32 low; and.b32 low, b, 1; setp.ne.u32 p, low, 0;} @!p bra NEXT%=; add.u32 %0, %0, a; NEXT%=:"
              "shl.b32 a, a, 1; shr.u32 b, b, 1; setp.ne.u32 p, b, 0; @p bra AGAIN%=;}", "rrr", lambda a, b: a * b)
    for width, target in ((8, "s8"), (8, "u8"), (16, "s16"), (16, "u16")):
        k = target[0] == "s"
        yield Row(f"cvt.{'s' if k else 'u'}32.{target} %0, %1;", "rr",
                  lambda a, n=width, k=k: s(a, n) if k else a & (1 << n) - 1)
        for source in ("s32", "u32"):
            yield Row(f"{{.reg .b{16} t; cvt.sat.{target}.{source} t, %1; cvt.{'s' if k else 'u'}32.{target} %0, t;}}",
                      "rr", lambda a, n=width, k=k, source=source: clamp(s(a) if source == "s32" else a, n, k))
    yield Row("cvt.u64.s32 %0, %1;", "lr", s)
    yield Row("cvt.sat.u64.s64 %0, %1;", "ll", lambda a: max(0, s(a, 64)))
    yield Row("cvt.sat.s32.s64 %0, %1;", "rl", lambda a: clamp(s(a, 64), 32, True))
    yield Row("cvt.u32.u64 %0, %1;", "rl", lambda a: a)


def funnel(low: int, high: int, by: int, side: str) -> int:
    wide = high << 32 | low
    return wide << by >> 32 if side == "l" else wide >> by
