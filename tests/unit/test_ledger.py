"""The files by which processes tell each other of their use of a device."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("compatlayer._native")

from compatlayer._native import ffi, lib

from compatlayer.backends import ledger

PROGRAM = """
import os, sys
import compatlayer
compatlayer.install()
from compatlayer.backends import ledger
from compatlayer.core.runtime import state
state.initialize(0)
uuid = state.devices[0].uuid
"""


def run(code: str, **environment: str) -> str:
    """What the program prints, in an environment where `places` are the folders for ledgers."""
    done = subprocess.run([sys.executable, "-c", PROGRAM + code], capture_output=True, encoding="utf-8", timeout=60,
                          env=os.environ | environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture()
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    return folder


def test_a_ledger_is_there_while_its_process_is(place: Path) -> None:
    out = run("print(os.listdir(os.environ['XDG_RUNTIME_DIR'] + '/compatlayer'))\n"
              "print([use.process == os.getpid() for use in ledger.read(uuid) if use.process == os.getpid()])",
              XDG_RUNTIME_DIR=str(place))
    names, found = out.splitlines()
    assert len(eval(names)) == 1 and found == "[True]"
    assert os.listdir(place / "compatlayer") == []
    assert (place / "compatlayer").stat().st_mode & 0o777 == 0o700


def test_the_ledger_of_a_killed_process_is_removed_by_the_next(place: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", PROGRAM + "import signal\nos.kill(os.getpid(), signal.SIGKILL)"],
                            timeout=60, env=os.environ | {"XDG_RUNTIME_DIR": str(place)})
    assert killed.returncode == -9
    assert len(os.listdir(place / "compatlayer")) == 1
    assert len(eval(run("print(os.listdir(os.environ['XDG_RUNTIME_DIR'] + '/compatlayer'))",
                        XDG_RUNTIME_DIR=str(place)))) == 1
    assert os.listdir(place / "compatlayer") == []


def test_a_number_that_another_process_has_now_is_not_taken_for_the_old_one(
        place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "folders", lambda: [str(place)])
    name = ledger._name(os.getpid())
    assert name is not None
    namespace, number, started = name.split("-")
    stale, foreign = f"{namespace}-{number}-{int(started) - 1}", f"{int(namespace) + 1}-{number}-{started}"
    for each in (name, stale, foreign):
        (place / each).write_bytes(bytes(ffi.sizeof("cpl_ledger")))
    assert ledger._remove_strays(str(place)) == [name]
    assert sorted(os.listdir(place)) == sorted([name, foreign])  # of another container: not ours to judge


@pytest.mark.parametrize("content", [b"", b"\0" * 4, b"\xff" * 64, b"\1\0\0\0" + b"\xff" * 4])
def test_a_damaged_ledger_is_no_ledger(place: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(ledger, "folders", lambda: [str(place)])
    (place / str(ledger._name(os.getpid()))).write_bytes(content)
    assert ledger.read(b"u" * 16) == []


def test_the_folder_of_somebody_else_is_not_used(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_to_all = place / "shared"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    with pytest.raises(PermissionError):
        ledger._make(str(open_to_all))
    (place / "link").symlink_to(place)
    with pytest.raises(PermissionError):
        ledger._make(str(place / "link"))
    with pytest.raises(FileNotFoundError):
        ledger._make(str(place / "no" / "such"))


def test_without_any_folder_programs_run() -> None:
    program = PROGRAM.replace("state.initialize(0)", "ledger.folders = lambda: []\nstate.initialize(0)")
    done = subprocess.run([sys.executable, "-c", program + """
from compatlayer._native import lib
from compatlayer.backends.base import MemoryKind
state.devices[0].hardware.alloc(4096, MemoryKind.DEVICE)
print(ledger.read(uuid), lib.cpl_ledger_own().devices[0].used_bytes)
"""], capture_output=True, encoding="utf-8", timeout=60)
    assert done.stdout.split() == ["[]", "4096"], done.stderr


def test_busy_time_is_cut_to_its_period() -> None:
    length = ledger.PERIOD_NS
    use = ledger.Use(1, 0, 1, (10 * length + 5, 0), (0, 0), {9: (7, 3), 10: (2, 0)})
    now = 11 * length + 100
    assert use.busy_in(9, ledger.KERNELS, now) == 7
    assert use.busy_in(9, ledger.COPIES, now) == 3
    assert use.busy_in(10, ledger.KERNELS, now) == 2 + length - 5
    assert use.busy_in(11, ledger.KERNELS, now) == 100
    assert use.busy_in(12, ledger.KERNELS, now) == 0


def test_the_layout_is_one_for_all_processes() -> None:
    assert ffi.sizeof("cpl_ledger_device") % 8 == 0
    assert lib.CPL_LEDGER_PERIODS * ffi.sizeof("cpl_ledger_period") < ffi.sizeof("cpl_ledger_device") < 2048
