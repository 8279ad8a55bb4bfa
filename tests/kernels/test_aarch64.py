"""Kernels of the corpus on AArch64: all compile for NEON and for SVE, some run under qemu with the native runtime.

The code for SVE has NEON's fixed width, but takes instructions of SVE where they are better (index, mla, smulh, cnt):
it must not depend on the length of vectors."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

import aarch64
import pytest
from compatlayer._native import lib
from kernel_case import Launch
from test_corpus import CASES, FOLDER, compare, load_case

from compatlayer.compiler import compile_cuda
from compatlayer.compiler.image import NAIVE, ROW32, TINY, VECTOR, DeviceCode
from compatlayer.compiler.targets import cpu

# What each brings: contiguous and masked accesses, divergence, warps, barriers, atomics, local arrays, functions.
NEON, SVE = aarch64.PROCESSORS
LENGTHS = (16, 32, 64)  # bytes of SVE's vectors: the least, and what is longer than the code takes for granted
RUN: tuple[str, ...] = ("saxpy", "control_flow", "shuffles", "tiled_matmul", "integer_atomics", "local_arrays")
RUN_SVE: tuple[str, ...] = ("control_flow", "sorting", "tiled_matmul")
# What has instructions of its own on other processors must not reach this one.
COMPILED: tuple[str, ...] = ("shuffles", "sorting", "vector_types")
if os.environ.get("COMPATLAYER_GENERATED_KERNELS"):  # then tests take their time
    RUN_SVE += ("saxpy", "shuffles", "votes", "barrier_in_loop", "math_float", "local_arrays", "histogram")
    RUN += ("votes", "half_precision", "contended_atomics", "barrier_in_loop", "math_float", "math_double",
            "histogram", "sorting")
    COMPILED = tuple(CASES)


def code_of(name: str) -> DeviceCode:
    source = (FOLDER / name / "kernel.cu").read_text()
    expressions = sorted({each.kernel for each in load_case(name).launches() if f" {each.kernel}(" not in source})
    return compile_cuda(source, "kernel.cu", ["--gpu-architecture=sm_86", "--device-int128"], None, expressions)


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    if aarch64.emulator() is None:
        pytest.skip("qemu-aarch64 (Debian's qemu-user) is needed to run what is compiled for AArch64")
    return aarch64.runtime(tmp_path_factory.mktemp("aarch64"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("processor", aarch64.PROCESSORS)
@pytest.mark.parametrize("name", COMPILED)
def test_a_kernel_compiles_for_the_processor(name: str, processor: str, tmp_path: Path) -> None:
    code = code_of(name)
    with aarch64.target(processor):
        for kernel in cpu.lower_module(code).kernels:
            lowered = cpu.lower_variant(code, kernel.name, ROW32, VECTOR)
            assert "llvm.x86" not in lowered.text
            assert lowered.width in (1, 32 if kernel.warp else 16)
            library = cpu.assemble(lowered.text, tmp_path)
            assert library[18:20] == b"\xb7\x00", "not for AArch64"


class Built(NamedTuple):
    """A program of a case's kernels, and which of them each launch runs."""

    program: Path
    launches: list[tuple[Launch, aarch64.Object]]
    assembly: str


def build(name: str, processor: str, runtime: list[Path], folder: Path) -> Built:
    code = code_of(name)
    made: dict[tuple[str, int], aarch64.Object] = {}
    launches, assembly = [], []
    with aarch64.target(processor):
        kernels = {each.name: each for each in cpu.lower_module(code).kernels}
        for launch in load_case(name).launches():
            kernel = kernels[code.lowered_names.get(launch.kernel, launch.kernel)]
            shape = lib.cpl_shape_class((*launch.block, 1, 1)[:3], lib.CPL_KERNEL_WARP * kernel.warp)
            if (kernel.name, shape) not in made:
                made[kernel.name, shape] = aarch64.compile_kernel(
                    code, kernel, shape, NAIVE if shape == TINY else VECTOR, folder, len(made))
                assembly.append(aarch64.assembly(made[kernel.name, shape]))
            launches.append((launch, made[kernel.name, shape]))
    assert any(each.width > 1 for each in made.values()), "none is the vector engine's"
    return Built(aarch64.link(runtime, list(made.values()), folder), launches, "".join(assembly))


def check(name: str, built: Built, vector_bytes: int = 0) -> None:
    """Runs all launches and compares what they wrote."""
    for launch, linked in built.launches:
        answers = aarch64.run(built.program, linked, launch, vector_bytes)
        for index, wanted in launch.expected.items():
            compare(answers[index], wanted, launch, f"{name}: {launch.label}: argument {index}")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", RUN)
def test_a_kernel_gives_what_numpy_gives_on_aarch64(name: str, runtime: list[Path], tmp_path: Path) -> None:
    check(name, build(name, NEON, runtime, tmp_path))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", RUN_SVE)
def test_code_for_sve_gives_the_same_whatever_the_length_of_vectors(name: str, runtime: list[Path],
                                                                    tmp_path: Path) -> None:
    built = build(name, SVE, runtime, tmp_path)
    assert re.search(r"\bz\d+\.[bhsd]\b", built.assembly), "nothing of SVE is used"
    for length in LENGTHS:
        check(name, built, length)


def test_the_emulated_vectors_have_the_lengths_that_are_tried(runtime: list[Path], tmp_path: Path) -> None:
    if not aarch64.emulator():
        pytest.skip("this machine's vectors have one length")
    assert [aarch64.vector_bytes(tmp_path, each) for each in LENGTHS] == list(LENGTHS)
