"""The device math library stays within the maximum errors that CUDA documents.

Bounds are in ulps, (float, double), from the CUDA C++ Programming Guide's tables of mathematical functions. The
reference is mpmath with 40 digits."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable

import pytest
from math_library import function, to_float, ulp

mpmath = pytest.importorskip("mpmath", reason="the accuracy tables need the test extra mpmath")
mp = mpmath.mp
POINTS = int(os.environ.get("COMPATLAYER_MATH_POINTS", "40"))

# name: (float bound, double bound, reference, ranges); a range is (low, high, "lin" or "log" spacing).
Reference = Callable[..., object]
WIDE = [(-100.0, 100.0, "lin"), (1e-30, 1e30, "log")]
CUDA_DOCUMENTED: dict[str, tuple[float, float, Reference, list[tuple[float, float, str]]]] = {
    "rsqrt": (2, 1, lambda x: 1 / mpmath.sqrt(x), [(1e-30, 1e30, "log"), (0.5, 4, "lin")]),
    "cbrt": (1, 1, lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), WIDE),
    "rcbrt": (1, 1, lambda x: mpmath.sign(x) / mpmath.cbrt(abs(x)), WIDE),
    "exp": (2, 1, mpmath.exp, [(-87, 88, "lin")]),
    "exp2": (2, 1, lambda x: mpmath.mpf(2) ** x, [(-125, 127, "lin")]),
    "exp10": (2, 1, lambda x: mpmath.mpf(10) ** x, [(-37, 38, "lin")]),
    "expm1": (1, 1, mpmath.expm1, [(-87, 88, "lin"), (1e-20, 1, "log")]),
    "log": (1, 1, mpmath.log, [(1e-38, 1e38, "log"), (0.5, 2, "lin")]),
    "log2": (1, 1, lambda x: mpmath.log(x, 2), [(1e-38, 1e38, "log"), (0.5, 2, "lin")]),
    "log10": (2, 1, mpmath.log10, [(1e-38, 1e38, "log"), (0.5, 2, "lin")]),
    "log1p": (1, 1, mpmath.log1p, [(-0.999, 10, "lin"), (1e-20, 1e30, "log")]),
    "sin": (2, 2, mpmath.sin, [(-10, 10, "lin"), (1e-10, 1e10, "log")]),
    "cos": (2, 2, mpmath.cos, [(-10, 10, "lin"), (1e-10, 1e10, "log")]),
    "tan": (4, 2, mpmath.tan, [(-10, 10, "lin"), (1e-10, 1e10, "log")]),
    "sinpi": (1, 2, mpmath.sinpi, [(-10, 10, "lin"), (1e-10, 1e6, "log")]),
    "cospi": (1, 2, mpmath.cospi, [(-10, 10, "lin"), (1e-10, 1e6, "log")]),
    "asin": (2, 2, mpmath.asin, [(-1, 1, "lin"), (1e-20, 1, "log")]),
    "acos": (2, 2, mpmath.acos, [(-1, 1, "lin")]),
    "atan": (2, 2, mpmath.atan, WIDE),
    "sinh": (3, 2, mpmath.sinh, [(-88, 88, "lin"), (1e-20, 1, "log")]),
    "cosh": (2, 1, mpmath.cosh, [(-88, 88, "lin"), (1e-20, 1, "log")]),
    "tanh": (2, 2, mpmath.tanh, [(-10, 10, "lin"), (1e-20, 1, "log")]),
    "asinh": (3, 3, mpmath.asinh, WIDE),
    "acosh": (4, 3, mpmath.acosh, [(1, 10, "lin"), (1, 1e30, "log")]),
    "atanh": (3, 2, mpmath.atanh, [(-0.9999, 0.9999, "lin"), (1e-20, 0.9, "log")]),
    "erf": (2, 2, mpmath.erf, [(-6, 6, "lin"), (1e-20, 1, "log")]),
    "erfc": (4, 5, mpmath.erfc, [(-6, 10, "lin")]),
    "erfcx": (4, 4, lambda x: mpmath.exp(x * x) * mpmath.erfc(x), [(-9, 10, "lin"), (10, 100, "log")]),
    "erfinv": (2, 5, mpmath.erfinv, [(-0.9999, 0.9999, "lin"), (1e-20, 0.5, "log")]),
    "erfcinv": (4, 6, lambda q: _normal_quantile(q / 2) / -mpmath.sqrt(2), [(1e-4, 1.999, "lin"), (1e-30, 0.1, "log")]),
    "normcdf": (5, 5, mpmath.ncdf, [(-12, 8, "lin")]),
    "normcdfinv": (5, 8, lambda p: _normal_quantile(p), [(1e-4, 0.999, "lin"), (1e-30, 0.1, "log")]),
    "tgamma": (5, 10, mpmath.gamma, [(0.01, 30, "lin"), (-5.9, -0.1, "lin")]),
    "lgamma": (6, 4, lambda x: mpmath.re(mpmath.loggamma(x)), [(2.5, 1e3, "log"), (0.01, 0.9, "lin")]),
    "cyl_bessel_i0": (6, 6, lambda x: mpmath.besseli(0, x), [(-80, 80, "lin"), (1e-10, 1, "log")]),
    "cyl_bessel_i1": (6, 6, lambda x: mpmath.besseli(1, x), [(-80, 80, "lin"), (1e-10, 1, "log")]),
    "sqrt": (0.5, 0.5, mpmath.sqrt, [(1e-38, 1e38, "log")]),
}
CUDA_DOCUMENTED_2: dict[str, tuple[float, float, Reference, tuple[float, float], tuple[float, float]]] = {
    "pow": (4, 2, mpmath.power, (0.1, 100), (-15, 15)),
    "atan2": (3, 2, mpmath.atan2, (-100, 100), (-100, 100)),
    "hypot": (3, 2, mpmath.hypot, (-100, 100), (-100, 100)),
    "rhypot": (2, 1, lambda x, y: 1 / mpmath.hypot(x, y), (-100, 100), (-100, 100)),
}
NORMS = {"norm3d": (3, 3, 2), "rnorm3d": (3, 2, 1), "norm4d": (4, 3, 2), "rnorm4d": (4, 2, 1)}
# Near their zeros these are held to an absolute error; (float, double) for |x| < 8, as documented.
BESSEL = {"j0": lambda x: mpmath.besselj(0, x), "j1": lambda x: mpmath.besselj(1, x),
          "y0": lambda x: mpmath.bessely(0, x), "y1": lambda x: mpmath.bessely(1, x)}


def _normal_quantile(p: object) -> object:
    """The x with ncdf(x) = p, by bisection's stronger brother on a rational start."""
    if p > mpmath.mpf(1) / 2:
        return -_normal_quantile(1 - p)
    start = -mpmath.sqrt(-2 * mpmath.log(p)) if p < 0.3 else (p - mpmath.mpf(1) / 2) * mpmath.sqrt(2 * mpmath.pi)
    return mpmath.findroot(lambda x: mpmath.log(mpmath.ncdf(x)) - mpmath.log(p), start)


def _samples(low: float, high: float, spacing: str, source: random.Random) -> list[float]:
    if spacing == "lin":
        return [source.uniform(low, high) for _ in range(POINTS)]
    return [math.exp(source.uniform(math.log(low), math.log(high))) for _ in range(POINTS)]


def _error_ulps(got: float, exact: object, single: bool) -> float:
    nearest = to_float(float(exact)) if single else float(exact)
    if math.isinf(nearest) or math.isnan(nearest):
        return 0.0 if got == nearest else math.inf
    return float(abs(mpmath.mpf(got) - exact) / mpmath.mpf(ulp(nearest, single)))


@pytest.fixture(autouse=True)
def _precision():
    with mp.workdps(40):
        yield


@pytest.mark.parametrize("single", [True, False], ids=["float", "double"])
@pytest.mark.parametrize("name", CUDA_DOCUMENTED)
def test_function_of_one_argument_is_within_cudas_documented_error(name: str, single: bool) -> None:
    bound_float, bound_double, reference, ranges = CUDA_DOCUMENTED[name]
    bound = bound_float if single else bound_double
    call = function(name + "f", "f", "f") if single else function(name, "d", "d")
    source = random.Random(name)
    worst = (0.0, 0.0, 0.0)
    for low, high, spacing in ranges:
        for x in _samples(low, high, spacing, source):
            x = to_float(x) if single else x
            got = call(x)
            worst = max(worst, (_error_ulps(got, reference(mpmath.mpf(x)), single), x, got))
    assert worst[0] <= bound, f"{name}({worst[1]!r}) = {worst[2]!r} is off by {worst[0]:.2f} ulp, allowed {bound}"


@pytest.mark.parametrize("single", [True, False], ids=["float", "double"])
@pytest.mark.parametrize("name", CUDA_DOCUMENTED_2)
def test_function_of_two_arguments_is_within_cudas_documented_error(name: str, single: bool) -> None:
    bound_float, bound_double, reference, first, second = CUDA_DOCUMENTED_2[name]
    bound = bound_float if single else bound_double
    call = function(name + "f", "f", "ff") if single else function(name, "d", "dd")
    source = random.Random(name)
    for _ in range(3 * POINTS):
        x, y = source.uniform(*first), source.uniform(*second)
        if single:
            x, y = to_float(x), to_float(y)
        error = _error_ulps(call(x, y), reference(mpmath.mpf(x), mpmath.mpf(y)), single)
        assert error <= bound, f"{name}({x!r}, {y!r}) is off by {error:.2f} ulp, allowed {bound}"


@pytest.mark.parametrize("name", NORMS)
def test_norms_are_within_cudas_documented_error(name: str) -> None:
    count, bound_float, bound_double = NORMS[name]
    source = random.Random(name)
    for single, bound in ((True, bound_float), (False, bound_double)):
        letter = "f" if single else "d"
        call = function(name + ("f" if single else ""), letter, letter * count)
        for _ in range(POINTS):
            values = [source.uniform(-1e3, 1e3) for _ in range(count)]
            values = [to_float(value) for value in values] if single else values
            exact = mpmath.sqrt(sum(mpmath.mpf(value) ** 2 for value in values))
            exact = 1 / exact if name.startswith("r") else exact
            assert _error_ulps(call(*values), exact, single) <= bound


@pytest.mark.parametrize("name", BESSEL)
def test_bessel_functions_are_within_cudas_documented_error(name: str) -> None:
    source = random.Random(name)
    for single, bound, absolute in ((True, 9, 2.2e-6), (False, 7, 5e-12)):
        call = function(name + "f", "f", "f") if single else function(name, "d", "d")
        for _ in range(2 * POINTS):
            x = source.uniform(0.01, 20)
            x = to_float(x) if single else x
            got, exact = call(x), BESSEL[name](mpmath.mpf(x))
            close = abs(mpmath.mpf(got) - exact) <= (absolute if x >= 8 else (1e-6 if single else 1e-15))
            assert close or _error_ulps(got, exact, single) <= bound, f"{name}({x!r}) = {got!r}"


def test_extremes_of_the_inverse_error_functions_are_right() -> None:
    assert function("erfinv", "d", "d")(1.0) == math.inf
    assert function("erfinv", "d", "d")(-1.0) == -math.inf
    assert math.isnan(function("erfinv", "d", "d")(1.5))
    assert function("erfcinv", "d", "d")(0.0) == math.inf
    assert function("erfcinv", "d", "d")(2.0) == -math.inf
    assert function("normcdfinv", "d", "d")(0.0) == -math.inf
    assert function("normcdfinv", "d", "d")(1.0) == math.inf
    least = function("erfcinv", "d", "d")(5e-324)
    assert abs(mpmath.erfc(mpmath.mpf(least)) / mpmath.mpf(5e-324) - 1) < 1e-12
    assert math.copysign(1.0, function("erfinv", "d", "d")(-0.0)) == -1.0


def test_special_values_follow_cuda() -> None:
    for name, argument, expected in (
            ("sinpi", 3.0, 0.0), ("sinpi", -2.5, -1.0), ("sinpi", 0.5, 1.0), ("sinpi", 1e300, 0.0),
            ("cospi", 0.5, 0.0), ("cospi", 1.0, -1.0), ("cospi", 1e300, 1.0), ("cospi", 7.0, -1.0),
            ("rsqrt", 0.0, math.inf), ("rsqrt", math.inf, 0.0), ("rcbrt", -0.0, -math.inf), ("rcbrt", 8.0, 0.5),
            ("exp10", 3.0, 1000.0), ("lgamma", -math.inf, math.inf), ("lgamma", -3.0, math.inf),
            ("erfcx", math.inf, 0.0), ("erfcx", -30.0, math.inf), ("erfcx", 1e30, 1 / math.sqrt(math.pi) / 1e30),
            ("cyl_bessel_i0", 0.0, 1.0), ("cyl_bessel_i1", 0.0, 0.0), ("cyl_bessel_i0", -math.inf, math.inf),
            ("cyl_bessel_i1", -math.inf, -math.inf), ("tgamma", 5.0, 24.0)):
        got = function(name, "d", "d")(argument)
        assert got == pytest.approx(expected, rel=1e-15, abs=0.0), f"{name}({argument}) = {got}"
        if abs(argument) < 1e30 and abs(expected) < 1e30:
            single = function(name + "f", "f", "f")(argument)
            assert single == pytest.approx(expected, rel=2e-7, abs=0.0), f"{name}f({argument}) = {single}"
    for name in ("sinpi", "cospi", "rsqrt", "erfinv", "erfcx", "normcdf", "cyl_bessel_i0", "rcbrt", "exp10", "tgamma"):
        assert math.isnan(function(name, "d", "d")(math.nan)), name


def test_norms_survive_overflow_and_underflow_of_squares_and_infinities() -> None:
    assert function("norm3d", "d", "ddd")(3e300, 4e300, 0.0) == pytest.approx(5e300, rel=1e-15)
    assert function("norm4d", "d", "dddd")(3e-310, 4e-310, 0.0, 0.0) == pytest.approx(5e-310, rel=1e-12)
    assert function("norm3d", "d", "ddd")(math.nan, math.inf, 0.0) == math.inf
    assert function("rhypot", "d", "dd")(math.inf, math.nan) == 0.0
    assert function("rhypot", "d", "dd")(0.0, 0.0) == math.inf
