"""8-bit floating-point types: every value widened, every rounding and saturation on narrowing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from engines import ENGINES
from expressions import evaluate
from narrow import BFLOAT16, E4M3, E5M2, HALF, Format

from compatlayer import Device

HEAD = """#include <cuda_fp8.h>
__device__ unsigned short bits(__half x) { return __half_as_ushort(x); }
__device__ __half half_of(unsigned short x) { return __ushort_as_half(x); }
__device__ __nv_bfloat16 brain_of(unsigned short x) { return __ushort_as_bfloat16(x); }
"""
Run = Callable[..., list[np.ndarray]]
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module", params=ENGINES)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    device = Device(0)
    yield lambda inputs, outputs: evaluate(device, request.param, HEAD, inputs, outputs)
    device.close()


@pytest.fixture(params=(E4M3, E5M2), ids=("e4m3", "e5m2"))
def format_(request: pytest.FixtureRequest) -> Format:
    return request.param


def check(run: Run, inputs: dict, cases: dict[str, tuple[str, np.ndarray]]) -> None:
    got = run(inputs, [(expression, type_) for expression, (type_, _) in cases.items()])
    for (expression, (_, wanted)), values in zip(cases.items(), got, strict=True):
        np.testing.assert_array_equal(values, wanted, err_msg=expression)


def narrowed(format_: Format, exact: np.ndarray, saturating: bool) -> np.ndarray:
    bits = format_.rounded(exact)
    if saturating:
        over = (bits & 0x7f > format_.finite) & ~np.isnan(exact.astype(np.float64))
        bits = np.where(over, format_.finite | bits & 0x80, bits)
    return bits.astype(np.uint8)


def test_every_value_becomes_a_half_a_float_and_an_integer(run: Run, format_: Format) -> None:
    x, wide = np.arange(256, dtype=np.uint8), format_.wide
    whole = np.nan_to_num(np.trunc(wide), nan=0.0, posinf=2.0**31 - 1, neginf=-(2.0**31)).astype(np.int64)
    kind = f"__NV_{format_.name.upper()}"
    check(run, {"x": (f"__nv_fp8_{format_.name}", x)}, {
        "(float)x": ("float", wide.astype(np.float32)), "bits((__half)x)": ("unsigned short", HALF.rounded(wide)),
        "(double)x": ("double", wide), "(int)x": ("int", whole.astype(np.int32)), "(bool)x": ("bool", wide != 0),
        "(signed char)x": ("signed char", np.clip(whole, -128, 127).astype(np.int8)),
        "(float)(__nv_bfloat16)x": ("float", wide.astype(np.float32)),
        f"__nv_cvt_fp8_to_halfraw(x.__x, {kind}).x": ("unsigned short", HALF.rounded(wide))})


def test_every_half_and_bfloat16_is_narrowed(run: Run, format_: Format) -> None:
    x, name, kind = np.arange(65536, dtype=np.uint16), f"__nv_fp8_{format_.name}", f"__NV_{format_.name.upper()}"
    half, brain = HALF.wide, BFLOAT16.wide
    check(run, {"x": ("unsigned short", x)}, {
        f"{name}(half_of(x)).__x": ("unsigned char", narrowed(format_, half, True)),
        f"{name}(brain_of(x)).__x": ("unsigned char", narrowed(format_, brain, True)),
        f"__nv_cvt_halfraw_to_fp8(half_of(x), __NV_NOSAT, {kind})": ("unsigned char", narrowed(format_, half, False)),
        f"__nv_cvt_bfloat16raw_to_fp8(brain_of(x), __NV_NOSAT, {kind})":
            ("unsigned char", narrowed(format_, brain, False))})


def test_floats_and_doubles_round_once(run: Run, format_: Format) -> None:
    name, kind = f"__nv_fp8_{format_.name}", f"__NV_{format_.name.upper()}"
    table = np.array([float(each) for each in format_.magnitudes])
    middle = (table[:-1] + table[1:]) / 2
    near = np.concatenate([table, middle, np.nextafter(middle, 0), np.nextafter(middle, np.inf),
                           [np.inf, np.nan, 1e30]])
    x = np.concatenate([near, -near, np.random.default_rng(2).uniform(-500, 500, 2000)])
    check(run, {"x": ("double", x)}, {f"{name}(x).__x": ("unsigned char", narrowed(format_, x, True)),
                                      f"__nv_cvt_double_to_fp8(x, __NV_NOSAT, {kind})":
                                          ("unsigned char", narrowed(format_, x, False))})
    single = x.astype(np.float32)
    single = np.concatenate([single, np.nextafter(single, np.float32(0)), np.nextafter(single, np.float32(1e9))])
    check(run, {"x": ("float", single)}, {f"{name}(x).__x": ("unsigned char", narrowed(format_, single, True)),
                                          f"__nv_cvt_float_to_fp8(x, __NV_NOSAT, {kind})":
                                              ("unsigned char", narrowed(format_, single, False))})
    whole = np.arange(-70000, 70000, 3, dtype=np.int32)
    check(run, {"x": ("int", whole)}, {f"{name}(x).__x": ("unsigned char", narrowed(format_, whole, True)),
                                       f"{name}((long long)x).__x": ("unsigned char", narrowed(format_, whole, True))})


def test_twos_and_fours_hold_their_parts_from_the_lowest_byte(run: Run, format_: Format) -> None:
    name = format_.name
    rng = np.random.default_rng(4)
    a, b, c, d = (rng.uniform(-600, 600, 500).astype(np.float32) for _ in range(4))
    parts = [narrowed(format_, each, True).astype(np.uint32) for each in (a, b, c, d)]
    two, four = parts[0] | parts[1] << 8, parts[0] | parts[1] << 8 | parts[2] << 16 | parts[3] << 24
    wide = [format_.wide[each].astype(np.float32) for each in parts]
    check(run, {each: ("float", values) for each, values in zip("abcd", (a, b, c, d), strict=True)}, {
        f"__nv_fp8x2_{name}(make_float2(a, b)).__x": ("unsigned short", two.astype(np.uint16)),
        f"__nv_fp8x2_{name}(make_double2(a, b)).__x": ("unsigned short", two.astype(np.uint16)),
        f"__nv_fp8x4_{name}(make_float4(a, b, c, d)).__x": ("unsigned int", four),
        f"((float4)__nv_fp8x4_{name}(make_float4(a, b, c, d))).z": ("float", wide[2]),
        f"((float2)__nv_fp8x2_{name}(make_float2(a, b))).y": ("float", wide[1]),
        f"__high2float((__half2)__nv_fp8x2_{name}(make_float2(a, b)))": ("float", wide[1])})
