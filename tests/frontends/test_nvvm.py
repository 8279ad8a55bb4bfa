"""libnvvm through the real cuda.bindings.nvvm: NVVM IR as numba writes it, bitcode, options, logs, results, handles."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys

import pytest

nvvm = pytest.importorskip("cuda.bindings.nvvm")

LAYOUT = ("e-p:64:64:64-i1:8:8-i8:8:8-i16:16:16-i32:32:32-i64:64:64-i128:128:128-f32:32:32-f64:64:64-v16:16:16-"
          "v32:32:32-v64:64:64-v128:128:128-n16:32:64")
HEAD = f'target triple = "nvptx64-nvidia-cuda"\ntarget datalayout = "{LAYOUT}"\n'
# Typed pointers, quoted names, an alias of a kernel in !nvvm.annotations: as llvmlite prints for LLVM 7.
SCALE = HEAD + """
declare i32 @"llvm.nvvm.read.ptx.sreg.tid.x"()
@"scale__errcode__" = global i32 0
define void @"scale"(float* %"x", float %"a", i8* %"unused") {
entry:
  %".5" = call i32 @"llvm.nvvm.read.ptx.sreg.tid.x"()
  %".6" = getelementptr float, float* %"x", i32 %".5"
  %".7" = load float, float* %".6"
  %".8" = fmul float %".7", %"a"
  %".9" = fadd float %".8", 1.0
  store float %".9", float* %".6"
  store i32 3, i32* @"scale__errcode__"
  ret void
}
!nvvm.annotations = !{ !0 }
!nvvmir.version = !{ !1 }
!0 = !{ void (float*, float, i8*)* @"scale", !"kernel", i32 1 }
!1 = !{ i32 2, i32 0, i32 3, i32 1 }
"""
CALLER = SCALE.replace("declare i32", 'declare float @"twice"(float)\ndeclare i32', 1).replace(
    'fadd float %".8", 1.0', 'call float @"twice"(float %".8")')
TWICE = HEAD + """
define linkonce_odr float @"twice"(float %"v") {
  %"r" = fadd float %"v", %"v"
  ret float %"r"
}
"""
ARCH = "-arch=compute_86"


class Program:
    """A program that is destroyed at the end of the test."""

    def __init__(self, *modules: str | bytes, lazy: tuple[str | bytes, ...] = (), name: str = "given.ll") -> None:
        self.handle = nvvm.create_program()
        for text in modules:
            data = text.encode() if isinstance(text, str) else text
            nvvm.add_module_to_program(self.handle, data, len(data), name)
        for text in lazy:
            data = text.encode() if isinstance(text, str) else text
            nvvm.lazy_add_module_to_program(self.handle, data, len(data), "lazy")

    def verify(self, *options: str) -> None:
        nvvm.verify_program(self.handle, len(options), list(options))

    def compile(self, *options: str) -> bytes:
        nvvm.compile_program(self.handle, len(options), list(options))
        data = bytearray(nvvm.get_compiled_result_size(self.handle))
        nvvm.get_compiled_result(self.handle, data)
        return bytes(data)

    @property
    def log(self) -> str:
        data = bytearray(nvvm.get_program_log_size(self.handle))
        nvvm.get_program_log(self.handle, data)
        assert data.endswith(b"\0")
        return data[:-1].decode()

    def __del__(self) -> None:
        nvvm.destroy_program(self.handle)


def bitcode(text: str) -> bytes:
    done = subprocess.run([sys.executable, "-m", "ziglang", "clang", "-cc1", "-triple", "nvptx64-nvidia-cuda",
                           "-emit-llvm-bc", "-disable-llvm-passes", "-w", "-x", "ir", "-", "-o", "-"],
                          input=text.encode(), capture_output=True, check=True)
    return done.stdout


def refused(call: object, *arguments: str) -> str:
    with pytest.raises(nvvm.nvvmError) as caught:
        call(*arguments)  # type: ignore[operator]
    return str(caught.value).split()[0].removeprefix("ERROR_")


def test_versions() -> None:
    assert nvvm.version() == (2, 0)
    assert nvvm.ir_version()[0] == 2
    assert (nvvm.llvm_version("compute_86"), nvvm.llvm_version("compute_120") > 7) == (7, True)
    assert refused(nvvm.llvm_version, "compute_1") == "INVALID_INPUT"


@pytest.mark.parametrize("form", [str, bitcode])
def test_ptx_is_text_with_the_kernel_and_its_options(form: type) -> None:
    program = Program(form(SCALE))
    program.verify(ARCH)
    ptx = program.compile(ARCH, "-opt=3")
    text = ptx.rstrip(b"\0").decode()
    assert re.search(r"\.visible \.entry scale\(", text) and ".target sm_86" in text
    assert "fma.rn.f32" in text and program.log == ""
    assert "fma.rn.f32" not in Program(form(SCALE)).compile(ARCH, "-fma=0").decode()
    plain = Program(form(SCALE)).compile(ARCH, "-opt=0").decode()
    assert "fma.rn" not in plain and "mul.rn.f32" in plain
    assert "fma.rn.ftz.f32" in Program(form(SCALE)).compile(ARCH, "-ftz=1").decode()


FAST = SCALE.replace(
    "declare i32", 'declare float @__nv_fast_sinf(float)\ndeclare float @llvm.sqrt.f32(float)\ndeclare i32', 1).replace(
    'fmul float %".7", %"a"', 'fdiv float %".7", %"a"').replace(
    'fadd float %".8", 1.0', 'call float @llvm.sqrt.f32(float %".s")').replace(
    '  %".9"', '  %".s" = call float @__nv_fast_sinf(float %".8")\n  %".9"', 1)


def test_what_may_be_approximate_is_so_in_ptx_text_where_options_say() -> None:
    exact = {"div.rn.f32", "sqrt.rn.f32", "sin.approx.f32"}
    flushing = {"div.rn.ftz.f32", "sqrt.approx.ftz.f32", "sin.approx.ftz.f32"}
    for words, expected in (((), exact), (("-prec-div=0",), exact - {"div.rn.f32"} | {"div.full.f32"}),
                            (("-prec-sqrt=0", "-ftz=1"), flushing), ((), exact)):
        text = Program(FAST).compile(ARCH, *words).decode()
        assert set(re.findall(r"(?:div|sqrt|sin)\.[.\w]+", text)) == expected


def test_a_function_that_another_input_defines_is_declared_in_the_ptx() -> None:
    text = Program(CALLER).compile(ARCH).decode()
    assert re.search(r"\.extern\s+\.func.*?\btwice\b\s*\(.*?\)\s*;", text, re.DOTALL)


def test_modules_are_joined_and_lazy_ones_only_where_they_are_needed() -> None:
    for program in (Program(CALLER, TWICE), Program(CALLER, bitcode(TWICE)), Program(CALLER, lazy=(TWICE,)),
                    Program(CALLER, lazy=(bitcode(TWICE),))):
        text = program.compile(ARCH).decode()
        assert ".entry scale(" in text and ".extern" not in text
    assert "broken" not in Program(SCALE, lazy=("broken",)).compile(ARCH).decode()


def test_lto_ir_has_its_magic_and_needs_no_ptx() -> None:
    assert Program(SCALE).compile(ARCH, "-gen-lto").startswith(b"\xed\x43\x4e\x7f")


@pytest.mark.parametrize(("wrong", "place", "said"), [
    ('fadd float %".8", 1.0', "(11, ", "expected type"), ('fmul float %".7"', "(10, ", "undefined value"),
    ("  ret void\n", "(13, ", "expected instruction"),
])
def test_damaged_ir_is_refused_with_its_line(wrong: str, place: str, said: str) -> None:
    replaced = {"fadd": wrong.replace("float", "flot"), "fmul": wrong.replace(".7", ".77")}.get(wrong[:4], "")
    program = Program(SCALE.replace(wrong, replaced))
    assert refused(program.verify, ARCH) == "INVALID_IR"
    assert program.log.startswith("given.ll (") and said in program.log, program.log
    assert refused(program.compile, ARCH) == "INVALID_IR"
    assert refused(nvvm.get_compiled_result_size, program.handle) == "INVALID_PROGRAM"


@pytest.mark.parametrize("data", [b"BC\xc0\xde" + bytes(40), b"\x7fELF", b"\0\0\0\0", bitcode(SCALE)[:-200]])
def test_damaged_bitcode_is_refused(data: bytes) -> None:
    program = Program(data)
    assert refused(program.verify, ARCH) == "INVALID_IR"
    assert program.log.startswith("given.ll")


@pytest.mark.parametrize("option", ["-no-such-option", "-arch=compute_1", "-arch=sm_86", "-fma=2", "-opt=9", "arch",
                                    "-gen-lto=1", "-ftz", "--numba-debug"])
def test_an_unknown_option_is_named(option: str) -> None:
    program = Program(SCALE)
    for call in (program.verify, program.compile):
        assert refused(call, ARCH, option) == "INVALID_OPTION"
        assert option in program.log


def test_documented_options_are_taken() -> None:
    Program(SCALE).compile(ARCH, "-g", "-generate-line-info", "-opt=0", "-ftz=0", "-prec-sqrt=0", "-prec-div=1",
                           "-fma=1", "-split-compile=2", "-jump-table-density=100", "-Ofast-compile=max")


def test_a_kernel_that_must_not_be_inlined_is_warned_of() -> None:
    for text in (SCALE.replace('%"unused") {', '%"unused") noinline {'),
                 SCALE.replace('%"unused") {', '%"unused") #0 {') + "attributes #0 = { noinline nounwind }\n"):
        program = Program(text)
        program.compile(ARCH)
        assert "overriding noinline attribute on kernel function 'scale'" in program.log
    program = Program(TWICE.replace("%\"v\") {", "%\"v\") noinline {"))
    program.compile(ARCH)
    assert program.log == ""


WARP = HEAD + """
declare {i32, i1} @"llvm.nvvm.vote.sync"(i32, i32, i1)
declare {i32, i1} @"llvm.nvvm.shfl.sync.i32"(i32, i32, i32, i32, i32)
declare {i32, i1} @"llvm.nvvm.match.all.sync.i64"(i32, i64)
declare i32 @"llvm.nvvm.read.ptx.sreg.laneid"()
declare void @"llvm.nvvm.barrier0"()
define void @"warp"(i32* %"x") {
entry:
  %"lane" = call i32 @"llvm.nvvm.read.ptx.sreg.laneid"()
  %"low" = icmp ult i32 %"lane", 5
  %"into" = getelementptr i32, i32* %"x", i32 %"lane"
BODY
  call void @"llvm.nvvm.barrier0"()
  ret void
}
!nvvm.annotations = !{ !0 }
!0 = !{ void (i32*)* @"warp", !"kernel", i32 1 }
"""
ACTIVE = """
  br i1 %"low", label %"a", label %"b"
a:
  %"va" = call i32 asm "activemask.b32 $0;", "=r"()
  store i32 %"va", i32* %"into"
  br label %"end"
b:
  %"vb" = call i32 asm "activemask.b32 $0;", "=r"()
  store i32 %"vb", i32* %"into"
  br label %"end"
end:
"""


def paired(call: str, part: int) -> str:
    widen = '%"v" = zext i1 %"e" to i32' if part else '%"v" = add i32 %"e", 0'
    return f"""
  %"p" = call {{i32, i1}} {call}
  %"e" = extractvalue {{i32, i1}} %"p", {part}
  {widen}
  store i32 %"v", i32* %"into"
"""


@pytest.mark.parametrize(("body", "expected"), [
    *((paired(f'@"llvm.nvvm.vote.sync"(i32 -1, i32 {mode}, i1 %"low")', int(mode < 3)), [value] * 32)
      for mode, value in enumerate((0, 1, 0, 31))),
    *((paired(f'@"llvm.nvvm.shfl.sync.i32"(i32 -1, i32 {mode}, i32 %"lane", i32 {by}, i32 {clamp})', 0), expected)
      for mode, by, clamp, expected in (
          (0, 7, 31, [7] * 32), (1, 1, 0, [0, *range(31)]), (2, 1, 31, [*range(1, 32), 31]),
          (3, 1, 31, [lane ^ 1 for lane in range(32)]))),
    (paired('@"llvm.nvvm.match.all.sync.i64"(i32 -1, i64 7)', 1), [1] * 32),
    (ACTIVE, [0b11111] * 5 + [0xFFFFFFFF - 0b11111] * 27),
])
def test_nvvms_own_warp_operations(body: str, expected: list[int]) -> None:
    core, numpy = pytest.importorskip("cuda.core"), pytest.importorskip("numpy")
    ptx = Program(WARP.replace("BODY", body)).compile(ARCH)
    device = core.Device()
    device.set_current()
    stream = device.create_stream()
    buffer = core.LegacyPinnedMemoryResource().allocate(128, stream=stream)
    core.launch(stream, core.LaunchConfig(grid=1, block=32), core.ObjectCode.from_ptx(ptx).get_kernel("warp"), buffer)
    stream.sync()
    assert numpy.from_dlpack(buffer).view(numpy.uint32).tolist() == expected


def test_architectures_of_cuda_12_are_taken_too() -> None:
    assert ".target sm_53" in Program(SCALE).compile("-arch=compute_53").decode()


def test_a_module_for_something_else_is_not_nvvm_ir() -> None:
    program = Program(SCALE.replace("nvptx64-nvidia-cuda", "x86_64-pc-linux-gnu"), name="host.ll")
    assert refused(program.verify, ARCH) == "INVALID_IR"
    assert "Invalid target triple (x86_64-pc-linux-gnu)" in program.log and "host.ll" in program.log


def test_misuse_has_the_documented_errors() -> None:
    assert refused(Program().compile, ARCH) == "NO_MODULE_IN_PROGRAM"
    assert refused(nvvm.verify_program, 8, 0, []) == "INVALID_PROGRAM"
    program = Program(SCALE)
    assert refused(nvvm.add_module_to_program, program.handle, b"", 0, "empty") == "INVALID_INPUT"
    assert refused(nvvm.get_compiled_result_size, program.handle) == "INVALID_PROGRAM"


def test_error_strings_are_the_names() -> None:
    library = ctypes.CDLL("libnvvm.so.4")
    library.nvvmGetErrorString.restype = ctypes.c_char_p
    assert library.nvvmGetErrorString(6) == b"NVVM_ERROR_INVALID_IR"
    assert b"unknown" in library.nvvmGetErrorString(77)
