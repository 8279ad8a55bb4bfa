"""The nvcc of the toolkit folder, as programs call it: a process, files, exit status, messages."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from compatlayer.compiler import container
from compatlayer.launcher import environment
from compatlayer.nvcc import target
from compatlayer.nvcc.options import Fatal, parse

GOOD = 'extern "C" __global__ void add(float *a, const float *b) { a[threadIdx.x] += b[threadIdx.x] * FACTOR; }\n'
BAD = "__global__ void k(float *a) {\n    a[0] = 1.0f\n    a[1] = missing;\n}\n"


def nvcc(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    home = environment.toolkit_folder()
    assert home is not None
    return subprocess.run([f"{home}/bin/nvcc", *words], cwd=folder, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PYTHONPATH": "/nonexistent"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "k.cu").write_text(GOOD)
    (tmp_path / "bad.cu").write_text(BAD)
    return tmp_path


def test_version(tmp_path: Path) -> None:
    done = nvcc(tmp_path, "--version")
    assert done.returncode == 0 and "release 13.0, V13.0." in done.stdout and "nvcc" in done.stdout


def test_cubin_ptx_and_fatbin_are_written_beside(folder: Path) -> None:
    for form in ("cubin", "ptx", "fatbin"):
        done = nvcc(folder, f"--{form}", "-arch", "sm_86", "-DFACTOR=2.0f", "k.cu")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        code, _ = container.unpack((folder / f"k.{form}").read_bytes() + b"\0")
        assert "@add" in code.ir and code.architecture == "sm_86"
    assert ".entry add" in (folder / "k.ptx").read_text()
    assert nvcc(folder, "-cubin", "-arch=sm_86", "k.ptx", "-o", "again.cubin").returncode == 0
    assert "@add" in container.unpack((folder / "again.cubin").read_bytes())[0].ir


def test_output_folder_keep_and_rule(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "f.h").write_text("#define FACTOR 3\n")
    done = nvcc(folder, "-ptx", "-odir", "out", "--keep", "--keep-dir", "out", "-MD", "-include", "f.h", "k.cu")
    assert done.returncode == 0, done.stderr
    kept = sorted(os.listdir(folder / "out"))
    assert kept == ["k.cpp1.ii", "k.d", "k.ptx", "k.sm_75.cubin"]
    assert (folder / "out" / "k.d").read_text().split() == ["k.o", ":", "k.cu", "\\", str(folder / "f.h")]


def test_preprocess_to_standard_output(folder: Path) -> None:
    done = nvcc(folder, "--preprocess", "-arch", "sm_86", "-DFACTOR=2.5f", "k.cu", "--compiler-options", "-P")
    assert done.returncode == 0 and "* 2.5f;" in done.stdout and "# 1 " not in done.stdout
    assert '# 1 "k.cu"' in nvcc(folder, "-E", "-DFACTOR=1", "k.cu").stdout


def test_errors_have_file_line_and_caret(folder: Path) -> None:
    done = nvcc(folder, "--cubin", "bad.cu", "-arch=sm_86")
    assert done.returncode == 1 and not (folder / "bad.cubin").exists()
    assert "bad.cu(2): error: " in done.stderr and "bad.cu(3): error: " in done.stderr
    assert "\n" + " " * 13 in done.stderr and "^" in done.stderr
    assert '2 errors detected in the compilation of "bad.cu".' in done.stderr


def test_a_missing_header_is_named(folder: Path) -> None:
    (folder / "m.cu").write_text("#include <not_there.hpp>\n")
    for phase in ("--cubin", "-E"):
        done = nvcc(folder, phase, "-arch=sm_86", "m.cu")
        assert done.returncode == 1 and "m.cu(1): error: " in done.stderr and "not_there.hpp" in done.stderr


@pytest.mark.parametrize(("words", "text"), [
    (["--cubin", "--frobnicate", "k.cu"], "nvcc fatal   : Unknown option '--frobnicate'"),
    (["--cubin", "-arch=sm_52", "k.cu"], "Unsupported gpu architecture 'sm_52'; this toolkit is CUDA 13.0's"),
    (["--cubin", "-arch=compute_86", "k.cu"], "needs a real architecture"),
    (["--cubin", "-std=c++99", "k.cu"], "Value 'c++99' is not defined for option 'std'"),
    (["--cubin"], "No input files specified"),
    (["--cubin", "none.cu"], "none.cu: No such file or directory"),
    (["--cubin", "k.xyz"], "Don't know what to do with 'k.xyz'"),
    (["--cubin", "--ptx", "k.cu"], "More than one compilation phase specified"),
    (["--cubin", "-gencode", "arch=compute_80,code=sm_80", "-gencode", "arch=compute_86,code=sm_86", "k.cu"],
     "not allowed when compiling for multiple GPU architectures"),
    (["-gencode", "arch=compute_90,code=sm_80", "--cubin", "k.cu"], "Incompatible code generation requested"),
    (["k.cu", "-o", "program"], "whole programs are not supported yet"),
    (["-c", "k.cu"], "whole programs are not supported yet"),
    (["main.cpp", "k.cu"], "'main.cpp' is host code"),
    (["--cubin", "k.cu", "-o"], "Missing value for option '-o'"),
    (["--cubin", "k.cu", "bad.cu", "-o", "x"], "A single input file is required"),
])
def test_what_it_cannot_do_is_said(folder: Path, words: list[str], text: str) -> None:
    done = nvcc(folder, *words)
    assert done.returncode == 1 and text in done.stderr, done.stderr
    assert done.stderr.startswith("nvcc fatal   : ")


def test_options_of_every_spelling() -> None:
    command = parse(["-Ia,b", "-I", "c", "--include-path=d", "-DX", "-D", "Y=1", "-UZ", "-O3", "-lcudadevrt", "-Lx",
                     "--std", "c++20", "-rdc=true", "--use_fast_math", "-lineinfo", "-G", "-g", "-Xcompiler",
                     "-Wall,-DW=2", "-Xptxas=-v", "-maxrregcount", "32", "-t", "4", "-w", "--cubin", "k.cu"])
    here = os.getcwd()
    assert command.words == [f"-I{here}/a", f"-I{here}/b", f"-I{here}/c", f"-I{here}/d", "-DX", "-DY=1", "-UZ",
                             "-rdc=true", "-use_fast_math", "-lineinfo", "-G", "-DW=2", "-w"]
    assert command.inputs == ["k.cu"] and command.phase == "cubin" and command.standard == "c++20"


def test_options_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "o.txt").write_text('--cubin -D "NAME=a b"\n')
    assert parse(["-optf", str(tmp_path / "o.txt"), "k.cu"]).words == ["-DNAME=a b"]
    with pytest.raises(Fatal, match=r"none\.txt"):
        parse(["--options-file=none.txt"])


def test_architectures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPATLAYER_COMPUTE_CAPABILITY", "8.7")
    assert target.single(parse(["--cubin"])) == "sm_75"
    assert target.single(parse(["--cubin", "-arch=native"])) == "sm_87"
    assert target.single(parse(["--cubin", "-arch=compute_80", "-code=sm_86"])) == "sm_86"
    several = ["-gencode=arch=compute_80,code=[sm_80,compute_80]", "-gencode=arch=compute_90,code=sm_90"]
    assert target.single(parse(["--fatbin", *several])) == "sm_80"
    assert target.single(parse(["--fatbin", several[1], "-gencode=arch=compute_75,code=compute_75"])) == "compute_75"


def test_relocatable_pieces_are_compiled_without_what_they_call(folder: Path) -> None:
    (folder / "piece.cu").write_text("extern __device__ int f(int);\n__global__ void k(int *p) { *p = f(*p); }\n")
    assert nvcc(folder, "--cubin", "-arch=sm_86", "-rdc=true", "piece.cu").returncode == 0
    done = nvcc(folder, "--cubin", "-arch=sm_86", "piece.cu")
    assert done.returncode == 1 and "f" in done.stderr
