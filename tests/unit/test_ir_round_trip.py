"""The device IR's reader and printer lose nothing of what clang emits."""

from __future__ import annotations

import re
import time

import pytest
from device_code import SNIPPETS, compiled

from compatlayer.compiler import toolchain
from compatlayer.compiler.ir.printer import print_module
from compatlayer.compiler.ir.reader import read
from compatlayer.compiler.ir.verifier import verify


def canonical(text: str) -> str:
    """A module as clang prints it, without its name; clang refuses what is not valid."""
    status, output, errors = toolchain.run(
        ["clang", "-cc1", "-triple", "nvptx64-nvidia-cuda", "-x", "ir", "-O1", "-disable-llvm-passes", "-emit-llvm",
         "-o", "-", "-"], text.encode())
    assert status == 0, errors.decode()
    return re.sub(r"(; ModuleID|source_filename).*\n", "", output.decode())


@pytest.mark.parametrize("name", SNIPPETS)
def test_what_is_printed_means_the_same_to_clang(name: str) -> None:
    text = compiled(name).ir
    printed = print_module(read(text))
    # What an assumption is about may be left out; nothing else may.
    expected = re.sub(r"\[ \"align\"\(.*?\) \]", "", canonical(text))
    assert sorted(canonical(printed).split("\n")) == sorted(re.sub(r"\) ,", "),", expected).split("\n"))


@pytest.mark.parametrize("name", SNIPPETS)
def test_printing_is_stable(name: str) -> None:
    printed = print_module(read(compiled(name).ir))
    assert print_module(read(printed)) == printed


@pytest.mark.parametrize("name", SNIPPETS)
def test_what_clang_emits_passes_the_verifier(name: str) -> None:
    verify(read(compiled(name).ir))


def test_reading_is_fast_enough_to_be_the_small_part_of_a_compilation() -> None:
    text = compiled("control_flow").ir
    lines = text.count("\n")
    begin = time.process_time()
    for _ in range(5):
        read(text)
    per_line_s = (time.process_time() - begin) / 5 / lines
    assert per_line_s < 250e-6, f"{per_line_s * 1e6:.0f} us a line"


# What clang seldom emits for a kernel, but may.
RARE = """target triple = "nvptx64-nvidia-cuda"
%opaque = type opaque
%node = type <{ i8, ptr, [2 x { i32, <2 x half> }] }>
%"odd name" = type { %node, i128 }
$group = comdat any
module asm "// kept"
@packed = internal unnamed_addr constant %node <{ i8 1, ptr null, [2 x { i32, <2 x half> }] [{ i32, <2 x half> } { i32 7, <2 x half> splat (half 0xH3C00) }, { i32, <2 x half> } zeroinitializer] }>, section "data", align 1
@text = linkonce_odr dso_local constant [4 x i8] c"a\\22\\00z", comdat($group), align 1
@inside = global ptr getelementptr inbounds nuw (i8, ptr @packed, i64 3)
@number = addrspace(1) global i64 sub (i64 ptrtoint (ptr @inside to i64), i64 ptrtoint (ptr @packed to i64))
@table = weak hidden global [2 x ptr] [ptr @rare, ptr addrspacecast (ptr addrspace(1) @number to ptr)], align 8
@outside = external addrspace(4) global %opaque
@other = alias i8, ptr @packed
@0 = private unnamed_addr constant i32 5
declare float @llvm.fma.f32(float, float, float)
declare i32 @variadic(ptr noundef, ...) #1
declare void @sink(ptr sret(%node) align 1, ptr byval(%"odd name") align 16, i8 signext, ptr captures(address, ret: address, provenance) dead_on_unwind)
define linkonce_odr noundef range(i32 0, 100) i32 @rare(ptr noalias %p, i32 %n, <4 x float> %v, float %x) local_unnamed_addr #0 comdat($group) align 16 {
  %a = atomicrmw volatile uinc_wrap ptr %p, i32 %n syncscope("block") seq_cst, align 4
  %b = cmpxchg weak volatile ptr %p, i32 %a, i32 %n syncscope("device") acq_rel acquire, align 4
  %c = load atomic volatile i32, ptr %p syncscope("agent") acquire, align 4
  store atomic i32 %c, ptr %p syncscope("block") release, align 4
  fence syncscope("block") acq_rel
  %d = fneg nnan ninf float %x
  %e = select reassoc nsz i1 true, float %d, float 0x36A0000000000000
  %f = fcmp fast olt float %e, 1.000000e+00
  %g = freeze i1 %f
  %h = shufflevector <4 x float> %v, <4 x float> poison, <4 x i32> <i32 3, i32 poison, i32 0, i32 1>
  %i = insertelement <4 x float> %h, float %e, i32 %n
  %j = extractelement <4 x float> %i, i64 2
  %k = getelementptr nusw i8, ptr %p, <2 x i64> <i64 1, i64 undef>
  %l = alloca i32, i32 %n, align 8
  %m = or disjoint i32 %n, 1
  %o = zext nneg i32 %m to i64
  %q = trunc nuw nsw i64 %o to i32
  %r = icmp samesign ult i32 %q, 9
  %s = lshr exact i32 %q, 2
  %t = uitofp nneg i32 %s to float
  %u = call fast float @llvm.fma.f32(float %j, float %t, float nofpclass(nan inf) %x) #2
  %w = notail call i32 (ptr, ...) @variadic(ptr nonnull dereferenceable(4) @text, i32 %n, double 1.0e+00), !srcloc !0
  %y = call { i32, i32 } asm sideeffect alignstack "mov $0, $2;\\0A", "=r,=r,r,~{memory}"(i32 %w) nounwind
  %z = extractvalue { i32, i32 } %y, 1
  %a1 = insertvalue { i32, [2 x float] } undef, float %u, 1, 0
  %a2 = extractvalue { i32, [2 x float] } %a1, 1, 1
  br i1 %g, label %"then here", label %7, !prof !1
7:
  %8 = phi contract float [ %a2, %0 ], [ %10, %9 ]
  switch i32 %z, label %9 [
    i32 -1, label %"then here"
    i32 4, label %9
  ]
9:
  %10 = frem afn float %8, %x
  br label %7, !llvm.loop !2
"then here":
  unreachable
}
attributes #0 = { mustprogress nounwind memory(argmem: readwrite, inaccessiblemem: write) "key"="a \\22 b" "flag" }
attributes #1 = { "only" }
attributes #2 = { convergent }
!named = !{!0, !1}
!0 = !{i64 7, !"text", ptr @rare}
!1 = !{!"branch_weights", i32 1, i32 -2}
!2 = distinct !{!2, !3}
!3 = !{!"llvm.loop.unroll.disable"}
"""  # noqa: E501


def test_rare_forms_mean_the_same_to_clang() -> None:
    printed = canonical(print_module(read(RARE))).replace("@cpl.unnamed.0", "@0")  # numbered globals get a name
    assert sorted(printed.split("\n")) == sorted(canonical(RARE).split("\n"))
