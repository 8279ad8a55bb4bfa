"""The commands beside `run`: what they print, their exit codes, one sentence for each problem."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import compatlayer
from compatlayer.cli import doctor
from compatlayer.cli.command import COMMANDS, main
from compatlayer.cli.table import columns, markdown
from compatlayer.launcher import libraries

built = pytest.mark.skipif(not os.path.exists(libraries.RUNTIME), reason="the native libraries are not built")


def run(*words: str, **extra: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compatlayer", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, env={**os.environ, **extra})


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"compatlayer {compatlayer.__version__}\n"


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    words = capsys.readouterr().out.split()
    assert all(command in words for command in COMMANDS)


@pytest.mark.parametrize("words", [[], ["no-such-command"], ["cache", "--colour"], ["cache", "--path", "--size"]])
def test_wrong_usage_is_exit_code_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert "usage: compatlayer" in capsys.readouterr().err


def test_run_without_a_program_prints_its_usage() -> None:
    done = run("run", "--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: compatlayer run")


def test_cache_shows_and_clears_only_what_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COMPATLAYER_CACHE_DIR", str(tmp_path))
    for name, size in (("v1/native/ab/abc.so", 1000), ("packages/cupy/x", 24), ("mine.txt", 6)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))

    def output(*words: str) -> str:
        assert main(["cache", *words]) == 0
        return capsys.readouterr().out.strip()

    assert output("--path") == str(tmp_path)
    assert output("--size") == "1030"
    assert output().startswith(f"{tmp_path}: 3 files")
    assert output("--clear").startswith("removed 2 files")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["mine.txt"]
    assert output("--clear").startswith("removed 0 files")


def test_cache_of_a_folder_that_is_not_there_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                      capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COMPATLAYER_CACHE_DIR", str(tmp_path / "none"))
    assert main(["cache", "--size"]) == 0
    assert capsys.readouterr().out == "0\n"


@built
def test_devices_are_shown_as_asked() -> None:
    done = run("devices", "--devices", "cpu:2")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == 3, done
    assert lines[0].split()[:2] == ["no.", "name"] and lines[1].startswith("0 ") and lines[2].startswith("1 ")


@built
@pytest.mark.parametrize("spec", ["", "nonsense", "cpu:0", "cpu:x"])
def test_devices_that_make_no_sense_are_one_sentence(spec: str) -> None:
    done = run("devices", "--devices", spec)
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("compatlayer: ")


@built
def test_coverage_counts_and_lists_the_same() -> None:
    table = run("coverage").stdout.splitlines()
    missing = run("coverage", "--missing").stdout.splitlines()
    row = next(line.split() for line in table if line.startswith("libcuda"))
    assert int(row[1]) - int(row[2]) == sum(line.startswith("libcuda ") for line in missing)
    assert int(row[1]) >= 500 and int(row[2]) >= 100
    assert not any(line.startswith("libcuda cuMemAlloc_v2") for line in missing)
    assert any(line.startswith("libcuda cuGLInit: ") for line in missing), "with the reason"
    page = run("coverage", "--markdown").stdout
    assert page.startswith("# Coverage") and f"| libcuda | {row[1]} | {row[2]} |" in page


@built
def test_the_doctor_finds_nothing_wrong_with_this_installation() -> None:
    done = run("doctor")
    assert done.returncode == 0, done.stdout
    assert "a kernel was compiled and launched, and its result is right" in done.stdout
    assert done.stdout.rstrip().endswith("no problems found")


def test_the_doctor_says_what_to_do_about_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = run("doctor", COMPATLAYER_CACHE_DIR=str(blocked / "below"))
    assert done.returncode == 1
    assert "cannot be written" in done.stdout and "COMPATLAYER_CACHE_DIR" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_doctor_says_what_to_do_about_a_cache_that_others_can_read(tmp_path: Path,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPATLAYER_CACHE_DIR", str(tmp_path))
    tmp_path.chmod(0o755)
    assert [finding.level for finding in doctor.check_cache()] == ["PROBLEM"]
    tmp_path.chmod(0o700)
    assert [finding.level for finding in doctor.check_cache()] == ["ok"]


def test_the_doctor_misses_the_native_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "FOLDER", str(tmp_path))
    first = next(doctor.check_libraries())
    assert first.level == "PROBLEM" and "pip install" in first.advice


def test_the_doctor_notices_a_real_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libcuda.so.1").write_bytes(b"")
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{libraries.FOLDER}:{tmp_path}")
    assert any(str(tmp_path) in finding.what and finding.level == "note" for finding in doctor.check_other_cuda())


def test_every_problem_comes_with_advice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(libraries, "FOLDER", str(tmp_path))
    for check in (doctor.check_python, doctor.check_libraries, doctor.check_packages, doctor.check_memory):
        for finding in check():
            assert finding.level != "PROBLEM" or finding.advice, finding


def test_output_into_a_closed_pipe_is_no_stack() -> None:
    command = f"{sys.executable} -m compatlayer coverage --missing | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, env=os.environ.copy())
    assert "Traceback" not in done.stderr


def test_tables_are_aligned() -> None:
    rows = [("a", "bcd"), ("efg", "h")]
    assert columns(rows) == "a    bcd\nefg  h"
    assert markdown(rows) == "| a | bcd |\n|-|-|\n| efg | h |"
