"""The wheels: made by zig alone, what is in them, and that one runs where there is no compiler and no header."""

from __future__ import annotations

import fnmatch
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bare_system import BareSystem
from c_compiler import compile_c

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "wheels"))

import check  # noqa: E402
import elf  # noqa: E402
import make  # noqa: E402

MACHINES = ("x86_64", "aarch64")
pytest.importorskip("ziglang")
pytestmark = pytest.mark.timeout(400)  # the first build also makes zig's start files for both machines


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A wheel for each machine, made with a PATH that has a compiler which fails."""
    folder = tmp_path_factory.mktemp("wheels")
    trap = folder / "path"
    trap.mkdir()
    for name in ("cc", "gcc", "clang", "ld", "as", "ar"):
        (trap / name).write_text("#!/bin/sh\necho the compiler of this machine was asked >&2\nexit 1\n")
        (trap / name).chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(trap), prepend=":")
        patch.setenv("CC", "cc")
        patch.setenv("CFLAGS", "-march=native")
        return {machine: make.make(machine, folder) for machine in MACHINES}


@pytest.mark.parametrize("machine", MACHINES)
def test_a_wheel_is_what_its_name_promises(wheels: dict[str, Path], machine: str) -> None:
    assert not list(check.problems(wheels[machine]))
    assert wheels[machine].stat().st_size < 4e6


def test_a_library_of_this_machine_in_a_wheel_is_found_out(wheels: dict[str, Path], tmp_path: Path) -> None:
    """What the check must find: the wrong processor's library, a stub that is missing, a foreign tag."""
    bad = tmp_path / wheels["aarch64"].name
    with zipfile.ZipFile(wheels["x86_64"]) as good, zipfile.ZipFile(bad, "w") as out:
        for each in good.namelist():
            if each != "compatlayer/_lib/libcuda.so.1":
                out.writestr(each, good.read(each))
    text = "\n".join(check.problems(bad))
    for fault in ("is for x86_64", "libcuda.so.1 is missing", "lacks `Tag: cp311-abi3-manylinux_2_28_aarch64`"):
        assert fault in text


@pytest.mark.skipif(platform.machine() != "x86_64" or not shutil.which("cc"), reason="makes a library of this machine")
def test_a_library_that_needs_too_new_a_system_is_found_out(tmp_path: Path) -> None:
    source, library = tmp_path / "new.c", tmp_path / "libcuda.so.1"
    source.write_text("#include <math.h>\ndouble f(double x, int *e) { return frexp(x, e) + fmod(x, 2.5); }\n"
                      "extern int cplpy; int *g(void) { return &cplpy; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-O0", "-o", str(library), str(source), "-lm"], check=True, timeout=60)
    found = elf.read(library)
    assert found.machine == "x86_64" and "cplpy" in found.undefined and {"f", "g"} <= set(found.defined)
    text = "\n".join(check._library(library, "x86_64"))
    assert "has the soname ''" in text and "does not need libcompatlayer.so" in text


@pytest.mark.skipif(not shutil.which("objdump"), reason="needs objdump")
def test_the_code_runs_on_every_x86_64_v2(wheels: dict[str, Path], tmp_path: Path) -> None:
    for line in ("vaddps %ymm0,%ymm1,%ymm2", "vpaddd %xmm0,%xmm1,%xmm2", "shlx %eax,%ebx,%ecx", "lzcntl %eax,%ebx"):
        assert check.wide_instructions(f"  10:\t{line}") == [f"10:\t{line}"]
    assert not check.wide_instructions("  10:\tpaddd %xmm0,%xmm1\n  14:\ttzcnt %eax,%ebx\n  18:\tmovaps %xmm0,%xmm1")
    with zipfile.ZipFile(wheels["x86_64"]) as archive:
        libraries = [name for name in archive.namelist() if name.rpartition("/")[2].endswith((".so", ".so.1"))]
        archive.extractall(tmp_path, libraries)
    for name in libraries:
        done = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(tmp_path / name)], capture_output=True,
                              text=True, check=True, timeout=60)
        assert "<cpl" in done.stdout or "ret" in done.stdout
        assert check.wide_instructions(done.stdout) == [], name


@pytest.fixture(scope="module")
def bare(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareSystem]:
    """This machine's wheel, installed beside what the example needs."""
    if platform.machine() not in MACHINES:
        pytest.skip(f"no wheel is made for {platform.machine()}")
    system = BareSystem(tmp_path_factory.mktemp("system"))
    install = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(system.python),
               "install", "--no-index", "--no-deps", str(wheels[platform.machine()])]
    # A source tree on PYTHONPATH would count as installed already.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(install, check=True, timeout=100, env=variables)
    system.lend("numpy", "cffi", "ziglang", "cuda-bindings", "cuda-core")
    system.show(ROOT / "examples")
    yield system


_LOOK = """
import compatlayer, os, shutil, sysconfig
found = [name for name in ("cc", "gcc", "clang", "c++", "ld", "as", "make", "sh") if shutil.which(name)]
headers = [folder for folder in (sysconfig.get_paths()["include"], "/usr/include")
           if os.path.exists(os.path.join(folder, "Python.h")) or os.path.exists(os.path.join(folder, "stdio.h"))]
print(found, headers, compatlayer.__file__)
"""


def test_the_bare_system_is_bare(bare: BareSystem) -> None:
    done = bare.run(str(bare.python), "-c", _LOOK)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[] [] " if bare.isolated else "[] "), done.stdout
    assert str(bare.packages) in done.stdout


@pytest.mark.parametrize("example", ["vector_add", "templated_kernel"])
def test_an_example_runs_from_the_wheel(bare: BareSystem, example: str) -> None:
    command = str(bare.python.parent / "compatlayer")
    done = bare.run(str(bare.python), command, "run", str(ROOT / "examples" / f"{example}.py"))
    assert done.returncode == 0, done.stdout + done.stderr
    expected = (ROOT / "tests" / "examples" / "expected" / f"{example}.txt").read_text()
    assert fnmatch.fnmatchcase(done.stdout, expected.replace("[", "[[]"))


C_PROGRAM = """
#include <stdio.h>
extern int cuInit(unsigned), cuDeviceGetCount(int *);
int main(void)
{
    int count = -1, status = cuInit(0);
    cuDeviceGetCount(&count);
    printf("%d %d\\n", status, count);
    return 0;
}
"""


def test_a_c_program_finds_the_python_that_the_wheel_is_installed_for(bare: BareSystem, tmp_path: Path) -> None:
    library = sysconfig.get_config_var("INSTSONAME") or ""
    if not (Path(sysconfig.get_config_var("LIBDIR") or "") / library).is_file() or ".so" not in library:
        pytest.skip("this Python has no shared library")
    folder = bare.packages / "compatlayer" / "_lib"
    program = compile_c(C_PROGRAM, tmp_path / "program", str(folder / "libcuda.so.1"), f"-Wl,-rpath,{folder}",
                        "-Wl,--allow-shlib-undefined")
    done = subprocess.run([str(program)], env={"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=100)
    assert done.stdout == "0 1\n", done


def test_the_doctor_finds_nothing_wrong_with_the_wheel(bare: BareSystem) -> None:
    done = bare.run(str(bare.python), str(bare.python.parent / "compatlayer"), "doctor")
    assert done.returncode == 0 and "no problems found" in done.stdout, done.stdout + done.stderr
