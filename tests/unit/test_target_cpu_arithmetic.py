"""CUDA's arithmetic where x86 differs, each operation compared with a model written here.

Every table is also run with its lowering left out or replaced, which must show: a table that cannot fail says nothing.
"""

from __future__ import annotations

import math
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from elementwise import TYPES, call, evaluate, evaluate_all, kernel, pairs

from compatlayer.compiler.passes import intrinsics, rounding
from compatlayer.compiler.targets import cpu

BITS = {"i8": 8, "i16": 16, "i32": 32, "i64": 64}
FLOATS = [0.0, -0.0, 0.4, 0.5, -0.5, 1.5, 2.5, -2.5, 126.9, 127.5, -128.9, 255.5, 32767.9, 65535.9, -1e4, 3e9, -3e9,
          5e18, -5e18, 1e19, 2e19, 1e30, -1e30, math.inf, -math.inf, math.nan, 1e-40]  # fmt: skip


def edges(type_: str) -> list[int]:
    low = -(1 << (BITS[type_] - 1))
    return [0, 1, -1, 2, -2, 7, -7, 100, low, low + 1, -low - 1]


def divided(operation: str, bits: int, a: int, b: int) -> int:
    """x / 0 is all ones and x % 0 is x; INT_MIN / -1 wraps; else truncation. Bits as a signed number."""
    if operation[0] == "u":
        a, b = a % (1 << bits), b % (1 << bits)
    remainder = operation.endswith("rem")
    if b == 0:
        value = a if remainder else -1
    else:
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        value = a - quotient * b if remainder else quotient
    value %= 1 << bits
    return value - (1 << bits) if value >> (bits - 1) else value


def test_integer_division_never_traps() -> None:
    cases, wanted = [], []
    for operation in ("sdiv", "udiv", "srem", "urem"):
        for type_, bits in BITS.items():
            a, b = pairs(edges(type_), type_)
            cases.append((kernel([type_, type_], type_, f"  %r = {operation} {type_} %a, %b"), [a, b], type_))
            wanted.append([divided(operation, bits, int(x), int(y)) for x, y in zip(a, b, strict=True)])
    for case, got, expected in zip(cases, evaluate_all(cases), wanted, strict=True):
        assert got.tolist() == expected, case[0].ir


def test_division_by_a_constant() -> None:
    a = np.array(edges("i32"), np.int32)
    divisors = (1, -1, 7, -3, 0)
    cases = [(kernel(["i32"], "i32", f"  %r = sdiv i32 %a, {divisor}"), [a], "i32") for divisor in divisors]
    for divisor, got in zip(divisors, evaluate_all(cases), strict=True):
        assert got.tolist() == [divided("sdiv", 32, int(x), divisor) for x in a], divisor


CRASH = """
import sys
sys.path[:0] = {path!r}
import numpy as np
from elementwise import evaluate, kernel
zero = np.zeros(1, np.int32)
evaluate(kernel(["i32", "i32"], "i32", "  %r = sdiv i32 %a, %b"), [zero, zero], "i32", {skip!r})
"""


@pytest.mark.parametrize(("skip", "crashes"), [([], False), (["division"], True)])
def test_division_by_zero_kills_the_process_without_its_lowering(skip: list[str], crashes: bool) -> None:
    here = str(Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", CRASH.format(path=[here, *sys.path], skip=skip)], capture_output=True,
                          check=False, timeout=60)
    assert (done.returncode != 0) == crashes, done.stderr.decode()


def saturated(value: float, bits: int, signed: bool, source: str = "float") -> int:
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if math.isnan(value):
        return -(1 << (bits - 1)) if bits == 64 or (source == "double" and bits > 8) else 0
    whole = math.trunc(value) if math.isfinite(value) else int(math.copysign(1 << 200, value))
    found = min(high, max(low, whole))
    return found - (1 << bits) if found >> (bits - 1) and found > 0 else found


def test_floats_become_integers_by_saturation() -> None:
    cases, wanted = [], []
    for opcode in ("fptosi", "fptoui"):
        for source in ("half", "float", "double"):
            for target, bits in BITS.items():
                with np.errstate(over="ignore"):
                    values = np.array(FLOATS, np.float64).astype(TYPES[source])
                cases.append((kernel([source], target, f"  %r = {opcode} {source} %a to {target}"), [values], target))
                wanted.append([saturated(float(each), bits, opcode == "fptosi", source) for each in values])
    for case, got, expected in zip(cases, evaluate_all(cases), wanted, strict=True):
        assert got.tolist() == expected, case[0].ir
    without = evaluate_all(cases, ["division"])
    assert any(got.tolist() != expected for got, expected in zip(without, wanted, strict=True))


ROUNDED = {"rn": round, "rz": math.trunc, "rm": math.floor, "rp": math.ceil}


def test_conversions_round_as_named() -> None:
    cases, wanted = [], []
    for short, (target, signed) in {"i": ("i32", True), "ui": ("i32", False), "ll": ("i64", True),
                                    "ull": ("i64", False)}.items():
        for letter, source in (("f", "float"), ("d", "double")):
            for mode, apply in ROUNDED.items():
                values = np.array(FLOATS, TYPES[source])
                cases.append((call(f"llvm.nvvm.{letter}2{short}.{mode}", [source], target), [values], target))
                wanted.append([saturated(float(each) if not math.isfinite(each) else float(apply(float(each))),
                                         BITS[target], signed, source) for each in values])
    for case, got, expected in zip(cases, evaluate_all(cases), wanted, strict=True):
        assert got.tolist() == expected, case[0].ir


def extreme(larger: bool, a: float, b: float) -> float:
    """The hardware's min and max: a number wins over NaN, -0 is below +0."""
    if math.isnan(a) or math.isnan(b):
        return b if math.isnan(a) else a
    key = [(value, math.copysign(1, value)) for value in (a, b)]
    return (max(key) if larger else min(key))[0] if a != b else math.copysign(
        a, (max if larger else min)(math.copysign(1, a), math.copysign(1, b)))


def bits_of(values: np.ndarray) -> list[str]:
    """Values told apart by their sign, all NaN alike."""
    return ["nan" if math.isnan(each) else repr(float(each)) for each in values]


EXTREMES = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e-40]
NAMES = [("llvm.minnum.f32", "float", False), ("llvm.maxnum.f32", "float", True), ("llvm.minnum.f64", "double", False),
         ("llvm.nvvm.fmin.f", "float", False), ("llvm.nvvm.fmax.f", "float", True),
         ("llvm.nvvm.fmin.d", "double", False), ("llvm.nvvm.fmax.d", "double", True)]


def test_minimum_and_maximum_prefer_numbers_and_order_zeros() -> None:
    cases, wanted = [], []
    for name, type_, larger in NAMES:
        a, b = pairs(EXTREMES, type_)
        cases.append((call(name, [type_, type_], type_), [a, b], type_))
        wanted.append(bits_of(np.array([extreme(larger, float(x), float(y)) for x, y in zip(a, b, strict=True)])))
    for case, got, expected in zip(cases, evaluate_all(cases), wanted, strict=True):
        assert bits_of(got) == [repr(float(got.dtype.type(each))) if each != "nan" else each for each in expected], \
            case[0].ir


def test_minimum_prefers_numbers_beside_an_operand_that_is_never_nan() -> None:
    a = np.array([*EXTREMES, -math.nan], np.float64)
    s = np.full(len(a), -3, np.int64)
    for name, larger in (("llvm.minnum.f64", False), ("llvm.maxnum.f64", True)):
        declared = f"declare double @{name}(double, double)\n"
        for order in ("%a, double %n", "%n, double %a"):
            body = f"  %n = sitofp i64 %b to double\n  %r = call double @{name}(double {order})"
            got = evaluate(kernel(["double", "i64"], "double", body, declared), [a, s], "double")
            assert bits_of(got) == bits_of(np.array([extreme(larger, float(x), -3.0) for x in a])), (name, order)


def shifted(operation: str, bits: int, value: int, count: int) -> int:
    """Counts past the width give 0 or copies of the sign."""
    word = value % (1 << bits)
    if operation == "ashr":
        return value >> min(count, bits - 1)
    found = 0 if count >= bits else (word << count) % (1 << bits) if operation == "shl" else word >> count
    return found - (1 << bits) if found >> (bits - 1) else found


def test_shifts_past_the_width_clear_the_word_or_copy_its_sign() -> None:
    cases, wanted = [], []
    for operation in ("shl", "lshr", "ashr"):
        for type_, bits in BITS.items():
            values = [value for value in edges(type_) for _ in range(6)]
            counts = [0, 1, bits - 1, bits, bits + 1, 100] * len(edges(type_))
            arrays = [np.array(values, TYPES[type_]), np.array(counts, TYPES[type_])]
            cases.append((kernel([type_, type_], type_, f"  %r = {operation} {type_} %a, %b"), arrays, type_))
            wanted.append([shifted(operation, bits, value, count) for value, count in zip(values, counts, strict=True)])
    for case, got, expected in zip(cases, evaluate_all(cases), wanted, strict=True):
        assert got.tolist() == expected, case[0].ir
    without = evaluate_all(cases, ["shifts"])
    assert any(got.tolist() != expected for got, expected in zip(without, wanted, strict=True))


def test_the_table_of_minimum_notices_a_wrong_lowering(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = pairs(EXTREMES, "float")
    wanted = bits_of(np.array([extreme(False, float(x), float(y)) for x, y in zip(a, b, strict=True)], np.float32))
    monkeypatch.setitem(intrinsics._TABLE, "llvm.minnum", rounding._same("minimum"))
    assert bits_of(evaluate(call("llvm.minnum.f32", ["float", "float"], "float"), [a, b], "float")) != wanted


def test_nan_propagates_where_the_program_asks_for_it() -> None:
    a, b = pairs(EXTREMES, "float")
    got = evaluate(call("llvm.nvvm.fmax.nan.f", ["float", "float"], "float"), [a, b], "float")
    assert [math.isnan(each) for each in got] == [math.isnan(x) or math.isnan(y) for x, y in zip(a, b, strict=True)]


def exact(operation: str, a: float, b: float) -> Fraction:
    x, y = Fraction(a), Fraction(b)
    return {"add": x + y, "mul": x * y}[operation] if operation != "div" else x / y


def rounded(value: Fraction, mode: str) -> float:
    """`value` as a float32 in PTX's rounding mode, by looking at the neighbours of the nearest."""
    near = np.float32(float(value))
    around = sorted({float(near), float(np.nextafter(near, np.float32(np.inf))),
                     float(np.nextafter(near, np.float32(-np.inf)))})
    below = max(each for each in around if Fraction(each) <= value)
    above = min(each for each in around if Fraction(each) >= value)
    if mode == "rz":
        return below if value > 0 else above
    return below if mode == "rm" else above


def test_directed_rounding() -> None:
    random = np.random.default_rng(3)
    a, b = (random.uniform(-100, 100, 200).astype(np.float32) for _ in range(2))
    chosen = [(operation, mode) for operation in ("add", "mul", "div") for mode in ("rz", "rm", "rp")]
    cases = [(call(f"llvm.nvvm.{operation}.{mode}.f", ["float", "float"], "float"), [a, b], "float")
             for operation, mode in chosen]
    for (operation, mode), got in zip(chosen, evaluate_all(cases), strict=True):
        wanted = [rounded(exact(operation, float(x), float(y)), mode) for x, y in zip(a, b, strict=True)]
        assert got.tolist() == wanted, (operation, mode)


def test_contraction_happens_only_where_it_is_allowed() -> None:
    body = "  %m = fmul {0}float %a, %b\n  %r = fadd {0}float %m, %c"
    random = np.random.default_rng(5)
    a, b = (random.uniform(1, 2, 500).astype(np.float32) for _ in range(2))
    c = -(a * b)
    apart = evaluate(kernel(["float"] * 3, "float", body.format("")), [a, b, c], "float")
    assert not apart.any()
    fused = evaluate(kernel(["float"] * 3, "float", body.format("contract ")), [a, b, c], "float")
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    if " fma " in flags:
        assert fused.any()


def test_subnormals_are_kept_unless_the_operation_flushes_them() -> None:
    a, b = np.full(1, 1e-40, np.float32), np.full(1, 2e-40, np.float32)
    assert evaluate(kernel(["float", "float"], "float", "  %r = fadd float %a, %b"), [a, b], "float")[0] > 0
    assert evaluate(call("llvm.nvvm.add.rn.ftz.f", ["float", "float"], "float"), [a, b], "float")[0] == 0


def test_a_program_compiled_to_flush_does_so_and_leaves_the_mode_as_it_was() -> None:
    a, b = np.full(1, 1e-40, np.float32), np.full(1, 2e-40, np.float32)
    code = kernel(["float", "float"], "float", "  %r = fadd float %a, %b",
                  '!llvm.module.flags = !{!0}\n!0 = !{i32 4, !"nvvm-reflect-ftz", i32 1}')
    assert evaluate(code, [a, b], "float")[0] == 0
    assert (a + b)[0] > 0
    asm = kernel(["float"], "float", '  call void asm sideeffect "exit;", ""()\n  %r = fadd float %a, %a',
                 '!llvm.module.flags = !{!0}\n!0 = !{i32 4, !"nvvm-reflect-ftz", i32 1}')
    text = cpu.lower(asm)[0]
    assert text.index("i32 8064") < text.index("call void @cpl_exit")


def test_saturation_clamps_and_takes_nan_for_zero() -> None:
    a = np.array([-1, -0.0, 0.25, 1, 7, math.nan, math.inf, -math.inf], np.float32)
    got = evaluate(call("llvm.nvvm.saturate.f", ["float"], "float"), [a], "float")
    assert bits_of(got) == ["0.0", "0.0", "0.25", "1.0", "1.0", "0.0", "1.0", "0.0"]



def test_half_and_bfloat_round_to_nearest_even() -> None:
    random = np.random.default_rng(9)
    bits = random.integers(0, 2**32, 4000, dtype=np.uint32)
    extra = np.array(FLOATS + [65504, 65519.9, 65520, 6e-8, 2.98e-8], np.float32)
    floats = np.concatenate([bits.view(np.float32), extra])
    floats = floats[~np.isnan(floats)]
    with np.errstate(over="ignore"):
        assert evaluate(kernel(["float"], "half", "  %r = fptrunc float %a to half"), [floats], "half").view(
            np.uint16).tolist() == floats.astype(np.float16).view(np.uint16).tolist()
        doubles = floats.astype(np.float64) * (1 + 1e-9)
        assert evaluate(kernel(["double"], "half", "  %r = fptrunc double %a to half"), [doubles], "half").view(
            np.uint16).tolist() == doubles.astype(np.float16).view(np.uint16).tolist()
    words = floats.view(np.uint32).astype(np.uint64)
    wanted = ((words + 0x7FFF + (words >> 16 & 1)) >> 16).astype(np.uint16)
    code = kernel(["float"], "i16", "  %h = fptrunc float %a to bfloat\n  %r = bitcast bfloat %h to i16")
    assert evaluate(code, [floats], "i16").view(np.uint16).tolist() == wanted.tolist()
