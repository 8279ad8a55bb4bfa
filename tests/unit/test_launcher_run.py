"""`compatlayer run` starts programs as plain Python would, on our libraries, children included."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from launcher_package import Package, build

OURS = "import ctypes; print(ctypes.CDLL('libcuda.so.1').stand_in(), ctypes.CDLL('libnvrtc.so.13').stand_in())"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return build(tmp_path_factory.mktemp("package"))


def script(folder: Path, text: str, name: str = "program.py") -> str:
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return str(path)


def test_a_program_finds_our_libraries_by_soname(package: Package, tmp_path: Path) -> None:
    done = package.run(script(tmp_path, OURS))
    assert done.stdout.split() == ["42", "42"], done.stderr


def test_plain_python_does_not_find_our_libraries(package: Package, tmp_path: Path) -> None:
    assert package.python(script(tmp_path, "import ctypes; ctypes.CDLL('libnvrtc.so.13').stand_in()")).returncode == 1


@pytest.mark.parametrize("how", ["file", "module", "code"])
def test_a_program_sees_what_plain_python_shows_it(package: Package, tmp_path: Path, how: str) -> None:
    text = """
        import sys
        print(sys.argv, sys.path[:1], __name__, globals().get("__file__"), __spec__ and __spec__.name)
        print(sys.modules["__main__"].__dict__ is globals(), sorted(globals()), sys.flags)
        """
    path = script(tmp_path, text)
    arguments = {"file": [path], "module": ["-m", "program"], "code": ["-c", textwrap.dedent(text)]}[how]
    ours = package.run(*arguments, "a", "--report", "-m", cwd=tmp_path)
    plain = package.python(*arguments, "a", "--report", "-m", cwd=tmp_path)
    assert (ours.stdout, ours.returncode) == (plain.stdout, 0), ours.stderr


@pytest.mark.parametrize("ending", ["raise ValueError('x')", "import sys; sys.exit(7)", "import sys; sys.exit('words')",
                                    "raise SystemExit", "import os; os._exit(5)", "1 +", "raise KeyboardInterrupt"])
def test_a_program_ends_as_under_plain_python(package: Package, tmp_path: Path, ending: str) -> None:
    path = script(tmp_path, ending)
    ours, plain = package.run(path), package.python(path)
    assert (ours.returncode, ours.stdout, ours.stderr) == (plain.returncode, plain.stdout, plain.stderr)


def test_a_missing_program_is_reported_as_python_does(package: Package) -> None:
    done = package.run("no_such_program.py")
    assert done.returncode == 2
    assert "no_such_program.py" in done.stderr and "Traceback" not in done.stderr


def test_interpreter_flags_reach_the_program(package: Package) -> None:
    code = "import sys; print(sys.flags.optimize, sys.flags.utf8_mode, sys.warnoptions)"
    done = package.python("-O", "-X", "utf8", "-W", "error", "-m", "compatlayer", "run", "-c", code)
    assert done.stdout.split() == ["1", "1", "['error']"], done.stderr


def test_a_signal_reaches_the_program_itself(package: Package) -> None:
    code = "import time; print('up', flush=True); time.sleep(30)"
    command = [sys.executable, "-m", "compatlayer", "run", "-c", code]
    with subprocess.Popen(command, env=package.environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == -signal.SIGTERM


def test_an_installed_command_runs_on_us(package: Package, tmp_path: Path) -> None:
    command = tmp_path / "tool"
    command.write_text(f"#!{sys.executable}\n{OURS}\n")
    command.chmod(0o755)
    for words in (["--", "tool"], ["--", str(command)], ["tool"]):
        done = package.run(*words, PATH=f"{tmp_path}:/usr/bin:/bin")
        assert done.stdout.split() == ["42", "42"], done.stderr


def test_a_program_of_machine_code_is_started_as_it_is(package: Package) -> None:
    for words in (["--", "/bin/sh"], ["/bin/sh"]):
        done = package.run(*words, "-c", "echo $COMPATLAYER_ACTIVE $0", "name")
        assert done.stdout == "1 name\n", done.stderr


def test_an_unknown_command_is_one_sentence(package: Package) -> None:
    done = package.run("--", "no-such-command")
    assert done.returncode == 127
    assert done.stderr.count("\n") == 1 and "no-such-command" in done.stderr


@pytest.mark.parametrize("words", [["--devices"], ["--colour", "x.py"], ["-m"], []])
def test_wrong_usage_is_exit_code_two(package: Package, words: list[str]) -> None:
    done = package.run(*words)
    assert done.returncode == 2
    assert "usage: compatlayer run" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["--devices", "cpu:2"], ["--devices=cpu:2"]])
def test_devices_are_handed_on(package: Package, words: list[str]) -> None:
    done = package.run(*words, "-c", "import os; print(os.environ['COMPATLAYER_DEVICES'])")
    assert done.stdout == "cpu:2\n"


def test_missing_native_libraries_are_one_sentence(tmp_path: Path) -> None:
    package = build(tmp_path)
    for path in package.libraries.iterdir():
        path.unlink()
    done = package.run("-c", "print('ran')")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1 and "pip install" in done.stderr


def test_flags_that_would_lose_us_are_refused(package: Package) -> None:
    code = f"import sys; sys.path.insert(0, {str(package.root)!r}); from compatlayer.cli.run import _problem; " \
           "from compatlayer.launcher import site_files; site_files.LAUNCH = 'a file that is not installed'; "
    for flag in ("-S", "-I"):
        done = package.python(flag, "-c", code + "print(_problem())")
        assert "leave" in done.stdout, done.stderr


CHILDREN = {
    "subprocess": f"import subprocess, sys; subprocess.run([sys.executable, '-c', {OURS!r}])",
    "shell": f"""import os, shlex, sys; os.system(shlex.join([sys.executable, '-c', {OURS!r}]))""",
    "spawn": "multiprocessing.get_context('spawn').Process(target=show).run_and_join()",
    "forkserver": "multiprocessing.get_context('forkserver').Process(target=show).run_and_join()",
}


@pytest.mark.parametrize("method", ["subprocess", "shell"])
def test_child_interpreters_are_reached(package: Package, tmp_path: Path, method: str) -> None:
    done = package.run(script(tmp_path, CHILDREN[method]))
    assert done.stdout.split() == ["42", "42"], done.stderr


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_multiprocessing_children_are_reached(package: Package, tmp_path: Path, method: str) -> None:
    text = f"""
        import ctypes, multiprocessing
        class Here: pass
        def show(thing):
            print(type(thing).__name__, ctypes.CDLL("libcuda.so.1").stand_in())
        if __name__ == "__main__":
            child = multiprocessing.get_context({method!r}).Process(target=show, args=(Here(),))
            child.start(); child.join(); raise SystemExit(child.exitcode)
        """
    done = package.run(script(tmp_path, text))
    assert (done.stdout.split(), done.returncode) == (["Here", "42"], 0), done.stderr


def test_children_that_are_not_python_find_our_folder_first(package: Package, tmp_path: Path) -> None:
    done = package.run("-c", "import os; os.system('echo $LD_LIBRARY_PATH')", LD_LIBRARY_PATH="/there")
    assert done.stdout.strip() == f"{package.libraries}:/there"


def test_the_users_sitecustomize_still_runs(package: Package, tmp_path: Path) -> None:
    script(tmp_path, "import sys; sys.was_here = __file__", "sitecustomize.py")
    path = f"{tmp_path}:{package.root}"
    code = "import sys, sitecustomize; print(sys.was_here, sitecustomize.__file__, sys.path[1:3])"
    done = package.run("-c", code, PYTHONPATH=path)
    own = str(tmp_path / "sitecustomize.py")
    assert done.stdout == f"{own} {own} {[str(tmp_path), str(package.root)]}\n", done.stderr


def test_a_failing_sitecustomize_of_the_user_does_not_keep_us_away(package: Package, tmp_path: Path) -> None:
    script(tmp_path, "1 / 0", "sitecustomize.py")
    done = package.run("-c", OURS, PYTHONPATH=f"{tmp_path}:{package.root}")
    assert done.stdout.split() == ["42", "42"]
    assert "ZeroDivisionError" in done.stderr


def test_the_report_names_calls(package: Package) -> None:
    done = package.run("--report", "-c", "import ctypes; ctypes.CDLL('libcuda.so.1').cuInit(0)")
    assert done.stdout == ""
    lines = [line.split() for line in done.stderr.splitlines()]
    assert ["1", "libcuda", "cuInit"] in lines
    assert lines[-1][-4:] == ["not", "supported:", "none"][-3:] or "not supported: none" in done.stderr


def test_a_forked_child_prints_no_report(package: Package) -> None:
    done = package.run("--report", "-c", "import os, sys; child = os.fork(); child and os.wait(); sys.exit(0)")
    assert done.stderr.count("compatlayer report") == 1


def test_the_report_is_printed_once_and_not_by_children(package: Package) -> None:
    done = package.run("--report", "-c", "import subprocess, sys; subprocess.run([sys.executable, '-c', 'pass'])")
    assert done.stderr.count("compatlayer report") == 1
    assert "no CUDA function was called" in done.stderr
