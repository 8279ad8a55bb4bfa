"""The C headers as programs include them, and as the generator reads them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compatlayer.api.header import Function, read_codes, read_functions, read_library, split
from compatlayer.api.library import CUDA, NVRTC
from compatlayer.api.toolchain import find_toolchain
from compatlayer.paths import include_dir

HEADERS = ["cuda.h", "nvrtc.h", "nvvm.h", "nvJitLink.h", "curand.h", "cudaProfiler.h", "cudaGL.h",
           "cudaEGL.h", "cudaVDPAU.h"]


def check(text: str, folder: Path, language: str, *flags: str) -> subprocess.CompletedProcess[str]:
    source = folder / ("source.c" if language.startswith("c1") or language == "c99" else "source.cc")
    source.write_text(text)
    # gcc is often installed without g++; the ziglang package always knows C++.
    plus = language.startswith("c++") and not shutil.which("g++")
    compiler = [sys.executable, "-m", "ziglang", "cc"] if plus else find_toolchain().command
    command = [*compiler, f"-std={language}", "-Wall", "-Wextra", "-Werror", *flags, "-c"]
    command += ["-I", str(include_dir()), str(source), "-o", str(folder / "source.o")]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def functions() -> list[Function]:
    return read_library(find_toolchain().command, include_dir(), CUDA)[1]


@pytest.mark.parametrize("language", ["c99", "c11", "c++11", "c++17"])
@pytest.mark.parametrize("define", ["-DPLAIN", "-DCPL_NO_NAME_MACROS", "-DCUDA_API_PER_THREAD_DEFAULT_STREAM"])
def test_every_header_compiles(tmp_path: Path, language: str, define: str) -> None:
    text = "".join(f"#include <{header}>\n" for header in HEADERS)
    done = check(text, tmp_path, language, define)
    assert done.returncode == 0, done.stderr


def test_unsuffixed_names_mean_the_newest_variants(tmp_path: Path) -> None:
    text = """
    #include <cuda.h>
    CUresult use(CUcontext *context, CUctxCreateParams *params, CUdeviceptr *pointer)
    {
        CUresult (*alloc)(CUdeviceptr *, size_t) = cuMemAlloc_v2;
        return cuMemAlloc == alloc ? cuCtxCreate(context, params, 0, 0) : cuMemcpyHtoD(*pointer, context, 8);
    }
    """
    assert check(text, tmp_path, "c11").returncode == 0


def test_sources_for_the_per_thread_stream_call_its_variants(tmp_path: Path) -> None:
    text = """
    #include <cuda.h>
    CUresult (*copy)(CUdeviceptr, const void *, size_t) = cuMemcpyHtoD_v2_ptds;
    CUresult (*query)(CUstream) = cuStreamQuery_ptsz;
    int same(void) { return copy == cuMemcpyHtoD && query == cuStreamQuery; }
    """
    assert check(text, tmp_path, "c11", "-DCUDA_API_PER_THREAD_DEFAULT_STREAM").returncode == 0


def test_the_renaming_list_names_exactly_the_functions_with_per_thread_variants(functions: list[Function]) -> None:
    text = (include_dir() / "compatlayer" / "cuda" / "names.h").read_text()
    listed = set(re.findall(r"#define (\w+) \1_pt(?:ds|sz)", text))
    renamed = set(re.findall(r"#define (\w+) (?!\1_pt)\w+", text))
    expected = {function.name for function in functions if function.per_thread_suffix} - renamed
    assert listed == expected


def test_the_unsuffixed_macros_name_declared_functions(functions: list[Function]) -> None:
    text = (include_dir() / "compatlayer" / "cuda" / "names.h").read_text()
    targets = set(re.findall(r"#define \w+ (\w+?)(?:_pt(?:ds|sz))?$", text, re.MULTILINE))
    assert targets - {function.name for function in functions} == set()


def test_per_thread_variants_follow_the_documented_rule(functions: list[Function]) -> None:
    for function in functions:
        takes_stream = any(parameter.kind == "CUstream" for parameter in function.parameters)
        if function.per_thread_suffix == "_ptds":
            assert not takes_stream, function.name
            assert function.name.startswith(("cuMemcpy", "cuMemset", "cuGLMapBufferObject"))
        elif function.per_thread_suffix == "_ptsz":
            in_structure = {"cuGraphInstantiateWithParams", "cuLaunchKernelEx"}
            assert takes_stream or function.name in in_structure
        elif takes_stream:
            assert function.name.startswith("cuStreamDestroy") or function.name == "cuLaunchGridAsync"


def test_versions_grow_with_the_suffix(functions: list[Function]) -> None:
    variants: dict[str, list[tuple[int, int]]] = {}
    for function in functions:
        number = re.search(r"_v(\d+)$", function.name)
        variants.setdefault(function.base, []).append((int(number[1]) if number else 1, function.version))
    wrong = [base for base, found in variants.items() if [v for _, v in sorted(found)] != sorted(v for _, v in found)]
    assert wrong == []


def test_pointers_to_data_are_told_from_handles_and_inputs() -> None:
    types, found = split(
        "typedef struct thing *handle; typedef int code;\n"
        "__cpl_api(2000, 0, none) code f(handle h, int *out, const int *in, void *raw, void **place,"
        " const char **text, const char *const *list, void (*call)(int), handle *made);"
    )
    (function,) = read_functions(types, found)
    assert [p.name for p in function.parameters if p.data] == ["out", "place", "text", "made"]


def test_a_function_declared_twice_is_refused() -> None:
    types, found = split("__cpl_api(1, 0, none) int f(int a); __cpl_api(2, 0, none) int f(int a);")
    with pytest.raises(ValueError, match="f is declared twice"):
        read_functions(types, found)


def test_every_result_code_has_a_text() -> None:
    codes = read_codes(include_dir() / "compatlayer" / "cuda" / "result.h", "} CUresult;")
    assert len(codes) == 106
    assert [code.name for code in codes if not code.text] == []


def test_the_compiler_library_declares_29_functions() -> None:
    assert len(read_library(find_toolchain().command, include_dir(), NVRTC)[1]) == 29
