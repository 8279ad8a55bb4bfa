"""Vectors, structs, copies, switches and calls store the same bytes before and after the canonical form."""

from __future__ import annotations

import os
from pathlib import Path

import canonical_engine
import numpy as np
import pytest
import vector_programs
from device_code import SNIPPETS, Threads, library_bytes

from compatlayer.compiler import compile_cuda
from compatlayer.compiler.image import DeviceCode
from compatlayer.compiler.passes import pipeline
from compatlayer.compiler.targets import cpu

PROGRAMS = int(os.environ.get("COMPATLAYER_VECTOR_PROGRAMS", "10"))
THREADS = 24
IN_BYTES, OUT_BYTES = 192, 512
# Each thread has 128 bytes of random integers, then 64 of random floats; %op is where it writes.
KERNEL = """
%struct.mixed = type {{ i8, double, [3 x i16], <2 x float>, i32 }}
%struct.pair = type {{ float, i32 }}
define ptx_kernel void @k(ptr %in, ptr %out) {{
entry:
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %to = mul i32 %t, 192
  %oo = mul i32 %t, 512
  %ip = getelementptr inbounds i8, ptr %in, i32 %to
  %fp = getelementptr inbounds i8, ptr %ip, i32 128
  %op = getelementptr inbounds i8, ptr %out, i32 %oo
  %x = load i32, ptr %ip, align 4
{body}
}}
{more}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
"""
RET = "\n  ret void"
BODIES: dict[str, tuple[str, str]] = {
    "arithmetic": ("""
  %a = load <4 x i32>, ptr %ip, align 16
  %p1 = getelementptr i8, ptr %ip, i32 16
  %b = load <4 x i32>, ptr %p1, align 4
  %c = add <4 x i32> %a, %b
  %d = xor <4 x i32> %c, splat (i32 77)
  %e = icmp slt <4 x i32> %a, %b
  %f = select <4 x i1> %e, <4 x i32> %d, <4 x i32> <i32 1, i32 2, i32 3, i32 poison>
  %g = insertelement <4 x i32> %f, i32 9, i32 3
  %h = shufflevector <4 x i32> %g, <4 x i32> %b, <6 x i32> <i32 0, i32 7, i32 3, i32 4, i32 1, i32 1>
  store <6 x i32> %h, ptr %op, align 4
  %z = zext <4 x i1> %e to <4 x i8>
  %q = getelementptr i8, ptr %op, i32 32
  store <4 x i8> %z, ptr %q, align 4""", ""),
    "floats": ("""
  %a = load <4 x float>, ptr %fp, align 16
  %b = fmul <4 x float> %a, splat (float 3.0)
  %c = call <4 x float> @llvm.fma.v4f32(<4 x float> %a, <4 x float> %b, <4 x float> %a)
  %d = call <4 x float> @llvm.fabs.v4f32(<4 x float> %c)
  %e = fneg <4 x float> %d
  %f = fcmp ogt <4 x float> %a, zeroinitializer
  %g = select <4 x i1> %f, <4 x float> %e, <4 x float> %b
  store <4 x float> %g, ptr %op, align 16
  %h = fptrunc <4 x float> %g to <4 x half>
  %q = getelementptr i8, ptr %op, i32 16
  store <4 x half> %h, ptr %q, align 8
  %r = call float @llvm.vector.reduce.fadd.v4f32(float 0.5, <4 x float> %a)
  %q2 = getelementptr i8, ptr %op, i32 32
  store float %r, ptr %q2
  %m = call float @llvm.vector.reduce.fmax.v4f32(<4 x float> %a)
  %q3 = getelementptr i8, ptr %op, i32 36
  store float %m, ptr %q3
  %i = call <4 x i32> @llvm.fptosi.sat.v4i32.v4f32(<4 x float> %c)
  %q4 = getelementptr i8, ptr %op, i32 48
  store <4 x i32> %i, ptr %q4""", """
declare <4 x float> @llvm.fma.v4f32(<4 x float>, <4 x float>, <4 x float>)
declare <4 x float> @llvm.fabs.v4f32(<4 x float>)
declare <4 x i32> @llvm.fptosi.sat.v4i32.v4f32(<4 x float>)
declare float @llvm.vector.reduce.fadd.v4f32(float, <4 x float>)
declare float @llvm.vector.reduce.fmax.v4f32(<4 x float>)"""),
    "bitcasts": ("""
  %a = load i64, ptr %ip, align 8
  %v = bitcast i64 %a to <2 x i32>
  %v0 = extractelement <2 x i32> %v, i64 1
  %w = bitcast <2 x i32> %v to <8 x i8>
  %w2 = shufflevector <8 x i8> %w, <8 x i8> poison, <8 x i32> <i32 7, i32 6, i32 5, i32 4, i32 3, i32 2, i32 1, i32 0>
  %b = bitcast <8 x i8> %w2 to i64
  %h = bitcast i64 %a to <4 x half>
  %hh = shufflevector <4 x half> %h, <4 x half> %h, <4 x i32> <i32 2, i32 1, i32 0, i32 3>
  %hi = bitcast <4 x half> %hh to <2 x i32>
  %d = bitcast <2 x i32> %hi to double
  %di = bitcast double %d to i64
  %s = load <3 x i16>, ptr %ip, align 2
  %s6 = bitcast <3 x i16> %s to <6 x i8>
  %s48 = bitcast <6 x i8> %s6 to i48
  %s64 = zext i48 %s48 to i64
  %odd = bitcast <6 x i8> %s6 to <2 x i24>
  %odd0 = extractelement <2 x i24> %odd, i32 1
  %odd32 = zext i24 %odd0 to i32
  store i64 %b, ptr %op
  %q1 = getelementptr i8, ptr %op, i32 8
  store i64 %di, ptr %q1
  %q2 = getelementptr i8, ptr %op, i32 16
  store i64 %s64, ptr %q2
  %q3 = getelementptr i8, ptr %op, i32 24
  store i32 %v0, ptr %q3
  %q4 = getelementptr i8, ptr %op, i32 28
  store i32 %odd32, ptr %q4""", ""),
    "bits in memory": ("""
  %a = load <4 x i32>, ptr %ip, align 16
  %c = icmp sgt <4 x i32> %a, zeroinitializer
  store <4 x i1> %c, ptr %op, align 1
  %n = bitcast <4 x i1> %c to i4
  %n8 = zext i4 %n to i8
  %q = getelementptr i8, ptr %op, i32 1
  store i8 %n8, ptr %q
  %b = load <8 x i1>, ptr %ip, align 1
  %b2 = shufflevector <8 x i1> %b, <8 x i1> poison, <8 x i32> <i32 7, i32 6, i32 5, i32 4, i32 3, i32 2, i32 1, i32 0>
  %q2 = getelementptr i8, ptr %op, i32 2
  store <8 x i1> %b2, ptr %q2, align 1
  %any = call i1 @llvm.vector.reduce.or.v4i1(<4 x i1> %c)
  %any8 = zext i1 %any to i8
  %q3 = getelementptr i8, ptr %op, i32 3
  store i8 %any8, ptr %q3""", "declare i1 @llvm.vector.reduce.or.v4i1(<4 x i1>)"),
    "variable index": ("""
  %a = load <4 x i32>, ptr %ip, align 16
  %i = and i32 %x, 3
  %e = extractelement <4 x i32> %a, i32 %i
  %b = insertelement <4 x i32> %a, i32 42, i32 %i
  store <4 x i32> %b, ptr %op
  %q = getelementptr i8, ptr %op, i32 16
  store i32 %e, ptr %q
  %i1 = trunc i32 %x to i1
  %two = shufflevector <4 x i32> %b, <4 x i32> poison, <2 x i32> <i32 1, i32 3>
  %f = extractelement <2 x i32> %two, i1 %i1
  %q2 = getelementptr i8, ptr %op, i32 20
  store i32 %f, ptr %q2""", ""),
    "structs": ("""
  %a = load %struct.mixed, ptr %ip, align 8
  %d = extractvalue %struct.mixed %a, 1
  %s = extractvalue %struct.mixed %a, 2
  %s1 = extractvalue [3 x i16] %s, 1
  %s2 = extractvalue %struct.mixed %a, 2, 2
  %v = extractvalue %struct.mixed %a, 3
  %v1 = insertelement <2 x float> %v, float 2.0, i32 0
  %b = insertvalue %struct.mixed %a, <2 x float> %v1, 3
  %b2 = insertvalue %struct.mixed %b, i16 %s2, 2, 0
  %arr = insertvalue [3 x i16] zeroinitializer, i16 %s1, 2
  %c = icmp sgt i32 %x, 0
  %g = select i1 %c, %struct.mixed %a, %struct.mixed %b2
  %h = freeze %struct.mixed %g
  store %struct.mixed %h, ptr %op, align 8
  %q = getelementptr i8, ptr %op, i32 64
  store [3 x i16] %arr, ptr %q, align 2
  %q2 = getelementptr i8, ptr %op, i32 72
  store double %d, ptr %q2
  %q3 = getelementptr i8, ptr %op, i32 80
  store [4 x i8] c"ab\\00\\FF", ptr %q3""", ""),
    "phis of vectors": ("""
  %n = and i32 %x, 7
  %a = load <4 x i32>, ptr %ip, align 16
  br label %loop
loop:
  %v = phi <4 x i32> [ %a, %entry ], [ %w, %next ]
  %old = phi <4 x i32> [ zeroinitializer, %entry ], [ %v, %next ]
  %i = phi i32 [ 0, %entry ], [ %i1, %next ]
  %odd = trunc i32 %i to i1
  br i1 %odd, label %one, label %next
one:
  %o = mul <4 x i32> %v, splat (i32 3)
  br label %next
next:
  %m = phi <4 x i32> [ %v, %loop ], [ %o, %one ]
  %w = add <4 x i32> %m, %old
  %i1 = add i32 %i, 1
  %c = icmp ult i32 %i, %n
  br i1 %c, label %loop, label %after
after:
  store <4 x i32> %w, ptr %op
  %q = getelementptr i8, ptr %op, i32 16
  store <4 x i32> %old, ptr %q""", ""),
    "volatile and atomic": ("""
  %a = load volatile <2 x i32>, ptr %ip, align 8
  store volatile <2 x i32> %a, ptr %op, align 8
  %p = getelementptr i8, ptr %op, i32 16
  %o = cmpxchg ptr %p, i32 0, i32 5 monotonic monotonic
  %ok = extractvalue { i32, i1 } %o, 1
  %k = zext i1 %ok to i32
  %old = extractvalue { i32, i1 } %o, 0
  %q = getelementptr i8, ptr %op, i32 20
  store i32 %k, ptr %q
  %q2 = getelementptr i8, ptr %op, i32 24
  store i32 %old, ptr %q2
  %pair = call { i32, i1 } @llvm.uadd.with.overflow.i32(i32 %x, i32 2000000000)
  %c = icmp slt i32 %x, 0
  %sel = select i1 %c, { i32, i1 } %pair, { i32, i1 } { i32 3, i1 true }
  %s = extractvalue { i32, i1 } %sel, 0
  %s1 = extractvalue { i32, i1 } %sel, 1
  %s2 = zext i1 %s1 to i32
  %q3 = getelementptr i8, ptr %op, i32 28
  store i32 %s, ptr %q3
  %q4 = getelementptr i8, ptr %op, i32 32
  store i32 %s2, ptr %q4""", "declare { i32, i1 } @llvm.uadd.with.overflow.i32(i32, i32)"),
    "pointers in vectors": ("""
  %i = load <2 x i32>, ptr %ip, align 8
  %j = and <2 x i32> %i, splat (i32 15)
  %p = getelementptr i32, ptr %ip, <2 x i32> %j
  %p0 = extractelement <2 x ptr> %p, i32 0
  %p1 = extractelement <2 x ptr> %p, i32 1
  %a = load i32, ptr %p0
  %b = load i32, ptr %p1
  %n = ptrtoint <2 x ptr> %p to <2 x i64>
  %n0 = extractelement <2 x i64> %n, i32 0
  %base = ptrtoint ptr %ip to i64
  %d = sub i64 %n0, %base
  store i32 %a, ptr %op
  %q = getelementptr i8, ptr %op, i32 4
  store i32 %b, ptr %q
  %q2 = getelementptr i8, ptr %op, i32 8
  store i64 %d, ptr %q2""", ""),
    "copies": ("""
  %s = alloca [2 x %struct.mixed], align 16
  %u = alloca [64 x i8], align 1
  call void @llvm.memset.p0.i64(ptr align 16 %s, i8 0, i64 80, i1 false)
  call void @llvm.memcpy.p0.p0.i64(ptr align 16 %s, ptr align 8 %ip, i64 40, i1 false)
  call void @llvm.memcpy.p0.p0.i64(ptr %u, ptr align 1 %ip, i64 61, i1 false)
  %u3 = getelementptr i8, ptr %u, i32 3
  call void @llvm.memmove.p0.p0.i64(ptr %u3, ptr %u, i64 55, i1 false)
  %b = trunc i32 %x to i8
  %s2 = getelementptr inbounds %struct.mixed, ptr %s, i64 1, i32 2, i64 1
  call void @llvm.memset.p0.i64(ptr %s2, i8 %b, i64 4, i1 false)
  %s3 = getelementptr inbounds %struct.mixed, ptr %s, i64 1, i32 3
  call void @llvm.memset.p0.i64(ptr align 8 %s3, i8 -3, i64 12, i1 true)
  call void @llvm.memcpy.p0.p0.i64(ptr align 4 %op, ptr align 16 %s, i64 80, i1 false)
  %q = getelementptr i8, ptr %op, i32 96
  call void @llvm.memcpy.p0.p0.i64(ptr align 1 %q, ptr %u, i64 58, i1 false)
  %q2 = getelementptr i8, ptr %op, i32 160
  call void @llvm.memcpy.p0.p0.i32(ptr align 2 %q2, ptr align 2 %ip, i32 7, i1 false)
  %q3 = getelementptr i8, ptr %op, i32 176
  call void @llvm.memset.p0.i64(ptr align 1 %q3, i8 %b, i64 300, i1 false)""", """
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memcpy.p0.p0.i32(ptr, ptr, i32, i1)
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"""),
    "switches": ("""
  %a = and i32 %x, 15
  %n = sub i32 %a, 5
  switch i32 %n, label %other [
    i32 -5, label %one
    i32 -3, label %two
    i32 0, label %one
    i32 1, label %one
    i32 2, label %one
    i32 4, label %three
    i32 5, label %other
    i32 6, label %join
    i32 7, label %join
    i32 9, label %two
  ]
one:
  %v1 = phi i32 [ 11, %entry ], [ 11, %entry ], [ 11, %entry ], [ 11, %entry ]
  br label %join
two:
  switch i32 %n, label %never [
    i32 -3, label %join
    i32 9, label %three
  ]
never:
  unreachable
three:
  %v3 = phi i32 [ 33, %entry ], [ 34, %two ]
  br label %join
other:
  %c = trunc i32 %n to i1
  switch i1 %c, label %join [
    i1 true, label %join
  ]
join:
  %r = phi i32 [ %v1, %one ], [ 2, %two ], [ %v3, %three ], [ 44, %other ], [ 44, %other ], [ 5, %entry ], [ 5, %entry ]
  store i32 %r, ptr %op""", ""),
    "calls": ("""
  %a = call i32 @straight(i32 %x)
  %b = call i32 @branches(i32 %a, ptr %op)
  %c = call i32 @branches(i32 %b, ptr %op)
  %s = call %struct.pair @made(i32 %c)
  %f = extractvalue %struct.pair %s, 0
  %i = extractvalue %struct.pair %s, 1
  %q = getelementptr i8, ptr %op, i32 8
  store float %f, ptr %q
  %q1 = getelementptr i8, ptr %op, i32 12
  store i32 %i, ptr %q1
  %big = icmp sgt i32 %x, 1000000
  br i1 %big, label %rec, label %rest
rec:
  %r = call i32 @recursive(i32 12)
  %q2 = getelementptr i8, ptr %op, i32 16
  store i32 %r, ptr %q2
  br label %rest
rest:
  %st = alloca %struct.mixed, align 8
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %st, ptr align 8 %ip, i64 40, i1 false)
  %w = call i32 @writes(ptr byval(%struct.mixed) align 8 %st)
  %k = getelementptr i8, ptr %st, i32 32
  %still = load i32, ptr %k
  %sum = add i32 %w, %still
  %q3 = getelementptr i8, ptr %op, i32 20
  store i32 %sum, ptr %q3""", """
define internal i32 @straight(i32 %v) {
  %l = alloca i32, align 4
  store i32 %v, ptr %l
  %m = load i32, ptr %l
  %r = mul i32 %m, 5
  ret i32 %r
}
define internal i32 @branches(i32 %v, ptr %p) noinline {
entry:
  %l = alloca [4 x i32], align 4
  %k = and i32 %v, 3
  %e = getelementptr [4 x i32], ptr %l, i32 0, i32 %k
  store i32 %v, ptr %e
  br label %head
head:
  %i = phi i32 [ 0, %entry ], [ %j, %head ]
  %j = add i32 %i, 1
  %done = icmp uge i32 %j, %k
  br i1 %done, label %way, label %head
way:
  %c = trunc i32 %v to i1
  br i1 %c, label %early, label %late
early:
  %y = load i32, ptr %e
  %y1 = call i32 @straight(i32 %y)
  ret i32 %y1
late:
  store i32 %j, ptr %p
  ret i32 %j
}
define internal %struct.pair @made(i32 %v) {
  %f = sitofp i32 %v to float
  %a = insertvalue %struct.pair poison, float %f, 0
  %b = insertvalue %struct.pair %a, i32 %v, 1
  ret %struct.pair %b
}
define internal i32 @recursive(i32 %n) {
entry:
  %c = icmp slt i32 %n, 2
  br i1 %c, label %base, label %more
base:
  ret i32 %n
more:
  %a = sub i32 %n, 1
  %b = call i32 @recursive(i32 %a)
  %d = sub i32 %n, 2
  %e = call i32 @recursive(i32 %d)
  %f = add i32 %b, %e
  ret i32 %f
}
define internal i32 @writes(ptr byval(%struct.mixed) align 8 %s) noinline {
  %p = getelementptr i8, ptr %s, i32 32
  %v = load i32, ptr %p
  %w = xor i32 %v, -1
  store i32 %w, ptr %p
  %u = load i32, ptr %p
  ret i32 %u
}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"""),
}  # fmt: skip


def inputs() -> np.ndarray:
    random = np.random.default_rng(5)
    data = random.integers(0, 256, (THREADS, IN_BYTES), np.uint8)
    # Whatever is read as a double or a half is a number: which of two NaNs an operation returns is free.
    data[:, 7] = 0x40
    data[:, 15] = 0x40
    data[:, 1::8] &= 0x3F
    data[:, 3::8] &= 0xBF
    data[:, 5::8] &= 0x3F
    floats = random.uniform(-9, 9, (THREADS, 16)).astype(np.float32)
    data[:, 128:] = floats.view(np.uint8)
    return data


def outputs(code: DeviceCode, folder: Path) -> np.ndarray:
    path = folder / "k.so"
    path.write_bytes(library_bytes(code))
    data, out = inputs(), np.zeros((THREADS, OUT_BYTES), np.uint8)
    packed = b"".join(each.ctypes.data.to_bytes(8, "little") for each in (data, out))
    Threads(path).run("k", packed, THREADS)
    return out


@pytest.mark.parametrize("name", BODIES)
def test_a_kernel_stores_the_same_in_canonical_form(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compare(*BODIES[name], tmp_path, monkeypatch)


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_random_programs_on_vectors_store_the_same(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compare(*vector_programs.Program(seed).text(40), tmp_path, monkeypatch)


def compare(body: str, more: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a kernel with and without the canonical form."""
    if cpu.runtime_path() is None:
        pytest.skip("the native runtime is not built")
    code = DeviceCode(ir=KERNEL.format(body=body + RET, more=more), architecture="sm_86")
    (tmp_path / "plain").mkdir()
    wanted = outputs(code, tmp_path / "plain")
    assert wanted.any()
    refused = tmp_path / "refused"
    monkeypatch.setenv("COMPATLAYER_TEST_UNSUPPORTED", str(refused))
    monkeypatch.setattr(pipeline, "NAIVE", canonical_engine.passes())
    got = outputs(code, tmp_path)
    assert refused.read_text() == "k: canonical\n"
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("name", sorted(SNIPPETS))
def test_what_clang_emits_has_a_canonical_form(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = compile_cuda(SNIPPETS[name], "snippet.cu", ["--gpu-architecture=sm_86", "--device-int128"])
    refused = tmp_path / "refused"
    monkeypatch.setenv("COMPATLAYER_TEST_UNSUPPORTED", str(refused))
    monkeypatch.setattr(pipeline, "NAIVE", canonical_engine.passes())
    assert library_bytes(code)
    assert refused.read_text() == "k: canonical\n"
