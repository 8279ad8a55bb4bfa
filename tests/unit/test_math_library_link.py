"""The inlined device math library in modules: what is linked, its form, and kernels that compute with it."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest
from device_code import device_code
from elementwise import call as kernel_call
from elementwise import evaluate_all
from inlined_math import TYPES, _texts, call, signatures

from compatlayer.compiler import library
from compatlayer.compiler.ir.printer import print_module
from compatlayer.compiler.ir.reader import read
from compatlayer.compiler.ir.values import Function, Module
from compatlayer.compiler.ir.verifier import verify
from compatlayer.compiler.library import build
from compatlayer.compiler.library.build import KINDS
from compatlayer.compiler.targets import cpu

# A branch to a call of the C library for arguments that are rare; everything else is straight.
WITH_SLOW_PATH = {"sinf", "cosf", "tanf", "sincosf", "sin", "cos", "tan", "sincos", "fmod", "fmodf", "remainder",
                  "remainderf", "erfcinv", "normcdfinv"}  # fmt: skip
# A branch around the general form where the answer is a product.
WITH_SHORT_CUT = {"pow", "powf"}
HEAD = 'target triple = "nvptx64-nvidia-cuda"\n'


def module_of(body: str, declarations: str) -> Module:
    return read(f"{HEAD}define float @k(float %x, double %d) {{\n{body}\n  ret float %x\n}}\n{declarations}\n")


def definitions(kind: str) -> dict[str, str]:
    parts = re.findall(r"^define internal [^\n]*@cpl\.math\.(\w+)\(.*?^}\n", _texts(kind), re.MULTILINE | re.DOTALL)
    texts = re.split(r"^(?=define )", _texts(kind), flags=re.MULTILINE)[1:]
    return dict(zip(parts, texts, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_functions_are_straight_but_for_a_rare_call(kind: str) -> None:
    for name, text in definitions(kind).items():
        blocks = len(re.findall(r"^[\w.]+:", text, re.MULTILINE))
        assert blocks == (4 if name in WITH_SLOW_PATH | WITH_SHORT_CUT else 1), name
        assert ("@__nv_" in text) == (name in WITH_SLOW_PATH), name
        assert "switch" not in text and "alloca" not in text and "invoke" not in text, name


@pytest.mark.parametrize("kind", KINDS)
def test_no_operation_may_be_reassociated_or_fused_by_others(kind: str) -> None:
    assert not re.search(r"\b(fast|contract|reassoc|arcp|nnan|ninf|nsz|afn|fmuladd)\b", _texts(kind))
    assert ("llvm.fma" in _texts(kind)) == (kind == "fused")


@pytest.mark.parametrize("kind", KINDS)
def test_the_built_library_is_that_of_its_sources(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = Path(__file__).resolve().parents[2] / "src" / "compatlayer" / "compiler" / "library"
    monkeypatch.setattr(build, "SOURCES", sources)  # they are no part of an installed package
    built = library._FOLDER / library.file_name(kind)
    assert built.read_text() == build.library(kind), "run setup.py build_ext --inplace"


def test_only_what_is_called_is_linked_without_a_thread() -> None:
    module = module_of("  %y = call float @__nv_expf(float %x)\n  %z = call double @__nv_sin(double %d)",
                       "declare float @__nv_expf(float)\ndeclare double @__nv_sin(double)\n"
                       "declare float @__nv_logf(float)\ndeclare float @__nv_tgammaf(float)")
    library.link(module, fused=True)
    verify(module)
    linked = {name: value for name, value in module.symbols.items() if name.startswith(library.PREFIX)}
    assert set(linked) == {"cpl.math.expf", "cpl.math.sin"}
    for value in linked.values():
        assert isinstance(value, Function) and value.internal and "alwaysinline" in value.attributes
        assert len(value.arguments) == 1
    text = print_module(module)
    assert "call float @cpl.math.expf(float %x)" in text and "@__nv_expf(float %x)" not in text
    assert "call double @__nv_sin(double %x)" in text  # the slow path
    library.link(module, fused=True)
    assert print_module(module) == text


def test_functions_that_the_library_lacks_stay_calls() -> None:
    module = module_of("  %y = call float @__nv_tgammaf(float %x)\n  %z = call float @other(float %x)",
                       "declare float @__nv_tgammaf(float)\ndeclare float @other(float)")
    before = print_module(module)
    library.link(module, fused=True)
    assert print_module(module) == before


def test_names_of_intrinsics_and_of_libm_are_linked_too() -> None:
    module = module_of("  %a = call float @llvm.exp.f32(float %x)\n"
                       "  %b = call double @llvm.pow.f64(double %d, double %d)\n"
                       "  %c = call float @tanhf(float %x)\n  %e = call float @llvm.sqrt.f32(float %x)\n"
                       "  %f = call i32 @expf(i32 7)",
                       "declare float @llvm.exp.f32(float)\ndeclare double @llvm.pow.f64(double, double)\n"
                       "declare float @tanhf(float)\ndeclare float @llvm.sqrt.f32(float)\ndeclare i32 @expf(i32)")
    library.link(module, fused=True)
    verify(module)
    text = print_module(module)
    for expected in ("@cpl.math.expf(float %x)", "@cpl.math.pow(double %d, double %d)", "@cpl.math.tanhf(float %x)",
                     "@llvm.sqrt.f32(float %x)", "call i32 @expf(i32 7)"):
        assert expected in text


def test_a_tree_that_is_not_built_keeps_the_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "load", lambda fused, part: None)
    module = module_of("  %y = call float @__nv_expf(float %x)", "declare float @__nv_expf(float)")
    before = print_module(module)
    library.link(module)
    assert print_module(module) == before


def test_linking_a_function_is_quick() -> None:
    library.load(True)
    best = 1.0
    for _ in range(20):
        module = module_of("  %y = call float @__nv_expf(float %x)", "declare float @__nv_expf(float)")
        start = time.perf_counter()
        library.link(module, fused=True)
        best = min(best, time.perf_counter() - start)
    assert best < 0.003


def test_kernels_compute_what_the_library_does() -> None:
    """Every function with plain parameters, compiled into kernels by this machine's target: the same bits."""
    kind = "fused" if library.host_is_fused() else "unfused"
    types = {"float", "double", "i32", "i64"}
    names = [name for name, (result, parameters) in signatures(kind).items()
             if {result, *parameters} <= types and len(parameters) <= 3]
    source = np.random.default_rng(5)
    cases, arguments = [], []
    for name in names:
        result, parameters = signatures(kind)[name]
        columns = [source.normal(0, 30, 40).astype(TYPES[each]) if each[0] in "fd"
                   else source.integers(-40, 40, 40).astype(TYPES[each]) for each in parameters]
        cases.append((kernel_call(f"__nv_{name}", parameters, result), columns, result))
        arguments.append(columns)
    for name, columns, got in zip(names, arguments, evaluate_all(cases), strict=True):
        want = call(name, *columns, kind=kind)
        nan = np.isnan(want) & np.isnan(got) if want.dtype.kind == "f" else np.zeros(len(got), bool)
        assert ((got.view(f"u{got.itemsize}") == want.view(f"u{got.itemsize}")) | nan).all(), name


def test_cuda_programs_are_linked_and_fast_math_takes_the_fast_forms() -> None:
    source = """extern "C" __global__ void k(float *x, double *d) {
        x[0] = sinf(x[1]) * expf(x[2]);
        d[0] = pow(d[1], d[2]);
    }"""
    for options, expected in (((), {"sinf", "expf", "pow"}), (("--use_fast_math",), {"fast_sinf", "fast_expf", "pow"})):
        text, _, _ = cpu.lower(device_code(source, *options))
        assert set(re.findall(r"@cpl\.math\.(\w+)\(", text)) == expected
