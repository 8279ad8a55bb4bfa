"""Code for every supported machine compiles, whatever machine the tests run on."""

from __future__ import annotations

from pathlib import Path

import pytest
from device_code import SNIPPETS, compiled, device_code

from compatlayer.compiler import toolchain
from compatlayer.compiler.image import NAIVE, TINY, DeviceCode, Sharing
from compatlayer.compiler.targets import cpu
from compatlayer.errors import CompilerError


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_snippet_compiles_for_the_machine(machine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cpu, "machine", lambda: machine)
    for name in SNIPPETS:
        text, _, _ = cpu.lower(compiled(name))
        assert f'"{machine}-unknown-linux-gnu"' in text
        status, _, errors = toolchain.run([*cpu._CLANG, "-triple", f"{machine}-unknown-linux-gnu", "-o",
                                           str(tmp_path / "k.o"), "-"], text.encode())
        assert status == 0, (name, errors.decode())


def test_code_for_a_baseline_cpu_needs_only_calls_that_the_runtime_has(tmp_path: Path) -> None:
    """Without F16C, FMA and the like the back end calls support functions; each must be there at load time."""
    if cpu.runtime_path() is None:
        pytest.skip("the native runtime is not built")
    source = SNIPPETS["half"] + SNIPPETS["wide_integers"].replace("void k(", "void w(").replace(
        "p[3] = p[0] >> 3;", "p[3] = p[0] / p[5]; p[6] = p[0] % p[5]; p[7] = (double)p[0]; p[8] = (float)p[0];"
                             " p[9] = (unsigned __int128)p[0] / 7; p[10] = (__int128)(float)p[0];")
    source += """extern "C" __global__ void p(float *f, double *d, __int128 *w, int n) {
        f[0] = __builtin_powif(f[1], n); d[0] = __builtin_powi(d[1], n);
        *(bool *)(w + 3) = __builtin_mul_overflow(w[0], w[1], w + 2); f[2] = fmodf(f[3], f[4]);
        f[3] = __builtin_roundevenf(f[5]); f[6] = ldexpf(f[7], n); d[2] = fma(d[3], d[4], d[5]); }"""
    text, _, _ = cpu.lower(device_code(source))
    (tmp_path / "k.ll").write_text(text)
    for step in ([*cpu._CLANG, "-triple", "x86_64-unknown-linux-gnu", "-o", str(tmp_path / "k.o"),
                  str(tmp_path / "k.ll")],
                 ["ld.lld", "-shared", "--no-undefined", str(tmp_path / "k.o"), str(cpu.runtime_path()),
                  "-l:libm.so.6", "-l:libc.so.6", "-L/lib/x86_64-linux-gnu", "-L/usr/lib/x86_64-linux-gnu",
                  "-L/lib64", "-L/usr/lib64", "-o", str(tmp_path / "k.so")]):
        status, _, errors = toolchain.run(step)
        assert status == 0, errors.decode()


def test_an_unknown_machine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import os
    from types import SimpleNamespace

    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="vax"))
    with pytest.raises(CompilerError, match="vax"):
        cpu.machine()


def test_libraries_need_the_runtime_by_its_name_alone(tmp_path: Path) -> None:
    loaded = cpu.lower_module(compiled("constants"))
    assert [each.name for each in loaded.kernels] == ["k"]
    assert {each.name for each in loaded.variables} == {"weights", "record"}
    variables = cpu.assemble(loaded.shared_text, tmp_path)
    kernel = cpu.assemble(cpu.lower_variant(compiled("constants"), "k", TINY, NAIVE).text, tmp_path)
    assert b"\0cpl.entry.k\0" in kernel and b"\0cpl.address.weights\0" in kernel
    assert b"\0weights\0" in variables and b"\0cpl.entry.k\0" not in variables
    for library in (kernel, variables):
        assert library[:4] == b"\x7fELF"
        assert str(tmp_path).encode() not in library
        if cpu.runtime_path() is not None:
            assert b"\0libcompatlayer.so\0" in library
            assert str(cpu.runtime_path()).encode() not in library


def test_a_module_without_kernels_needs_no_library() -> None:
    code = DeviceCode(ir='target triple = "nvptx64-nvidia-cuda"\n', architecture="sm_86")
    assert cpu.lower_module(code) == cpu.Loaded("", (), (), Sharing((), {}))


def test_a_failing_tool_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CompilerError, match=r"the back end failed: .*please report"):
        cpu.assemble("this is not IR", tmp_path)
