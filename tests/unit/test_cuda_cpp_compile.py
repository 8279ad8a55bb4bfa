"""CUDA C++ to device IR: what the IR holds, what the log says, and when the cache may answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from compatlayer.compiler import cache, compile_cuda, ptx_text, toolchain
from compatlayer.compiler.container import unpack
from compatlayer.compiler.frontends.cuda_cpp import CompileFailure
from compatlayer.compiler.frontends.nvrtc_options import InvalidOption

ARCH = "--gpu-architecture=sm_86"
SCALE = 'extern "C" __global__ void scale(float *x, float a, int n) {\n' \
        "  int i = blockIdx.x * blockDim.x + threadIdx.x;\n  if (i < n) x[i] = x[i] * a + 1.0f;\n}\n"


def compiled(source: str, *options: str, headers: dict[str, str] | None = None, names: tuple[str, ...] = ()) -> str:
    return compile_cuda(source, "kernel.cu", [ARCH, *options], headers or {}, names).ir


def failure(source: str, *options: str, names: tuple[str, ...] = ()) -> str:
    with pytest.raises(CompileFailure) as caught:
        compile_cuda(source, "kernel.cu", [ARCH, *options], {}, names)
    return caught.value.log


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The compiler calls made during a test."""
    calls: list[str] = []
    real = toolchain.run

    def counted(args, *rest, **named):
        calls.append(" ".join(args[:3]))
        return real(args, *rest, **named)

    monkeypatch.setattr(toolchain, "run", counted)
    yield calls


def test_a_kernel_becomes_device_ir_with_its_source_lines() -> None:
    ir = compiled(SCALE)
    assert 'target triple = "nvptx64-nvidia-cuda"' in ir
    assert re.search(r"define .*ptx_kernel void @scale\(", ir)
    assert "llvm.nvvm.read.ptx.sreg.tid.x" in ir
    assert 'DIFile(filename: "kernel.cu"' in ir
    assert re.search(r"DILocation\(line: 3,", ir)


def test_contraction_is_on_as_in_nvcc_and_fmad_false_turns_it_off() -> None:
    assert "fmul contract" in compiled(SCALE)
    assert "contract" not in compiled(SCALE, "-fmad=false")
    assert "contract" in compiled(SCALE, "-use_fast_math")


def test_explicitly_rounded_arithmetic_is_never_contracted() -> None:
    ir = compiled('extern "C" __global__ void k(float *x) { x[0] = __fadd_rn(__fmul_rn(x[1], x[2]), x[3]); }')
    assert "fmul float" in ir and "fadd float" in ir and "contract" not in ir


def test_ftz_is_recorded_on_functions() -> None:
    assert "preserve-sign" in compiled(SCALE, "--ftz=true")
    assert "preserve-sign" in compiled(SCALE, "--use_fast_math")
    assert "preserve-sign" not in compiled(SCALE)


def test_casts_to_integers_saturate() -> None:
    assert "llvm.fptosi.sat.i32.f32" in compiled('extern "C" __global__ void k(float *x, int *y) { y[0] = (int)x[0]; }')


def test_the_architecture_and_nvrtcs_macros_are_visible() -> None:
    source = ("#if __CUDA_ARCH__ != 860 || !defined(__CUDACC_RTC__) || __CUDACC_VER_MAJOR__ != 13 || defined(__clang__)"
              " || defined(__GNUC__)\n#error wrong\n#endif\n" + SCALE)
    compiled(source)
    with pytest.raises(CompileFailure):
        compile_cuda(source, "kernel.cu", ["-arch=compute_80"])
    assert compile_cuda(SCALE, "kernel.cu", []).architecture == "compute_75"


@pytest.mark.parametrize("architecture", ["compute_75", "sm_80", "sm_87", "sm_90", "sm_90a", "sm_100", "sm_120"])
def test_every_supported_architecture_compiles(architecture: str) -> None:
    number = architecture.partition("_")[2].rstrip("a")
    assert compile_cuda(f"static_assert(__CUDA_ARCH__ == {number}0);\n" + SCALE, "k.cu", [f"-arch={architecture}"])


@pytest.mark.parametrize("standard", ["c++03", "c++11", "c++14", "c++17", "c++20", "c++23"])
def test_every_language_standard_compiles(standard: str) -> None:
    assert "@scale" in compiled(SCALE, f"-std={standard}")


def test_macros_in_every_spelling_reach_the_source() -> None:
    source = 'extern "C" __global__ void k(int *x) { x[0] = A + B + C; }'
    assert "store i32 321" in compiled(source, "-DA=1", "-D", "B=20", "--define-macro=C=300")
    assert 'identifier "A" is undefined' in failure(source, "-DA=1", "-DB=2", "-DC=3", "-UA")


def test_headers_given_by_name_are_found_in_both_forms() -> None:
    headers = {"one.h": "#define ONE 1", "deep/two.h": '#include "three.h"\n#define TWO (THREE - 1)',
               "deep/three.h": "#define THREE 3"}
    source = '#include "one.h"\n#include <deep/two.h>\nextern "C" __global__ void k(int *x) { x[0] = ONE + TWO; }'
    assert "store i32 3" in compiled(source, headers=headers)


def test_errors_in_headers_name_the_header_as_the_program_did() -> None:
    with pytest.raises(CompileFailure) as caught:
        compile_cuda('#include "deep/bad.h"\n', "kernel.cu", [ARCH], {"deep/bad.h": "int f( {"})
    assert "deep/bad.h(1): error:" in caught.value.log
    assert "/tmp" not in caught.value.log


def test_our_headers_win_over_folders_that_hold_the_same_names(tmp_path: Path) -> None:
    (tmp_path / "cuda_runtime.h").write_text("#error the wrong one")
    (tmp_path / "mine.h").write_text('#include "cuda_runtime.h"\n#define MINE 5\n')
    assert "store i32 5" in compiled('#include <cuda_runtime.h>\n#include "mine.h"\n'
                                     'extern "C" __global__ void k(int *x) { x[0] = MINE; }', f"-I{tmp_path}")


def test_standard_headers_are_the_programs_where_it_brings_them() -> None:
    assert "store i32 7" in compiled("#include <stdint.h>\n" 'extern "C" __global__ void k(int *x) { x[0] = MARK; }',
                                     headers={"stdint.h": "#define MARK 7"})


def test_pre_included_files_come_first(tmp_path: Path) -> None:
    (tmp_path / "first.h").write_text("#define FIRST 9\n")
    source = 'extern "C" __global__ void k(int *x) { x[0] = FIRST; }'
    assert "store i32 9" in compiled(source, f"--pre-include={tmp_path / 'first.h'}")


def test_a_compile_error_has_name_line_source_and_caret() -> None:
    log = failure("__global__ void k(int *x) {\n  x[0] = missing;\n}\n")
    lines = log.splitlines()
    assert lines[0] == 'kernel.cu(2): error: identifier "missing" is undefined'
    assert lines[1] == "    x[0] = missing;"
    assert lines[2].index("^") == lines[1].index("missing")
    assert '1 error detected in the compilation of "kernel.cu".' in log


def test_warnings_reach_the_log_of_a_good_compile_and_w_silences_them() -> None:
    source = "#warning look here\n" + SCALE
    assert "kernel.cu(1): warning: look here" in compile_cuda(source, "kernel.cu", [ARCH]).log
    assert compile_cuda(source, "kernel.cu", [ARCH, "-w"]).log == ""
    assert compile_cuda(SCALE, "kernel.cu", [ARCH]).log == ""


def test_name_expressions_instantiate_and_are_lowered() -> None:
    source = ("template <class T, int N> __global__ void k(T *x) { x[0] = N; }\n"
              "namespace n { __constant__ int table[4]; static __device__ float level; }\n"
              "namespace n { __global__ void plain(float *x) { x[0] = level + table[0]; } }\n")
    names = ("k<float, 3>", "&k<double,4>", "n::plain", "&n::table", "n::level")
    code = compile_cuda(source, "kernel.cu", [ARCH], {}, names)
    assert code.lowered_names == {
        "k<float, 3>": "_Z1kIfLi3EEvPT_", "&k<double,4>": "_Z1kIdLi4EEvPT_", "n::plain": "_ZN1n5plainEPf",
        "&n::table": "_ZN1n5tableE", "n::level": "_ZN1nL5levelE"}
    assert "cpl_name_expression" not in code.ir
    assert re.search(r"^@_ZN1nL5levelE = addrspace\(1\)", code.ir, re.MULTILINE), "a named variable must be exported"


def test_the_ir_without_name_pointers_is_still_valid() -> None:
    source = "template <class T> __global__ void k(T *x) { x[0] = 1; }\n__device__ int v;\n"
    code = compile_cuda(source, "kernel.cu", [ARCH], {}, ("k<int>", "&v"))
    assert ".entry _Z1kIiEvPT_" in ptx_text.emit(code)


def test_a_wrong_name_expression_is_blamed_by_its_text() -> None:
    log = failure(SCALE, names=("scale", "nothing<int>"))
    assert 'name expression "nothing<int>": error:' in log
    assert "__attribute__" not in log and "cpl_name" not in log


def test_a_broken_source_is_not_blamed_on_name_expressions() -> None:
    log = failure("template <class T> __global__ void k(T *x) { x[0] = 1;\n", names=("k<int>",))
    assert "kernel.cu(" in log and "name expression" not in log and "cpl_name" not in log


def test_unannotated_functions_and_variables_become_device_ones_where_asked() -> None:
    source = ("int counter;\nconstexpr int limit = 4;\nfloat twice(float x) { return x * 2 + counter + limit; }\n"
              'extern "C" __global__ void k(float *x) { __shared__ float s[4]; s[threadIdx.x] = twice(x[0]);'
              " __syncthreads(); x[0] = s[0]; }\n")
    assert "ptx_kernel void @k" in compiled(source, "-default-device")
    assert "__host__" in failure(source)


def test_a_kernel_may_be_declared_before_it_is_defined_with_device_as_the_default() -> None:
    source = ('extern "C" __global__ void k(float *x);\n__device__ float twice(float x) { return x * 2; }\n'
              "__global__ void k(float *x) { x[0] = twice(x[0]); }\n")
    assert "ptx_kernel void @k" in compiled(source, "-default-device")


def test_half_precision_compiles_with_its_operators_and_functions() -> None:
    source = ("#include <cuda_fp16.h>\n"
              'extern "C" __global__ void k(half *x, half2 *h, float *f) {\n'
              "  half a = x[0] * x[1] + __float2half(f[0]); a += 1.0f; h[0] = __hadd2(h[1], __half2half2(a));\n"
              "  x[2] = a > x[3] ? hsqrt(a) : __hfma(a, a, -a); f[1] = __half2float(__shfl_down_sync(~0u, a, 1));\n"
              "  atomicAdd(x + 4, a); static_assert(sizeof(half2) == 4 && alignof(half2) == 4);\n}\n")
    assert "@__nv_float2half_rn" in compiled(source)


@pytest.mark.parametrize("call", [
    "sqrt(2)", "pow(x, 2)", "pow(2, x)", "std::sin(x)", "max(1, 2u)", "fmaxf(x, 1.0)", "abs(-3) + fabs(x)",
    "rsqrtf(x) + rcbrt(x)", "__fdividef(x, 3.0f)", "normcdfinv(x) + erfcx(x)", "isnan(x) + isinf(x) + signbit(x)",
    "__popc(3) + __clzll(5) + __ffs(8)", "__dp4a(1, 2, 3)", "__float2int_ru(x) + __double2ll_rd(x)",
    "cyl_bessel_i0f(x) + jnf(2, x)", "__reduce_add_sync(~0u, 3)", "__shfl_xor_sync(~0u, (double)x, 1)",
    "__ldg(p) + __ldcv(p)", "ldexp(x, 3) + ilogb(x) + llrint(x)", "__isGlobal(p)", "__funnelshift_l(1u, 2u, 3u)"])
def test_device_functions_are_there_without_an_include(call: str) -> None:
    assert "@k" in compiled('#include <cmath>\nextern "C" __global__ void k(float *p) '
                            f"{{ float x = p[0]; p[1] = (float)({call}); }}")


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(InvalidOption, match="--no-such-thing"):
        compile_cuda(SCALE, "kernel.cu", ["--no-such-thing"])


def test_a_second_compile_starts_no_compiler(runs: list[str]) -> None:
    source = SCALE + "// a second compile\n"
    first = compile_cuda(source, "kernel.cu", [ARCH])
    assert runs
    runs.clear()
    assert compile_cuda(source, "kernel.cu", [ARCH]) == first
    assert runs == []
    compile_cuda(source, "kernel.cu", [ARCH, "-DX"])
    assert runs


def test_a_changed_included_file_is_compiled_again(tmp_path: Path) -> None:
    header = tmp_path / "value.h"
    source = '#include "value.h"\n' 'extern "C" __global__ void k(int *x) { x[0] = VALUE; }'
    header.write_text("#define VALUE 111\n")
    assert "store i32 111" in compiled(source, f"-I{tmp_path}")
    header.write_text("#define VALUE 222\n")
    assert "store i32 222" in compiled(source, f"-I{tmp_path}")


def test_a_file_that_appears_earlier_in_the_search_is_seen(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    (second / "value.h").write_text("#define VALUE 111\n")
    source = '#include <value.h>\n' 'extern "C" __global__ void k(int *x) { x[0] = VALUE; }'
    options = (f"-I{first}", f"-I{second}")
    assert "store i32 111" in compiled(source, *options)
    (first / "value.h").write_text("#define VALUE 222\n")
    assert "store i32 222" in compiled(source, *options)


def test_a_file_that_a_source_only_asks_for_is_seen_when_it_appears(tmp_path: Path) -> None:
    source = ('#if __has_include("maybe.h")\n#define V 1\n#else\n#define V 2\n#endif\n'
              'extern "C" __global__ void k(int *x) { x[0] = V; }')
    assert "store i32 2" in compiled(source, f"-I{tmp_path}")
    (tmp_path / "maybe.h").write_text("")
    assert "store i32 1" in compiled(source, f"-I{tmp_path}")


def test_a_damaged_precompiled_header_is_replaced(runs: list[str]) -> None:
    store = cache.store()
    assert store is not None
    compiled(SCALE + "// make sure there is one\n")
    for path in (store.folder / "pch").rglob("*.pch"):
        path.write_bytes(b"damaged")
    assert "@scale" in compiled(SCALE + "// after the damage\n")


def test_everything_works_without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "store", lambda: None)
    assert "@scale" in compiled(SCALE)


def test_ptx_is_real_text_and_carries_the_code() -> None:
    code = compile_cuda(SCALE, "kernel.cu", [ARCH])
    image = ptx_text.ptx_image(code)
    assert b".visible .entry scale(" in image and b".target sm_86" in image
    assert unpack(image)[0].ir == code.ir


def test_ir_without_a_ptx_form_still_gives_a_loadable_image_that_says_so() -> None:
    from compatlayer.compiler.image import DeviceCode

    code = DeviceCode(ir="this is not IR", architecture="sm_86")
    image = ptx_text.ptx_image(code)
    assert image.startswith(b"// No PTX text: ")
    assert unpack(image)[0].ir == code.ir


def test_texture_references_are_named_with_what_took_their_place() -> None:
    with pytest.raises(CompileFailure) as caught:
        compile_cuda("texture<float, 2> image;\n__global__ void k(float *out) { *out = 1; }\n", "old.cu", [])
    wanted = 'old.cu(1): error: identifier "texture" is undefined: CUDA 12 removed texture references; use texture'
    assert wanted in caught.value.log


def test_noinline_is_a_word_of_its_own_and_an_attribute() -> None:
    ir = compile_cuda("__noinline__ __device__ float twice(float x) { return 2 * x; }\n"
                      "__attribute__((__noinline__)) __device__ float more(float x) { return x + 1; }\n"
                      "__global__ void k(float *x) { *x = more(twice(*x)); }\n", "words.cu", []).ir
    assert ir.count("call") >= 2
    assert ir.count("noinline") >= 1
