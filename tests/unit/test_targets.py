"""Processors other than the one that the tests run on: the setting, what is refused, and forced levels at work."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from device_code import device_code

from compatlayer import config
from compatlayer.compiler import cache
from compatlayer.compiler import machine as fingerprint
from compatlayer.compiler.image import ROW32, VECTOR
from compatlayer.compiler.targets import cpu, features

X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="these levels are x86-64's")
CORPUS = "tests/kernels/test_corpus.py"


def levels() -> list[str]:
    """The levels below this machine's best."""
    found = []
    for level in ("x86-64-v2", "x86-64-v3"):
        try:
            features.require("x86_64", level)
        except config.SettingsError:
            break
        found.append(level)
    return found


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """COMPATLAYER_CPU may be set, and nothing of it is remembered."""
    monkeypatch.setattr(cache, "store", lambda: None)
    for each in (cpu.host_cpu, fingerprint):
        each.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    for each in (cpu.host_cpu, fingerprint):
        each.cache_clear()


def child(code: str, processor: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], env={**os.environ, "COMPATLAYER_CPU": processor},
                          capture_output=True, text=True, timeout=100, check=False)


def test_the_processor_is_this_machines_unless_one_is_named() -> None:
    assert config.from_environment({}).cpu == config.from_environment({"COMPATLAYER_CPU": ""}).cpu == "native"
    assert config.from_environment({"COMPATLAYER_CPU": "x86-64-v3"}).cpu == "x86-64-v3"
    for wrong in ("x86 64", "a,b", "x" * 65, "\xe9"):
        with pytest.raises(config.SettingsError, match="COMPATLAYER_CPU"):
            config.from_environment({"COMPATLAYER_CPU": wrong})


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_processor_that_clang_does_not_know_is_refused(machine: str) -> None:
    with pytest.raises(config.SettingsError, match=r"COMPATLAYER_CPU=nonesuch is no processor.*write native"):
        features.arguments(machine, "nonesuch")


@X86
def test_a_processor_whose_instructions_are_missing_here_is_refused_before_a_kernel_runs() -> None:
    with pytest.raises(config.SettingsError, match=r"graniterapids needs amx-\S+, .* which this machine lacks"):
        features.require("x86_64", "graniterapids")
    done = child("import compatlayer; compatlayer.Device(0)", "graniterapids")
    assert done.returncode == 1 and "CUDA_ERROR_NO_DEVICE: COMPATLAYER_CPU=graniterapids needs" in done.stderr


@X86
def test_an_aarch64_that_clang_cannot_name_is_taken_for_the_least_one() -> None:
    """Asked on another processor, clang does not know itself either."""
    features._ask.cache_clear()
    assert features.arguments("aarch64", "native")[:2] == ["-target-cpu", "generic"]


def test_what_a_processor_lacks_is_what_it_does_not_list() -> None:
    assert features.missing(["+sse2", "+avx", "-avx512f", "+x87", "+v8.2a"], ["+sse2", "-avx"]) == ["avx"]
    assert features.missing(["+neon", "+v8a"], ["+neon", "+sve"]) == []


def test_features_that_a_virtual_machine_hides_are_turned_off(fresh: pytest.MonkeyPatch) -> None:
    fresh.setattr(features, "_ask", lambda machine, choice: ("znver4", ["+avx2", "-avx512f"]))
    assert cpu.host_cpu()[:6] == ("-target-cpu", "znver4", "-target-feature", "+avx2", "-target-feature", "-avx512f")


@X86
def test_kernels_of_two_processors_share_no_record_of_the_cache(fresh: pytest.MonkeyPatch) -> None:
    keys = set()
    for each in ("native", "x86-64-v2", "x86-64-v3"):
        fresh.setenv("COMPATLAYER_CPU", each)
        fingerprint.cache_clear()
        keys.add(fingerprint())
    assert len(keys) == 3


@X86
def test_without_the_instruction_a_product_and_a_sum_are_no_call_of_fma(fresh: pytest.MonkeyPatch,
                                                                        tmp_path: Path) -> None:
    code = device_code('extern "C" __global__ void k(float *x, double *y, float a) {\n'
                       "    int i = blockIdx.x * blockDim.x + threadIdx.x;\n"
                       "    x[i] = x[i] * a + 1.0f; y[i] = y[i] * a + 1.0; x[i] = sinf(x[i]) + expf(x[i]); }")
    fresh.setenv("COMPATLAYER_CPU", "x86-64-v2")
    lowered = cpu.lower_variant(code, "k", ROW32, VECTOR)
    assert lowered.width == 16 and "llvm.x86.avx" not in lowered.text
    library = cpu.assemble(lowered.text, tmp_path)
    assert b"\0fma\0" not in library and b"\0fmaf\0" not in library


@X86
@pytest.mark.timeout(200)
def test_kernels_of_the_corpus_give_the_same_at_lower_levels(root: Path) -> None:
    """Without masked accesses, without registers of 32 bytes, without a fused multiply-add."""
    assert levels(), "every x86-64 machine of this decade runs v2"
    chosen = "saxpy or shuffles or control_flow or half_precision or small_types or barrier_in_loop"
    for level in levels():
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", CORPUS, "-k", chosen],
                              cwd=root, env={**os.environ, "COMPATLAYER_CPU": level}, capture_output=True, text=True,
                              timeout=190, check=False)
        assert done.returncode == 0 and " passed" in done.stdout, (level, done.stdout[-3000:])
