"""libnvrtc through the real cuda.bindings.nvrtc: options, headers, names, logs, results, handles."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

nvrtc = pytest.importorskip("cuda.bindings.nvrtc")

ADD = "extern \"C\" __global__ void add(int *x, int y) { x[threadIdx.x] += y; }"
PAIR = """
template <typename T> struct Pair { T a, b; };
template <typename T> __global__ void fill(T *out, T value) { *out = value; }
namespace inner { __global__ void plain(int *out) { *out = 1; } }
__constant__ int table[4];
"""


class Program:
    """A program that is destroyed at the end of the test."""

    def __init__(self, source: str, name: str = "test.cu", headers: dict[str, str] | None = None) -> None:
        given = headers or {}
        self.handle = value(nvrtc.nvrtcCreateProgram(
            source.encode(), name.encode(), len(given), [text.encode() for text in given.values()],
            [label.encode() for label in given]))

    def compile(self, *options: str) -> str:
        status, = nvrtc.nvrtcCompileProgram(self.handle, len(options), [one.encode() for one in options])
        return status.name.removeprefix("NVRTC_").removeprefix("ERROR_")

    @property
    def log(self) -> str:
        data = bytearray(value(nvrtc.nvrtcGetProgramLogSize(self.handle)))
        value(nvrtc.nvrtcGetProgramLog(self.handle, data))
        assert data.endswith(b"\0")
        return data[:-1].decode()

    def get(self, form: str) -> bytes:
        data = bytearray(value(getattr(nvrtc, f"nvrtcGet{form}Size")(self.handle)))
        value(getattr(nvrtc, f"nvrtcGet{form}")(self.handle, data))
        return bytes(data)

    def size(self, form: str) -> int:
        return int(value(getattr(nvrtc, f"nvrtcGet{form}Size")(self.handle)))

    def status(self, name: str, *arguments: Any) -> str:
        result = getattr(nvrtc, name)(self.handle, *arguments)[0]
        return str(result.name.removeprefix("NVRTC_").removeprefix("ERROR_"))

    def __del__(self) -> None:
        nvrtc.nvrtcDestroyProgram(self.handle)


def value(answer: tuple) -> Any:
    status, *values = answer
    assert int(status) == 0, status
    return values[0] if len(values) == 1 else values


def test_the_version_is_13() -> None:
    assert value(nvrtc.nvrtcVersion()) == [13, 0]


def test_architectures_ascend_and_hold_the_device() -> None:
    found = value(nvrtc.nvrtcGetSupportedArchs())
    assert len(found) == value(nvrtc.nvrtcGetNumSupportedArchs())
    assert found == sorted(set(found))
    assert {75, 80, 86, 87, 89, 90} <= set(found)


def test_results_have_names() -> None:
    for result in nvrtc.nvrtcResult:
        assert value(nvrtc.nvrtcGetErrorString(result)).decode() == result.name


def test_a_program_gives_ptx_and_cubin() -> None:
    program = Program(ADD)
    assert program.compile("--gpu-architecture=sm_86") == "SUCCESS"
    ptx = program.get("PTX")
    assert ptx.endswith(b"\0")
    assert b".visible .entry add(" in ptx
    assert len(program.get("CUBIN")) > 100
    assert program.log == ""
    assert program.size("LTOIR") == 0
    assert program.status("nvrtcGetLTOIR", bytearray(1)) == "INVALID_PROGRAM"


def test_a_virtual_architecture_gives_no_cubin() -> None:
    for options in (("-arch=compute_86",), ()):
        program = Program(ADD)
        assert program.compile(*options) == "SUCCESS"
        assert program.size("CUBIN") == 0
        assert program.status("nvrtcGetCUBIN", bytearray(1)) == "INVALID_PROGRAM"
        assert program.size("PTX") > 0


def test_dlto_gives_ltoir_only() -> None:
    program = Program(ADD)
    assert program.compile("-arch=sm_86", "-dlto") == "SUCCESS"
    assert program.size("LTOIR") > 0
    assert program.size("PTX") == program.size("CUBIN") == 0
    assert program.status("nvrtcGetPTX", bytearray(1)) == "SUCCESS"
    assert program.status("nvrtcGetCUBIN", bytearray(1)) == "INVALID_PROGRAM"


def test_forms_that_are_never_made_have_no_size() -> None:
    program = Program(ADD)
    assert program.compile("-arch=sm_86") == "SUCCESS"
    for form in ("OptiXIR", "TileIR"):
        if hasattr(nvrtc, f"nvrtcGet{form}Size"):
            assert program.size(form) == 0
            assert program.status(f"nvrtcGet{form}", bytearray(1)) == "INVALID_PROGRAM"


def test_results_before_a_compilation_are_invalid() -> None:
    program = Program(ADD)
    for form in ("PTX", "CUBIN", "LTOIR"):
        assert program.status(f"nvrtcGet{form}Size") == "INVALID_PROGRAM"
    assert program.log == ""
    assert program.status("nvrtcGetLoweredName", b"add") == "NO_LOWERED_NAMES_BEFORE_COMPILATION"


def test_a_compile_error_is_in_the_log_with_file_line_and_caret() -> None:
    program = Program("\n\n__global__ void broken(int *x) { *x = undeclared; }", "folder/broken.cu")
    assert program.compile() == "COMPILATION"
    assert "folder/broken.cu(3): error:" in program.log
    assert "undeclared" in program.log
    assert "^" in program.log
    assert program.status("nvrtcGetPTXSize") == "INVALID_PROGRAM"
    assert program.status("nvrtcGetLoweredName", b"broken") == "NAME_EXPRESSION_NOT_VALID"


def test_a_program_can_be_compiled_again() -> None:
    program = Program("#ifndef GOOD\n#error not yet\n#endif\n" + ADD)
    assert program.compile() == "COMPILATION"
    assert program.compile("-DGOOD") == "SUCCESS"
    assert program.log == ""
    assert program.size("PTX") > 0


@pytest.mark.parametrize("option", ["--no-such-option", "-arch=sm_12", "--std=c++99", "plain-word", "-arch"])
def test_an_unknown_option_is_refused_by_name(option: str) -> None:
    program = Program(ADD)
    assert program.compile(option) == "INVALID_OPTION"
    assert option.partition("=")[0].lstrip("-") in program.log


@pytest.mark.parametrize(
    "options",
    [("-I/tmp", "-DX=1", "-UX"), ("--std=c++20",), ("-use_fast_math",), ("-G", "-lineinfo"), ("-w", "--fmad=false"),
     ("--define-macro=Y", "--include-path=/tmp"), ("-rdc=true",), ("-D", "Z=2"), ("--maxrregcount=32",)],
)
def test_documented_options_are_taken(options: tuple[str, ...]) -> None:
    assert Program(ADD).compile(*options) == "SUCCESS"


def test_headers_given_by_name_are_found() -> None:
    headers = {"one.h": "#pragma once\n#include \"deep/two.h\"\n", "deep/two.h": "#define TWO 2\n"}
    program = Program("#include \"one.h\"\n#include <deep/two.h>\n__global__ void k(int *x) { *x = TWO; }",
                      headers=headers)
    assert program.compile() == "SUCCESS", program.log
    missing = Program("#include \"three.h\"\n", headers=headers)
    assert missing.compile() == "COMPILATION"
    assert "three.h" in missing.log


def test_name_expressions_have_lowered_names() -> None:
    program = Program(PAIR)
    names = ["fill<float>", "fill<Pair<int> >", "inner::plain", "&table", "fill<  double  >"]
    for name in names:
        assert program.status("nvrtcAddNameExpression", name.encode()) == "SUCCESS"
    assert program.compile("-arch=sm_86") == "SUCCESS", program.log
    lowered = [value(nvrtc.nvrtcGetLoweredName(program.handle, name.encode())).decode() for name in names]
    assert lowered[0] == "_Z4fillIfEvPT_S0_"
    assert lowered[2] == "_ZN5inner5plainEPi"
    assert lowered[3] == "table"
    assert len(set(lowered)) == len(names)
    ptx = program.get("PTX").decode()
    assert all(name in ptx for name in lowered)
    assert program.status("nvrtcGetLoweredName", b"fill<char>") == "NAME_EXPRESSION_NOT_VALID"
    assert program.status("nvrtcAddNameExpression", b"late") == "NO_NAME_EXPRESSIONS_AFTER_COMPILATION"


def test_a_name_expression_that_does_not_exist_fails_the_compilation() -> None:
    program = Program(PAIR)
    program.status("nvrtcAddNameExpression", b"nothing<int>")
    assert program.compile() == "COMPILATION"
    assert "nothing" in program.log


def test_stale_and_foreign_handles_are_invalid_programs() -> None:
    handle = value(nvrtc.nvrtcCreateProgram(ADD.encode(), b"x.cu", 0, [], []))
    stale = nvrtc.nvrtcProgram(int(handle))
    assert int(nvrtc.nvrtcDestroyProgram(handle)[0]) == 0
    for wrong in (stale, nvrtc.nvrtcProgram(0), nvrtc.nvrtcProgram(0x1234)):
        assert nvrtc.nvrtcCompileProgram(wrong, 0, [])[0].name == "NVRTC_ERROR_INVALID_PROGRAM"
        assert nvrtc.nvrtcGetProgramLogSize(wrong)[0].name == "NVRTC_ERROR_INVALID_PROGRAM"
        assert nvrtc.nvrtcDestroyProgram(wrong)[0].name == "NVRTC_ERROR_INVALID_PROGRAM"


def test_null_pointers_are_invalid_input() -> None:
    library = ctypes.CDLL("libnvrtc.so.13")
    invalid = 3
    handle = ctypes.c_void_p()
    assert library.nvrtcCreateProgram(None, b"", b"", 0, None, None) == invalid
    assert library.nvrtcCreateProgram(ctypes.byref(handle), None, b"", 0, None, None) == invalid
    assert library.nvrtcCreateProgram(ctypes.byref(handle), ADD.encode(), None, 1, None, None) == invalid
    assert library.nvrtcVersion(None, None) == invalid
    assert library.nvrtcCreateProgram(ctypes.byref(handle), ADD.encode(), None, 0, None, None) == 0
    assert library.nvrtcCompileProgram(handle, 2, None) == invalid
    assert library.nvrtcAddNameExpression(handle, None) == invalid
    assert library.nvrtcDestroyProgram(ctypes.byref(handle)) == 0
    assert handle.value is None


def test_the_flow_callback_can_cancel() -> None:
    library = ctypes.CDLL("libnvrtc.so.13")
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    seen = []
    for answer, status in ((1, 16), (0, 0)):
        handle = ctypes.c_void_p()
        assert library.nvrtcCreateProgram(ctypes.byref(handle), ADD.encode(), None, 0, None, None) == 0
        callback = kind(lambda payload, reserved, answer=answer: seen.append(payload) or answer)
        assert library.nvrtcSetFlowCallback(handle, callback, ctypes.c_void_p(77)) == 0
        assert library.nvrtcCompileProgram(handle, 0, None) == status
        assert library.nvrtcDestroyProgram(ctypes.byref(handle)) == 0
    assert set(seen) == {77}


def test_precompiled_headers_are_honest() -> None:
    program = Program(ADD)
    assert program.compile("-pch") == "SUCCESS"
    assert program.status("nvrtcGetPCHCreateStatus") == "NO_PCH_CREATE_ATTEMPTED"
    assert value(nvrtc.nvrtcGetPCHHeapSizeRequired(program.handle)) == 0
    before = value(nvrtc.nvrtcGetPCHHeapSize())
    value(nvrtc.nvrtcSetPCHHeapSize(1 << 20))
    assert value(nvrtc.nvrtcGetPCHHeapSize()) == 1 << 20
    value(nvrtc.nvrtcSetPCHHeapSize(before))


def test_no_headers_are_bundled_and_the_library_says_so() -> None:
    library = ctypes.CDLL("libnvrtc.so.13")
    info = (ctypes.c_char * 64)(*[1] * 64)
    log = ctypes.c_char_p()
    assert library.nvrtcGetBundledHeadersInfo(info, ctypes.byref(log)) == 0
    assert int.from_bytes(bytes(info[:4]), "little") == 0
    assert library.nvrtcInstallBundledHeaders(b"/nowhere", 0, ctypes.byref(log)) != 0
    assert library.nvrtcRemoveBundledHeaders(b"/nowhere", ctypes.byref(log)) != 0
    assert b"built in" in (log.value or b"")


def test_what_the_engine_lacks_is_a_compile_error_at_its_line() -> None:
    program = Program("extern \"C\" __global__ void k(int *x)\n{\n    asm(\"frobnicate.b32 %0;\" : \"=r\"(*x));\n}")
    assert program.compile("-arch=sm_86") == "COMPILATION"
    assert "test.cu:3" in program.log or "test.cu(3)" in program.log
    assert "frobnicate" in program.log
