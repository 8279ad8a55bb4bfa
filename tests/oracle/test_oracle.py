"""Our answers to the API programs against recordings of other libraries, and the machinery of both."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compatlayer.launcher import libraries
from compatlayer.oracle import programs
from compatlayer.oracle.recording import (
    Difference,
    Expected,
    Recording,
    compare,
    judge,
    load,
    load_expected,
)

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
RECORDINGS = sorted((HERE / "recordings").glob("*.json"))
OURS = Path(libraries.FOLDER) / "libcuda.so.1"

pytestmark = pytest.mark.skipif(not OURS.exists(), reason="the native libraries are not built")


def record(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compatlayer", "record", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, env={**os.environ, **variables})


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """What our library answers, recorded as another's would be."""
    target = tmp_path_factory.mktemp("recording") / "ours.json"
    done = record("--library", str(OURS), "-o", str(target), "--programs", str(PROGRAMS), COMPATLAYER_DEVICES="cpu")
    assert done.returncode == 0, done.stderr
    return load(target)


def test_every_program_answers(ours: Recording) -> None:
    assert ours.ours and ours.driver >= 12000 and "compatlayer" in ours.device
    assert len(ours.programs) >= 80
    assert sum(len(steps) for steps in ours.programs.values()) >= 1000
    ended = {name for name, steps in ours.programs.items() if not steps or steps[-1][0] in ("died", "skipped")}
    assert not ended


def test_nothing_answers_unknown(ours: Recording) -> None:
    """CUDA_ERROR_UNKNOWN is what a handler of ours answers that failed."""
    assert not [(name, step) for name, steps in ours.programs.items() for step in steps if step[1] == "UNKNOWN"]


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_our_answers_are_the_recorded_ones(ours: Recording, path: Path) -> None:
    theirs = load(path)
    assert theirs.programs.keys() <= ours.programs.keys(), "programs were renamed or removed since"
    wrong = judge(path.stem, compare(theirs.programs, ours.programs), load_expected(HERE / "expected.toml"))
    assert not wrong, "\n".join(wrong)


def test_expected_differences_name_recordings_that_exist() -> None:
    names = {path.stem for path in RECORDINGS}
    assert {one.recording for one in load_expected(HERE / "expected.toml")} <= names | {""}


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A folder with the programs of one file."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("_common.py", "kernels.cu", "event.py"):
        shutil.copy(PROGRAMS / name, folder)
    return folder


def test_two_runs_answer_the_same(ours: Recording, few: Path) -> None:
    again = programs.run_all(few, OURS)
    assert again and not compare(again, ours.programs)


def test_a_wrong_answer_is_found(ours: Recording) -> None:
    """One status, one number, one step too few: each alone is a failure that names program, step and both answers."""
    for name, step, planted in (("memory.frees", 1, ["cuMemFree_v2", "INVALID_HANDLE"]),
                                ("device.fixed_attributes", 1, ["note", "max threads of a block", 512])):
        theirs = {each: list(steps) for each, steps in ours.programs.items()}
        theirs[name][step] = planted
        (difference,) = compare(theirs, ours.programs)
        assert (difference.program, difference.step, difference.theirs) == (name, step, planted)
        assert len(judge("other", [difference], [])) == 1 and json.dumps(planted) in str(difference)
    theirs = ours.programs | {"memory.frees": ours.programs["memory.frees"][:-1]}
    assert [each.theirs for each in compare(theirs, ours.programs)] == [None]


def test_expected_differences_are_not_failures_and_must_occur() -> None:
    difference = Difference("memory.frees", 1, ["cuMemFree_v2", "SUCCESS"], ["cuMemFree_v2", "INVALID_VALUE"])
    known = Expected("memory.frees", 1, ["cuMemFree_v2", "SUCCESS"], "the driver is kind", "other")
    assert judge("other", [difference], [known]) == []
    assert len(judge("another", [difference], [known])) == 1
    assert "does not differ any more" in judge("other", [], [known])[0]


def test_an_expected_difference_needs_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "expected.toml"
    path.write_text('[[difference]]\nprogram = "a.b"\nstep = 0\ntheirs = ["cuInit", "SUCCESS"]\nreason = "because"\n')
    with pytest.raises(ValueError, match="no reason"):
        load_expected(path)


def test_programs_that_went_different_ways_are_compared_up_to_there() -> None:
    theirs = {"a.b": [["cuInit", "SUCCESS"], ["died", "signal 11"]]}
    ours = {"a.b": [["cuInit", "SUCCESS"], ["cuMemFree_v2", "INVALID_VALUE"], ["cuInit", "SUCCESS"]]}
    assert [each.step for each in compare(theirs, ours)] == [1]
    assert not compare({"a.b": [["skipped", "the library has no cuX"]]}, ours)


def test_a_program_that_ends_the_process_is_recorded_and_the_others_are_too(few: Path) -> None:
    (few / "event.py").write_text(
        "import os, signal\nfrom compatlayer.oracle.calls import program\n"
        "@program\ndef first(cuda):\n    cuda.cuCtxSynchronize()\n"
        "@program\ndef second(cuda):\n    os.kill(os.getpid(), signal.SIGSEGV)\n"
        "@program\ndef third(cuda):\n    cuda.cuNoSuchFunction()\n")
    steps = programs.run_all(few, OURS)
    assert steps == {"event.first": [["cuCtxSynchronize", "SUCCESS"]], "event.second": [["died", "signal 11"]],
                     "event.third": [["skipped", "the library has no cuNoSuchFunction"]]}


def test_a_program_with_a_mistake_is_no_answer_of_the_library(few: Path) -> None:
    (few / "event.py").write_text("from compatlayer.oracle.calls import program\n"
                                  "@program\ndef first(cuda):\n    cuda.note('x', 1 / 0)\n")
    done = record("--library", str(OURS), "--programs", str(few))
    assert done.returncode == 1 and "event.first cannot be run: ZeroDivisionError" in done.stderr, done
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("words", "told"), [
    (("--library", "/no/such/libcuda.so.1"), "is no file"),
    (("--library", "/proc/self/exe"), "cannot be run on"),
    (("--library", str(OURS), "--programs", "/no/such/folder"), "no API programs in"),
])  # fmt: skip
def test_what_cannot_be_recorded_is_one_sentence(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    done = record("--programs", str(PROGRAMS), "-o", str(tmp_path / "x.json"), *words)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and told in done.stderr, done


def test_no_device_is_one_sentence(few: Path, tmp_path: Path) -> None:
    done = record("--library", str(OURS), "--programs", str(few), "-o", str(tmp_path / "x.json"),
                  COMPATLAYER_DEVICES="")
    assert done.returncode == 1 and "cuInit answered NO_DEVICE" in done.stderr, done


def test_our_own_library_is_never_taken_for_the_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from compatlayer.cli.record import system_library

    (tmp_path / "libcuda.so.1").symlink_to(OURS)
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{libraries.FOLDER}:{tmp_path}")
    found = system_library()
    assert found is None or not programs.is_ours(found)
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "libcuda.so.1").touch()
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tmp_path}:{tmp_path / 'real'}")
    assert system_library() == tmp_path / "real" / "libcuda.so.1"


def test_what_is_no_recording_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for text in ("{}", "nonsense", '{"format": 99}', "[]"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"x\.json is no recording"):
            load(path)


CONFORMANCE = HERE.parent / "conformance"


def conformance(library: str, *files: str) -> subprocess.CompletedProcess[str]:
    paths = [str(CONFORMANCE / one) for one in files]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, cwd=HERE.parents[1],
                          env={**os.environ, "COMPATLAYER_TEST_LIBCUDA": library})


def test_conformance_tests_run_against_a_library_that_is_named() -> None:
    """Kernels, processes of their own, images, graphs: all pass. What calls libcudart says that it is left out."""
    done = conformance(str(OURS), "test_event.py", "test_ipc.py::test_memory_is_the_same_in_both_processes",
                       "test_module.py", "test_graph_edges.py", "test_runtime_stream.py",
                       "test_not_supported.py::test_a_function_without_meaning_says_why")
    summary = done.stdout.splitlines()[-1]
    passed = re.search(r"(\d+) passed", summary)
    assert done.returncode == 0 and "error" not in summary, done.stdout
    assert passed and int(passed[1]) > 150, done.stdout
    skipped = re.findall(r"^SKIPPED \[\d+\] (\S+?)(?::\d+)?: (.*)$", done.stdout, re.MULTILINE)
    assert any("test_runtime_stream.py" in file for file, _ in skipped)
    assert {reason for _, reason in skipped} == {f"calls {one}, and COMPATLAYER_TEST_LIBCUDA names a libcuda"
                                                 for one in ("libcudart", "libnvidia-ml.so.1")}


def test_a_foreign_library_is_not_asked_about_this_package(tmp_path: Path) -> None:
    """A copy of ours elsewhere counts as another's: tests that look inside, or damage our images, are left out."""
    folder = tmp_path / "elsewhere"
    shutil.copytree(libraries.FOLDER, folder)
    done = conformance(str(folder / "libcuda.so.1"), "test_event.py", "test_module.py", "test_log.py")
    assert done.returncode == 0 and "passed" in done.stdout.splitlines()[-1], done.stdout
    assert "looks into compatlayer, and another libcuda is tested" in done.stdout
    assert "damages an image of this package's own form, and another libcuda is tested" in done.stdout


def test_a_library_that_is_not_there_is_named() -> None:
    gone = conformance("/no/such/libcuda.so.1", "test_event.py")
    assert gone.returncode != 0 and "COMPATLAYER_TEST_LIBCUDA" in gone.stdout + gone.stderr
