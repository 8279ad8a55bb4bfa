"""The start-up files: `compatlayer enable`, `disable`, and the one that is installed with the package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest
from launcher_package import SOURCE, Package, build

OURS = "import ctypes; print(ctypes.CDLL('libcuda.so.1').stand_in())"


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the launcher in its site-packages."""

    python: str
    site: Path

    def run(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("COMPATLAYER", "PYTHON"))}
        kept.pop("LD_LIBRARY_PATH", None)
        command = [self.python, *arguments]
        return subprocess.run(command, env={**kept, **extra}, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    root = tmp_path_factory.mktemp("environment")
    venv.create(root, with_pip=False, symlinks=True)
    site = root / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    build(site)
    shutil.copy(SOURCE / "compatlayer-launch.pth", site)
    return Environment(str(root / "bin" / "python"), site)


def listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if "__pycache__" not in path.parts)


def test_the_installed_start_file_reaches_children_that_ignore_pythonpath(installed: Environment) -> None:
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-I', '-c', {OURS!r}])"
    done = installed.run("-m", "compatlayer", "run", "-c", code)
    assert done.stdout == "42\n", done.stderr
    assert installed.run("-m", "compatlayer", "run", "-c", "import os; print('PYTHONPATH' in os.environ)"
                         ).stdout == "False\n"


def test_the_installed_start_file_does_nothing_unless_asked(installed: Environment) -> None:
    code = "import sys; print('compatlayer' in sys.modules)"
    assert installed.run("-c", code).stdout == "False\n"
    assert installed.run("-c", code, COMPATLAYER_ACTIVE="0").stdout == "False\n"
    assert installed.run("-c", code, COMPATLAYER_ACTIVE="1").stdout == "True\n"


def test_enable_and_disable_leave_no_trace(installed: Environment) -> None:
    before = listing(installed.site)
    for _ in range(2):
        done = installed.run("-m", "compatlayer", "enable")
        assert done.returncode == 0, done.stderr
        assert installed.run("-c", OURS).stdout == "42\n"
    assert installed.run("-c", OURS, COMPATLAYER_ACTIVE="0").returncode == 1
    for words in ("removed", "not enabled"):
        done = installed.run("-m", "compatlayer", "disable")
        assert done.returncode == 0 and words in done.stdout, done.stderr
    assert listing(installed.site) == before
    assert installed.run("-c", OURS).returncode == 1


def test_uninstalling_the_package_ends_what_enable_began(installed: Environment) -> None:
    folder = installed.site / "compatlayer-0.dist-info"
    folder.mkdir()
    try:
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: compatlayer\nVersion: 0\n")
        before = b"compatlayer/__init__.py,,\r\ncompatlayer-0.dist-info/RECORD,,\r\n"
        (folder / "RECORD").write_bytes(before)
        for _ in range(2):
            assert installed.run("-m", "compatlayer", "enable").returncode == 0
            assert (folder / "RECORD").read_bytes() == before + b"compatlayer-enable.pth,,\r\n"
        assert installed.run("-m", "compatlayer", "disable").returncode == 0
        assert (folder / "RECORD").read_bytes() == before
    finally:
        shutil.rmtree(folder)


def test_an_enabled_environment_survives_removal_of_the_package(installed: Environment, tmp_path: Path) -> None:
    assert installed.run("-m", "compatlayer", "enable").returncode == 0
    hidden = tmp_path / "compatlayer"
    shutil.move(installed.site / "compatlayer", hidden)
    try:
        done = installed.run("-c", "print('fine')")
        assert (done.stdout, done.stderr) == ("fine\n", "")
    finally:
        shutil.move(hidden, installed.site / "compatlayer")
        assert installed.run("-m", "compatlayer", "disable").returncode == 0


def test_enable_refuses_outside_a_virtual_environment(tmp_path: Path) -> None:
    package: Package = build(tmp_path)
    code = "import sys; sys.prefix = sys.base_prefix; from compatlayer.cli.command import main; sys.exit(main({}))"
    done = package.python("-c", code.format(["enable"]))
    assert done.returncode == 1
    assert "not a virtual environment" in done.stderr and "Traceback" not in done.stderr


def test_enable_refuses_when_the_package_is_not_installed(installed: Environment, tmp_path: Path) -> None:
    package = build(tmp_path)
    shutil.move(installed.site / "compatlayer", tmp_path / "aside")
    try:
        done = installed.run("-m", "compatlayer", "enable", PYTHONPATH=str(package.root))
        assert done.returncode == 1 and "not installed" in done.stderr
    finally:
        shutil.move(tmp_path / "aside", installed.site / "compatlayer")
