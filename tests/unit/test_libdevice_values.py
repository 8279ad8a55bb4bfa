"""Every function of a libdevice, called by a kernel, against a model: ulps of mpmath, fractions, whole numbers."""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
import pytest
from elementwise import Case, evaluate_all, kernel
from math_library import to_float, ulp
from test_libdevice import disassembled
from test_math_exact import _round

mpmath = pytest.importorskip("mpmath", reason="the accuracy tables need the test extra mpmath")
from libdevice_table import Row, rows  # noqa: E402

from compatlayer.compiler.library import libdevice  # noqa: E402

POINTS = 40
_DEFINED = re.compile(r"^define (?:[\w()]+ )*?(void|float|double|i\d+) @__nv_(\w+)\(([^)]*)\)", re.MULTILINE)
_FLOATS = [0.0, -0.0, 0.5, -0.5, 1.5, -2.5, 3.0, 0.3, -0.7, 7.75, 123456.789, -2147483648.0, 3e9, -1e19, 1e-40, 1e25,
           math.inf, -math.inf, math.nan]  # fmt: skip
_INTEGERS = {"i32": [0, 1, -1, 2, 3, -8, 33, 0x12345678, -0x12345678, 0x7FFFFFFF, -0x80000000, 0x3F9D70A4],
             "i64": [0, 1, -1, 2, -8, 0x7FFFFFFFFFFFFFFF, -(1 << 63), 0x0123456789ABCDEF, 1 << 53 | 1, (1 << 24) + 1],
             "i16": [0, 1, 0x3C00, -0x8000, 0x7C00, 0x0400, 0x03FF, 0x7BFF]}
_ARRAYS = ("norm", "normf", "rnorm", "rnormf")  # a number of elements and where they are


@dataclass(frozen=True)
class Tried:
    """A function's result, or what it stores through a pointer, as a kernel over arrays."""

    name: str  # of the row
    result: str
    operands: tuple[str, ...]
    body: str
    declaration: str


@cache
def signatures() -> dict[str, tuple[str, tuple[str, ...]]]:
    return {name: (result, tuple(each.split()[0] for each in given.split(",")) if given else ())
            for result, name, given in _DEFINED.findall(disassembled())}


def tried(name: str) -> list[Tried]:
    result, parameters = signatures()[name]
    declaration = f"declare {result} @__nv_{name}({', '.join(parameters)})"
    if name in _ARRAYS:
        body = "".join(f"  %s{i} = getelementptr {result}, ptr %v, i32 {i}\n  %m{i} = fmul {result} %b, {i + 1}.0\n"
                       f"  store {result} %m{i}, ptr %s{i}\n" for i in range(3))
        body = f"  %v = alloca [3 x {result}]\n{body}  %r = call {result} @__nv_{name}(i32 %a, ptr %v)"
        return [Tried(name, result, ("i32", result), body, declaration)]
    values = [each for each in parameters if each != "ptr"]
    if name in ("nan", "nanf"):
        body = f"  %z = alloca i8\n  store i8 0, ptr %z\n  %r = call {result} @__nv_{name}(ptr %z)"
        return [Tried(name, result, ("i32",), body, declaration)]
    letters, outs, arguments = iter("abcd"), [], []
    for index, type_ in enumerate(parameters):
        if type_ == "ptr":
            outs.append(index)
            arguments.append(f"ptr %o{index}")
        else:
            arguments.append(f"{type_} %{next(letters)}")
    slots = "".join(f"  %o{index} = alloca i64\n" for index in outs)
    called = f"{'' if result == 'void' else '%x = '}call {result} @__nv_{name}({', '.join(arguments)})"
    stored = "i32" if name.startswith(("frexp", "remquo")) else values[0]
    cases = []
    if result != "void":
        keep = "  %r = bitcast" + f" {result} %x to {result}"
        cases.append(Tried(name, result, tuple(values), f"{slots}  {called}\n{keep}", declaration))
    cases += [Tried(f"{name}.{index}", stored, tuple(values), f"{slots}  {called}\n  %r = load {stored}, ptr %o{index}",
                    declaration) for index in outs]
    return cases


def points(operands: tuple[str, ...], row: Row, source: random.Random) -> list[tuple[float | int, ...]]:
    """Arguments: every special value beside every other, and random ones, within what the row asks for."""
    special = [_FLOATS if each in ("float", "double") else _INTEGERS[each] for each in operands]
    found = [*product(*special)] if len(operands) < 3 else [
        tuple(source.choice(each) for each in special) for _ in range(4 * POINTS)]
    low, high = max(row.low, -1e3), min(row.high, 1e3)
    drawn = [tuple(source.uniform(low, high) if each in ("float", "double") else source.randint(0, 3)
                   for each in operands) for _ in range(POINTS)]
    kept = [tuple(to_float(x) if each == "float" else x for each, x in zip(operands, values, strict=True))
            for values in [*found, *drawn]]
    if row.low == -math.inf and row.high == math.inf:
        return kept
    return [values for values in kept if all(0 <= x <= 3 if isinstance(x, int) else row.low <= x <= row.high
                                             for x in values)]


def nearest_to(exact: object, single: bool) -> float:
    """The number of the format that is nearest; rounded once, also below the smallest normal one."""
    if isinstance(exact, mpmath.mpf) and mpmath.isfinite(exact):
        exact = Fraction(int(exact.man) * (-1 if exact < 0 else 1)) * Fraction(2) ** int(exact.exp)
    if isinstance(exact, Fraction) and exact:
        return _round(exact, "rn", single)
    return to_float(float(exact)) if single else float(exact)


def is_right(row: Row, got: float | int, values: tuple[float | int, ...], type_: str) -> bool:
    if row.accept is not None:
        return row.accept(got, *values)
    assert row.model is not None
    try:
        exact = row.model(*values)
    except (ZeroDivisionError, ValueError):  # a pole
        return not math.isfinite(got)
    if type_.startswith("i"):
        return (int(exact) - int(got)) % (1 << int(type_[1:])) == 0
    single = type_ == "float"
    nearest = nearest_to(exact, single)
    if not math.isfinite(nearest) or got == nearest:
        return got == nearest or (math.isnan(nearest) and math.isnan(got))
    return row.error > 0 and abs(mpmath.mpf(got) - exact) <= row.error * mpmath.mpf(ulp(nearest, single))


@pytest.fixture(scope="module")
def results() -> dict[str, tuple[Tried, list[tuple[float | int, ...]], np.ndarray]]:
    """Every function's results, from one module of kernels."""
    table = rows()
    source = random.Random(5)
    chosen = [each for name in sorted(signatures()) for each in tried(name)]
    wanted = [points(each.operands, table[each.name], source) for each in chosen]
    types = {"float": np.float32, "double": np.float64, "i32": np.int32, "i64": np.int64, "i16": np.int16}
    cases: list[Case] = []
    for each, given in zip(chosen, wanted, strict=True):
        arrays = [np.array([values[i] for values in given], types[type_]) for i, type_ in enumerate(each.operands)]
        cases.append((kernel(each.operands, each.result, each.body, each.declaration), arrays, each.result))
    found = evaluate_all(cases)
    return {each.name: (each, given, got) for each, given, got in zip(chosen, wanted, found, strict=True)}


def test_every_function_has_a_row() -> None:
    names = {each.name for name in signatures() for each in tried(name)}
    assert {f"__nv_{name}" for name in signatures()} == libdevice.documented()
    assert names <= rows().keys(), sorted(names - rows().keys())


@pytest.mark.timeout(300)
def test_every_function_answers_what_its_model_does(results: dict) -> None:
    table, wrong = rows(), []
    with mpmath.workdps(40):
        for name, (each, given, got) in results.items():
            assert len(given) >= 8, name
            bad = [(values, value) for values, value in zip(given, got.tolist(), strict=True)
                   if not is_right(table[name], value, values, each.result)]
            if bad:
                wrong.append(f"{name}: {len(bad)} of {len(given)}, first {bad[0]}")
    assert not wrong, "\n".join(wrong)
