"""The compile cache: private, checked, bounded, and never in the way."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from compatlayer import digest
from compatlayer.compiler.cache import Store

KEY = digest.key("a key")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


def test_a_record_comes_back_in_another_store_of_the_same_folder(store: Store, tmp_path: Path) -> None:
    assert store.get("front", KEY) is None
    assert store.put("front", KEY, b"content")
    assert Store(tmp_path / "cache").get("front", KEY) == b"content"


def test_the_folder_and_its_files_are_the_users_alone(store: Store) -> None:
    store.put("front", KEY, b"content")
    assert stat.S_IMODE(os.stat(store.folder).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(store.path("front", KEY)).st_mode) == 0o600


def test_an_open_folder_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "cache" / "v1").mkdir(parents=True)
    os.chmod(tmp_path / "cache" / "v1", 0o777)
    assert stat.S_IMODE(os.stat(Store(tmp_path / "cache").folder).st_mode) == 0o700


def test_a_folder_of_another_user_is_refused_with_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                               capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    store = Store(tmp_path / "cache")
    assert not store.usable
    assert store.get("front", KEY) is None and not store.put("front", KEY, b"x")
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "another user" in message and "COMPATLAYER_CACHE_DIR" in message


@pytest.mark.parametrize("position", [0, 20, -1])
def test_a_damaged_record_is_dropped(store: Store, position: int) -> None:
    store.put("front", KEY, b"content")
    path = store.path("front", KEY)
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(bytes(data))
    assert store.get("front", KEY) is None
    assert not path.exists()


def test_a_damaged_file_is_dropped(store: Store) -> None:
    path = store.put_file("native", KEY, ".so", b"library")
    assert path is not None
    expected = digest.checksum(b"library").hex()
    assert store.get_file("native", KEY, ".so", expected) == path
    path.write_bytes(b"librarx")
    assert store.get_file("native", KEY, ".so", expected) is None
    assert not path.exists()


def test_a_failed_write_costs_one_sentence_and_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch,
                                                              capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", refuse)
    assert not store.put("front", KEY, b"content")
    assert not store.put("front", KEY, b"content")
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "Read-only file system" in message
    assert [name for _, _, names in os.walk(store.folder) for name in names] == []


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert not Store(tmp_path / "file" / "cache").usable
    assert capsys.readouterr().err.count("\n") == 1


def test_the_longest_unused_files_go_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache", max_bytes=2500)
    keys = [digest.key(str(number)) for number in range(4)]
    for age, key in enumerate(keys):
        store.put("front", key, bytes(900))
        os.utime(store.path("front", key), (1000.0 + age, 1000.0 + age))
    store.prune()
    assert [store.get("front", key) is not None for key in keys] == [False, False, True, True]


def test_clearing_removes_everything(store: Store) -> None:
    store.put("front", KEY, b"content")
    assert store.clear() > 0
    assert store.get("front", KEY) is None


def test_keys_depend_on_where_one_part_ends() -> None:
    assert digest.key("ab", "c") != digest.key("a", "bc")


def test_the_environment_chooses_the_folder_and_can_switch_it_off(tmp_path: Path) -> None:
    program = "from compatlayer.compiler import cache; s = cache.store(); print(s.folder if s else None)"

    def answer(**variables: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COMPATLAYER_CACHE")}
        done = subprocess.run([sys.executable, "-c", program], env={**environment, **variables}, check=True,
                              capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    assert answer(COMPATLAYER_CACHE_DIR=str(tmp_path / "a")) == str(tmp_path / "a" / "v1")
    assert answer(XDG_CACHE_HOME=str(tmp_path)) == str(tmp_path / "compatlayer" / "v1")
    assert answer(HOME=str(tmp_path), XDG_CACHE_HOME="") == str(tmp_path / ".cache" / "compatlayer" / "v1")
    assert answer(COMPATLAYER_CACHE="0", COMPATLAYER_CACHE_DIR=str(tmp_path / "b")) == "None"
    assert not (tmp_path / "b").exists()


def test_writers_in_several_processes_do_not_disturb_each_other(tmp_path: Path) -> None:
    program = ("import sys; from pathlib import Path; from compatlayer.compiler.cache import Store\n"
               "from compatlayer import digest\n"
               "store = Store(Path(sys.argv[1]))\n"
               "for i in range(200):\n"
               "    key = digest.key(str(i % 7)); store.put('front', key, key.encode() * 100)\n"
               "    found = store.get('front', key); assert found in (None, key.encode() * 100)\n"
               "    assert found is not None\n")
    workers = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) for _ in range(3)]
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0, 0]
