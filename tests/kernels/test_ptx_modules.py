"""PTX written by hand, loaded through the driver and run in both engines: what compilers of CUDA C++ seldom make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from engines import ENGINES

driver = pytest.importorskip("cuda.bindings.driver")

from test_corpus import context, ok  # noqa: E402, F401
from test_ptx_round_trip import compiled_by  # noqa: E402

HEAD = ".version 8.4\n.target sm_80\n.address_size 64\n"
# Each body sees its thread %t, its word %x of the input, and leaves a word %y.
KERNEL = """
.visible .entry k(.param .u64 input, .param .u64 output)
{
    .reg .u64 %in, %out, %at;
    .reg .b32 %t, %x, %y;
    .reg .pred %p, %q;
    ld.param.u64 %in, [input];
    ld.param.u64 %out, [output];
    cvta.to.global.u64 %in, %in;
    mov.u32 %t, %tid.x;
    mad.wide.u32 %at, %t, 4, %in;
    ld.global.u32 %x, [%at];
    BODY
    mad.wide.u32 %at, %t, 4, %out;
    st.global.u32 [%at], %y;
    ret;
}
"""
Words = np.ndarray


class Case(NamedTuple):
    body: str
    model: Callable[[Words, Words], Words]  # of threads and inputs
    before: str = ""


def warp_of(threads: Words) -> Words:
    return threads // 32 * 32


CASES = {
    "a loop with labels": Case("""
        mov.u32 %y, 0; .reg .u32 %n; and.b32 %n, %x, 15;
    TOP: setp.eq.u32 %p, %n, 0; @%p bra DONE; mad.lo.u32 %y, %y, 3, %n; sub.u32 %n, %n, 1; bra.uni TOP;
    DONE:""", lambda t, x: np.array([turns(int(each) & 15) for each in x])),
    "a table of branches": Case("""
        .reg .u32 %i; and.b32 %i, %x, 3; mov.u32 %y, 0;
        PLACES: .branchtargets A, B, C, D;
        brx.idx %i, PLACES;
    A: add.u32 %y, %y, 1;
    B: add.u32 %y, %y, 10; bra END;
    C: mov.u32 %y, 100;
    D: add.u32 %y, %y, 1000;
    END:""", lambda t, x: np.array([11, 10, 1100, 1000])[x & 3]),
    "labels of scopes": Case("""
        mov.u32 %y, 0;
        { .reg .u32 %v; mov.u32 %v, 5; setp.lt.s32 %p, %x, 0; @%p bra OUT; add.u32 %y, %y, %v; OUT: }
        { .reg .u32 %v; mov.u32 %v, 7; setp.gt.s32 %p, %x, 99; @%p bra OUT; add.u32 %y, %y, %v; OUT: }
        """, lambda t, x: 5 * (x.view(np.int32) >= 0) + 7 * (x.view(np.int32) <= 99)),
    "values by parameters and results in memory": Case("""
        { .param .b32 a; .param .align 4 .b8 s[8]; .param .b32 r;
          st.param.b32 [a], %x; st.param.b32 [s], 3; st.param.b32 [s+4], %t;
          call.uni (r), scaled, (a, s); ld.param.b32 %y, [r]; }""", lambda t, x: x * 3 + t, """
        .func (.param .b32 r) scaled(.param .b32 a, .param .align 4 .b8 s[8])
        { .reg .b32 %v, %w, %z; ld.param.b32 %v, [a]; ld.param.b32 %w, [s]; ld.param.b32 %z, [s+4];
          mad.lo.s32 %v, %v, %w, %z; st.param.b32 [r], %v; ret; }"""),
    "a struct as result": Case("""
        { .param .b32 a; .param .align 8 .b8 r[16]; .reg .u64 %a, %b;
          st.param.b32 [a], %x; call (r), twice, (a); ld.param.v2.u64 {%a, %b}, [r]; add.u64 %a, %a, %b;
          cvt.u32.u64 %y, %a; }""", lambda t, x: 3 * x, """
        .func (.param .align 8 .b8 r[16]) twice(.param .b32 a)
        { .reg .u32 %v; .reg .u64 %w; ld.param.u32 %v, [a]; cvt.u64.u32 %w, %v; st.param.u64 [r], %w;
          add.u64 %w, %w, %w; st.param.u64 [r+8], %w; ret; }"""),
    "registers as parameters, two results": Case(
        "{ .reg .u32 %a, %b; call (%a, %b), split, (%x, 4); sub.u32 %y, %a, %b; }",
        lambda t, x: (x >> 4) - (x & 15), """
        .func (.reg .u32 high, .reg .u32 low) split(.reg .u32 v, .reg .u32 n)
        { shr.u32 high, v, n; and.b32 low, v, 15; ret; }"""),
    "a function pointer out of a table": Case("""
        { .reg .u64 %f, %g; .param .b32 a; .param .b32 r; and.b32 %y, %x, 1; mov.u64 %g, table;
          mad.wide.u32 %f, %y, 8, %g; ld.global.u64 %f, [%f]; st.param.b32 [a], %x;
          kind: .callprototype (.param .b32 _) _ (.param .b32 _);
          call (r), %f, (a), kind; ld.param.b32 %y, [r]; }""", lambda t, x: np.where(x & 1, x + 7, x * 5), """
        .func (.param .b32 r) five(.param .b32 a)
        { .reg .u32 %v; ld.param.u32 %v, [a]; mul.lo.u32 %v, %v, 5; st.param.u32 [r], %v; ret; }
        .func (.param .b32 r) plus(.param .b32 a)
        { .reg .u32 %v; ld.param.u32 %v, [a]; add.u32 %v, %v, 7; st.param.u32 [r], %v; ret; }
        .global .align 8 .u64 table[2] = {five, plus};"""),
    "recursion": Case("""
        { .param .b32 a; .param .b32 r; .reg .u32 %n; and.b32 %n, %x, 7; st.param.u32 [a], %n;
          call (r), factorial, (a); ld.param.u32 %y, [r]; }""",
                      lambda t, x: np.array([1, 1, 2, 6, 24, 120, 720, 5040])[x & 7], """
        .func (.param .b32 r) factorial(.param .b32 a)
        { .reg .u32 %n, %m; .reg .pred %p; .param .b32 b; .param .b32 s;
          ld.param.u32 %n, [a]; setp.lt.u32 %p, %n, 2; @%p bra ONE; sub.u32 %m, %n, 1; st.param.u32 [b], %m;
          call (s), factorial, (b); ld.param.u32 %m, [s]; mul.lo.u32 %m, %m, %n; st.param.u32 [r], %m; ret;
          ONE: st.param.u32 [r], 1; ret; }"""),
    "constants with values": Case("""
        { .reg .u64 %a; .reg .u32 %i; .reg .f32 %f; .reg .b16 %h; and.b32 %i, %x, 3; mov.u64 %a, numbers;
          mad.wide.u32 %a, %i, 4, %a; ld.const.u32 %y, [%a]; ld.const.f32 %f, [half]; cvt.rzi.u32.f32 %i, %f;
          add.u32 %y, %y, %i; ld.const.s16 %i, [small+2]; add.u32 %y, %y, %i; ld.global.u8 %i, [text+1];
          add.u32 %y, %y, %i; }""", lambda t, x: np.array([10, 20, 30, 0])[x & 3] + 2 - 3 + ord("b"), """
        .const .align 4 .u32 numbers[4] = {10, 0x14, 30};
        .const .f32 half = 0f40200000;
        .const .align 2 .s16 small[] = {1, -3};
        .global .align 1 .b8 text[3] = {97, 98, 0};"""),
    "an address in bytes": Case("""
        { .reg .u64 %a; ld.global.u64 %a, [where]; ld.u32 %y, [%a+4]; add.u32 %y, %y, %x; }""", lambda t, x: x + 66, """
        .global .align 4 .u32 data[2] = {55, 66};
        .global .align 8 .b8 where[8] = {0xFF(generic(data)), 0xFF00(generic(data)), 0xFF0000(generic(data)),
            0xFF000000(generic(data)), 0xFF00000000(generic(data)), 0xFF0000000000(generic(data)),
            0xFF000000000000(generic(data)), 0xFF00000000000000(generic(data))};"""),
    "shared memory and a barrier": Case("""
        { .shared .align 4 .b32 all[64]; .reg .u32 %a, %b; mov.u32 %b, all; shl.b32 %a, %t, 2; add.u32 %a, %b, %a;
          st.shared.u32 [%a], %x; bar.sync 0; xor.b32 %a, %t, 63; shl.b32 %a, %a, 2; add.u32 %a, %b, %a;
          ld.shared.u32 %y, [%a]; }""", lambda t, x: x[t ^ 63]),
    "local memory": Case("""
        { .local .align 4 .b8 own[32]; .reg .u32 %i; .reg .u64 %a; mov.u32 %i, 0;
          AGAIN: mul.wide.u32 %a, %i, 4; .reg .u64 %b; mov.u64 %b, own; add.u64 %a, %a, %b; mad.lo.u32 %y, %i, 3, %x;
          st.local.u32 [%a], %y; add.u32 %i, %i, 1; setp.lt.u32 %p, %i, 8; @%p bra AGAIN;
          and.b32 %i, %x, 7; mul.wide.u32 %a, %i, 4; add.u64 %a, %a, %b; ld.local.u32 %y, [%a]; }""",
                        lambda t, x: x + 3 * (x & 7)),
    "vector registers": Case("""
        { .reg .v2 .u32 %v; .reg .v4 .u16 %w; .reg .u64 %a; mov.u32 %v.x, %x; mov.u32 %v.y, %t;
          mov.b64 %a, {%v.x, %v.y}; mov.b64 {%w.x, %w.y, %w.z, %w.w}, %a; mov.b32 %y, {%w.y, %w.z}; }""",
                             lambda t, x: x >> 16 | t << 16),
    "guards on everything": Case("""
        setp.lt.s32 %p, %x, 0; mov.u32 %y, 1; @%p mov.u32 %y, 2; { .reg .u64 %o; ld.param.u64 %o, [output];
        mad.wide.u32 %o, %t, 4, %o; @%p st.global.u32 [%o], 77; @%p ld.global.u32 %y, [%o]; @!%p add.u32 %y, %y, 4; }
        """, lambda t, x: np.where(x.view(np.int32) < 0, 77, 5)),
    "early ends": Case("""
        ld.param.u64 %at, [output]; mad.wide.u32 %at, %t, 4, %at; st.global.u32 [%at], 9; setp.gt.u32 %p, %t, 40;
        @%p exit; setp.eq.u32 %q, %t, 3; @%q ret; mov.u32 %y, %t;""",
                       lambda t, x: np.where((t > 40) | (t == 3), 9, t)),
    "warps": Case("""
        { .reg .u32 %m, %v; setp.lt.s32 %p, %x, 0; vote.sync.ballot.b32 %m, %p, -1; shfl.sync.bfly.b32 %v|%q, %x, 1, 31,
          -1; redux.sync.max.u32 %y, %v, 0xffffffff; xor.b32 %y, %y, %m; match.any.sync.b32 %v, %t, -1;
          add.u32 %y, %y, %v; mov.u32 %v, %lanemask_lt; add.u32 %y, %y, %v; activemask.b32 %v; add.u32 %y, %y, %v;
          elect.sync %v|%q, -1;
          @%q add.u32 %y, %y, 5; bar.warp.sync -1; vote.sync.any.pred %q, %p, -1; @%q add.u32 %y, %y, 1; }""",
                  lambda t, x: warps(t, x)),
    "legacy warp operations": Case("""
        { .reg .u32 %m; setp.lt.s32 %p, %x, 0; vote.ballot.b32 %m, %p; shfl.down.b32 %y, %x, 2, 31;
          add.u32 %y, %y, %m; }""", lambda t, x: np.where(t % 32 < 30, np.roll(x, -2), x) + ballots(t, x)),
    "reductions at the barrier": Case("""
        { .reg .u32 %m; setp.lt.s32 %p, %x, 0; bar.red.popc.u32 %m, 0, %p; bar.red.and.pred %q, 1, !%p;
          selp.u32 %y, 100, %m, %q; }""",
                                      lambda t, x: np.full(64, (x.view(np.int32) < 0).sum() or 100)),
    "atomics": Case("""
        { .shared .u32 sum; .reg .u64 %a; @%p bra HERE; HERE: setp.eq.u32 %p, %t, 0; @%p st.shared.u32 [sum], 0;
          bar.sync 0; and.b32 %y, %x, 255; red.shared.add.u32 [sum], %y; bar.sync 0; ld.shared.u32 %y, [sum];
          bar.sync 0; @%p atom.shared.cas.b32 %y, [sum], %y, 1; bar.sync 0; ld.shared.u32 %t, [sum]; add.u32 %y, %y, %t;
          mov.u32 %t, %tid.x; }""", lambda t, x: np.full(64, (x & 255).sum() + 1)),
    "copies into shared memory": Case("""
        { .shared .align 16 .b8 tile[1024]; .reg .u32 %a; .reg .u64 %g; mov.u32 %a, tile; mad.lo.u32 %a, %t, 4, %a;
          cp.async.ca.shared.global [%a], [%at], 4; cp.async.commit_group; cp.async.wait_group 0; bar.sync 0;
          ld.shared.u32 %y, [%a]; }""", lambda t, x: x),
    "special registers": Case("""
        { .reg .u32 %v; .reg .u64 %w; mov.u32 %y, %laneid; mov.u32 %v, %ntid.x; mad.lo.u32 %y, %v, 100, %y;
          mov.u32 %v, %nctaid.y; add.u32 %y, %y, %v; mov.u32 %v, WARP_SZ; add.u32 %y, %y, %v; mov.u64 %w, %globaltimer;
          setp.eq.u64 %p, %w, 0; @%p mov.u32 %y, 0; mov.u64 %w, %clock64; mov.u32 %v, %warpid; add.u32 %y, %y, %v; }""",
                              lambda t, x: 6400 + t % 32 + 1 + 32 + t // 32),
    "matrices out of shared memory": Case("""
        { .shared .align 16 .b8 m[256]; .reg .u32 %a, %b, %c; mov.u32 %a, m; mad.lo.u32 %b, %t, 4, %a; setp.lt.u32 %p,
          %t, 32; @%p st.shared.u32 [%b], %x; bar.sync 0; and.b32 %b, %t, 7; mad.lo.u32 %b, %b, 16, %a;
          ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%c}, [%b];
          ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%y}, [%b]; xor.b32 %y, %y, %c; }""",
                                          lambda t, x: matrices(t, x)),
}  # fmt: skip


def turns(n: int) -> int:
    y = 0
    for each in range(n, 0, -1):
        y = y * 3 + each
    return y


def ballots(t: Words, x: Words) -> Words:
    bits = (x.view(np.int32) < 0).reshape(-1, 32).astype(np.uint64)
    return np.repeat((bits << np.arange(32, dtype=np.uint64)).sum(axis=1), 32)


def warps(t: Words, x: Words) -> Words:
    lane = (t % 32).astype(np.uint64)
    one = np.uint64(1)
    top = np.repeat(x.reshape(-1, 32).max(axis=1), 32).astype(np.uint64)
    return (top ^ ballots(t, x)) + (one << lane) + ((one << lane) - one) + np.uint64(2**32 - 1) + np.where(
        lane == 0, 5, 0).astype(np.uint64) + np.repeat((x.view(np.int32) < 0).reshape(-1, 32).any(axis=1), 32)


def matrices(t: Words, x: Words) -> Words:
    matrix = np.ascontiguousarray(x[:32]).view(np.uint16).reshape(8, 8)
    plain = np.ascontiguousarray(matrix).view(np.uint32).ravel()
    turned = np.ascontiguousarray(matrix.T).view(np.uint32).ravel()
    return np.tile(plain ^ turned, 2)


@pytest.fixture
def words() -> Iterator[Words]:
    yield np.random.default_rng(5).integers(0, 2**32, 64, np.uint64).astype(np.uint32)


def launched(module: object, given: Words) -> Words:
    """The output of `k` in the module, for one block of a thread per word."""
    function = ok(driver.cuModuleGetFunction(module, b"k"))
    places = [ok(driver.cuMemAlloc(given.nbytes)) for _ in range(2)]
    ok(driver.cuMemcpyHtoD(places[0], given.ctypes.data, given.nbytes))
    packed = np.array([int(each) for each in places], np.uint64)
    size = np.array([packed.nbytes], np.uint64)
    extra = np.array([1, packed.ctypes.data, 2, size.ctypes.data, 0], np.uint64)
    ok(driver.cuLaunchKernel(function, 1, 1, 1, len(given), 1, 1, 0, 0, 0, extra.ctypes.data))
    ok(driver.cuCtxSynchronize())
    found = np.empty_like(given)
    ok(driver.cuMemcpyDtoH(found.ctypes.data, places[1], found.nbytes))
    for each in places:
        ok(driver.cuMemFree(each))
    return found


@pytest.mark.timeout(60)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", CASES)
def test_ptx_by_hand_gives_what_numpy_gives(name: str, engine: str, context: object,  # noqa: F811
                                            words: Words) -> None:
    case = CASES[name]
    text = HEAD + case.before + KERNEL.replace("BODY", case.body)
    with compiled_by(engine):
        got = launched(ok(driver.cuModuleLoadData(text.encode() + b"\0")), words)
    threads = np.arange(64)
    wanted = np.asarray(case.model(threads, words.astype(np.int64) if name not in UNSIGNED else words))
    np.testing.assert_array_equal(got, wanted.astype(np.uint64).astype(np.uint32))


UNSIGNED = ("labels of scopes", "guards on everything", "warps", "legacy warp operations", "reductions at the barrier",
            "matrices out of shared memory")
FAULTS = {
    "an unknown instruction": ("    frob.u32 %y, %x;", 19, "frob.u32 %y, %x", "INVALID_PTX"),
    "an unknown register": ("    add.u32 %y, %x, %none;", 19, "'%none'", "INVALID_PTX"),
    "a label that is not there": ("    bra NOWHERE;", 19, "NOWHERE", "INVALID_PTX"),
    "a form that is not there": ("    add.f32.u32 %y, %x, %x;", 19, "add.f32.u32", "INVALID_PTX"),
    "an unknown function": ("    call foo, (%x);", 19, "foo", "INVALID_PTX"),
    "no semicolon": ("    add.u32 %y, %x, 1 }", 19, "add.u32", "INVALID_PTX"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_names_its_line_in_the_error_log(fault: str, context: object) -> None:  # noqa: F811
    body, line, shown, status = FAULTS[fault]
    text = HEAD + KERNEL.replace("    BODY", body)
    row = text.splitlines().index(body) + 1
    assert row >= line - 6
    log = bytearray(2048)
    error, _ = driver.cuModuleLoadDataEx(
        text.encode() + b"\0", 2, [driver.CUjit_option.CU_JIT_ERROR_LOG_BUFFER,
                                   driver.CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES], [log, len(log)])
    told = log.rstrip(b"\0").decode()
    assert error.name == f"CUDA_ERROR_{status}" and f"line {row}: error: " in told and shown in told, told


def test_what_is_not_ptx_for_this_device_is_refused(context: object) -> None:  # noqa: F811
    def status(text: str) -> str:
        return driver.cuModuleLoadData(text.encode() + b"\0")[0].name

    kernel = ".visible .entry k() { ret; }\n"
    assert status(HEAD + kernel) == "CUDA_SUCCESS"
    assert status(HEAD.replace("8.4", "42.0") + kernel) == "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"
    assert status(HEAD.replace("size 64", "size 32") + kernel) == "CUDA_ERROR_INVALID_PTX"
    assert status(HEAD.replace("sm_80", "sm_121") + kernel) == "CUDA_ERROR_INVALID_PTX"
    assert status(HEAD + ".visible .entry k() { ret;\n") == "CUDA_ERROR_INVALID_PTX"


def test_pieces_of_ptx_are_linked(context: object, words: Words) -> None:  # noqa: F811
    helper = HEAD + """.visible .func (.param .b32 r) helper(.param .b32 a)
        { .reg .u32 %v; ld.param.u32 %v, [a]; mul.lo.u32 %v, %v, 9; st.param.u32 [r], %v; ret; }"""
    user = HEAD + ".extern .func (.param .b32 r) helper(.param .b32 a);\n" + KERNEL.replace("BODY", """
        { .param .b32 a; .param .b32 r; st.param.u32 [a], %x; call (r), helper, (a); ld.param.u32 %y, [r]; }""")
    linked = ok(driver.cuLinkCreate(0, [], []))
    for name, text in (("helper", helper), ("user", user)):
        data = text.encode() + b"\0"
        ok(driver.cuLinkAddData(linked, driver.CUjitInputType.CU_JIT_INPUT_PTX, data, len(data), name.encode(), 0, [],
                                []))
    cubin, size = ok(driver.cuLinkComplete(linked))
    assert size > 0
    np.testing.assert_array_equal(launched(ok(driver.cuModuleLoadData(cubin)), words), words * np.uint32(9))
    ok(driver.cuLinkDestroy(linked))


def test_ptx_comes_by_libraries_and_files_too(context: object, words: Words, tmp_path: Path) -> None:  # noqa: F811
    text = HEAD + KERNEL.replace("BODY", "add.u32 %y, %x, 3;")
    library = ok(driver.cuLibraryLoadData(text.encode() + b"\0", [], [], 0, [], [], 0))
    np.testing.assert_array_equal(launched(ok(driver.cuLibraryGetModule(library)), words), words + np.uint32(3))
    ok(driver.cuLibraryUnload(library))
    path = tmp_path / "k.ptx"
    path.write_text(text)
    np.testing.assert_array_equal(launched(ok(driver.cuModuleLoad(str(path).encode())), words), words + np.uint32(3))


def test_instructions_keep_their_lines() -> None:
    from compatlayer.compiler.frontends.ptx import compile_ptx

    plain = HEAD + KERNEL.replace("    BODY", "    mul.lo.u32 %y, %x, %x;")
    line = plain.splitlines().index("    mul.lo.u32 %y, %x, %x;") + 1
    own = compile_ptx(plain.encode()).ir
    assert '!DIFile(filename: "ptx"' in own and f"!DILocation(line: {line}," in own
    named = plain.replace("    mul.lo", "    .loc 1 77 5\n    mul.lo") + '.file 1 "k.cu"\n'
    told = compile_ptx(named.encode()).ir
    assert '!DIFile(filename: "k.cu"' in told and "!DILocation(line: 77, column: 5," in told


def test_variables_are_found_by_name(context: object, words: Words) -> None:  # noqa: F811
    text = HEAD + ".visible .global .align 4 .u32 step = 5;\n.visible .const .align 4 .u32 base[2] = {1, 2};\n" \
        + KERNEL.replace("BODY", "{ .reg .u32 %v; ld.global.u32 %v, [step]; mul.lo.u32 %y, %x, %v; "
                                 "ld.const.u32 %v, [base+4]; add.u32 %y, %y, %v; }")
    module = ok(driver.cuModuleLoadData(text.encode() + b"\0"))
    np.testing.assert_array_equal(launched(module, words), words * np.uint32(5) + np.uint32(2))
    for name, value in ((b"step", [11]), (b"base", [3, 4])):
        place, size = ok(driver.cuModuleGetGlobal(module, name))
        data = np.array(value, np.uint32)
        assert size == data.nbytes
        ok(driver.cuMemcpyHtoD(place, data.ctypes.data, size))
    np.testing.assert_array_equal(launched(module, words), words * np.uint32(11) + np.uint32(4))
