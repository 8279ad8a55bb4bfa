"""The hidden thread, synchronisation, forward progress, attributes, dumps, and what is refused."""

from __future__ import annotations

import re

import pytest
from device_code import compiled, device_code

from compatlayer.compiler.image import DeviceCode
from compatlayer.compiler.targets import cpu
from compatlayer.errors import CompilerError

KERNEL = 'define ptx_kernel void @k(ptr %p, i32 %n) {{\nentry:\n{}\n}}\n{}\n'


def lowered(text: str, *skip: str) -> str:
    return cpu.lower(DeviceCode(ir=text, architecture="sm_86"), frozenset(skip))[0]


def body(text: str, name: str) -> str:
    match = re.search(rf"define [^\n]*@{re.escape(name)}\(.*?\n}}", text, re.S)
    assert match, text
    return match[0]


def test_every_device_function_gets_the_thread() -> None:
    for name in ("function_pointers", "virtual_calls", "recursion"):
        text = cpu.lower(compiled(name))[0]
        for head in re.findall(r"define [^\n]*", text):
            assert "%cpl.thread" in head or ("ptr" in head and "@cpl.entry." in head), head
        for call in re.findall(r"call [^@%\n]*([@%][^\n(]*)\(([^\n]*)\)", text):
            if not call[0].startswith(("@llvm.", "@cpl_")):
                assert call[1].startswith("ptr noundef %"), call


def test_library_functions_get_no_thread_and_are_pure() -> None:
    text = cpu.lower(device_code('extern "C" __global__ void k(float *p) { p[0] = tgammaf(p[1]); int q; '
                                 "p[3] = remquof(p[2], p[1], &q) + q; }"))[0]
    assert re.search(r"call [^\n]*float @__nv_tgammaf\(float", text)
    assert re.search(r"declare [^\n]*@__nv_tgammaf\(float[^\n]*\) memory\(none\)", text)
    assert "@__nv_remquof" in text and not re.search(r"declare [^\n]*@__nv_remquof\([^\n]*memory\(none\)", text)


def test_the_address_of_a_library_function_is_refused() -> None:
    text = KERNEL.format("  store ptr @__nv_sinf, ptr %p\n  ret void", "declare float @__nv_sinf(float)")
    with pytest.raises(CompilerError, match="__nv_sinf"):
        lowered(text)


@pytest.mark.parametrize(("loop", "yields"), [
    ("  %v = load i32, ptr %p", 0),
    ("  %v = load volatile i32, ptr %p", 1),
    ("  %v = load atomic i32, ptr %p monotonic, align 4", 1),
    ("  %v = atomicrmw add ptr %p, i32 1 monotonic", 1),
    ("  %x = atomicrmw add ptr %p, i32 1 monotonic\n  %v = load i32, ptr %p", 0),
    ("  %c = cmpxchg ptr %p, i32 0, i32 1 monotonic monotonic\n  %v = extractvalue { i32, i1 } %c, 0", 1),
    ("  call void @llvm.nvvm.membar.gl()\n  %v = load i32, ptr %p", 1),
    ("  %v = call i32 @waits(ptr %p)", 1),
    ("  %v = call i32 @plain(ptr %p)", 0),
    ("  %f = load ptr, ptr %p\n  %v = call i32 %f(ptr %p)", 1),
    ("  store volatile i32 1, ptr %p\n  %v = load i32, ptr %p", 0),
    ('  call void asm sideeffect "", "~{memory}"()\n  %v = load i32, ptr %p', 1),
])  # fmt: skip
def test_loops_that_can_wait_for_others_let_them_run(loop: str, yields: int) -> None:
    text = lowered(KERNEL.format(
        f"  br label %loop\nloop:\n{loop}\n  %done = icmp eq i32 %v, 0\n  br i1 %done, label %out, label %loop\nout:\n"
        "  ret void",
        "declare void @llvm.nvvm.membar.gl()\n"
        "define internal i32 @waits(ptr %p) {\n  %v = load volatile i32, ptr %p\n  ret i32 %v\n}\n"
        "define internal i32 @plain(ptr %p) {\n  %v = load i32, ptr %p\n  ret i32 %v\n}\n"))
    assert text.count("call void @cpl_yield(ptr %cpl.thread)") == yields


def test_only_the_loop_that_waits_yields() -> None:
    source = """extern "C" __global__ void k(volatile int *flag, int *p, int n) {
        while (*flag == 0) {}
        for (int i = 0; i < n; ++i) p[i] = p[i] * p[i] + i;
    }"""
    text = cpu.lower(device_code(source))[0]
    assert text.count("call void @cpl_yield") == 1
    assert "cpl_yield" not in cpu.lower(device_code(source), frozenset(("progress",)))[0]


def test_what_the_front_end_proved_of_functions_is_forgotten() -> None:
    source = """__device__ __noinline__ int mine() { return threadIdx.x * 3; }
    extern "C" __global__ void k(int *p) { p[mine()] = mine(); }"""
    code = device_code(source)
    assert "memory(none)" in code.ir
    text = cpu.lower(code)[0]
    head = re.search(r"define [^\n]*mine[^\n]*", text)
    assert head and "memory(" not in head[0] and "willreturn" not in head[0] and "#" not in head[0]
    assert not re.search(r"call [^\n]*mine[^\n]*(memory|#)", text)
    assert "!tbaa" not in text and "convergent" not in text


def test_calls_of_the_runtime_name_the_line_that_the_user_wrote() -> None:
    source = '\n\nextern "C" __global__ void k(int *p) {\n    p[0] = 1;\n    __syncthreads();\n    p[1] = p[0];\n}\n'
    text = cpu.lower(device_code(source))[0]
    site = re.search(r"call void @cpl_barrier\(ptr %cpl.thread, i32 0, i32 0, ptr (@cpl\.site\.\d+)\)", text)
    assert site
    constant = re.search(rf"{re.escape(site[1])} = private unnamed_addr constant [^\n]*", text)
    assert constant and "i32 5, i32 5" in constant[0]
    assert 'c"snippet.cu\\00"' in text and 'c"k\\00"' in text


@pytest.mark.parametrize("name", ["llvm.nvvm.shfl.down.i32", "llvm.nvvm.f2bf16.rn.satfinite", "llvm.eh.typeid.for.p0",
                                  "llvm.nvvm.mma.nothing"])
def test_what_is_not_supported_is_named(name: str) -> None:
    text = KERNEL.format(f"  call void @{name}(i32 %n)\n  ret void", f"declare void @{name}(i32)")
    with pytest.raises(CompilerError, match=re.escape(name)):
        lowered(text)


def test_reflection_answers_for_the_compilation() -> None:
    text = KERNEL.format(
        "  %a = call i32 @__nvvm_reflect(ptr @ftz)\n  store i32 %a, ptr %p\n  ret void",
        'declare i32 @__nvvm_reflect(ptr)\n@ftz = private constant [11 x i8] c"__CUDA_FTZ\\00"\n'
        '!llvm.module.flags = !{!0}\n!0 = !{i32 4, !"nvvm-reflect-ftz", i32 1}\n')
    assert "store i32 1, ptr %p" in lowered(text)
    assert "store i32 0, ptr %p" in lowered(text.replace("i32 1}", "i32 0}"))


def test_stack_slots_of_warp_operations_are_made_once_per_call_of_the_function() -> None:
    source = """extern "C" __global__ void k(int *p) {
        for (int i = 0; i < p[0]; ++i) { int all; p[i] = __match_all_sync(~0u, p[i], &all); p[i + 1] = all; }
    }"""
    text = body(cpu.lower(device_code(source))[0], "k")
    assert text.index("alloca") < text.index("br ")


def test_dumps_show_the_module_after_the_pass_that_is_asked_for(
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COMPATLAYER_DUMP", "after:thread")
    cpu.lower(compiled("recursion"))
    shown = capsys.readouterr().err
    assert "after thread" in shown and "%cpl.thread" in shown and "cpl.entry" not in shown
    monkeypatch.setenv("COMPATLAYER_DUMP", "after:all")
    cpu.lower(compiled("recursion"))
    assert capsys.readouterr().err.count("; ---- after ") >= 9


def test_a_virtual_function_without_a_body_is_a_trap() -> None:
    source = """struct Base { __device__ __noinline__ Base(int n) { use(n); } __device__ void use(int n) { size(n); }
        virtual __device__ int size(int) = 0; };
    struct Wide : Base { __device__ Wide(int n) : Base(n) {} __device__ int size(int x) override { return x; } };
    extern "C" __global__ void k(int *p) { Wide w(p[0]); Base *b = &w; p[1] = b->size(3); }"""
    code = device_code(source)
    assert "declare void @__cxa_pure_virtual()" in code.ir
    text = cpu.lower(code)[0]
    assert "call void @cpl_trap(ptr %cpl.thread" in body(text, "__cxa_pure_virtual")
