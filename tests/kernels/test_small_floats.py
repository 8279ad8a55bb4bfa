"""Floating-point types of 6 and 4 bits and scale factors (e8m0): every value widened, every rounding on narrowing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from engines import ENGINES
from expressions import evaluate
from narrow import BFLOAT16, HALF, Format

from compatlayer import Device

HEAD = """#include <cuda_fp6.h>
#include <cuda_fp4.h>
template <typename T> __device__ T cast(unsigned char x) { T value; value.__x = x; return value; }
__device__ unsigned short bits(__half x) { return __half_as_ushort(x); }
__device__ __half half_of(unsigned short x) { return __ushort_as_half(x); }
__device__ __nv_bfloat16 brain_of(unsigned short x) { return __ushort_as_bfloat16(x); }
"""
# None of them has a NaN: narrowing gives the largest, without a sign.
FORMATS = {"fp6_e2m3": Format("e2m3", 6, 3, 1, 0x1f, None, 0x1f), "fp6_e3m2": Format("e3m2", 6, 2, 3, 0x1f, None, 0x1f),
           "fp4_e2m1": Format("e2m1", 4, 1, 1, 0x7, None, 0x7)}
MODES = {"rn": "cudaRoundNearest", "rz": "cudaRoundZero", "ru": "cudaRoundPosInf", "rd": "cudaRoundMinInf"}
Run = Callable[..., list[np.ndarray]]
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module", params=ENGINES)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    device = Device(0)
    yield lambda inputs, outputs: evaluate(device, request.param, HEAD, inputs, outputs)
    device.close()


@pytest.fixture(params=FORMATS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def check(run: Run, inputs: dict, cases: dict[str, tuple[str, np.ndarray]]) -> None:
    got = run(inputs, [(expression, type_) for expression, (type_, _) in cases.items()])
    for (expression, (_, wanted)), values in zip(cases.items(), got, strict=True):
        np.testing.assert_array_equal(values, wanted, err_msg=expression)


def narrowed(name: str, exact: np.ndarray, mode: str = "rn") -> np.ndarray:
    """Too large numbers saturate, which is the same as rounding what is clipped."""
    largest = np.nanmax(FORMATS[name].wide)
    return FORMATS[name].rounded(np.clip(exact, -largest, largest), mode).astype(np.uint8)


def near(name: str) -> np.ndarray:
    """Doubles at, between and beyond the format's values, and next to those."""
    table = np.array([float(each) for each in FORMATS[name].magnitudes])
    middle = (table[:-1] + table[1:]) / 2
    sizes = np.concatenate([table, middle, np.nextafter(table, 0), np.nextafter(middle, 0),
                            np.nextafter(middle, np.inf), [np.inf, np.nan, 1e300, 1e-300, 5e-324, 1e-40]])
    return np.concatenate([sizes, -sizes, np.random.default_rng(2).uniform(-40, 40, 500)])


def test_every_value_becomes_a_half_a_float_and_an_integer(run: Run, name: str) -> None:
    wide = FORMATS[name].wide
    x = np.arange(wide.size, dtype=np.uint8)
    short, kind = name[:3], f"__NV_{name[4:].upper()}"
    value = f"cast<__nv_{name}>(x)"
    check(run, {"x": ("unsigned char", x)}, {
        f"(float){value}": ("float", wide.astype(np.float32)), f"(double){value}": ("double", wide),
        f"bits((__half){value})": ("unsigned short", HALF.rounded(wide)), f"(bool){value}": ("bool", wide != 0),
        f"(int){value}": ("int", np.trunc(wide).astype(np.int32)),
        f"(float)(__nv_bfloat16){value}": ("float", wide.astype(np.float32)),
        f"(unsigned char){value}": ("unsigned char", np.clip(np.trunc(wide), 0, 255).astype(np.uint8)),
        f"__nv_cvt_{short}_to_halfraw(x, {kind}).x": ("unsigned short", HALF.rounded(wide))})


def test_every_half_and_bfloat16_is_narrowed_in_every_direction(run: Run, name: str) -> None:
    x, short, kind = np.arange(65536, dtype=np.uint16), name[:3], f"__NV_{name[4:].upper()}"
    cases = {f"__nv_{name}(half_of(x)).__x": ("unsigned char", narrowed(name, HALF.wide)),
             f"__nv_{name}(brain_of(x)).__x": ("unsigned char", narrowed(name, BFLOAT16.wide))}
    for mode, spelled in MODES.items():
        cases[f"__nv_cvt_halfraw_to_{short}(half_of(x), {kind}, {spelled})"] = \
            ("unsigned char", narrowed(name, HALF.wide, mode))
        cases[f"__nv_cvt_bfloat16raw_to_{short}(brain_of(x), {kind}, {spelled})"] = \
            ("unsigned char", narrowed(name, BFLOAT16.wide, mode))
    check(run, {"x": ("unsigned short", x)}, cases)


def test_floats_doubles_and_integers_round_once(run: Run, name: str) -> None:
    short, kind, x = name[:3], f"__NV_{name[4:].upper()}", near(name)
    check(run, {"x": ("double", x)}, {f"__nv_{name}(x).__x": ("unsigned char", narrowed(name, x)), **{
        f"__nv_cvt_double_to_{short}(x, {kind}, {spelled})": ("unsigned char", narrowed(name, x, mode))
        for mode, spelled in MODES.items()}})
    with np.errstate(over="ignore"):
        single = x.astype(np.float32)
    single = np.concatenate([single, np.nextafter(single, np.float32(0)), np.nextafter(single, np.float32(1e9))])
    check(run, {"x": ("float", single)}, {f"__nv_{name}(x).__x": ("unsigned char", narrowed(name, single)), **{
        f"__nv_cvt_float_to_{short}(x, {kind}, {spelled})": ("unsigned char", narrowed(name, single, mode))
        for mode, spelled in MODES.items()}})
    whole = np.arange(-50, 51, dtype=np.int32)
    check(run, {"x": ("int", whole)}, {f"__nv_{name}(x).__x": ("unsigned char", narrowed(name, whole)),
                                       f"__nv_{name}((long long)x).__x": ("unsigned char", narrowed(name, whole))})


def test_pairs_and_quadruples_hold_their_parts_from_the_lowest_bits(run: Run, name: str) -> None:
    short, of = name[:3], name[4:]
    step = 4 if short == "fp4" else 8
    rng = np.random.default_rng(4)
    a, b, c, d = (rng.uniform(-9, 9, 500).astype(np.float32) for _ in range(4))
    parts = [narrowed(name, each).astype(np.uint32) for each in (a, b, c, d)]
    two = parts[0] | parts[1] << step
    four = two | parts[2] << 2 * step | parts[3] << 3 * step
    wide = [FORMATS[name].wide[each].astype(np.float32) for each in parts]
    kind = f"__NV_{of.upper()}"
    check(run, {each: ("float", values) for each, values in zip("abcd", (a, b, c, d), strict=True)}, {
        f"__nv_{short}x2_{of}(make_float2(a, b)).__x": ("unsigned int", two),
        f"__nv_{short}x2_{of}(make_double2(a, b)).__x": ("unsigned int", two),
        f"__nv_cvt_float2_to_{short}x2(make_float2(a, b), {kind}, cudaRoundNearest)": ("unsigned int", two),
        f"__nv_{short}x4_{of}(make_float4(a, b, c, d)).__x": ("unsigned int", four),
        f"((float4)__nv_{short}x4_{of}(make_float4(a, b, c, d))).w": ("float", wide[3]),
        f"((float2)__nv_{short}x2_{of}(make_float2(a, b))).y": ("float", wide[1]),
        f"__high2float(__half2(__nv_cvt_{short}x2_to_halfraw2("
        f"__nv_{short}x2_{of}(make_float2(a, b)).__x, {kind})))": ("float", wide[1]),
        f"__low2float((__half2)__nv_{short}x2_{of}(make_float2(a, b)))": ("float", wide[0])})


def scale(exact: np.ndarray, up: bool = True) -> np.ndarray:
    """e8m0: the exponent of the power of two that is not below (or not above) a magnitude, plus 127."""
    with np.errstate(invalid="ignore"):
        fraction, power = np.frexp(np.abs(exact.astype(np.float64)))
    power = power - 1 + (up & (fraction > 0.5))
    bits = np.clip(np.where(exact == 0, -127, np.where(np.isinf(exact), 127, power)), -127, 127) + 127
    return np.where(np.isnan(exact), 0xff, bits).astype(np.uint8)


def test_scale_factors_are_powers_of_two(run: Run) -> None:
    x = np.arange(256, dtype=np.uint8)
    wide = np.where(x == 255, np.nan, 2.0 ** (x.astype(np.float64) - 127))
    whole = np.where(x == 255, 0, np.clip(np.trunc(wide), 0, 2.0**31 - 1)).astype(np.int64).astype(np.int32)
    value = "cast<__nv_fp8_e8m0>(x)"
    check(run, {"x": ("unsigned char", x)}, {
        f"(float){value}": ("float", wide.astype(np.float32)), f"(double){value}": ("double", wide),
        f"bits((__half){value})": ("unsigned short", HALF.rounded(wide)), f"(int){value}": ("int", whole)})
    around = 2.0 ** np.arange(-140, 140)
    x = np.concatenate([around, around * 1.5, np.nextafter(around, 0), np.nextafter(around, np.inf),
                        [0.0, np.inf, np.nan]])
    x = np.concatenate([x, -x])
    check(run, {"x": ("double", x)}, {
        "__nv_fp8_e8m0(x).__x": ("unsigned char", scale(x)),
        "__nv_cvt_double_to_e8m0(x, __NV_SATFINITE, cudaRoundZero)": ("unsigned char", scale(x, False))})
    whole = np.array([0, 1, 2, 3, 5, 8, -9, 2**24 + 1, 2**31 - 1, -(2**31)], np.int32)
    check(run, {"x": ("int", whole)}, {"__nv_fp8_e8m0(x).__x": ("unsigned char", scale(whole))})


def test_pairs_and_quadruples_of_scale_factors(run: Run) -> None:
    rng = np.random.default_rng(4)
    a, b, c, d = (np.exp(rng.uniform(-80, 80, 300)).astype(np.float32) for _ in range(4))
    parts = [scale(each).astype(np.uint32) for each in (a, b, c, d)]
    two = (parts[0] | parts[1] << 8).astype(np.uint32)
    wide = [(2.0 ** (each.astype(np.float64) - 127)).astype(np.float32) for each in parts]
    check(run, {each: ("float", values) for each, values in zip("abcd", (a, b, c, d), strict=True)}, {
        "__nv_fp8x2_e8m0(make_float2(a, b)).__x": ("unsigned int", two),
        "__nv_fp8x2_e8m0(make_double2(a, b)).__x": ("unsigned int", two),
        "__nv_fp8x4_e8m0(make_float4(a, b, c, d)).__x": ("unsigned int", two | parts[2] << 16 | parts[3] << 24),
        "((float4)__nv_fp8x4_e8m0(make_float4(a, b, c, d))).z": ("float", wide[2]),
        "((float2)__nv_fp8x2_e8m0(make_float2(a, b))).y": ("float", wide[1]),
        "__high2float((__nv_bfloat162)__nv_fp8x2_e8m0(make_float2(a, b)))": ("float", wide[1])})
