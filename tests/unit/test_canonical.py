"""The passes of the canonical form one by one, what they refuse, and that the check sees every breach."""

from __future__ import annotations

import re

import pytest
from device_code import SNIPPETS

from compatlayer.compiler import compile_cuda
from compatlayer.compiler.ir.instructions import Alloca, Call, Phi
from compatlayer.compiler.ir.printer import print_module
from compatlayer.compiler.ir.reader import read
from compatlayer.compiler.ir.values import Function, Module
from compatlayer.compiler.ir.verifier import verify
from compatlayer.compiler.passes import canonical, pipeline
from compatlayer.compiler.passes.canonical import Loops
from compatlayer.compiler.passes.canonical.check import NotCanonical
from compatlayer.compiler.passes.unsupported import Unsupported

DECLARATIONS = """
declare void @cpl_exit(ptr) noreturn
declare void @cpl_trap(ptr, ptr) noreturn
declare void @cpl_barrier(ptr, i32, i32, ptr)
declare void @llvm.assume(i1)
declare void @llvm.lifetime.start.p0(ptr)
declare i32 @llvm.expect.i32(i32, i32)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""


def parsed(body: str, more: str = "", arguments: str = "ptr %p, i32 %n, i1 %c") -> tuple[Module, Function]:
    module = read(f"define ptx_kernel void @k({arguments}) {{\nentry:\n{body}\n}}\n{more}\n{DECLARATIONS}")
    kernel = module.symbols["k"]
    assert isinstance(kernel, Function)
    verify(module)
    return module, kernel


def made(body: str, more: str = "", arguments: str = "ptr %p, i32 %n, i1 %c") -> tuple[Function, str]:
    """The kernel in canonical form and its text."""
    module, kernel = parsed(body, more, arguments)
    canonical.run(module, kernel)
    canonical.check(module, kernel)
    verify(module)
    match = re.search(r"define ptx_kernel.*?\n}", print_module(module), re.S)
    assert match
    return kernel, match[0]


def opcodes(function: Function) -> list[str]:
    return [each.opcode for each in function.instructions()]


# ---- ways out and branches -----------------------------------------------------------------------
def test_all_returns_go_to_one_block() -> None:
    kernel, _ = made("  br i1 %c, label %a, label %b\na:\n  store i32 1, ptr %p\n  ret void\nb:\n"
                     "  store i32 2, ptr %p\n  ret void")
    assert opcodes(kernel).count("ret") == 1
    assert len(kernel.blocks[-1].instructions) == 1


def test_a_thread_that_exits_returns_and_what_follows_is_gone() -> None:
    kernel, text = made("  br i1 %c, label %a, label %b\na:\n  call void @cpl_exit(ptr %p)\n  store i32 7, ptr %p\n"
                        "  unreachable\nb:\n  ret void")
    assert "cpl_exit" not in text and "i32 7" not in text
    assert "unreachable" not in opcodes(kernel)


def test_lanes_that_exit_leave_the_mode_that_flushes_to_the_others() -> None:
    source = 'extern "C" __global__ void k(float *p) { if (p[0] > 1.f) asm volatile("exit;"); p[1] = p[2] * p[3]; }'
    module = read(compile_cuda(source, "s.cu", ["--gpu-architecture=sm_86", "-ftz=true"]).ir)
    module.host = "x86_64"
    for step, run in pipeline.NAIVE:
        if step != "entries":
            module = run(module)
    assert "@llvm.x86.sse.ldmxcsr(" in print_module(module)
    kernel = module.symbols["k"]
    assert isinstance(kernel, Function)
    canonical.run(module, kernel)
    canonical.check(module, kernel)
    assert not any(isinstance(each, (Call, Alloca)) for each in kernel.instructions())


def test_code_behind_a_trap_is_unreachable() -> None:
    kernel, text = made("  br i1 %c, label %a, label %b\na:\n  call void @cpl_trap(ptr %p, ptr null)\n"
                        "  store i32 7, ptr %p\n  br label %b\nb:\n  ret void")
    assert "i32 7" not in text
    assert opcodes(kernel).count("unreachable") == 1


def test_a_branch_to_what_is_never_reached_is_none() -> None:
    kernel, _ = made("  br i1 %c, label %a, label %b\na:\n  br label %never\nnever:\n  unreachable\nb:\n  ret void")
    assert "unreachable" not in opcodes(kernel)
    assert len(kernel.blocks) == 2


def test_a_kernel_that_never_returns_is_refused() -> None:
    with pytest.raises(Unsupported, match="never returns"):
        made("  br label %loop\nloop:\n  store volatile i32 1, ptr %p\n  br label %loop")
    with pytest.raises(Unsupported, match="never returns"):
        made("  call void @cpl_trap(ptr %p, ptr null)\n  unreachable\ndead:\n  ret void")


@pytest.mark.parametrize("cases", [1, 6, 7, 40])
def test_a_switch_becomes_a_chain_or_a_balanced_tree(cases: int) -> None:
    lines = "\n".join(f"    i32 {3 * case - 20}, label %b{case}" for case in range(cases))
    blocks = "\n".join(f"b{case}:\n  store i32 {case}, ptr %p\n  br label %out" for case in range(cases))
    kernel, _ = made(f"  switch i32 %n, label %out [\n{lines}\n  ]\n{blocks}\nout:\n  ret void")
    depth: dict[object, int] = {kernel.blocks[0]: 0}
    for block in Loops(kernel).order:
        for target in block.successors:
            depth[target] = max(depth.get(target, 0), depth[block] + 1)
    deepest = max(value for block, value in depth.items() if len(block.instructions) > 1)
    assert "switch" not in opcodes(kernel)
    assert deepest <= (7 if cases <= 6 else 10)


def test_cases_of_one_target_side_by_side_take_one_comparison() -> None:
    kernel, text = made("  switch i32 %n, label %out [\n    i32 1, label %a\n    i32 2, label %a\n    i32 3, label %a\n"
                        "  ]\na:\n  store i32 1, ptr %p\n  br label %out\nout:\n  ret void")
    assert opcodes(kernel).count("icmp") == 1 and "icmp ule" in text


# ---- loops ---------------------------------------------------------------------------------------
LOOP = """
  br label %head
head:
  %i = phi i32 [ 0, %entry ], [ %a, %one ], [ %a, %two ]
  %a = add i32 %i, 1
  %d = icmp eq i32 %a, %n
  br i1 %d, label %out, label %body
body:
  br i1 %c, label %one, label %two
one:
  store i32 %a, ptr %p
  br label %head
two:
  br label %head
out:
  store i32 %i, ptr %p
  ret void"""


def test_a_loop_has_one_latch_and_closed_values() -> None:
    kernel, _ = made(LOOP)
    loops = Loops(kernel)
    header, = loops.headers
    latch = loops.latch(header)
    assert len(loops.latches(header)) == 1 and latch.successors == [header]
    assert loops.depth(latch) == 1 and loops.innermost(latch) is header and loops.parent(header) is None
    store = next(each for each in kernel.instructions() if each.opcode == "store" and each not in loops.body(header)
                 and isinstance(each.operands[0], Phi) and len(each.operands[0].operands) == 1)
    assert store.operands[0].operands[0].opcode == "phi"  # type: ignore[attr-defined]


def test_a_latch_that_chooses_gets_a_block_of_its_own() -> None:
    kernel, _ = made("  br label %h\nh:\n  %i = phi i32 [ 0, %entry ], [ %a, %h ]\n  %a = add i32 %i, 1\n"
                     "  %d = icmp eq i32 %a, %n\n  br i1 %d, label %out, label %h\nout:\n  store i32 %a, ptr %p\n"
                     "  ret void")
    loops = Loops(kernel)
    assert loops.latch(loops.headers[0]) is not loops.headers[0]


def test_two_latches_that_bring_different_values_meet_in_a_phi() -> None:
    kernel, _ = made("  br label %h\nh:\n  %i = phi i32 [ 0, %entry ], [ %a, %x ], [ %b, %y ]\n  %a = add i32 %i, 1\n"
                     "  br i1 %c, label %x, label %y\nx:\n  store i32 %a, ptr %p\n  %d = icmp eq i32 %a, %n\n"
                     "  br i1 %d, label %out, label %h\ny:\n  %b = mul i32 %a, 3\n  br label %h\nout:\n  ret void")
    loops = Loops(kernel)
    latch = loops.latch(loops.headers[0])
    assert isinstance(latch.instructions[0], Phi) and len(latch.instructions[0].operands) == 2


def test_a_value_of_an_inner_loop_passes_a_phi_at_each_exit() -> None:
    kernel, _ = made("""  br label %outer
outer:
  %i = phi i32 [ 0, %entry ], [ %i1, %next ]
  br label %inner
inner:
  %j = phi i32 [ 0, %outer ], [ %j1, %inner ]
  %j1 = add i32 %j, %i
  %d = icmp ugt i32 %j1, %n
  br i1 %d, label %next, label %inner
next:
  %i1 = add i32 %i, 1
  %e = icmp ugt i32 %i1, %n
  br i1 %e, label %out, label %outer
out:
  store i32 %j1, ptr %p
  ret void""")
    loops = Loops(kernel)
    outer, inner = loops.headers
    assert loops.parent(inner) is outer and loops.depth(inner) == 2 and loops.body(inner) < loops.body(outer)
    store = next(each for each in kernel.instructions() if each.opcode == "store")
    first = store.operands[0]
    assert isinstance(first, Phi) and isinstance(first.operands[0], Phi)
    assert first.operands[0].operands[0].opcode == "add"  # type: ignore[attr-defined]


def test_values_of_a_loop_with_two_exits_meet_where_the_ways_meet() -> None:
    _, text = made("""  br label %h
h:
  %i = phi i32 [ 0, %entry ], [ %a, %l ]
  %a = add i32 %i, 1
  %d = icmp eq i32 %a, %n
  br i1 %d, label %x, label %l
l:
  %e = icmp eq i32 %a, 77
  br i1 %e, label %y, label %h
x:
  store i32 5, ptr %p
  br i1 %c, label %y, label %z
y:
  store i32 6, ptr %p
  br label %z
z:
  store i32 %a, ptr %p
  ret void""")
    assert text.count(" phi ") == 4  # the loop's own, one at x, one at y, one at z


def test_an_exit_into_another_loops_header_is_closed() -> None:
    made("""  br label %h
h:
  %i = phi i32 [ 0, %entry ], [ %a, %l ]
  %a = add i32 %i, 1
  %d = icmp eq i32 %a, %n
  br i1 %d, label %second, label %l
l:
  %e = icmp eq i32 %a, 77
  br i1 %e, label %second, label %h
second:
  %k = phi i32 [ 0, %h ], [ 1, %l ], [ %k1, %second ]
  %k1 = add i32 %k, %a
  %f = icmp ugt i32 %k1, 1000
  br i1 %f, label %end, label %second
end:
  %s = add i32 %a, %k
  store i32 %s, ptr %p
  ret void""")


def test_a_cycle_with_two_ways_in_is_refused() -> None:
    with pytest.raises(Unsupported, match="two places"):
        made("  br i1 %c, label %a, label %b\na:\n  %x = icmp eq i32 %n, 1\n  br i1 %x, label %out, label %b\nb:\n"
             "  store volatile i32 1, ptr %p\n  br label %a\nout:\n  ret void")


# ---- stack slots, markers, calls -----------------------------------------------------------------
def test_stack_slots_move_to_the_first_block() -> None:
    kernel, _ = made("  br i1 %c, label %a, label %b\na:\n  %s = alloca i32, i32 5\n  store ptr %s, ptr %p\n"
                     "  br label %b\nb:\n  ret void")
    slot = kernel.blocks[0].instructions[0]
    assert isinstance(slot, Alloca) and slot.allocated.text == "[5 x i32]" and not slot.operands


@pytest.mark.parametrize(("line", "reason"), [
    ("%s = alloca i32", "in a loop"), ("%s = alloca i8, i32 %n", "a loop"),
])  # fmt: skip
def test_stack_slots_made_again_and_again_are_refused(line: str, reason: str) -> None:
    with pytest.raises(Unsupported, match=reason):
        made(f"  br label %h\nh:\n  {line}\n  store ptr %s, ptr %p\n  br i1 %c, label %h, label %out\nout:\n  ret void")


def test_a_stack_slot_of_unknown_size_is_refused() -> None:
    with pytest.raises(Unsupported, match="not constant"):
        made("  %s = alloca i8, i32 %n\n  store ptr %s, ptr %p\n  ret void")


def test_markers_vanish() -> None:
    _, text = made("  %s = alloca i32\n  call void @llvm.lifetime.start.p0(ptr %s)\n  call void @llvm.assume(i1 %c)\n"
                   "  %e = call i32 @llvm.expect.i32(i32 %n, i32 1)\n  store i32 %e, ptr %p, !noalias !0\n  ret void",
                   "!0 = !{}")
    assert "call" not in text and "noalias" not in text and "store i32 %n, ptr %p" in text


BYVAL = """
%s = type {{ i32, i32 }}
define internal i32 @f(ptr byval(%s) align 4 %v, ptr %q) {{
  {line}
  %x = load i32, ptr %v
  ret i32 %x
}}"""


@pytest.mark.parametrize(("line", "copied"), [
    ("%y = load i32, ptr %q", False),
    ("store i32 3, ptr %v", True),
    ("store i32 3, ptr %q", True),  # may be the caller's original
    ("%l = alloca i32\n  store i32 3, ptr %l", False),
])
def test_a_struct_by_value_is_copied_when_it_may_change(line: str, copied: bool) -> None:
    kernel, _ = made("  %r = call i32 @f(ptr byval(%s) align 4 %p, ptr %p)\n  store i32 %r, ptr %p\n  ret void",
                     BYVAL.format(line=line))
    assert any(isinstance(each, Alloca) and each.allocated.text == "%s" for each in kernel.instructions()) == copied


def test_a_kernels_struct_is_copied_when_it_writes_to_it() -> None:
    more, arguments = "%s = type { [90 x i32] }", "ptr byval(%s) align 4 %v, ptr %p"
    kernel, text = made("  store i32 1, ptr %v\n  ret void", more, arguments)
    assert "alloca %s" in text and any(isinstance(each, Call) for each in kernel.instructions())
    _, text = made("  %x = load i32, ptr %v\n  store i32 %x, ptr %p\n  ret void", more, arguments)
    assert "alloca" not in text


def test_a_vector_parameter_arrives_in_memory() -> None:
    kernel, text = made("  %x = extractelement <4 x float> %v, i32 2\n  store float %x, ptr %p\n  ret void", "",
                        "ptr %p, <4 x float> %v")
    assert kernel.arguments[1].attributes == ("noundef", "byval(<4 x float>)", "align 16")
    assert "i32 8" in text and opcodes(kernel).count("load") == 1


def test_recursive_functions_stay_and_others_go_in_line() -> None:
    kernel, _ = made("  %r = call i32 @a(i32 %n)\n  store i32 %r, ptr %p\n  ret void", """
define i32 @a(i32 %n) {
  %x = call i32 @b(i32 %n)
  %y = add i32 %x, 1
  ret i32 %y
}
define i32 @b(i32 %n) {
  %x = call i32 @c(i32 %n)
  ret i32 %x
}
define i32 @c(i32 %n) {
  %x = call i32 @b(i32 %n)
  ret i32 %x
}""")
    assert [each.callee_name for each in kernel.instructions() if isinstance(each, Call)] == ["b"]


@pytest.mark.parametrize("call", ["call void @loops(ptr %p)", "%f = load ptr, ptr %p\n  call void %f(ptr %p)"])
def test_functions_that_stay_must_not_wait(call: str) -> None:
    with pytest.raises(Unsupported, match="cpl_barrier"):
        made(f"  {call}\n  ret void", """
define void @loops(ptr %p) {
  call void @cpl_barrier(ptr %p, i32 0, i32 0, ptr null)
  call void @loops(ptr %p)
  ret void
}
@kept = global ptr @loops""")


def test_a_kernel_that_waits_itself_may_keep_calls() -> None:
    made("  %f = load ptr, ptr %p\n  call void %f(ptr %p)\n  call void @cpl_barrier(ptr %p, i32 0, i32 0, ptr null)\n"
         "  ret void", "define void @quiet(ptr %p) {\n  ret void\n}\n@kept = global ptr @quiet")


def test_a_kernel_that_grows_beyond_measure_is_refused() -> None:
    functions = "".join(f"define i32 @f{level}(i32 %n) {{\n  %a = call i32 @f{level + 1}(i32 %n)\n"
                        f"  %b = call i32 @f{level + 1}(i32 %a)\n  ret i32 %b\n}}\n" for level in range(30))
    with pytest.raises(Unsupported, match="20000 instructions"):
        made("  %r = call i32 @f0(i32 %n)\n  store i32 %r, ptr %p\n  ret void",
             functions + "define i32 @f30(i32 %n) {\n  %x = mul i32 %n, 3\n  ret i32 %x\n}")


def test_instructions_in_line_say_where_they_were_called() -> None:
    module, kernel = parsed("  %r = call i32 @f(i32 %n), !dbg !5\n  store i32 %r, ptr %p\n  ret void", """
define i32 @f(i32 %n) {
  %x = mul i32 %n, 3, !dbg !6
  %y = add i32 %x, 3, !dbg !7
  ret i32 %y
}
!3 = !DISubprogram(name: "k")
!4 = !DISubprogram(name: "f")
!5 = !DILocation(line: 9, column: 2, scope: !3)
!6 = !DILocation(line: 3, column: 1, scope: !4)
!7 = !DILocation(line: 2, column: 1, scope: !3, inlinedAt: !6)""")
    canonical.run(module, kernel)
    found = {each.opcode: module.metadata[each.metadata[0][1]] for each in kernel.instructions() if each.metadata}
    inner = re.fullmatch(r"!DILocation\(line: 3, column: 1, scope: !4, inlinedAt: (!\d+)\)", found["mul"])
    assert inner and module.metadata[inner[1]] == "distinct !DILocation(line: 9, column: 2, scope: !3)"
    outer = re.fullmatch(r"!DILocation\(line: 2, column: 1, scope: !3, inlinedAt: (!\d+)\)", found["add"])
    assert outer and module.metadata[outer[1]] == found["mul"]


def test_calls_that_give_structs_are_refused_where_they_stay() -> None:
    with pytest.raises(Unsupported, match="through a pointer"):
        made("  %f = load ptr, ptr %p\n  %r = call { i32, i32 } %f(ptr %p)\n  %x = extractvalue { i32, i32 } %r, 1\n"
             "  store i32 %x, ptr %p\n  ret void")


# ---- the check -----------------------------------------------------------------------------------
BREACHES = {
    "returns": "  br i1 %c, label %a, label %b\na:\n  ret void\nb:\n  ret void",
    "holds more than": "  store i32 1, ptr %p\n  ret void",
    "without two distinct": "  br i1 %c, label %a, label %a\na:\n  ret void",
    "no terminator of the canonical": ("  switch i32 %n, label %a [ i32 1, label %b ]\na:\n  br label %b\nb:\n"
                                       "  ret void"),
    "is not behind a call": "  br i1 %c, label %a, label %b\na:\n  unreachable\nb:\n  ret void",
    "outside the first block": "  br label %a\na:\n  %s = alloca i32\n  br label %b\nb:\n  ret void",
    "not of a scalar": "  store <2 x i32> zeroinitializer, ptr %p\n  br label %b\nb:\n  ret void",
    "value that is not a scalar": "  %v = insertelement <2 x i32> poison, i32 %n, i32 0\n  br label %b\nb:\n  ret void",
    "is still called": "  call void @llvm.assume(i1 %c)\n  br label %b\nb:\n  ret void",
    "not in line": "  call void @f()\n  br label %b\nb:\n  ret void",
    "without a latch": "  br label %h\nh:\n  br i1 %c, label %h, label %b\nb:\n  ret void",
    "nothing reaches": "  br label %b\nx:\n  br label %b\nb:\n  ret void",
    "without a phi at the exit": ("  br label %h\nh:\n  %x = load volatile i32, ptr %p\n"
                                  "  br i1 %c, label %l, label %a\nl:\n  br label %h\na:\n"
                                  "  store i32 %x, ptr %p\n  br label %b\nb:\n  ret void"),
    "two places": ("  br i1 %c, label %x, label %y\nx:\n  br i1 %c, label %y, label %b\ny:\n  br label %x\n"
                   "b:\n  ret void"),
    "need not have been made": ("  br i1 %c, label %x, label %y\nx:\n  %v = add i32 %n, 1\n  br label %y\ny:\n"
                                "  store i32 %v, ptr %p\n  br label %b\nb:\n  ret void"),
}


@pytest.mark.parametrize("problem", BREACHES)
def test_the_check_finds(problem: str) -> None:
    module, kernel = parsed(BREACHES[problem], "define void @f() {\n  ret void\n}")
    with pytest.raises(NotCanonical, match=problem):
        canonical.check(module, kernel)


@pytest.mark.parametrize("name", sorted(SNIPPETS))
def test_the_canonical_form_of_a_canonical_kernel_is_itself(name: str) -> None:
    module = read(compile_cuda(SNIPPETS[name], "s.cu", ["--gpu-architecture=sm_86", "--device-int128"]).ir)
    module.host = "x86_64"
    for step, run in pipeline.NAIVE:
        if step != "entries":
            module = run(module)
    kernel = module.symbols["k"]
    assert isinstance(kernel, Function)
    canonical.run(module, kernel)
    once = len(kernel.blocks), len(opcodes(kernel))
    canonical.run(module, kernel)
    canonical.check(module, kernel)
    assert (len(kernel.blocks), len(opcodes(kernel))) == once
