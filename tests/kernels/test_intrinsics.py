"""Intrinsics by the definitions of the CUDA Math API: words of bytes and shorts, bits, rounding, cached memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest
from engines import ENGINES
from expressions import evaluate

from compatlayer import Device

Run = Callable[..., list[np.ndarray]]
Cases = dict[str, tuple[str, np.ndarray]]
COUNT = 3000
EDGES = np.array([0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff8000, 0x80008000, 0x80808080, 0x7f7f7f7f,
                  0x01010101, 0xffff0000, 0x7fffffff, 0x80000000, 0xffffffff], np.uint32)

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module", params=ENGINES)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    device = Device(0)
    yield lambda inputs, outputs, head="": evaluate(device, request.param, head, inputs, outputs)
    device.close()


def check(run: Run, inputs: dict, cases: Cases, head: str = "") -> None:
    got = run(inputs, [(expression, type_) for expression, (type_, _) in cases.items()], head)
    for (expression, (_, wanted)), values in zip(cases.items(), got, strict=True):
        np.testing.assert_array_equal(values, wanted, err_msg=expression)


def words(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    meeting = np.tile(EDGES, len(EDGES)) if seed % 2 else np.repeat(EDGES, len(EDGES))
    return np.concatenate([rng.integers(0, 2**32, COUNT, np.uint32), meeting])


def parts(word: np.ndarray, bits: int, signed: bool) -> np.ndarray:
    """The numbers in each word, lowest first, as int64."""
    return word.view(f"{'i' if signed else 'u'}{bits // 8}").reshape(len(word), -1).astype(np.int64)


def packed(values: np.ndarray, bits: int) -> np.ndarray:
    """Words of the low bits of each number."""
    return np.ascontiguousarray(values.astype(np.uint64).astype(f"u{bits // 8}")).view(np.uint32).ravel()


@pytest.mark.parametrize(("count", "bits"), [(2, 16), (4, 8)])
def test_every_operation_on_words_of_bytes_and_shorts(run: Run, count: int, bits: int) -> None:
    a, b = words(1), words(2)
    low, high, top = -(1 << bits - 1), (1 << bits - 1) - 1, (1 << bits) - 1
    s, t, u, v = parts(a, bits, True), parts(b, bits, True), parts(a, bits, False), parts(b, bits, False)
    two: dict[str, np.ndarray] = {
        "add": u + v, "addss": np.clip(s + t, low, high), "addus": np.clip(u + v, 0, top), "sub": u - v,
        "subss": np.clip(s - t, low, high), "subus": np.clip(u - v, 0, top), "absdiffs": abs(s - t),
        "absdiffu": abs(u - v), "avgu": (u + v + 1) >> 1, "haddu": (u + v) >> 1, "maxs": np.maximum(s, t),
        "avgs": np.where(s + t >= 0, (s + t + 1) >> 1, (s + t) >> 1),
        "maxu": np.maximum(u, v), "mins": np.minimum(s, t), "minu": np.minimum(u, v)}
    relations = {"eq": s == t, "ne": s != t, "ges": s >= t, "geu": u >= v, "gts": s > t, "gtu": u > v, "les": s <= t,
                 "leu": u <= v, "lts": s < t, "ltu": u < v}
    two.update({f"cmp{name}": np.where(holds, top, 0) for name, holds in relations.items()})
    two.update({f"set{name}": holds.astype(np.int64) for name, holds in relations.items()})
    one = {"abs": abs(s), "absss": np.clip(abs(s), low, high), "neg": -s, "negss": np.clip(-s, low, high)}
    cases: Cases = {f"__v{name}{count}(a, b)": ("unsigned int", packed(r, bits)) for name, r in two.items()}
    cases.update({f"__v{name}{count}(a)": ("unsigned int", packed(r, bits)) for name, r in one.items()})
    cases[f"__vsads{count}(a, b)"] = "unsigned int", abs(s - t).sum(axis=1).astype(np.uint32)
    cases[f"__vsadu{count}(a, b)"] = "unsigned int", abs(u - v).sum(axis=1).astype(np.uint32)
    check(run, {"a": ("unsigned int", a), "b": ("unsigned int", b)}, cases)


def test_functions_for_dynamic_programming(run: Run) -> None:
    a, b, c = words(1), words(2), words(3)
    b, c = b, np.roll(c, 5)
    cases: Cases = {}
    for kind, signed, bits in (("s32", True, 32), ("u32", False, 32), ("s16x2", True, 16), ("u16x2", False, 16)):
        x, y, z = (parts(each, bits, signed) for each in (a, b, c))
        total = parts(packed(x + y, bits), bits, signed)
        type_, cast = ("int", "(int)") if kind == "s32" else ("unsigned int", "")
        given = [f"{cast}{each}" for each in "abc"]

        def put(call: str, values: np.ndarray, width: int = bits, type_: str = type_) -> None:
            cases[call] = type_, packed(values, width).view(np.int32 if type_ == "int" else np.uint32)

        for word, pick in (("max", np.maximum), ("min", np.minimum)):
            put(f"__vi{word}3_{kind}({', '.join(given)})", pick(pick(x, y), z))
            put(f"__viadd{word}_{kind}({', '.join(given)})", pick(total, z))
            if signed:
                put(f"__vi{word}_{kind}_relu({', '.join(given[:2])})", np.maximum(pick(x, y), 0))
                put(f"__vi{word}3_{kind}_relu({', '.join(given)})", np.maximum(pick(pick(x, y), z), 0))
                put(f"__viadd{word}_{kind}_relu({', '.join(given)})", np.maximum(pick(total, z), 0))
    head = """__device__ unsigned which(unsigned a, unsigned b) {
        bool p, q, r, s, t, u; __vibmax_s32(a, b, &p); __vibmin_u32(a, b, &q);
        return __vibmax_s16x2(a, b, &r, &s) ^ __vibmin_u16x2(a, b, &t, &u) ^
               (p | q << 1 | r << 2 | s << 3 | t << 4 | u << 5);
    }"""
    s16, u16 = (parts(a, 16, True), parts(b, 16, True)), (parts(a, 16, False), parts(b, 16, False))
    flags = (a.view(np.int32) >= b.view(np.int32)) | (a <= b) << 1 | (s16[0] >= s16[1])[:, 1] << 2 \
        | (s16[0] >= s16[1])[:, 0] << 3 | (u16[0] <= u16[1])[:, 1] << 4 | (u16[0] <= u16[1])[:, 0] << 5
    cases["which(a, b)"] = "unsigned int", packed(np.maximum(*s16), 16) ^ packed(np.minimum(*u16), 16) \
        ^ flags.astype(np.uint32)
    check(run, {name: ("unsigned int", each) for name, each in zip("abc", (a, b, c), strict=True)}, cases, head)


def test_bits_bytes_and_products(run: Run) -> None:
    a, b, c = words(1), words(2), np.roll(words(3), 7)
    sa, sb, sc = (each.view(np.int32).astype(np.int64) for each in (a, b, c))
    ua, ub, uc = (each.astype(np.uint64) for each in (a, b, c))
    both = ua | ub << np.uint64(32)
    shift = uc % np.uint64(48)
    picked = np.zeros(len(a), np.uint64)
    for index in range(4):
        selector = (uc >> np.uint64(4 * index)) & np.uint64(7)
        picked |= ((both >> (np.uint64(8) * selector)) & np.uint64(255)) << np.uint64(8 * index)
    low24 = lambda x: (x & 0xffffff ^ 0x800000) - 0x800000  # noqa: E731
    bytes_ = [parts(each, 8, signed) for each in (a, b) for signed in (True, False)]
    shorts = [parts(a, 16, signed) for signed in (True, False)]
    low = lambda x: np.asarray(x & 0xffffffff).astype(np.uint32)  # noqa: E731
    five = shift % np.uint64(32)
    most = np.minimum(shift, 32).astype(np.uint64)
    u, i = "unsigned int", "int"
    cases: Cases = {
        "__byte_perm(a, b, c)": (u, picked.astype(np.uint32)),
        "__funnelshift_l(a, b, c % 48)": (u, ((both << five) >> np.uint64(32)).astype(np.uint32)),
        "__funnelshift_r(a, b, c % 48)": (u, low(both >> five)),
        "__funnelshift_lc(a, b, c % 48)": (u, np.where(most == 32, ua, (both << five) >> np.uint64(32)).astype("u4")),
        "__funnelshift_rc(a, b, c % 48)": (u, low(both >> most)),
        "__mul24(a, b)": (i, low(low24(sa) * low24(sb)).view(np.int32)),
        "__umul24(a, b)": (u, low((a & 0xffffff).astype(np.uint64) * (b & 0xffffff).astype(np.uint64))),
        "__mulhi((int)a, (int)b)": (i, ((sa * sb) >> 32).astype(np.int32)),
        "__umulhi(a, b)": (u, (ua * ub >> np.uint64(32)).astype(np.uint32)),
        "__sad((int)a, (int)b, c)": (u, low(abs(sa - sb) + uc.astype(np.int64))),
        "__usad(a, b, c)": (u, low(np.where(a > b, ua - ub, ub - ua) + uc)),
        "__hadd((int)a, (int)b)": (i, ((sa + sb) >> 1).astype(np.int32)),
        "__rhadd((int)a, (int)b)": (i, ((sa + sb + 1) >> 1).astype(np.int32)),
        "__uhadd(a, b)": (u, ((ua + ub) >> np.uint64(1)).astype(np.uint32)),
        "__urhadd(a, b)": (u, ((ua + ub + np.uint64(1)) >> np.uint64(1)).astype(np.uint32)),
        "__dp4a((int)a, (int)b, (int)c)": (i, low((bytes_[0] * bytes_[2]).sum(axis=1) + sc).view(np.int32)),
        "__dp4a(a, b, c)": (u, low((bytes_[1] * bytes_[3]).sum(axis=1) + uc.astype(np.int64))),
        "__dp2a_lo((int)a, (int)b, (int)c)": (i, low((shorts[0] * bytes_[2][:, :2]).sum(axis=1) + sc).view(np.int32)),
        "__dp2a_hi((int)a, (int)b, (int)c)": (i, low((shorts[0] * bytes_[2][:, 2:]).sum(axis=1) + sc).view(np.int32)),
        "__dp2a_lo(a, b, c)": (u, low((shorts[1] * bytes_[3][:, :2]).sum(axis=1) + uc.astype(np.int64))),
        "__dp2a_hi(a, b, c)": (u, low((shorts[1] * bytes_[3][:, 2:]).sum(axis=1) + uc.astype(np.int64))),
        "__brev(a)": (u, np.array([int(f"{each:032b}"[::-1], 2) for each in a], np.uint32)),
        "__popc(a)": (i, np.array([int(each).bit_count() for each in a], np.int32)),
        "__clz((int)a)": (i, np.array([32 - int(each).bit_length() for each in a], np.int32)),
        "__ffs((int)a)": (i, np.array([(int(each) & -int(each)).bit_length() for each in a], np.int32)),
        "__fns(a, b % 40, (int)(c % 9) - 4)": (u, np.array([
            nth_set(int(x), int(y) % 40, int(z) % 9 - 4) for x, y, z in zip(a, b, c, strict=True)], np.uint32))}
    check(run, {name: (u, each) for name, each in zip("abc", (a, b, c), strict=True)}, cases)


def nth_set(mask: int, base: int, offset: int) -> int:
    """__fns by its definition."""
    positions = range(base, 32) if offset >= 0 else range(min(base, 31), -1, -1)
    if base > 31:
        return 0xffffffff
    if offset == 0:
        return base if mask >> base & 1 else 0xffffffff
    found = [each for each in positions if mask >> each & 1]
    return found[abs(offset) - 1] if len(found) >= abs(offset) else 0xffffffff


def rounded(exact: Fraction, mode: str, single: bool) -> float:
    """`exact`, not zero, in the format by the mode."""
    digits, least, most = (24, -149, 127) if single else (53, -1074, 1023)
    size = abs(exact)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent -= Fraction(2) ** exponent > size
    step = Fraction(2) ** max(exponent - digits + 1, least)
    below = size // step
    rest = size - below * step
    up = {"rz": False, "ru": exact > 0 and rest > 0, "rd": exact < 0 and rest > 0,
          "rn": rest * 2 > step or (rest * 2 == step and below % 2 == 1)}[mode]
    result, limit = (below + up) * step, (2 - Fraction(2) ** (1 - digits)) * Fraction(2) ** most
    if result > limit:
        result = math.inf if mode == "rn" or mode == ("ru" if exact > 0 else "rd") else limit
    return float(result) if exact > 0 else -float(result)


@pytest.mark.parametrize("single", [True, False], ids=["float", "double"])
def test_arithmetic_rounds_as_its_suffix_says(run: Run, single: bool) -> None:
    letter, type_, dtype = ("f", "float", np.float32) if single else ("d", "double", np.float64)
    rng, span = np.random.default_rng(8), 30 if single else 300
    special = np.array([1, 3, 1 / 3, 2.0 ** (-126 if single else -1022), np.finfo(dtype).max,
                        1e-40 if single else 5e-320])
    x, y, z = (np.concatenate([rng.uniform(-2, 2, 600) * 2.0 ** rng.integers(-span, span, 600),
                               np.roll(np.tile(special, 6), shift), -np.repeat(special, 6)]).astype(dtype)
               for shift in (0, 1, 2))
    y[:36], z[100:200] = np.repeat(special, 6), -(x[100:200] * y[100:200])  # what is left of an fma is small
    values = [[Fraction(float(each)) for each in array] for array in (x, y, z)]
    cases: Cases = {}
    for mode in ("rn", "rz", "ru", "rd"):
        def put(call: str, exact: list[Fraction], mode: str = mode) -> None:
            zero = -0.0 if mode == "rd" else 0.0
            cases[call] = type_, np.array([rounded(each, mode, single) if each else zero for each in exact], dtype)

        put(f"__{letter}add_{mode}(x, y)", [a + b for a, b in zip(*values[:2], strict=True)])
        put(f"__{letter}sub_{mode}(x, y)", [a - b for a, b in zip(*values[:2], strict=True)])
        put(f"__{letter}mul_{mode}(x, y)", [a * b for a, b in zip(*values[:2], strict=True)])
        put(f"__{letter}div_{mode}(x, y)", [a / b for a, b in zip(*values[:2], strict=True)])
        put(f"__{letter}rcp_{mode}(x)", [1 / a for a in values[0]])
        put(f"__fma{'f' if single else ''}_{mode}(x, y, z)", [a * b + c for a, b, c in zip(*values, strict=True)])
        cases[f"__{letter}sqrt_{mode}({'fabsf' if single else 'fabs'}(x))"] = type_, np.array(
            [root(abs(each), mode, single) for each in values[0]], dtype)
    check(run, {name: (type_, each) for name, each in zip("xyz", (x, y, z), strict=True)}, cases)


def root(x: Fraction, mode: str, single: bool) -> float:
    """The square root of a float's or double's value by the mode."""
    scaled = x * Fraction(4) ** 1200
    near = math.isqrt(scaled.numerator)
    exact = Fraction(near, 2**1200) if near * near == scaled else Fraction(2 * near + 1, 2**1201)
    return rounded(exact, mode, single)


def test_complex_numbers(run: Run) -> None:
    rng = np.random.default_rng(4)
    a, b, c, d = (rng.uniform(-4, 4, 500) for _ in range(4))
    x, y = a + 1j * b, c + 1j * d
    names = {"a": ("double", a), "b": ("double", b), "c": ("double", c), "d": ("double", d)}
    head = """#include <cuComplex.h>
typedef cuDoubleComplex Z;
__device__ cuFloatComplex narrow(Z z) { return cuComplexDoubleToFloat(z); }
#define P make_cuDoubleComplex(a, b)
#define Q make_cuDoubleComplex(c, d)
"""
    wanted = {"cuCadd(P, Q)": x + y, "cuCsub(P, Q)": x - y, "cuCmul(P, Q)": x * y, "cuCdiv(P, Q)": x / y,
              "cuConj(P)": x.conj(), "cuCfma(P, Q, P)": x * y + x}
    outputs = [(f"{call}.{part}", "double") for call in wanted for part in "xy"]
    for (call, _), got in zip(outputs, run(names, outputs, head), strict=True):
        exact = wanted[call[:-2]]
        np.testing.assert_allclose(got, exact.real if call[-1] == "x" else exact.imag, 1e-12, 1e-13, err_msg=call)
    single = [(f"cuCmulf(narrow(P), narrow(Q)).{part}", "float") for part in "xy"] + [("cuCabsf(narrow(P))", "float"),
                                                                           ("cuCabs(P)", "double")]
    real, imaginary, size, wide = run(names, single, head)
    np.testing.assert_allclose(real + 1j * imaginary, x * y, 1e-5, 1e-5)
    np.testing.assert_allclose(size, abs(x), 1e-6)
    np.testing.assert_allclose(wide, abs(x), 1e-14)
    large = {"a": ("double", a * 1e300), "b": ("double", b * 1e300), "c": ("double", c * 1e300),
             "d": ("double", d * 1e300)}
    quotient, size = run(large, [("cuCdiv(P, Q).x", "double"), ("cuCabs(P)", "double")], head)
    np.testing.assert_allclose(quotient, (x / y).real, 1e-10, 1e-12)
    np.testing.assert_allclose(size, abs(x) * 1e300, 1e-14)


@pytest.mark.parametrize("type_", [
    "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int", "long", "long long",
    "unsigned long long", "char2", "uchar4", "short2", "ushort4", "int2", "int4", "uint4", "longlong2", "ulonglong2",
    "float", "float2", "float4", "double", "double2", "__half", "__half2", "__nv_bfloat16", "__nv_bfloat162"])
def test_cached_loads_and_stores_move_every_type(run: Run, type_: str) -> None:
    loads = ("__ldg", "__ldca", "__ldcg", "__ldcs", "__ldlu", "__ldcv")
    stores = ("__stwb", "__stcg", "__stcs", "__stwt")
    body = "".join(f"    __{store[2:]}(to, {load}(from)); for (int k = 0; k < (int)sizeof(V); k++) all &= "
                   f"((char *)to)[k] == ((const char *)from)[k], ((char *)to)[k] = 0;\n"
                   for load, store in zip(loads, (*stores, *stores[:2]), strict=True))
    head = f"""#include <cuda_bf16.h>
typedef {type_} V;
__device__ __align__(16) unsigned char source[64], target[512 * 16];
__device__ bool moved(unsigned int seed, int i) {{
    bool all = true;
    V *to = (V *)(target + i * 16); const V *from = (const V *)(source + seed % 3 * 16);
    for (int k = 0; k < 64; k++) source[k] = (unsigned char)(37 + k * 11);
    __syncthreads();
{body}    return all;
}}"""
    got, = run({"x": ("unsigned int", np.arange(384, dtype=np.uint32))}, [("moved(x, i)", "bool")], head)
    assert got.all()
