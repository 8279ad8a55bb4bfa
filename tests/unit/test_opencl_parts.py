"""Parts of the OpenCL backend that need no device."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from compatlayer import config
from compatlayer.backends import base, opencl_library, opencl_memory, opencl_program, opencl_queue, opencl_report
from compatlayer.compiler import compile_cuda
from compatlayer.compiler.ir.reader import read
from compatlayer.compiler.passes.opencl.barriers import divergent
from compatlayer.compiler.targets import spirv, spirv_plain
from compatlayer.errors import CudaError

KERNELS = """
__device__ int count = 3; __device__ int *where = &count; __constant__ float table[2] = {1.5f, 2.5f};
extern "C" __global__ void add(const float *a, float *b, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) b[i] += a[i] * table[1];
}
extern "C" __global__ void whole(int *p) { __syncthreads(); p[threadIdx.x] = *where; }
extern "C" __global__ void parted(int *p) { if (threadIdx.x < 5) __syncthreads(); p[threadIdx.x] = 1; }
extern "C" __global__ void polynomial(const float *a, float *b) { *b = a[0] * a[1] + a[2] - a[3] * a[4]; }
extern "C" __global__ void in_step(int *p) {
    __shared__ volatile int kept[32];
    kept[threadIdx.x] = p[threadIdx.x];
    if (threadIdx.x < 16) kept[threadIdx.x] += kept[threadIdx.x + 16];
    p[threadIdx.x] = kept[threadIdx.x];
}
extern "C" __global__ void lock(int *p) {
    while (atomicCAS(p, 0, 1) != 0) {}
    p[1]++;
    atomicExch(p, 0);
}
extern "C" __global__ void retry(float *p, float value) {
    int old = *(int *)p, seen;
    do {
        seen = old;
        old = atomicCAS((int *)p, seen, __float_as_int(__int_as_float(seen) * value));
    } while (old != seen);
}
extern "C" __global__ void lanes(int *p) {
    p[threadIdx.x] = __shfl_xor_sync(~0u, p[threadIdx.x], 1);
}
"""


@pytest.fixture(scope="module")
def code() -> object:
    return compile_cuda(KERNELS, "kernels.cu", ["--gpu-architecture=sm_86"])


def test_kernels_become_spirv(code: object, tmp_path: Path) -> None:
    lowered = spirv.lower_variant(code, "add", 0, "naive")
    assert lowered.imports == ("table",)
    made = spirv.assemble(lowered.text, tmp_path)
    assert struct.unpack_from("<I", made)[0] == 0x07230203
    assert b"cpl_entry_add\0" in made


def test_what_kernels_share_is_read_from_its_library(code: object, tmp_path: Path) -> None:
    loaded = spirv.lower_module(code)
    library = opencl_program.read_library(spirv.assemble(loaded.shared_text, tmp_path))
    memory = bytearray(library.size_bytes)
    for address, data in library.pieces:
        memory[address:address + len(data)] = data
    count, table, where = (library.symbols[each] for each in ("count", "table", "where"))
    assert (count[1], table[1], where[1]) == (4, 8, 8)
    assert struct.unpack_from("<i", memory, count[0])[0] == 3
    assert struct.unpack_from("<2f", memory, table[0]) == (1.5, 2.5)
    assert (where[0], count[0]) in library.addresses


@pytest.mark.parametrize(("kernel", "reason"), [
    ("parted", "barrier that not all threads"), ("lanes", "kernels.cu:29:"), ("in_step", "go in step"),
    ("lock", "wait for what others")])
def test_refusals_name_kernel_and_place(code: object, kernel: str, reason: str) -> None:
    with pytest.raises(CudaError) as caught:
        spirv_plain.lower_variant(code, kernel, 0, "naive")
    assert reason in caught.value.text and f"kernel {kernel}" in caught.value.text


def test_a_barrier_for_all_is_kept(code: object) -> None:
    assert "@_Z7barrierj(" in spirv.lower_variant(code, "whole", 0, "naive").text
    lowered = spirv.lower_variant(code, "lanes", 0, "naive")
    assert lowered.flags == spirv.ROW
    size = re.search(r"define spir_kernel [^\n]* !intel_reqd_sub_group_size (!\d+) \{", lowered.text)
    assert size is not None and f"\n{size[1]} = !{{i32 32}}" in lowered.text


def test_a_retry_is_no_wait_and_products_fuse(code: object) -> None:
    assert "cmpxchg" in spirv.lower_variant(code, "retry", 0, "naive").text
    text = spirv.lower_variant(code, "polynomial", 0, "naive").text
    assert text.count("call float @llvm.fma.f32") == 2 and "fmul" not in text


@pytest.mark.parametrize(("condition", "expected"), [
    ("%n", False), ("%id", True), ("%loaded", False), ("%own", True), ("%changed", True), ("%either", True)])
def test_choices_that_differ(condition: str, expected: bool) -> None:
    text = f"""
declare i64 @_Z12get_local_idj(i32)
declare void @_Z7barrierj(i32)
define void @k(i64 %n, ptr %p) {{
entry:
  %id = call i64 @_Z12get_local_idj(i32 0)
  %loaded = load i64, ptr %p
  %place = getelementptr i64, ptr %p, i64 %id
  %own = load i64, ptr %place
  %changed = atomicrmw add ptr %p, i64 1 monotonic
  %first = icmp eq i64 %id, 0
  br i1 %first, label %one, label %two
one:
  br label %two
two:
  %either = phi i64 [ 0, %entry ], [ 1, %one ]
  %choice = icmp eq i64 {condition}, 7
  br i1 %choice, label %wait, label %done
wait:
  call void @_Z7barrierj(i32 3)
  br label %done
done:
  ret void
}}
"""
    function = next(each for each in read(text).defined())
    assert divergent(function) is expected


@pytest.mark.parametrize(("text", "arguments", "strings", "expected"), [
    (b"%d|%5u|%-4x|\n", struct.pack("<iII", -3, 7, 255), b"", b"-3|    7|ff  |\n"),
    (b"%% %s %lld", struct.pack("<Qq", 1, -5), b"word\0", b"% word -5"),
    (b"%*.*f %c %a", struct.pack("<iiddi4xd", 8, 2, 3.14159, 0, 0, 0)[:24] + struct.pack("<i4xd", 65, 1.5), b"",
     b"    3.14 A 0x1.8p+0"),
    (b"%hhd %p", struct.pack("<i4xQ", 300, 16), b"", b"44 0x10"),
])
def test_printf(text: bytes, arguments: bytes, strings: bytes, expected: bytes) -> None:
    if b"*" in text:
        arguments = struct.pack("<iidi4xd", 8, 2, 3.14159, 65, 1.5)
    assert opencl_report.formatted(text, arguments, strings) == expected


def test_the_book_of_memory() -> None:
    book = opencl_memory.Book()
    first = book.enter(0x1000, 0x100, 0, base.MemoryKind.DEVICE)
    second = book.enter(0x2000, 0x100, 0, base.MemoryKind.HOST)
    with pytest.raises(base.BadArgument):
        book.enter(0x10FF, 8, 0, base.MemoryKind.REGISTERED)
    assert book.find(0x10FF) == first and book.find(0x2000) == second
    assert book.find(0x1100) is None and book.find(0xFFF) is None
    assert book.leave(0x1000) == first and book.find(0x1000) is None
    with pytest.raises(base.BadArgument):
        book.leave(0x1000)


@pytest.mark.parametrize(("seen", "wanted", "comparison", "expected"), [
    (5, 5, base.Comparison.GEQ, True), (2, 2**32 - 1, base.Comparison.GEQ, True), (1, 2, base.Comparison.GEQ, False),
    (6, 2, base.Comparison.AND, True), (4, 2, base.Comparison.AND, False), (0xFFFFFFFF, 0, base.Comparison.NOR, False),
    (5, 5, base.Comparison.EQ, True)])
def test_waits_for_values(seen: int, wanted: int, comparison: base.Comparison, expected: bool) -> None:
    assert opencl_queue._as_wanted(seen, wanted, 4, comparison) is expected


def test_the_report_has_the_layout_of_the_device_code(root: Path) -> None:
    text = (root / "include" / "compatlayer" / "opencl.cl").read_text()
    fields = re.search(r"typedef struct \{([^}]*)\} report;", text)
    assert fields is not None
    sizes = [int(each) for each in re.findall(r"char file\[(\d+)\], function\[(\d+)\], message\[(\d+)\]", fields[1])[0]]
    assert opencl_report._HEAD.size == 10 * 4 + sum(sizes)


def test_a_library_that_crashes_is_told_and_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, library = tmp_path / "crash.c", tmp_path / "libcrash.so"
    source.write_text("int clGetPlatformIDs(void) { __builtin_trap(); }\n")
    from compatlayer.compiler import toolchain

    assert toolchain.run(["cc", "-shared", "-o", str(library), str(source)])[0] == 0
    monkeypatch.setenv("COMPATLAYER_OPENCL", str(library))
    opencl_library.look.cache_clear()
    try:
        (found,) = opencl_library.look()
    finally:
        opencl_library.look.cache_clear()
    assert "crashed with SIG" in found.problem and str(library) in found.problem


def test_what_is_asked_for_and_not_there(tmp_path: Path) -> None:
    code = ("import os; from compatlayer.core.runtime import state; from compatlayer.errors import CudaError\n"
            "try:\n    state.initialize(0)\nexcept CudaError as error:\n    print(error.status.name, error.text)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, env={
        **__import__("os").environ, "COMPATLAYER_DEVICES": "opencl", "COMPATLAYER_OPENCL": str(tmp_path / "none.so")})
    assert done.stdout.startswith("NO_DEVICE COMPATLAYER_DEVICES asks for opencl") and "none.so" in done.stdout


@pytest.mark.parametrize(("text", "expected"), [
    ("opencl", ("opencl", None, "")), ("opencl:gpu", ("opencl", None, "gpu")), ("opencl:0", ("opencl", None, "0")),
    ("opencl:2", ("opencl", 2, "2")), ("cpu:2", ("cpu", 2, "2"))])
def test_choices(text: str, expected: tuple[str, int | None, str]) -> None:
    (request,) = config.from_environment({"COMPATLAYER_DEVICES": text}).devices
    assert tuple(request) == expected


@pytest.mark.parametrize("text", ["cpu:0", "cpu:intel", "opencl:", "opencl:-1", "opencl:99"])
def test_choices_that_are_none(text: str) -> None:
    with pytest.raises(config.SettingsError):
        config.from_environment({"COMPATLAYER_DEVICES": text})
