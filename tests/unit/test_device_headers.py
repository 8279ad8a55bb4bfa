"""Headers for kernels: every function of the CUDA Math API is declared; standards; macros that take parts away."""

from __future__ import annotations

import itertools
import re

import pytest

from compatlayer.compiler.frontends import nvrtc_options, precompiled
from compatlayer.compiler.frontends.cuda_cpp import CompileFailure, Source, compile_source

KERNEL = 'extern "C" __global__ void k() {}\n'
MODES = ("rn", "rz", "ru", "rd")
CONVERSIONS = """
__frsqrt_rn __int2double_rn __uint2double_rn __hiloint2double __double2hiint __double2loint
"""

INTEGER_FUNCTIONS = """
__fdividef __brev __brevll __byte_perm __clz __clzll __ffs __ffsll __fns __popc __popcll __sad __usad __hadd __rhadd
__uhadd __urhadd __mul24 __umul24 __mulhi __umulhi __mul64hi __umul64hi __dp4a __dp2a_lo __dp2a_hi __funnelshift_l
__funnelshift_r __funnelshift_lc __funnelshift_rc
"""

LANE_OPERATIONS = """
abs absss absdiffs absdiffu add addss addus avgs avgu haddu maxs maxu mins minu neg negss sads sadu sub subss subus
cmpeq cmpges cmpgeu cmpgts cmpgtu cmples cmpleu cmplts cmpltu cmpne seteq setges setgeu setgts setgtu setles setleu
setlts setltu setne
"""

MATH_FUNCTIONS = """
acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh cospi cyl_bessel_i0 cyl_bessel_i1 erf erfc
erfcinv erfcx erfinv exp exp10 exp2 expm1 fabs fdim floor fma fmax fmin fmod frexp hypot ilogb j0 j1 jn ldexp lgamma
llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter norm norm3d norm4d normcdf
normcdfinv pow rcbrt remainder remquo rhypot rint rnorm rnorm3d rnorm4d round rsqrt scalbln scalbn sin sincos
sincospi sinh sinpi sqrt tan tanh tgamma trunc y0 y1 yn
"""

ATOMIC_OPERATIONS = """
load load_n store store_n exchange exchange_n compare_exchange compare_exchange_n thread_fence add sub and or xor
min max fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_min fetch_max
"""

MEMORY_FUNCTIONS = """
__ldg __ldca __ldcg __ldcs __ldlu __ldcv __stwb __stcg __stcs __stwt clock clock64 __nanosleep __threadfence
__threadfence_block __threadfence_system __isGlobal __isShared __isConstant __isLocal __isGridConstant
__cvta_generic_to_shared __cvta_shared_to_generic malloc free printf memcpy memmove memset __trap
"""
INTEGERS = ("int", "uint", "short", "ushort", "ll", "ull")


def compiles(text: str, *options: str) -> str:
    """The device IR; CompileFailure where it does not."""
    return compile_source(Source(text, "k.cu", {}, ()), nvrtc_options.parse(["-arch=sm_86", *options])).code.ir


def narrow_names(word: str) -> list[str]:
    """The functions of a 16-bit floating-point type; `word` is half or bfloat16."""
    comparisons = [f"{name}{u}" for name in ("eq", "ne", "lt", "le", "gt", "ge") for u in ("", "u")]
    names = [f"__h{op}{n}{form}" for op in ("add", "sub", "mul") for n in ("", "2") for form in ("", "_rn", "_sat")]
    names += [f"__hfma{n}{form}" for n in ("", "2") for form in ("", "_sat", "_relu")]
    names += ["__hdiv", "__h2div", "__hneg", "__hneg2", "__habs", "__habs2", "__hcmadd", "__hisnan",
              "__hisinf", "__hisnan2"]
    names += [form.format(each) for each in comparisons for form in ("__h{}", "__h{}2", "__hb{}2", "__h{}2_mask")]
    names += [f"__h{which}{n}{form}" for which in ("min", "max") for n in ("", "2") for form in ("", "_nan")]
    names += [f"{h}{name}" for h in ("h", "h2") for name in (
        "sqrt", "rsqrt", "rcp", "exp", "exp2", "exp10", "log", "log2", "log10", "sin", "cos", "tanh", "tanh_approx",
        "floor", "ceil", "trunc", "rint")]
    names += [f"__{word}2{integer}_{mode}" for integer, mode in itertools.product(INTEGERS, MODES)]
    names += [f"__{integer}2{word}_{mode}" for integer, mode in itertools.product((*INTEGERS, "float"), MODES)]
    names += [f"__{word}2char_rz", f"__{word}2uchar_rz", f"__{word}2float", f"__float2{word}", f"__double2{word}",
              f"__{word}_as_short", f"__{word}_as_ushort", f"__short_as_{word}", f"__ushort_as_{word}", f"make_{word}2",
              f"__halves2{word}2", f"__{word}2{word}2", f"__float2{word}2_rn", f"__floats2{word}2_rn",
              f"__float22{word}2_rn", f"__{word}22float2", f"__low2{word}", f"__high2{word}", f"__low2{word}2",
              f"__high2{word}2", f"__lows2{word}2", f"__highs2{word}2", "__low2float", "__high2float",
              "__lowhigh2highlow", "__shfl_sync", "__shfl_up_sync", "__shfl_down_sync", "__shfl_xor_sync"]
    return names


def math_names() -> list[str]:
    """Intrinsics and functions of float, double and integers."""
    names = [f"__{kind}{op}_{mode}" for kind in "fd" for op in ("add", "sub", "mul", "div", "rcp", "sqrt")
             for mode in MODES]
    names += [f"__{fma}_{mode}" for fma in ("fmaf", "fma", "fmaf_ieee") for mode in MODES]
    names += [f"__{source}2{integer}_{mode}" for source in ("float", "double")
              for integer in ("int", "uint", "ll", "ull") for mode in MODES]
    names += [f"__{integer}2float_{mode}" for integer in ("int", "uint", "ll", "ull") for mode in MODES]
    names += [f"__{integer}2double_{mode}" for integer in ("ll", "ull") for mode in MODES]
    names += CONVERSIONS.split()
    names += [f"__{name}f" for name in ("sin", "cos", "tan", "exp", "exp10", "log", "log2", "log10", "pow", "tanh",
                                        "sincos", "saturate")]
    names += INTEGER_FUNCTIONS.split()
    names += [f"__v{op}{n}" for n in "24" for op in LANE_OPERATIONS.split()]
    names += [f"__vi{op}_{kind}" for op in ("max3", "min3", "addmax", "addmin", "bmax", "bmin")
              for kind in ("s32", "u32", "s16x2", "u16x2")]
    names += [f"__vi{op}_{kind}_relu" for op in ("max", "min", "max3", "min3", "addmax", "addmin")
              for kind in ("s32", "s16x2")]
    plain = MATH_FUNCTIONS.split()
    names += [*plain, *(f"{name}f" for name in plain), "isnan", "isinf", "isfinite", "signbit", "fdividef"]
    names += ["abs", "labs", "llabs", "min", "max", "umin", "umax", "llmin", "llmax", "ullmin", "ullmax"]
    return names


def other_names() -> list[str]:
    """Memory, atomics, clocks and address spaces."""
    operations = ("Add", "Sub", "Exch", "Min", "Max", "Inc", "Dec", "CAS", "And", "Or", "Xor")
    names = [f"atomic{op}{scope}" for op in operations for scope in ("", "_block", "_system")]
    names += [f"__nv_atomic_{op}" for op in ATOMIC_OPERATIONS.split()]
    names += MEMORY_FUNCTIONS.split()
    return names


@pytest.mark.parametrize(("header", "names"), [
    ("", math_names()), ("", other_names()), ("#include <cuda_fp16.h>\n", narrow_names("half")),
    ("#include <cuda_bf16.h>\n", narrow_names("bfloat16"))], ids=["math", "other", "half", "bfloat16"])
def test_every_documented_function_is_declared(header: str, names: list[str]) -> None:
    uses = "".join(f"namespace n{index} {{ using ::{name}; }}\n" for index, name in enumerate(names))
    try:
        compiles(header + uses + KERNEL)
    except CompileFailure as failure:
        missing = re.findall(r"no member named '(\w+)'", failure.log)
        pytest.fail(f"not declared: {missing or failure.log}")


@pytest.mark.parametrize("standard", ["c++03", "c++11", "c++14", "c++17", "c++20"])
def test_headers_compile_in_every_standard(standard: str) -> None:
    headers = ("cuda_fp8.h", "cuda_bf16.h", "cuda_fp16.h", "cuComplex.h", "math_constants.h", "cmath", "cstdint",
               "climits")
    assert "define" in compiles("".join(f"#include <{each}>\n" for each in headers) + KERNEL, f"-std={standard}")


@pytest.mark.parametrize(("macro", "text"), [
    ("__CUDA_NO_HALF_OPERATORS__", "__device__ __half a, b; static_assert(sizeof(a + b) == sizeof(float), \"\");"),
    ("__CUDA_NO_HALF2_OPERATORS__", "__device__ int operator+(const __half2 &, const __half2 &);"
                                    "__device__ __half2 a; static_assert(sizeof(a + a) == sizeof(int), \"\");"),
    ("__CUDA_NO_HALF_CONVERSIONS__", "static_assert(!__is_convertible(float, __half), \"\");"
                                     "static_assert(!__is_convertible(__half, float), \"\");"),
    ("CUDA_NO_HALF", "struct half { int mine; }; typedef int half2;"),
    ("__CUDA_NO_BFLOAT16_OPERATORS__",
     "__device__ __nv_bfloat16 a; static_assert(sizeof(a + a) == sizeof(float), \"\");"),
    ("__CUDA_NO_BFLOAT16_CONVERSIONS__", "static_assert(!__is_convertible(float, __nv_bfloat16), \"\");"),
    ("CUDA_NO_BFLOAT16", "struct nv_bfloat16 { int mine; };")])
def test_macros_take_parts_of_the_headers_away(macro: str, text: str) -> None:
    program = f"#include <cuda_bf16.h>\n{text}\n{KERNEL}"
    compiles(f"#define {macro}\n{program}")
    with pytest.raises(CompileFailure):
        compiles(program)


def test_headers_that_the_base_stands_for_may_be_named() -> None:
    names = ("builtin_types.h", "cuda_runtime.h", "device_types.h", "driver_types.h", "host_defines.h",
             "sm_30_intrinsics.h", "sm_60_atomic_functions.h", "vector_functions.h", "vector_types.h")
    compiles("".join(f"#include <{each}>\n" for each in names) + "__device__ cudaStream_t stream;\n" + KERNEL)


def test_an_include_that_is_not_taken_declares_nothing() -> None:
    own = "typedef unsigned short half;\nstruct __half { int mine; };\n"
    compiles(f"#if 0\n#include <cuda_fp16.h>\n#endif\n{own}{KERNEL}")


def test_the_precompiled_header_fits_what_a_program_includes() -> None:
    assert precompiled.fitting(["int x;"]) == "compatlayer_device.h"
    assert precompiled.fitting(["#include <cuda_fp16.h>"]).endswith("with_half.h")
    assert precompiled.fitting(["", "  # include \"cuda_bf16.h\"\n#include <cuda_fp16.h>"]).endswith("with_bfloat16.h")
    assert precompiled.fitting(["#define __CUDA_NO_HALF_OPERATORS__\n#include <cuda_fp16.h>"]) == "compatlayer_device.h"
    assert precompiled.fitting(["#include <cuda_fp16.h>", "-DCUDA_NO_HALF"]) == "compatlayer_device.h"
