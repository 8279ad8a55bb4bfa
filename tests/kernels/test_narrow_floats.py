"""half and bfloat16: every value through every conversion and function, pairs and triples against exact arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest
from engines import ENGINES
from expressions import evaluate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from narrow import BFLOAT16, HALF, Format

from compatlayer import Device

HEAD = "#include <cuda_bf16.h>"
TYPES = {"half": "__half", "bfloat16": "__nv_bfloat16"}
ALL = np.arange(65536, dtype=np.uint16)
MODES = ("rn", "rz", "ru", "rd")
Run = Callable[..., list[np.ndarray]]

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module", params=ENGINES)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    device = Device(0)
    yield lambda head, inputs, outputs: evaluate(device, request.param, head, inputs, outputs)
    device.close()


@pytest.fixture(params=(HALF, BFLOAT16), ids=("half", "bfloat16"))
def format_(request: pytest.FixtureRequest) -> Format:
    return request.param


def check(run: Run, inputs: dict, cases: dict[str, tuple[str, np.ndarray]]) -> None:
    """Every expression gives what is expected: type, array. NaNs equal NaNs."""
    got = run(HEAD, inputs, [(expression, type_) for expression, (type_, _) in cases.items()])
    for (expression, (_, wanted)), values in zip(cases.items(), got, strict=True):
        np.testing.assert_array_equal(values, wanted, err_msg=expression)


def sample(format_: Format, count: int = 20000, seed: int = 1) -> np.ndarray:
    """Bit patterns: any, many near one another in size, and special ones."""
    rng = np.random.default_rng(seed)
    special = np.array([0, 1, 2, format_.finite, format_.infinite, format_.nan, format_.infinite + 1, 0x3c00, 0x3f80,
                        0x0400, 0x03ff, 0x0080, 0x007f], np.uint16)
    special = np.concatenate([special, special | 0x8000])
    close = rng.integers(0x3800, 0x4400, count // 2).astype(np.uint16) | (rng.integers(0, 2, count // 2) << 15)
    return np.concatenate([rng.integers(0, 65536, count - count // 2).astype(np.uint16), close.astype(np.uint16),
                           np.tile(special, len(special)), np.repeat(special, len(special))])


def together(format_: Format, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Two samples beside each other; the special values meet one another."""
    a, b = sample(format_, seed=seed), sample(format_, seed=seed + 1)
    specials = 26 * 26
    b[-2 * specials :] = np.roll(b[-2 * specials :], specials)
    return a, b


def test_every_value_is_converted_to_every_integer_and_float(run: Run, format_: Format) -> None:
    n, type_ = format_.name, TYPES[format_.name]
    wide = format_.wide
    cases: dict[str, tuple[str, np.ndarray]] = {
        f"__{n}2float(x)": ("float", wide.astype(np.float32)), "(float)x": ("float", wide.astype(np.float32)),
        f"__{n}_as_ushort(x)": ("unsigned short", ALL), f"__{n}_as_short(x)": ("short", ALL.view(np.int16)),
        f"__ushort_as_{n}({n}_bits(x))": (type_, ALL), "__hneg(x)": (type_, ALL ^ 0x8000),
        "__habs(x)": (type_, ALL & 0x7fff), "__hisnan(x)": ("bool", np.isnan(wide)),
        "__hisinf(x)": ("int", np.where(np.isinf(wide), np.sign(wide), 0).astype(np.int32)),
        "(bool)x": ("bool", wide != 0)}
    rounders = {"rn": np.rint, "rz": np.trunc, "ru": np.ceil, "rd": np.floor}
    integers = {"short": ("short", 16), "ushort": ("unsigned short", -16), "int": ("int", 32),
                "uint": ("unsigned int", -32), "ll": ("long long", 64), "ull": ("unsigned long long", -64)}
    for word, (integer, bits) in integers.items():
        for mode in MODES:
            cases[f"__{n}2{word}_{mode}(x)"] = integer, saturated(rounders[mode](wide), bits)
    cases[f"__{n}2char_rz(x)"] = "signed char", saturated(np.trunc(wide), 8)
    cases[f"__{n}2uchar_rz(x)"] = "unsigned char", saturated(np.trunc(wide), -8)
    head = f"{HEAD}\n__device__ unsigned short {n}_bits({type_} x) {{ return __{n}_as_ushort(x); }}"
    got = run(head, {"x": (type_, ALL)}, [(each, kind) for each, (kind, _) in cases.items()])
    for (expression, (_, wanted)), values in zip(cases.items(), got, strict=True):
        np.testing.assert_array_equal(values, wanted, err_msg=expression)


def saturated(whole: np.ndarray, bits: int) -> np.ndarray:
    """Whole doubles as integers of `bits` bits, negative for unsigned ones; NaN is 0, and 2^63 for 64 bits."""
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if bits > 0 else (0, (1 << -bits) - 1)
    dtype = np.dtype(f"{'i' if bits > 0 else 'u'}{abs(bits) // 8}")
    nan = {64: -(1 << 63), -64: 1 << 63}.get(bits, 0)
    pieces = [nan if np.isnan(x) else high if x >= high else low if x <= low else int(x) for x in whole]
    return np.array(pieces, dtype)


def test_floats_and_doubles_round_once_in_every_direction(run: Run, format_: Format) -> None:
    n, type_ = format_.name, TYPES[format_.name]
    finite = np.concatenate([format_.wide[: format_.finite + 1], [2.0 * format_.wide[format_.finite]]])
    middles = (finite[:-1] + finite[1:]) / 2
    doubles = np.concatenate([finite, middles, np.nextafter(middles, 0), np.nextafter(middles, np.inf),
                              np.nextafter(finite, 0), np.nextafter(finite, np.inf), [np.inf, np.nan, 5e-324, 1e308]])
    doubles = np.concatenate([doubles, -doubles])
    with np.errstate(all="ignore"):
        singles = doubles.astype(np.float32)
        singles = np.concatenate([singles, np.nextafter(singles, np.float32(0)),
                                  np.nextafter(singles, np.float32(9e30))])
    check(run, {"x": ("double", doubles)}, {f"__double2{n}(x)": (type_, format_.rounded(doubles)),
                                            f"{type_}(x)": (type_, format_.rounded(doubles))})
    check(run, {"x": ("float", singles)}, {
        **{f"__float2{n}_{mode}(x)": (type_, format_.rounded(singles, mode)) for mode in MODES},
        f"__float2{n}(x)": (type_, format_.rounded(singles)), f"{type_}(x)": (type_, format_.rounded(singles))})


@pytest.mark.parametrize(("word", "integer", "dtype"), [
    ("short", "short", np.int16), ("ushort", "unsigned short", np.uint16), ("int", "int", np.int32),
    ("uint", "unsigned int", np.uint32), ("ll", "long long", np.int64), ("ull", "unsigned long long", np.uint64)])
def test_integers_round_once_in_every_direction(run: Run, format_: Format, word: str, integer: str,
                                                dtype: type) -> None:
    n, type_, info = format_.name, TYPES[format_.name], np.iinfo(dtype)
    rng = np.random.default_rng(3)
    if info.bits == 16:
        x = np.arange(info.min, info.max + 1).astype(dtype)
    else:
        random = rng.integers(info.min, info.max, 20000, dtype, endpoint=True)
        x = np.concatenate([random, random >> rng.integers(0, info.bits - 1, 20000).astype(dtype)])
        ties = [(0x101 << k) + e for k in range(info.bits - 10) for e in (-1, 0, 1)]
        ties += [(0x1001 << k) + e for k in range(info.bits - 14) for e in (-1, 0, 1)]
        ties += [info.max, info.max - 1, info.min, 65519, 65520, 65521, 0]
        x = np.concatenate([x, np.array(ties, dtype)])
    cases = {f"__{word}2{n}_{mode}(x)": (type_, format_.rounded(x, mode)) for mode in MODES}
    cases[f"{type_}(x)"] = type_, format_.rounded(x)
    check(run, {"x": (integer, x)}, cases)


def test_arithmetic_of_two_rounds_once(run: Run, format_: Format) -> None:
    type_ = TYPES[format_.name]
    a, b = together(format_)
    x, y = format_.wide[a], format_.wide[b]
    cases: dict[str, tuple[str, np.ndarray]] = {}
    with np.errstate(all="ignore"):
        # The sums and products of numbers as short as these that a double does not hold are no ties.
        results = {"add": x + y, "sub": x - y, "mul": x * y, "div": x / y}
    for name, exact in results.items():
        wanted = format_.rounded(exact)
        for form in ("", "_rn") if name != "div" else ("",):
            cases[f"__h{name}{form}(a, b)"] = type_, wanted
        if name != "div":
            clamped = np.where(np.isnan(exact) | (exact <= 0), 0.0, np.minimum(exact, 1))
            cases[f"__h{name}_sat(a, b)"] = type_, format_.rounded(clamped)
        cases[f"a {dict(add='+', sub='-', mul='*', div='/')[name]} b"] = type_, wanted
    check(run, {"a": (type_, a), "b": (type_, b)}, cases)


def exact_fma(format_: Format, triples: list[tuple[int, int, int]]) -> np.ndarray:
    """a * b + c of bit patterns that are finite, by fractions."""
    def value(bits: int) -> Fraction:
        size = format_.magnitudes[bits & 0x7fff]
        return -size if bits & 0x8000 else size

    results = []
    for a, b, c in triples:
        product, total = value(a) * value(b), value(a) * value(b) + value(c)
        bits = format_.nearest(total)
        if total == 0 and product == 0 == value(c) and (a ^ b) & c & 0x8000:
            bits = 0x8000  # -0 + -0
        results.append(bits)
    return np.array(results, np.uint16)


def check_fma(run: Run, format_: Format, triples: list[tuple[int, int, int]]) -> None:
    type_ = TYPES[format_.name]
    a, b, c = (np.array(each, np.uint16) for each in zip(*triples, strict=True))
    wanted = exact_fma(format_, triples)
    values = format_.wide[wanted]
    relu = np.where(values <= 0, 0, wanted).astype(np.uint16)
    one = format_.rounded(np.ones(1))[0]
    sat = np.where(values <= 0, 0, np.where(values >= 1, one, wanted)).astype(np.uint16)
    check(run, {"a": (type_, a), "b": (type_, b), "c": (type_, c)}, {
        "__hfma(a, b, c)": (type_, wanted), "__hfma_relu(a, b, c)": (type_, relu), "__hfma_sat(a, b, c)": (type_, sat)})


def test_fma_rounds_once(run: Run, format_: Format) -> None:
    rng = np.random.default_rng(5)
    triples = [tuple(int(each) for each in row) for row in rng.integers(0, 65536, (8000, 3))]
    # Products that are ties, and addends far below them.
    for shift in range(1, 60):
        for a in (0x101, 0x1ff, 0x155):
            tie = format_.nearest(Fraction(a) / 64)
            tiny = format_.nearest(Fraction(1, 2**shift))
            triples += [(tie, format_.nearest(Fraction(k, 8)), tiny | s) for k in (3, 9, 129, 255) for s in (0, 0x8000)]
    finite = [each for each in triples if all(bits & 0x7fff <= format_.finite for bits in each)]
    check_fma(run, format_, finite)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_fma_of_any_finite_triple_rounds_once(run: Run, format_: Format, data: st.DataObject) -> None:
    bits = st.builds(lambda size, sign: size | sign, st.integers(0, format_.finite), st.sampled_from((0, 0x8000)))
    check_fma(run, format_, data.draw(st.lists(st.tuples(bits, bits, bits), min_size=50, max_size=200)))


def test_comparisons_of_every_kind(run: Run, format_: Format) -> None:
    type_ = TYPES[format_.name]
    a, b = together(format_, 7)
    x, y = format_.wide[a], format_.wide[b]
    unordered = np.isnan(x) | np.isnan(y)
    tests = {"eq": x == y, "ne": (x != y) & ~unordered, "lt": x < y, "le": x <= y, "gt": x > y, "ge": x >= y}
    tests.update({f"{name}u": result | unordered for name, result in list(tests.items())})
    cases = {f"__h{name}(a, b)": ("bool", result) for name, result in tests.items()}
    operators = {"==": "eq", "!=": "neu", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
    cases.update({f"a {sign} b": ("bool", tests[name]) for sign, name in operators.items()})
    check(run, {"a": (type_, a), "b": (type_, b)}, cases)
    one, other = np.roll(a, 1), np.roll(b, 1)  # the upper halves
    pairs = {"a": (f"{type_}2", a.astype(np.uint32) | one.astype(np.uint32) << 16),
             "b": (f"{type_}2", b.astype(np.uint32) | other.astype(np.uint32) << 16)}
    unit = format_.rounded(np.ones(1))[0]
    both: dict[str, tuple[str, np.ndarray]] = {}
    for name, low in tests.items():
        high = np.roll(low, 1)
        both[f"__hb{name}2(a, b)"] = "bool", low & high
        both[f"__h{name}2_mask(a, b)"] = "unsigned int", low * np.uint32(0xffff) | high * np.uint32(0xffff0000)
        both[f"__h{name}2(a, b)"] = f"{type_}2", low * np.uint32(unit) | (high * np.uint32(unit)) << np.uint32(16)
    both["a == b"] = "bool", tests["eq"] & np.roll(tests["eq"], 1)
    both["a != b"] = "bool", tests["neu"] & np.roll(tests["neu"], 1)
    check(run, pairs, both)


def test_extremes_know_nan_and_signed_zeros(run: Run, format_: Format) -> None:
    type_ = TYPES[format_.name]
    a, b = together(format_, 11)
    x, y = format_.wide[a], format_.wide[b]
    cases: dict[str, tuple[str, np.ndarray]] = {}
    for name, sign in (("max", 1), ("min", -1)):
        first = (sign * x > sign * y) | ((x == y) & (np.signbit(x) == (name == "min")))
        picked = np.where(first, a, b)
        lost = np.where(np.isnan(x), np.where(np.isnan(y), format_.nan, b), np.where(np.isnan(y), a, picked))
        cases[f"__h{name}(a, b)"] = type_, lost.astype(np.uint16)
        kept = np.where(np.isnan(x) | np.isnan(y), format_.nan, picked)
        cases[f"__h{name}_nan(a, b)"] = type_, kept.astype(np.uint16)
    check(run, {"a": (type_, a), "b": (type_, b)}, cases)


def test_functions_of_every_value(run: Run, format_: Format) -> None:
    type_, wide = TYPES[format_.name], format_.wide
    functions = {"sqrt": np.sqrt, "rsqrt": lambda x: 1 / np.sqrt(x), "rcp": lambda x: 1 / x, "exp": np.exp,
                 "exp2": np.exp2, "exp10": lambda x: 10.0**x, "log": np.log, "log2": np.log2, "log10": np.log10,
                 "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc,
                 "rint": np.rint}
    exact = ("sqrt", "rcp", "floor", "ceil", "trunc", "rint")
    names = list(functions)
    got = run(HEAD, {"x": (type_, ALL)}, [(f"h{name}(x)", type_) for name in names])
    for name, values in zip(names, got, strict=True):
        with np.errstate(all="ignore"):
            wanted = format_.rounded(functions[name](wide))
        if name in exact:
            np.testing.assert_array_equal(values, wanted, err_msg=name)
            continue
        # float's result may lie on the other side of a tie that the exact one is close to.
        off = np.abs(values.astype(np.int32) - wanted.astype(np.int32))
        assert off.max() <= 1 and np.count_nonzero(off) <= 8, f"h{name}: {np.count_nonzero(off)} values differ"


def test_pairs_do_what_their_halves_do(run: Run, format_: Format) -> None:
    n, type_ = format_.name, TYPES[format_.name]
    n2, pair = f"{n}2", f"{type_}2"
    rng = np.random.default_rng(9)
    a, b, c = (rng.integers(0, 2**32, 5000, np.uint32, endpoint=False) for _ in range(3))
    names = ["add", "sub", "mul"]
    halves = [(f"__h{each}2{form}(a, b)", f"__h{each}{form}(#a, #b)") for each in names for form in ("", "_rn", "_sat")]
    halves += [("__h2div(a, b)", "__hdiv(#a, #b)"), ("a / b", "#a / #b"), ("a * b", "#a * #b"), ("-a", "-#a")]
    halves += [(f"__hfma2{form}(a, b, c)", f"__hfma{form}(#a, #b, #c)") for form in ("", "_relu", "_sat")]
    halves += [(f"__h{each}2{form}(a, b)", f"__h{each}{form}(#a, #b)") for each in ("min", "max")
               for form in ("", "_nan")]
    halves += [("__habs2(a)", "__habs(#a)"), ("__hneg2(a)", "__hneg(#a)"), ("h2exp(a)", "hexp(#a)"),
               ("h2rcp(a)", "hrcp(#a)"), ("h2tanh(a)", "htanh(#a)"), ("h2tanh_approx(a)", "htanh_approx(#a)")]
    lines: list[tuple[str, str]] = []
    for whole, half in halves:
        low, high = half.replace("#a", "a.x").replace("#b", "b.x").replace("#c", "c.x"), \
            half.replace("#a", "a.y").replace("#b", "b.y").replace("#c", "c.y")
        lines += [(whole, pair), (f"make_{n2}({low}, {high})", pair)]
    both = {"a": (pair, a), "b": (pair, b), "c": (pair, c)}
    got = run(HEAD, both, lines)
    for index in range(0, len(lines), 2):
        np.testing.assert_array_equal(got[index], got[index + 1], err_msg=lines[index][0])
    low, high = a & np.uint32(0xffff), a >> np.uint32(16)
    check(run, both, {
        f"__low2{n2}(a)": (pair, low | low << 16), f"__high2{n2}(a)": (pair, high | high << 16),
        "__lowhigh2highlow(a)": (pair, high | low << 16),
        f"__lows2{n2}(a, b)": (pair, low | (b & np.uint32(0xffff)) << 16),
        f"__highs2{n2}(a, b)": (pair, high | b >> 16 << 16), f"__halves2{n2}(a.y, b.x)": (pair, high | b << 16),
        f"__{n}2{n2}(__low2{n}(a))": (pair, low | low << 16), f"__{n}2{n2}(__high2{n}(a))": (pair, high | high << 16),
        "__low2float(a)": ("float", format_.wide[low].astype(np.float32)),
        "__high2float(a)": ("float", format_.wide[high].astype(np.float32)),
        f"__{n2}2float2(a).y": ("float", format_.wide[high].astype(np.float32))})


def test_half_and_bfloat16_become_each_other(run: Run) -> None:
    check(run, {"x": ("__half", ALL)}, {"__nv_bfloat16(x)": ("__nv_bfloat16", BFLOAT16.rounded(HALF.wide))})
    check(run, {"x": ("__nv_bfloat16", ALL)}, {"__half(x)": ("__half", HALF.rounded(BFLOAT16.wide))})


def test_atomic_additions_to_one_number_and_to_a_pair(run: Run, format_: Format) -> None:
    n, type_ = format_.name, TYPES[format_.name]
    count = 500
    head = f"""{HEAD}
__device__ {type_} total; __device__ {type_}2 both; __device__ unsigned int seen;
__device__ bool add({type_} x) {{
    {type_} old = atomicAdd(&total, x), here = atomicAdd_block(&both.x, x);
    atomicAdd(&both, {type_}2(x, __hneg(x)));
    __threadfence();
    if (atomicAdd(&seen, 1u) != {count - 1}u) return true;
    return (float)total == {count / 4} && (float)both.x == {count / 2} && (float)both.y == -{count / 4};
}}"""
    quarter = format_.rounded(np.full(count, 0.25))
    # Sums of quarters up to 125 need 9 bits: bfloat16 holds them only in steps that it adds exactly to 64.
    if n == "bfloat16":
        head = head.replace(f"{count}", "128").replace(f"{count - 1}u", "127u").replace(f"{count / 4}", "32.0") \
            .replace(f"{count / 2}", "64.0")
        quarter = quarter[:128]
    got, = run(head, {"x": (type_, quarter)}, [("add(x)", "bool")])
    assert got.all()
