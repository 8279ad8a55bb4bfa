"""Inline PTX with several statements, predicates, memory and warp operations."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from device_code import Threads, device_code, library_bytes

from compatlayer.compiler.targets import cpu
from compatlayer.errors import CompilerError

# Each body sees `unsigned *p` (this thread's eight words in, eight out) and `unsigned i` (the thread).
FORMS: dict[str, tuple[str, object]] = {
    "pack": ('unsigned long long w; asm("mov.b64 %0, {%1, %2};" : "=l"(w) : "r"(p[0]), "r"(p[1]));'
             'unsigned lo, hi; asm("mov.b64 {%0, %1}, %2;" : "=r"(lo), "=r"(hi) : "l"(w + 1)); p[8] = lo; p[9] = hi;',
             lambda p, i: {8: p[0] + 1, 9: p[1]}),
    "predicated add": ('asm("{\\n .reg .pred q;\\n setp.lt.u32 q, %1, 2;\\n @q add.u32 %0, %0, %2;\\n}" : "+r"(p[8]) : '
                       '"r"(i), "r"(p[0]));', lambda p, i: {8: p[0] if i < 2 else 0}),
    "negated predicate": ('asm("{.reg .pred %%q; setp.eq.s32 %%q, %1, 1; @!%%q mov.u32 %0, 77;}" : "+r"(p[8]) :'
                          ' "r"(i));',
                          lambda p, i: {8: 0 if i == 1 else 77}),
    "select": ('asm("{.reg .pred q, r, s; setp.ge.s32 q, %1, 0; setp.ne.u32 r, %2, 5; and.pred s, q, r;'
               ' selp.b32 %0, %1, 9, s;}" : "=r"(p[8]) : "r"(i), "r"(p[0]));',
               lambda p, i: {8: i if p[0] != 5 else 9}),
    "load": ('asm volatile("ld.relaxed.gpu.global.u32 %0, [%1+4];" : "=r"(p[8]) : "l"(p) : "memory");'
             'asm("ld.global.nc.v2.u32 {%0, %1}, [%2];" : "=r"(p[9]), "=r"(p[10]) : "l"(p + 2));',
             lambda p, i: {8: p[1], 9: p[2], 10: p[3]}),
    "store": ('asm volatile("st.release.gpu.global.u32 [%0], %1;" :: "l"(p + 8), "r"(p[0]) : "memory");'
              'asm volatile("st.cg.global.v2.u32 [%0+8], {%1, %2};" :: "l"(p + 8), "r"(p[1]), "r"(p[2]) : "memory");',
              lambda p, i: {8: p[0], 10: p[1], 11: p[2]}),
    "predicated store": ('asm volatile("{.reg .pred q; setp.eq.u32 q, %0, 2; @q st.u32 [%1], 5; @!q st.u32 [%2], 6;}"'
                         ' :: "r"(i), "l"(i == 2 ? p + 8 : (unsigned *)8), "l"(i == 2 ? (unsigned *)8 : p + 9)'
                         ' : "memory");', lambda p, i: {8: 5} if i == 2 else {9: 6}),
    "atomics": ('asm volatile("atom.add.acq_rel.gpu.global.u32 %0, [%1], %2;" : "=r"(p[9]) : "l"(p + 8), "r"(3) : '
                '"memory"); asm volatile("red.global.max.s32 [%0], 40;" :: "l"(p + 8) : "memory");'
                'asm volatile("atom.cas.b32 %0, [%1], 40, 41;" : "=r"(p[10]) : "l"(p + 8) : "memory");',
                lambda p, i: {8: 41, 9: 0, 10: 40}),
    "floats": ('float f; asm("{.reg .f32 t; mul.rn.f32 t, %1, 0f40000000; add.f32 %0, t, %1;}" : "=f"(f) : "f"(1.5f));'
               'asm("cvt.rzi.s32.f32 %0, %1;" : "=r"(p[8]) : "f"(f)); double d; asm("cvt.f64.f32 %0, %1;" : "=d"(d) : '
               '"f"(f)); p[9] = (unsigned)(d * 2); asm("fma.rn.f32 %0, %1, %1, %1;" : "=f"(f) : "f"(3.f));'
               'p[10] = (unsigned)f; asm("max.f32 %0, %1, 0f40A00000;" : "=f"(f) : "f"(3.f)); p[11] = (unsigned)f;',
               lambda p, i: {8: 4, 9: 9, 10: 12, 11: 5}),
    "widths": ('unsigned long long w; asm("cvt.s64.s32 %0, %1;" : "=l"(w) : "r"(-5)); p[8] = (unsigned)(w >> 32);'
               'asm("mul.wide.u32 %0, %1, %2;" : "=l"(w) : "r"(p[0]), "r"(p[1])); p[9] = (unsigned)(w >> 32);'
               'asm("min.s32 %0, %1, -3;" : "=r"(p[10]) : "r"(i)); asm("dp4a.s32.s32 %0, %1, %2, %3;" : "=r"(p[11]) :'
               ' "r"(0x01FF0203), "r"(0x01010101), "r"(10));',
               lambda p, i: {8: 2**32 - 1, 9: p[0] * p[1] >> 32, 10: 2**32 - 3, 11: 10 + 3 + 2 - 1 + 1}),
    "shared": ('__shared__ unsigned s[4]; unsigned a = (unsigned)__cvta_generic_to_shared(s + 1); unsigned long long g;'
               'asm volatile("st.shared.u32 [%0], %1;" :: "r"(a), "r"(p[0]) : "memory"); p[8] = s[1];'
               'asm("cvta.to.shared.u64 %0, %1;" : "=l"(g) : "l"(s + 1)); p[9] = (unsigned)g == a;'
               'asm volatile("ld.shared.u32 %0, [%1+-4];" : "=r"(p[10]) : "r"(a + 4) : "memory");',
               lambda p, i: {8: p[0], 9: 1, 10: p[0]}),
}


def test_inline_ptx_runs(tmp_path: Path) -> None:
    if cpu.runtime_path() is None:
        pytest.skip("the native runtime is not built")
    kernels = "".join(f'extern "C" __global__ void k{n}(unsigned *all) {{ unsigned i = threadIdx.x, *p = all + 16 * i;'
                      f" {body} }}\n" for n, (body, _) in enumerate(FORMS.values()))
    path = tmp_path / "k.so"
    path.write_bytes(library_bytes(device_code(kernels)))
    threads = Threads(path)
    for n, (name, (_, model)) in enumerate(FORMS.items()):
        words = np.zeros((4, 16), np.uint32)
        words[:, :8] = np.random.default_rng(n).integers(0, 2**32, (4, 8), dtype=np.uint32)
        words[0, 0] = 5
        wanted = words.copy()
        for i in range(4):
            for where, value in model([int(each) for each in words[i]], i).items():  # type: ignore[operator]
                wanted[i, where] = value % 2**32
        threads.run(f"k{n}", words.ctypes.data.to_bytes(8, "little"), 4, shared_bytes=64)
        np.testing.assert_array_equal(words, wanted, err_msg=name)


WARPS = """extern "C" __global__ void k(int *p) {
    int x = p[0], y; unsigned b;
    asm volatile("{.reg .pred q; .reg .s32 t; shfl.sync.up.b32 t|q, %1, 1, 0, -1; @q add.s32 t, t, %1; mov.b32 %0, t;}"
                 : "=r"(y) : "r"(x));
    asm volatile("{.reg .pred q; setp.ne.u32 q, %1, 0; vote.sync.ballot.b32 %0, q, 0xffffffff;}" : "=r"(b) : "r"(x));
    asm volatile("bar.sync 1, 64; redux.sync.max.s32 %0, %1, -1; bar.warp.sync -1;" : "=r"(x) : "r"(y));
    p[1] = y + b + x;
}"""


def test_warp_operations_call_the_runtime() -> None:
    text = cpu.lower(device_code(WARPS))[0]
    assert re.search(r"call i32 @cpl_shuffle\(ptr %cpl.thread, i32 0, i32 -1, i32 %\w+, i32 1, i32 0, ptr %", text)
    assert re.search(r"call i32 @cpl_vote\(ptr %cpl.thread, i32 3, i32 (-1|4294967295), i32 %", text)
    assert re.search(r"call void @cpl_barrier\(ptr %cpl.thread, i32 1, i32 64,", text)
    assert re.search(r"call i32 @cpl_redux\(ptr %cpl.thread, i32 4, i32 -1,", text)
    assert re.search(r"call void @cpl_warp_sync\(ptr %cpl.thread, i32 -1,", text)


@pytest.mark.parametrize("text", ["@q add.u32 %0, %1, 1;", "ld.param.u32 %0, [%1];", "bra L;", "add.u32 %0, %1;",
                                  "setp.eq.u32 q|r, %1, 1; mov.u32 %0, 1;", "add.sat.s16 %0, %1, %1, 2;",
                                  "mul.rz.f16 %0, %1, %1;", "mov.u32 %0, %%nothing;", "mad.u32 %0, %1, %1, 1;",
                                  "cvt.f16.f32 %0, %1;", "atom.frob.u32 %0, [%1], 1;", "wgmma.fence.sync.aligned;",
                                  "cvt.s32.f32 %0, %1;", "shl.b32 %0, %1, 1", "setp.lt.b32 q, %1, 1;"])
def test_what_is_not_in_the_tables_is_refused_by_name(text: str) -> None:
    source = f'extern "C" __global__ void k(unsigned *p) {{ asm volatile("{text}" : "=r"(p[0]) : "r"(p[1])); }}'
    with pytest.raises(CompilerError, match=r"snippet.cu\(1\): error: inline PTX .* is not supported"):
        cpu.lower(device_code(source))
