"""A kernel's native code: what is compiled when, what kernels share, and what is known of them beforehand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from compatlayer._native import lib
from device_code import SNIPPETS, compiled, device_code

from compatlayer import compiler, config
from compatlayer.compiler import cache, image, toolchain, variants
from compatlayer.compiler.image import LINE, NAIVE, PART, ROW8, ROW16, ROW32, SHAPES, TINY, VECTOR, WHOLE
from compatlayer.compiler.ir.excerpt import excerpt
from compatlayer.compiler.passes import imports, prune
from compatlayer.compiler.passes.unsupported import Unsupported
from compatlayer.compiler.targets import cpu
from compatlayer.compiler.targets.width import width
from compatlayer.errors import CompilerError


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; calls of the compiler are counted in its file `calls`."""
    kept = cache.Store(tmp_path / "cache")
    monkeypatch.setattr(cache, "store", lambda: kept)
    original = toolchain.run

    def run(arguments: list[str], *rest: object, **named: object) -> object:
        with open(tmp_path / "calls", "a") as file:
            file.write(f"{arguments[0]}\n")
        return original(arguments, *rest, **named)  # type: ignore[arg-type]

    cpu.host_cpu()
    compiled("control_flow")
    monkeypatch.setattr(toolchain, "run", run)
    return tmp_path / "calls"


def calls(store: Path) -> int:
    return store.read_text().count("\n") if store.exists() else 0


def test_the_classes_of_blocks_are_those_of_the_runtime() -> None:
    names = ("TINY", "ROW32", "ROW16", "ROW8", "LINE", "WHOLE", "PART")
    assert [getattr(lib, f"CPL_SHAPE_{name}") for name in names] == list(SHAPES)
    assert [getattr(image, name) for name in names] == list(SHAPES) and len(SHAPES) == lib.CPL_SHAPES
    for block, found in {(4, 1, 1): TINY, (2, 2, 1): TINY, (64, 3, 1): ROW32, (16, 16, 1): ROW16, (8, 8, 8): ROW8,
                         (33, 1, 1): LINE, (4, 4, 4): WHOLE, (5, 5, 1): PART}.items():
        assert lib.cpl_shape_class(block, 0) == found, block
    for block, found in {(16, 16, 1): WHOLE, (8, 3, 1): PART, (16, 1, 1): LINE, (32, 2, 1): ROW32}.items():
        assert lib.cpl_shape_class(block, lib.CPL_KERNEL_WARP) == found, block


def test_gangs_are_whole_warps_but_for_narrow_rows() -> None:
    classes = ROW32, ROW16, ROW8, LINE, WHOLE, PART
    assert [width(each, {"avx2"}, False) for each in classes] == [32, 16, 8, 32, 32, 32]
    assert [width(each, {"neon"}, False) for each in classes] == [16, 16, 8, 16, 16, 16]
    assert {width(each, {"sse2"}, True) for each in (ROW32, LINE, WHOLE, PART)} == {32}


def test_loading_a_module_without_variables_runs_no_compiler(store: Path) -> None:
    made = compiler.build_native(compiled("control_flow"))
    assert made.path is None and calls(store) == 0
    variant = made.compile(made.kernels[0], ROW32, NAIVE)
    assert calls(store) == 2 and variant.path.exists()  # the back end and the linker
    assert made.compile(made.kernels[0], PART, NAIVE) == made.compile(made.kernels[0], TINY, VECTOR) == variant
    again = compiler.build_native(compiled("control_flow"))
    assert again == made and again.compile(again.kernels[0], LINE, NAIVE) == variant
    assert calls(store) == 2


def test_a_kernel_is_compiled_for_itself_alone() -> None:
    code = device_code('extern "C" __global__ void one(int *p) { *p = 1; } extern "C" __global__ void two(int *p) '
                       '{ *p = 2; }')
    made = compiler.build_native(code)
    libraries = [made.compile(each, TINY, NAIVE).path.read_bytes() for each in made.kernels]
    assert [b"cpl.entry.one" in each for each in libraries] == [True, False]
    assert [b"cpl.entry.two" in each for each in libraries] == [False, True]


def test_a_damaged_variant_is_compiled_anew(store: Path) -> None:
    made = compiler.build_native(compiled("control_flow"))
    variant = made.compile(made.kernels[0], TINY, NAIVE)
    variant.path.write_bytes(b"damaged")
    assert made.compile(made.kernels[0], TINY, NAIVE) == variant
    assert variant.path.read_bytes()[:4] == b"\x7fELF"


def test_without_a_cache_a_library_in_use_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "store", lambda: None)
    made = compiler.build_native(compiled("constants"))
    assert made.path is not None
    before = made.path.stat().st_ino
    assert compiler.build_native(compiled("constants")).path == made.path
    first = made.compile(made.kernels[0], TINY, NAIVE)
    file = first.path.stat().st_ino
    assert made.compile(made.kernels[0], TINY, NAIVE).path.stat().st_ino == file
    assert made.path.stat().st_ino == before and not list(made.path.parent.glob(".*"))


def refuse(*_: object) -> None:
    raise Unsupported("it is a trial")


def test_what_the_vector_engine_refuses_runs_in_the_naive_one_and_says_why(
        store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "_vector", refuse)
    made = compiler.build_native(compiled("control_flow"))
    plain = made.compile(made.kernels[0], TINY, VECTOR)
    assert plain.reason == "" and plain.width == 1
    for shape in (ROW32, LINE):
        assert made.compile(made.kernels[0], shape, VECTOR) == plain._replace(reason="it is a trial")
    assert calls(store) == 2


def test_a_refusal_is_remembered(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(cpu, "_vector", lambda *given: (asked.append(given), refuse()))
    made = compiler.build_native(compiled("control_flow"))
    for _ in range(3):
        assert made.compile(made.kernels[0], ROW32, VECTOR).reason == "it is a trial"
    assert len(asked) == 1


def test_a_defect_of_the_vector_engine_is_no_refusal(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise CompilerError("a phi does not name the predecessors of its block")

    monkeypatch.setattr(cpu, "_vector", fail)
    made = compiler.build_native(compiled("control_flow"))
    with pytest.raises(CompilerError, match="phi"):
        made.compile(made.kernels[0], ROW32, VECTOR)


WARP = {
    "__syncwarp();": True, "p[0] = __shfl_sync(~0u, p[1], 3);": True, "p[0] = __any_sync(~0u, p[1]);": True,
    "p[0] = __match_any_sync(~0u, p[1]);": True, "p[0] = __activemask();": True, "helper(p);": True,
    "p[0] = __reduce_add_sync(~0u, p[1]);": True,
    'asm("mov.u32 %0, %%laneid;" : "=r"(p[0]));': True, 'asm("mov.u32 %0, %%lanemask_lt;" : "=r"(p[0]));': True,
    'asm("{\\n\\tbar.sync 1, 64;\\n\\t}");': True, 'asm volatile("\\tactivemask.b32 %0;" : "=r"(p[0]));': True,
    "__nvvm_barrier_sync_cnt(1, 64);": True,
    "__shared__ volatile int s[9]; s[p[0]] = 1; p[1] = s[p[2]];": True,
    "p[0] = p[1] + warpSize;": False, "__syncthreads(); p[0] = __syncthreads_count(p[1]);": False,
    'asm("add.u32 %0, %1, 3;" : "=r"(p[0]) : "r"(p[1]));': False, 'asm("bar.sync 0;");': False,
    "__shared__ int s[9]; s[p[0]] = 1; __syncthreads(); p[1] = s[p[2]];": False, "atomicAdd(p, 3);": False,
    'asm volatile("" ::: "memory");': False, "__threadfence();": False,
}


@pytest.mark.parametrize("body", WARP)
def test_kernels_that_need_whole_warps_are_known(body: str) -> None:
    source = ("__device__ __noinline__ void helper(int *p) { *p = __popc(__ballot_sync(~0u, *p)); }\n"
              f'extern "C" __global__ void k(int *p) {{ {body} }}\n'
              'extern "C" __global__ void other(int *p) { helper(p); }')
    found = {each.name: each.warp for each in cpu.lower_module(device_code(source)).kernels}
    assert found == {"k": WARP[body], "other": True}


SHARING = """
struct Shape { virtual __device__ int area(int) = 0; };
struct Square : Shape { __device__ int area(int x) override { return x * x; } };
__device__ __noinline__ int twice(int x) { return 2 * x; }
__device__ __noinline__ int direct(int x) { return x + 3; }
__device__ int (*table[2])(int) = {twice, twice};
static __device__ int hidden = 4;
__constant__ int fixed[4] = {1, 2, 3, 4};
__device__ const int plain[8] = {3, 1, 4, 1, 5, 9, 2, 6};
__device__ const int known[8] = {3, 1, 4, 1, 5, 9, 2, 6};
__device__ const int *kept;
extern "C" __global__ void k(int *p, int i) {
    p[0] = table[i](plain[p[1]]) + direct(hidden++) + fixed[i];
    kept = &known[i];
    printf("text");
}
extern "C" __global__ void make(Square *s) { new (s) Square; }
"""


def test_what_has_one_address_for_all_kernels_is_known() -> None:
    module = prune.run(cpu.read(device_code("#include <new>\n" + SHARING).ir))
    names = imports.shared_symbols(module)
    assert {"table", "fixed", "kept", "_Z5twicei", "_ZTV6Square", "_ZN6Square4areaEi"} <= names
    assert any("hidden" in name for name in names) and any("known" in name for name in names)
    assert "_Z6directi" not in names and not any("plain" in name or "str" in name for name in names)


def test_a_variant_holds_no_variable_of_the_module() -> None:
    code = device_code("#include <new>\n" + SHARING)
    lowered = cpu.lower_variant(code, "k", TINY, NAIVE)
    globals_ = [line for line in lowered.text.splitlines() if line.startswith("@") and " global " in line]
    assert globals_ and all(line.startswith("@cpl.address.") for line in globals_)
    assert {line.split(" ")[0].removeprefix("@cpl.address.") for line in globals_} == set(lowered.imports)
    assert "define" in lowered.text and "@make" not in lowered.text and "_Z5twicei(" not in lowered.text
    shared = cpu.lower_module(code).shared_text
    assert re.search(r"define protected .*i32 @_Z5twicei\(", shared) and "@fixed = protected global" in shared
    assert "cpl.entry" not in shared and "@k(" not in shared


def test_an_unknown_engine_is_named_with_those_that_are_known() -> None:
    assert config.from_environment({}).engine == VECTOR and not config.from_environment({}).engine_report
    assert config.from_environment({"COMPATLAYER_ENGINE": "naive"}).engine == NAIVE
    assert config.from_environment({"COMPATLAYER_ENGINE_REPORT": "1"}).engine_report
    with pytest.raises(config.SettingsError, match="COMPATLAYER_ENGINE=fast is not one of vector, naive"):
        config.from_environment({"COMPATLAYER_ENGINE": "fast"})


def test_dumps_show_the_passes_of_a_variant(monkeypatch: pytest.MonkeyPatch,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COMPATLAYER_DUMP", "after:imports")
    cpu.lower_variant(compiled("constants"), "k", TINY, NAIVE)
    assert capsys.readouterr().err.startswith("; ---- after imports: k\n")
    monkeypatch.setenv("COMPATLAYER_DUMP", "after:nonsense")
    for _ in range(2):
        cpu.lower_variant(compiled("constants"), "k", TINY, NAIVE)
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "after:nonsense names no pass" in told and "imports" in told


def test_variants_are_kept_apart_by_kernel_class_and_engine() -> None:
    made = compiler.build_native(compiled("warps"))
    kernel = made.kernels[0]
    keys = {variants._key(made, kernel, shape, engine) for shape in SHAPES for engine in (VECTOR, NAIVE)}
    keys.add(variants._key(made, kernel._replace(name="other"), TINY, NAIVE))
    assert len(keys) == 2 * len(SHAPES) + 1


@pytest.mark.parametrize("name", ["function_pointers", "virtual_calls", "shared_memory", "constants", "printing"])
def test_reading_a_kernel_alone_gives_what_reading_the_module_gives(
        name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    more = 'extern "C" __global__ void other(float *p) { __shared__ float more[40]; more[threadIdx.x] = *p; }'
    code = device_code(SNIPPETS[name] + "\n__shared__ float more_for_k[3];\n" + more)
    alone = cpu.lower_variant(code, "k", TINY, NAIVE)
    monkeypatch.setattr(cpu, "excerpt", lambda text, kernel: text)
    whole = cpu.lower_variant(code, "k", TINY, NAIVE)
    plain = [re.sub(r"!\d+", "!", "\n".join(line for line in each.text.splitlines() if line[:1] != "!"))
             for each in (alone, whole)]
    assert plain[0] == plain[1]
    assert alone._replace(text="") == whole._replace(text="")


def test_reading_a_kernel_alone_skips_the_others() -> None:
    source = "".join(f'extern "C" __global__ void k{n}(int *p) {{ *p = {n}; }}\n' for n in range(20))
    text = device_code(source).ir
    part = excerpt(text, "k7")
    assert "@k7(" in part and "@k8(" not in part and part.count("define") == 1
