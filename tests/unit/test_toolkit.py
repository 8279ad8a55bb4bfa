"""The toolkit folder: what it holds, that compilers and CMake take it for a toolkit, and when it is made again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compatlayer.launcher import libraries, toolkit

GCC = shutil.which("gcc") or shutil.which("cc")
CMAKE = shutil.which("cmake")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(toolkit.root(str(tmp_path_factory.mktemp("cache"))))


def test_it_has_what_a_cuda_home_has(home: Path) -> None:
    for name in ("bin/nvcc", "include/cuda.h", "include/cudaProfiler.h", "include/cuda_fp16.h",
                 "lib64/libcuda.so", "lib64/libcuda.so.1", "lib64/libnvrtc.so", "lib64/libcudadevrt.a",
                 "lib/libcuda.so", "nvvm/libdevice/libdevice.10.bc", "version.json"):
        assert (home / name).exists(), name
    dangling = [path for path in home.rglob("*") if path.is_symlink() and not path.exists()]
    assert not dangling
    assert json.loads((home / "version.json").read_text())["cuda"]["version"].startswith("13.0")


def test_the_command_prints_it(tmp_path: Path) -> None:
    settings = {**os.environ, "COMPATLAYER_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "compatlayer", "toolkit-root"], env=settings, capture_output=True,
                          text=True, check=True)
    assert Path(done.stdout.strip()) == Path(toolkit.root(str(tmp_path)))


def test_a_second_call_makes_nothing_and_a_changed_package_makes_it_anew(tmp_path: Path,
                                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    first = Path(toolkit.root(str(tmp_path)))
    mark = first / "mark"
    mark.write_text("")
    assert toolkit.root(str(tmp_path)) == str(first) and mark.exists()
    monkeypatch.setattr(toolkit, "_FORMAT", "another")
    assert toolkit.root(str(tmp_path)) == str(first) and not mark.exists()
    assert sorted(os.listdir(first.parent)) == [first.name]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(toolkit.ToolkitError, match="COMPATLAYER_CACHE_DIR"):
        toolkit.root(str(file))


def test_installations_and_pythons_have_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = toolkit.root(str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/somewhere/else/it's python")
    second = toolkit.root(str(tmp_path))
    assert first != second
    assert "it'\"'\"'s python" in (Path(second) / "bin" / "nvcc").read_text()


@pytest.mark.skipif(GCC is None, reason="there is no C compiler")
def test_a_c_program_builds_against_it_and_runs(home: Path, tmp_path: Path) -> None:
    (tmp_path / "p.c").write_text("""
        #include <cuda.h>
        #include <stdio.h>
        int main(void) { int v = 0; if (cuDriverGetVersion(&v)) return 1; printf("%d %d\\n", v, CUDA_VERSION); }
    """)
    subprocess.run([str(GCC), "p.c", f"-I{home}/include", f"-L{home}/lib64", "-lcuda", "-lcudadevrt", "-o", "p"],
                   cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "p"], env={**os.environ, "LD_LIBRARY_PATH": f"{home}/lib64"},
                          capture_output=True, text=True, check=True)
    version, header = done.stdout.split()
    assert version == header


@pytest.mark.skipif(CMAKE is None, reason="there is no cmake")
def test_cmake_finds_the_toolkit(home: Path, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text("""
        cmake_minimum_required(VERSION 3.17)
        project(p LANGUAGES C)
        find_package(CUDAToolkit REQUIRED)
        message(STATUS "found ${CUDAToolkit_VERSION} in ${CUDAToolkit_INCLUDE_DIRS}")
        foreach(name cuda_driver cudart nvrtc nvml curand)
            if(NOT TARGET CUDA::${name})
                message(FATAL_ERROR "${name} is missing")
            endif()
        endforeach()
    """)
    # The cmake of the package index is a Python program: as a child of the tests it would set CUDA_PATH itself.
    settings = {name: value for name, value in os.environ.items()
                if not name.startswith(("COMPATLAYER_", "PYTHON", "CUDA"))}
    settings |= {"CUDA_PATH": str(home), "PATH": f"{home}/bin:{os.environ['PATH']}"}
    done = subprocess.run([str(CMAKE), "-S", tmp_path, "-B", tmp_path / "build"], capture_output=True, text=True,
                          env=settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "found 13.0" in done.stdout and str(home) in done.stdout


def test_libraries_link_by_their_plain_names(home: Path) -> None:
    for path in libraries.paths():
        name = os.path.basename(path)
        plain = name.partition(".so")[0] + ".so"
        if name != "libcompatlayer.so":
            assert (home / "lib64" / plain).exists() or (home / "nvvm" / "lib64" / plain).exists(), plain
