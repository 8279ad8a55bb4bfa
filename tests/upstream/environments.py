"""Virtual environments for versions of a package that cannot share one; each sees the compatlayer that runs this."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import compatlayer

FOLDER = Path(__file__).resolve().parents[2] / "build" / "upstream"


def python(name: str, requirements: list[str]) -> str:
    """The interpreter of the environment `name`, made on the first call. Raises CalledProcessError."""
    folder = FOLDER / name
    program = folder / "bin" / "python"
    stamp = folder / "requirements"
    wanted = "\n".join([sys.version, *requirements])
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return str(program)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    subprocess.run([str(program), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *requirements],
                   check=True)
    stamp.write_text(wanted, encoding="utf-8")
    return str(program)


def search_path() -> str:
    """A folder for PYTHONPATH that holds compatlayer and nothing else of the environment it is installed in."""
    package = Path(os.path.abspath(compatlayer.__file__)).parent
    home = FOLDER / "compatlayer-only"
    _link(home / "src" / "compatlayer", package)
    for name in ("include", "nvvm"):  # beside the package in a source checkout, within it where it is installed
        _link(home / name, package.parent.parent / name)
    return str(home / "src")


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink() or Path(os.readlink(link)) != target:
        link.unlink(missing_ok=True)
        link.symlink_to(target, target_is_directory=True)
