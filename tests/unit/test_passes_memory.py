"""Address spaces, shared memory, variables and what the launcher is told of them."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from device_code import compiled, device_code

from compatlayer.compiler.image import DeviceCode
from compatlayer.compiler.targets import cpu
from compatlayer.errors import CudaError

SHARED = """
@common = internal addrspace(3) global [3 x i32] undef, align 4
@first = internal addrspace(3) global [100 x double] undef, align 8
@second = internal addrspace(3) global [7 x i8] undef, align 1
@wide = internal addrspace(3) global i32 undef, align 128
@dynamic = external addrspace(3) global [0 x float], align 4
define ptx_kernel void @one(ptr %p) {
  call void @touch(ptr %p)
  store ptr addrspacecast (ptr addrspace(3) @first to ptr), ptr %p
  ret void
}
define ptx_kernel void @two(ptr %p) {
  call void @touch(ptr %p)
  store ptr addrspacecast (ptr addrspace(3) @second to ptr), ptr %p
  store ptr addrspacecast (ptr addrspace(3) @wide to ptr), ptr %p
  store ptr addrspacecast (ptr addrspace(3) @dynamic to ptr), ptr %p
  ret void
}
define ptx_kernel void @none(ptr %p) {
  ret void
}
define internal void @touch(ptr %p) noinline {
  store i32 1, ptr addrspacecast (ptr addrspace(3) getelementptr inbounds (i8, ptr addrspace(3) @common, i64 4) to ptr)
  ret void
}
"""


def lowered(text: str, *skip: str) -> str:
    return cpu.lower(DeviceCode(ir=text, architecture="sm_86"), frozenset(skip))[0]


def test_shared_variables_of_one_kernel_overlap_with_those_of_others() -> None:
    text, kernels, _ = cpu.lower(DeviceCode(ir=SHARED, architecture="sm_86"))
    facts = {each.name: each for each in kernels}
    assert facts["one"].static_shared_bytes == 12 + 800
    assert facts["one"].shared_extent_bytes == 16 + 800
    assert facts["two"].static_shared_bytes == 12 + 7 + 4
    assert facts["two"].shared_extent_bytes == 128 + 4 + 7
    assert facts["none"].shared_extent_bytes == facts["none"].static_shared_bytes == 0
    assert "addrspace" not in text and "@common" not in text


def test_no_address_space_is_left_in_anything_that_clang_emits() -> None:
    for name in ("shared_memory", "constants", "atomics", "virtual_calls"):
        assert "addrspace" not in cpu.lower(compiled(name))[0], name


@pytest.mark.parametrize(("text", "problem"), [
    ("@s = internal addrspace(3) global i32 5\ndefine ptx_kernel void @k() {\n"
     "  store i32 1, ptr addrspace(3) @s\n  ret void\n}\n", "initialiser"),
    ("@s = internal addrspace(3) global i32 undef\n@p = addrspace(1) externally_initialized global ptr addrspacecast "
     "(ptr addrspace(3) @s to ptr)\ndefine ptx_kernel void @k() {\n  store i32 1, ptr addrspace(3) @s\n"
     "  ret void\n}\n", "not a constant"),
    ("@g = external addrspace(1) global i32\ndefine ptx_kernel void @k() {\n  store i32 1, ptr addrspace(1) @g\n"
     "  ret void\n}\n", "unresolved extern variable 'g'"),
    ("declare void @missing()\ndefine ptx_kernel void @k() {\n  call void @missing()\n  ret void\n}\n",
     "unresolved extern function 'missing'"),
])  # fmt: skip
def test_incomplete_programs_are_refused(text: str, problem: str) -> None:
    with pytest.raises(CudaError, match=problem):
        lowered(text)


def test_variables_that_the_host_may_write_are_exported_and_not_constant() -> None:
    text, _, variables = cpu.lower(compiled("constants"))
    facts = {each.name: each for each in variables}
    assert facts["weights"].size_bytes == 20 and facts["weights"].constant
    assert facts["record"].size_bytes == 16 and not facts["record"].constant
    assert re.search(r"@weights = protected global \[5 x float\]", text)
    assert re.search(r"@record = protected global", text)
    assert re.search(r"@\.str = private unnamed_addr constant", text)


def test_mutable_variables_are_never_internal() -> None:
    text = lowered("@v = internal addrspace(1) global i32 undef\ndefine ptx_kernel void @k() {\n"
                   "  store i32 1, ptr addrspace(1) @v\n  ret void\n}\n")
    assert "@v = protected global i32 zeroinitializer" in text
    text = lowered("@m = internal global i32 4\ndefine ptx_kernel void @k() {\n  store i32 1, ptr @m\n  ret void\n}\n")
    assert "@m = protected global i32 4" in text  # hosts may ask for it: old NVVM IR has them in space 0
    text = lowered("@.m = internal global i32 4\ndefine ptx_kernel void @k() {\n  store i32 1, ptr @.m\n"
                   "  ret void\n}\n")
    assert "@.m = hidden global i32 4" in text


def test_parameters_lie_as_cuda_packs_them() -> None:
    source = """
    struct __align__(16) Q { float x; double y; char z; };
    struct Empty {};
    extern "C" __global__ void __launch_bounds__(96) k(char c, Q q, bool b, short s, Empty e, int *out, __int128 w)
    { *out = (int)(q.x + q.y) + b + s + q.z + c + w; }"""
    _, (kernel,), _ = cpu.lower(device_code(source))
    assert [(each.offset, each.size_bytes) for each in kernel.parameters] == [
        (0, 1), (16, 32), (48, 1), (50, 2), (52, 1), (56, 8), (64, 16)]
    assert (kernel.args_bytes, kernel.max_threads, kernel.entry) == (80, 96, "cpl.entry.k")


def test_local_memory_counts_the_deepest_chain_of_calls() -> None:
    text = """
define ptx_kernel void @k(ptr %p) {
  %a = alloca [10 x i32], align 4
  store ptr %a, ptr %p
  call void @deep(ptr %p)
  call void @flat(ptr %p)
  ret void
}
define internal void @deep(ptr %p) {
  %a = alloca i64, i32 3, align 8
  store ptr %a, ptr %p
  call void @deep(ptr %p)
  ret void
}
define internal void @flat(ptr %p) {
  %a = alloca i64, align 8
  store ptr %a, ptr %p
  ret void
}
"""
    _, (kernel,), _ = cpu.lower(DeviceCode(ir=text, architecture="sm_86"))
    assert kernel.local_bytes == 40 + 24


def test_vanishing_casts_merge_intrinsics_of_different_spaces() -> None:
    text = lowered("""
declare void @llvm.memcpy.p0.p1.i64(ptr, ptr addrspace(1), i64, i1)
declare void @llvm.memcpy.p1.p0.i64(ptr addrspace(1), ptr, i64, i1)
define ptx_kernel void @k(ptr %p, ptr addrspace(1) %q) {
  call void @llvm.memcpy.p0.p1.i64(ptr %p, ptr addrspace(1) %q, i64 100, i1 false)
  call void @llvm.memcpy.p1.p0.i64(ptr addrspace(1) %q, ptr %p, i64 100, i1 false)
  ret void
}
""")
    assert text.count("declare void @llvm.memcpy") == 1
    assert text.count("call void @llvm.memcpy.p0.p0.i64(ptr") == 2


def test_virtual_tables_are_constants_of_the_module() -> None:
    text, _, variables = cpu.lower(compiled("virtual_calls"))
    assert not variables
    assert re.search(r"@_ZTV6Square = internal [^\n]*constant", text)


def test_aliases_of_functions_and_variables_are_followed() -> None:
    text = lowered("""
@real = internal addrspace(1) global i32 7
@other = internal alias i32, ptr addrspace(1) @real
@again = internal alias void (ptr), ptr @touch
define ptx_kernel void @k(ptr %p) {
  call void @again(ptr %p)
  %v = load i32, ptr addrspace(1) @other
  store i32 %v, ptr %p
  ret void
}
define internal void @touch(ptr %p) noinline {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  store i32 %t, ptr %p
  ret void
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
""")
    assert "@again" not in text or "call void @again(ptr noundef %cpl.thread, ptr %p)" in text
    with tempfile.TemporaryDirectory() as folder:
        assert cpu.assemble(text, Path(folder))
