"""The inlined device math library stays within the maximum errors that CUDA documents, with and without fused
multiply-add.

Bounds are ulps from the correctly rounded result, (float, double), as CUDA's tables of mathematical functions state
them. Two references: mpmath with 40 digits on few points, libm's long double on many. COMPATLAYER_MATH_POINTS and
COMPATLAYER_MATH_DENSE ask for more points; COMPATLAYER_MATH_TABLE=1 prints what was measured."""

from __future__ import annotations

import math
import os
import random

import numpy as np
import pytest
from inlined_math import _OWN, REFERENCES, call, distance, reference, signatures
from math_library import to_float
from test_math_accuracy import CUDA_DOCUMENTED, CUDA_DOCUMENTED_2, NORMS, _normal_quantile

mpmath = pytest.importorskip("mpmath", reason="the accuracy tables need the test extra mpmath")
POINTS = int(os.environ.get("COMPATLAYER_MATH_POINTS", "40"))
DENSE = int(os.environ.get("COMPATLAYER_MATH_DENSE", "20000"))
TABLE = os.environ.get("COMPATLAYER_MATH_TABLE") == "1"
KINDS = ("fused", "unfused")
WIDE = np.finfo(np.longdouble).nmant >= 63

BOUNDS = {name: row[:2] for name, row in {**CUDA_DOCUMENTED, **CUDA_DOCUMENTED_2}.items()} | {
    "tanh": (2, 1), "sqrt": (0, 0), "fmod": (0, 0), "remainder": (0, 0),
    "floor": (0, 0), "ceil": (0, 0), "trunc": (0, 0), "rint": (0, 0), "round": (0, 0), "logb": (0, 0)}  # fmt: skip
# Functions that stay calls of the C library.
SCALAR = {"tgamma", "lgamma", "cyl_bessel_i0", "cyl_bessel_i1"}
ROUNDED = {"sqrt"}  # exact in one rounding, which long double would make two
ONE = sorted(set(CUDA_DOCUMENTED) - SCALAR)
RANGES = [(-1.0, 1.0), (-4.0, 4.0), (0.4, 2.5), (-100.0, 100.0), (-750.0, 750.0), (-6e4, 6e4)]


def names_of(name: str, kind: str) -> list[tuple[str, int]]:
    """The float and the double function where the library has them, with their bounds."""
    return [(each, bound) for each, bound in zip((name + "f", name), BOUNDS[name], strict=True)
            if each in signatures(kind)]


def report(name: str, kind: str, bound: float, worst: float) -> None:
    if TABLE:
        print(f"\n{kind:8s} {name:14s} allowed {bound} measured {worst:.2f}", end="")


def drawn(type_: type, count: int, source: np.random.Generator) -> np.ndarray:
    """Numbers of every size, and evenly spread ones from the ranges where functions do something."""
    unsigned = np.uint32 if type_ == np.float32 else np.uint64
    bits = source.integers(0, np.iinfo(unsigned).max, count, dtype=unsigned, endpoint=True).view(type_)
    spread = [source.uniform(low, high, count).astype(type_) for low, high in RANGES]
    near_one = (1 + source.normal(0, 1, count) * np.exp(source.uniform(-36, 0, count))).astype(type_)
    return np.concatenate([bits, *spread, near_one])


@pytest.mark.skipif(not WIDE, reason="long double is no wider than double here")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", sorted(({*REFERENCES, *_OWN} & set(BOUNDS)) - SCALAR - ROUNDED))
def test_function_is_within_cudas_documented_error_on_many_points(name: str, kind: str) -> None:
    count = {**REFERENCES, **_OWN}[name]
    for each, bound in names_of(name, kind):
        type_ = np.float64 if each == name else np.float32
        source = np.random.default_rng(list(each.encode()))
        arguments = [drawn(type_, DENSE, source) for _ in range(count)]
        if count == 2:
            for array in arguments[1:]:
                source.shuffle(array)
        with np.errstate(all="ignore"):
            got = call(each, *arguments, kind=kind)
            errors = distance(got, reference(name, *arguments))
        worst = int(np.argmax(errors))
        report(each, kind, bound, errors[worst])
        assert errors[worst] <= bound, (
            f"{each}({', '.join(repr(float(array[worst])) for array in arguments)}) = {float(got[worst])!r} is "
            f"{errors[worst]:.0f} ulp off, allowed {bound}")


def _samples(low: float, high: float, spacing: str, source: random.Random) -> list[float]:
    if spacing == "lin":
        return [source.uniform(low, high) for _ in range(POINTS)]
    return [math.exp(source.uniform(math.log(low), math.log(high))) for _ in range(POINTS)]


def _exact(values: list[object]) -> np.ndarray:
    """mpmath's numbers as long doubles: enough bits to tell which double is nearest, but for one point in 1000."""
    return np.array([_long_double(each) for each in values], np.longdouble)


def _long_double(value: object) -> np.longdouble:
    mantissa, exponent = mpmath.frexp(mpmath.mpf(value))
    high = float(mantissa)
    return np.ldexp(np.longdouble(high) + np.longdouble(float(mantissa - mpmath.mpf(high))), int(exponent))


@pytest.mark.skipif(not WIDE, reason="long double is no wider than double here")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ONE)
def test_function_of_one_argument_agrees_with_mpmath(name: str, kind: str) -> None:
    _, _, exact, ranges = CUDA_DOCUMENTED[name]
    for each, bound in names_of(name, kind):
        single = each != name
        source = random.Random(each)
        points = [to_float(x) if single else x for row in ranges for x in _samples(*row, source)]
        got = call(each, np.array(points), kind=kind)
        with mpmath.workdps(40):
            errors = distance(got, _exact([exact(mpmath.mpf(x)) for x in points]))
        worst = int(np.argmax(errors))
        report(each, kind, bound, errors[worst])
        assert errors[worst] <= bound, f"{each}({points[worst]!r}) is {errors[worst]:.0f} ulp off, allowed {bound}"


@pytest.mark.skipif(not WIDE, reason="long double is no wider than double here")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CUDA_DOCUMENTED_2)
def test_function_of_two_arguments_agrees_with_mpmath(name: str, kind: str) -> None:
    _, _, exact, first, second = CUDA_DOCUMENTED_2[name]
    for each, bound in names_of(name, kind):
        source = random.Random(each)
        points = [(source.uniform(*first), source.uniform(*second)) for _ in range(3 * POINTS)]
        if each != name:
            points = [(to_float(x), to_float(y)) for x, y in points]
        got = call(each, *np.array(points).T, kind=kind)
        with mpmath.workdps(40):
            errors = distance(got, _exact([exact(mpmath.mpf(x), mpmath.mpf(y)) for x, y in points]))
        assert errors.max() <= bound, f"{each}{points[int(np.argmax(errors))]}"


@pytest.mark.skipif(not WIDE, reason="long double is no wider than double here")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NORMS)
def test_norms_agree_with_mpmath(name: str, kind: str) -> None:
    count, bound_float, bound_double = NORMS[name]
    source = random.Random(name)
    for each, bound in ((name + "f", bound_float), (name, bound_double)):
        for scale in (1.0, 1e-320, 1e306) if each == name else (1.0, 1e-42, 1e37):
            points = [[source.uniform(-scale, scale) for _ in range(count)] for _ in range(2 * POINTS)]
            if each != name:
                points = [[to_float(x) for x in row] for row in points]
            got = call(each, *np.array(points).T, kind=kind)
            with mpmath.workdps(40):
                sums = [mpmath.sqrt(sum(mpmath.mpf(x) ** 2 for x in row)) for row in points]
                errors = distance(got, _exact([1 / x if name.startswith("r") else x for x in sums]))
            report(each, kind, bound, errors.max())
            assert errors.max() <= bound, f"{each}{points[int(np.argmax(errors))]}"


@pytest.mark.skipif(not WIDE, reason="long double is no wider than double here")
@pytest.mark.parametrize("kind", KINDS)
def test_reduction_survives_arguments_next_to_multiples_of_half_pi(kind: str) -> None:
    half_pi = np.longdouble("1.57079632679489661923132169163975144")
    for type_, suffix, largest in ((np.float32, "f", 41000), (np.float64, "", 630000)):
        n = np.arange(1, largest, 1 if suffix else 7)
        x = (n * half_pi).astype(type_)
        for name in ("sin", "cos", "tan"):
            errors = distance(call(name + suffix, x, kind=kind), reference(name, x))
            assert errors.max() <= BOUNDS[name][0 if suffix else 1], f"{name}{suffix}({x[int(np.argmax(errors))]!r})"


@pytest.mark.skipif(not WIDE, reason="long double is no wider than double here")
@pytest.mark.parametrize("kind", KINDS)
def test_reciprocal_root_that_rounds_to_nearest_does(kind: str) -> None:
    x = np.arange(0x3F800000, 0x40800000, 61 if DENSE < 1_000_000 else 1, dtype=np.uint32).view(np.float32)
    assert not distance(call("frsqrt_rn", x, kind=kind), reference("rsqrt", x)).any()


@pytest.mark.parametrize("kind", KINDS)
def test_fast_forms_are_within_cudas_documented_error(kind: str) -> None:
    source = np.random.default_rng(3)
    x = source.uniform(-87, 88, DENSE).astype(np.float32)
    exact = np.exp(x.astype(np.float64))
    assert (distance(call("fast_expf", x, kind=kind), exact) <= 2 + np.floor(np.abs(1.173 * x))).all()
    ten = source.uniform(-37, 38, DENSE).astype(np.float32)
    errors = distance(call("fast_exp10f", ten, kind=kind), 10.0 ** ten.astype(np.longdouble))
    assert (errors <= 2 + np.floor(np.abs(2.97 * ten))).all()
    near = source.uniform(0.5, 2, DENSE).astype(np.float32)
    far = np.exp(source.uniform(-80, 80, DENSE)).astype(np.float32)
    far = far[(far < 0.5) | (far > 2)]
    for name, absolute, relative in (("log", 2**-21.41, 3), ("log2", 2**-22, 2), ("log10", 2**-24, 3)):
        exact = getattr(np, name)
        found = call(f"fast_{name}f", near, kind=kind)
        assert np.abs(found - exact(near.astype(np.float64))).max() <= absolute, name
        assert distance(call(f"fast_{name}f", far, kind=kind), exact(far.astype(np.float64))).max() <= relative, name
    turn = source.uniform(-math.pi, math.pi, DENSE).astype(np.float32)
    sine, cosine = call("fast_sincosf", turn, kind=kind)
    assert np.abs(sine - np.sin(turn.astype(np.float64))).max() <= 2**-21.41
    assert np.abs(cosine - np.cos(turn.astype(np.float64))).max() <= 2**-21.41
    assert (call("fast_sinf", turn, kind=kind) == sine).all() and (call("fast_cosf", turn, kind=kind) == cosine).all()
    base, power = source.uniform(0.01, 50, DENSE).astype(np.float32), source.uniform(-9, 9, DENSE).astype(np.float32)
    exact = base.astype(np.float64) ** power.astype(np.float64)
    assert np.abs(call("fast_powf", base, power, kind=kind) / exact - 1).max() < 2e-5


@pytest.mark.skipif(not WIDE, reason="long double is no wider than double here")
@pytest.mark.parametrize("kind", KINDS)
def test_inverse_error_functions_stay_right_towards_their_ends(kind: str) -> None:
    source = np.random.default_rng(6)
    root = mpmath.sqrt(2)
    tail = {np.float64: np.exp(source.uniform(math.log(1.2e-16), math.log(0.1), POINTS // 2)),
            np.float32: np.exp(source.uniform(math.log(6e-8), math.log(0.1), POINTS // 2))}
    middle = 0.5 + np.exp(source.uniform(-32, -2, POINTS // 2)) * source.choice([-1, 1], POINTS // 2)
    for type_, suffix in ((np.float32, "f"), (np.float64, "")):
        small = tail[type_].astype(type_)
        cases = (("erfinv", 1 - small, lambda x: -_normal_quantile((1 - x) / 2) / root),
                 ("erfcinv", small, lambda x: -_normal_quantile(x / 2) / root),
                 ("normcdfinv", np.concatenate([small, 1 - small, middle.astype(type_)]), _normal_quantile))
        for name, x, exact in cases:
            x = x[x < 1].astype(type_)
            with mpmath.workdps(40):
                wanted = _exact([exact(mpmath.mpf(float(each))) for each in x])
            errors = distance(call(name + suffix, x, kind=kind), wanted)
            assert errors.max() <= BOUNDS[name][0 if suffix else 1], f"{name}{suffix}({x[int(np.argmax(errors))]!r})"
