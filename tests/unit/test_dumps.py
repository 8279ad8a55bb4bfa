"""COMPATLAYER_DUMP: every pass can be shown, and what it left is valid LLVM IR."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from unittest import mock

import pytest
from device_code import device_code

from compatlayer.compiler import passes, toolchain
from compatlayer.compiler.image import NAIVE, ROW32, VECTOR
from compatlayer.compiler.passes import canonical, pipeline, vector
from compatlayer.compiler.targets import cpu

NAMES = pipeline.names()
# Something for each pass to do.
SOURCE = """
__device__ int shared_by_all[40];
__device__ __noinline__ float slope(float x, int n) { return n ? expf(x) : rsqrtf(x + n); }
extern "C" __global__ void k(float4 *v, int *p, unsigned n) {
    __shared__ int tile[64];
    int i = blockIdx.x * blockDim.x + threadIdx.x, sum = 0;
    if (i >= n) return;
    for (int a = 0; a < p[i] % 9; a++) {
        if (a == 3 && i % 2) continue;
        switch (p[a]) { case 1: sum += a << p[i]; break; case 5: sum -= 3 / p[i]; break; case 9: sum ^= 2; break; }
        if (sum > 1000) break;
    }
    tile[threadIdx.x] = sum;
    __syncthreads();
    float4 w = v[i];
    w.x = slope(w.y, tile[63 - threadIdx.x]);
    v[i] = w;
    atomicAdd(&shared_by_all[i % 40], __shfl_xor_sync(~0u, sum, 1));
}"""


def dumped(asked: str, engine: str = VECTOR) -> tuple[str, list[tuple[str, str]]]:
    """What a lowering prints that asks for `asked`: before the first dump, and each dump's pass and text."""
    told = io.StringIO()
    with contextlib.redirect_stderr(told), mock.patch.dict("os.environ", COMPATLAYER_DUMP=asked), \
            mock.patch.multiple(pipeline, _seen=set(), _told=set()):
        lowered = cpu.lower_variant(device_code(SOURCE), "k", ROW32, engine)
    assert not lowered.reason and (lowered.width > 1) == (engine == VECTOR)
    before, *parts = re.split(r"^; ---- after (.*)\n", told.getvalue(), flags=re.MULTILINE)
    return before, list(zip(parts[::2], parts[1::2], strict=True))


@cache
def everything() -> list[tuple[str, str]]:
    before, shown = dumped("all")
    assert not before
    return [(head.partition(":")[0], text) for head, text in shown]


def test_all_shows_every_pass_in_the_order_that_is_listed() -> None:
    assert list(dict.fromkeys(name for name, _ in everything())) == list(NAMES)
    assert dumped("after:all")[1] == dumped("all")[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_pass_alone_is_shown_with_its_kernel(name: str) -> None:
    before, shown = dumped(f"after:{name}")
    assert not before and shown
    assert all(re.fullmatch(rf"{name}: k(, 32 lanes, .*)?", head) for head, _ in shown)
    assert [text for _, text in shown] == [text for each, text in everything() if each == name]


@pytest.mark.parametrize("name", [each for each in NAMES if each not in vector.REPORTS])
def test_clang_accepts_what_a_pass_leaves(name: str) -> None:
    for text in [text for each, text in everything() if each == name]:
        status, _, errors = toolchain.run(["clang", "-cc1", "-x", "ir", "-emit-llvm", "-disable-llvm-passes", "-w",
                                           "-o", "-", "-"], text.encode())
        assert status == 0, errors.decode()


def test_the_naive_engine_shows_its_own_passes() -> None:
    before, shown = dumped("all", NAIVE)
    own = {*(name for name, _ in canonical.PASSES), "canonical", *vector.REPORTS, "vector"}
    assert not before
    assert [head for head, _ in shown] == [f"{name}: k" for name in NAMES if name not in own]


def test_every_file_with_a_pass_is_in_the_list() -> None:
    folder = Path(next(iter(passes.__path__)))
    files = [*folder.glob("*.py"), *(folder / "canonical").glob("[!_]*.py"), folder / "canonical", folder / "vector"]
    found = {each.stem for each in files
             if re.search(r"^def run\(", (each if each.suffix else each / "__init__.py").read_text(), re.MULTILINE)}
    assert found == set(NAMES) - set(vector.REPORTS)


def test_the_documentation_has_a_row_for_every_pass_in_their_order() -> None:
    page = (Path(__file__).parents[2] / "docs" / "compiler.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| ", page.partition("## Settings")[0], re.MULTILINE)
    inner = list(dict.fromkeys(name for name, _ in canonical.PASSES))
    outer = [name for name in NAMES if name not in (*inner, *vector.REPORTS)]
    assert rows == ["pass", *outer, *inner]


def test_every_file_of_the_passes_says_what_it_is_for() -> None:
    folder = Path(next(iter(passes.__path__)))
    for path in folder.rglob("[!_]*.py"):
        note = re.match(r'"""(.*?)"""', path.read_text(), re.DOTALL)
        assert note, f"{path.name} has no note"
        if re.search(r"^def run\(", path.read_text(), re.MULTILINE):
            assert len(note[1].split("\n\n")) > 1, f"the pass {path.name} does not say why it exists"


@pytest.mark.parametrize("asked", ["after:nonsense", "nonsense", "vector", "after:", "before:vector"])
def test_a_dump_of_no_pass_is_answered_with_the_names(asked: str) -> None:
    before, shown = dumped(asked)
    assert not shown
    assert before == (f"compatlayer: COMPATLAYER_DUMP={asked} names no pass; write all, or after: and one of "
                      f"{', '.join(NAMES)}\n")


def test_a_dump_of_a_pass_that_the_engine_does_not_have_is_told() -> None:
    before, shown = dumped("after:vector", NAIVE)
    assert not shown and before.count("\n") == 1 and "a pass that this kernel does not go through" in before


def test_the_answer_comes_once(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPATLAYER_DUMP", "after:nothing")
    monkeypatch.setattr(pipeline, "_told", set())
    lower: Callable[[], object] = lambda: cpu.lower_variant(device_code(SOURCE), "k", ROW32, NAIVE)  # noqa: E731
    lower(), lower()
    assert capsys.readouterr().err.count("\n") == 1
