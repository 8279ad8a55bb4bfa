"""compatlayer.install(), the environment that children get, and the import hook."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from c_compiler import compile_c
from launcher_package import Package, build

from compatlayer.launcher import environment


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return build(tmp_path_factory.mktemp("package"))


def test_install_reaches_this_process_and_its_children(package: Package) -> None:
    code = """if True:
        import compatlayer, subprocess, sys
        compatlayer.install()
        compatlayer.install()
        ours = "import ctypes; print(ctypes.CDLL('libcuda.so.1').stand_in(), flush=True)"
        exec(ours)
        subprocess.run([sys.executable, "-c", ours])
        """
    done = package.python("-c", code)
    assert done.stdout.split() == ["42", "42"], done.stderr


def test_installing_twice_reports_once(package: Package) -> None:
    code = "import compatlayer; compatlayer.install(); compatlayer.install()"
    assert package.python("-c", code, COMPATLAYER_REPORT="all").stderr.count("compatlayer report") == 1


def foreign_driver(folder: Path) -> Path:
    """A library of the driver's name that is not ours."""
    return compile_c("int cuInit(int f) { return f; }", folder / "libcuda.so.1", "-shared", "-Wl,-soname,libcuda.so.1")


def test_install_after_another_driver_library_says_what_to_do(package: Package, tmp_path: Path) -> None:
    other = foreign_driver(tmp_path)
    code = f"""if True:
        import ctypes, compatlayer
        ctypes.CDLL({str(other)!r})
        try:
            compatlayer.install()
        except RuntimeError as error:
            print(error)
        """
    done = package.python("-c", code)
    assert str(other) in done.stdout and "compatlayer run" in done.stdout, done.stderr


def test_a_preloaded_foreign_library_is_said_and_the_program_still_starts(package: Package, tmp_path: Path) -> None:
    other = foreign_driver(tmp_path)
    done = package.run("-c", "print('ran')", LD_PRELOAD=str(other))
    assert done.stdout == "ran\n"
    assert str(other) in done.stderr and "Traceback" not in done.stderr


def test_find_library_names_ours_and_leaves_others_alone(package: Package) -> None:
    for order in ("import ctypes.util, compatlayer; compatlayer.install()",
                  "import compatlayer; compatlayer.install(); import ctypes.util"):
        code = f"{order}; f = ctypes.util.find_library; print(f('cuda'), f('nvrtc'), f('no-such-thing'), f('c'))"
        done = package.python("-c", code)
        assert done.stdout.split() == ["libcuda.so.1", "libnvrtc.so.13", "None", "libc.so.6"], done.stderr


def test_numbas_own_binding_takes_no_function_with_a_parameter_that_it_does_not_know(
        package: Package, tmp_path: Path) -> None:
    folder = tmp_path / "numba" / "cuda" / "cudadrv"
    folder.mkdir(parents=True)
    for package_folder in (folder, *folder.parents[:2]):
        (package_folder / "__init__.py").touch()
    (folder / "driver.py").write_text("""if True:
        class Driver:
            lib = type("Library", (), {name: name for name in (
                "cuCtxGetDevice", "cuCtxGetDevice_v2", "cuCtxSynchronize", "cuCtxSynchronize_v2",
                "cuMemAlloc", "cuMemAlloc_v2")})

            def _find_api(self, fname):
                return getattr(self.lib, fname + "_v2")
        """)
    code = """if True:
        import compatlayer; compatlayer.install()
        from numba.cuda.cudadrv.driver import Driver
        print(*(Driver()._find_api(name) for name in ("cuCtxGetDevice", "cuCtxSynchronize", "cuMemAlloc")))
        """
    # Where numba-cuda is installed, it puts itself in the place of numba.cuda from the start.
    alone = "sys.meta_path[:] = [each for each in sys.meta_path if 'numba' not in type(each).__module__]"
    done = package.python("-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {alone}\n{code}")
    assert done.stdout.split() == ["cuCtxGetDevice", "cuCtxSynchronize", "cuMemAlloc_v2"], done.stderr


def test_activation_imports_nothing_heavy_and_starts_no_thread(package: Package) -> None:
    code = """if True:
        import sys
        before = set(sys.modules)
        import compatlayer
        compatlayer.install()
        new = {name.partition(".")[0] for name in set(sys.modules) - before}
        print(sorted(new - {"compatlayer", "_ctypes", "__future__", "_struct", "struct"}))
        import os
        print(len(os.listdir("/proc/self/task")))
        """
    done = package.python("-c", code)
    assert done.stdout.splitlines() == ["[]", "1"], done.stderr


def test_importing_the_package_loads_nothing_but_itself(package: Package) -> None:
    code = "import sys; b = set(sys.modules); import compatlayer; print(sorted(set(sys.modules) - b))"
    assert package.python("-c", code).stdout.strip() == "['__future__', 'compatlayer']"


def test_an_unknown_public_name_is_an_attribute_error(package: Package) -> None:
    done = package.python("-c", "import compatlayer; compatlayer.nothing")
    assert "AttributeError: module 'compatlayer' has no attribute 'nothing'" in done.stderr


def test_applying_the_environment_twice_changes_nothing() -> None:
    variables = {"HOME": "/home/me", "CUPY_CACHE_DIR": "/big/disk", "LD_LIBRARY_PATH": "/a:/b"}
    environment.apply(variables)
    once = dict(variables)
    environment.apply(variables)
    assert variables == once


def test_caches_of_packages_are_kept_apart_from_those_of_a_real_device() -> None:
    variables = {"HOME": "/home/me", "COMPATLAYER_CACHE_DIR": "/mine", "CUPY_CACHE_DIR": "/big/disk"}
    environment.apply(variables)
    assert variables["CUPY_CACHE_DIR"] == "/big/disk/compatlayer"
    assert variables["PYCUDA_CACHE_DIR"] == "/mine/packages/pycuda"


def test_launcher_and_compiler_agree_on_the_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    from compatlayer.compiler import cache

    for variables in ({"HOME": "/home/me"}, {"HOME": "/home/me", "XDG_CACHE_HOME": "/x"},
                      {"HOME": "/home/me", "XDG_CACHE_HOME": ""}, {"COMPATLAYER_CACHE_DIR": "/mine"}):
        for name in ("HOME", "XDG_CACHE_HOME", "COMPATLAYER_CACHE_DIR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert environment.cache_folder(os.environ) == str(cache.default_folder())
    assert cache._LAYOUT in environment.CACHE_CONTENTS


@pytest.mark.parametrize(("value", "expected"), [(None, None), ("", False), ("0", False), ("1", True)])
def test_the_active_variable_has_three_states(value: str | None, expected: bool | None) -> None:
    assert environment.wanted({} if value is None else {environment.ACTIVE: value}) is expected


def test_the_start_file_costs_nothing_measurable_without_the_variable(package: Package) -> None:
    line = (Path(__file__).resolve().parents[2] / "src" / "compatlayer-launch.pth").read_text()
    code = f"import os, sys, timeit; os.environ.pop('COMPATLAYER_ACTIVE', None); before = len(sys.modules); " \
           f"exec({line!r}); print(len(sys.modules) - before)"
    assert package.python("-c", code).stdout.strip() == "0"
    assert line.count("\n") == 1 and line.startswith("import ")


def test_this_test_run_does_not_leak_its_own_activation(package: Package) -> None:
    assert not any(name.startswith("COMPATLAYER") for name in package.environment())
    assert sys.executable and os.path.exists(sys.executable)
