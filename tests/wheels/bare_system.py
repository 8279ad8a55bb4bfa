"""A root folder with the C library and Python in it and little else: no compiler, no headers, no shell.

Made in name spaces of its own (`unshare`), where the system allows that; else only the environment is stripped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import packaging.requirements

_ROOT_SCRIPT = r"""
set -eu
root=$1; shift
mount -t tmpfs bare "$root"
show() { mkdir -p "$root$1"; mount --rbind "$1" "$root$1"; }
show_file() { mkdir -p "$root$(dirname "$1")"; touch "$root$1"; mount --bind "$(readlink -f "$1")" "$root$1"; }
for folder in /lib /lib64 /usr/lib /usr/lib64; do
    if [ -L "$folder" ]; then ln -s "$(readlink "$folder")" "$root$folder"
    elif [ -d "$folder" ]; then show "$folder"; fi
done
show /proc; show /dev; mkdir -p "$root/tmp"
for file in /etc/ld.so.cache "$PYTHON_FILE"; do [ -e "$file" ] && show_file "$file"; done
for folder in $SHOWN; do show "$folder"; done
for folder in $HIDDEN /usr/lib/gcc; do [ -d "$root$folder" ] && mount -t tmpfs hidden "$root$folder"; done
exec chroot "$root" "$@"
"""


def has_name_spaces() -> bool:
    """Whether this system lets us make a root folder of our own."""
    if not shutil.which("unshare") or not shutil.which("chroot"):
        return False
    with_mounts = ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs try /tmp && chroot / true"]
    return subprocess.run(with_mounts, capture_output=True, timeout=30, check=False).returncode == 0


class BareSystem:
    """A virtual environment at `folder` with packages of this one, and a way to run programs that see little else."""

    def __init__(self, folder: Path) -> None:
        self.isolated = has_name_spaces()
        self._environment = folder / "bare"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(self._environment)], check=True, timeout=60)
        self.python = self._environment / "bin" / "python"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.packages = self._environment / "lib" / version / "site-packages"
        self._shown = {str(self._environment), sysconfig.get_paths()["stdlib"]}
        self._root = folder / "root"
        self._root.mkdir()

    def lend(self, *names: str) -> None:
        """Make packages of this environment, and what they require, those of the bare one."""
        waiting, seen = list(names), set()
        while waiting:
            name = waiting.pop()
            if name.lower() in seen:
                continue
            seen.add(name.lower())
            try:
                found = distribution(name)
            except PackageNotFoundError:
                continue
            self._link(found)
            for text in found.requires or ():
                requirement = packaging.requirements.Requirement(text)
                if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                    waiting.append(requirement.name)

    def _link(self, found: Distribution) -> None:
        home = Path(str(found.locate_file("")))
        self._shown.add(str(home))
        for file in found.files or ():
            if file.parts[0] != "..":
                self._link_one(home, Path(*file.parts))

    def _link_one(self, home: Path, file: Path) -> None:
        """The whole top folder, except where several packages share one, as those in `cuda` do."""
        depth = 2 if file.parts[0] == "cuda" and len(file.parts) > 2 else 1
        short = Path(*file.parts[:depth])
        target = self.packages / short
        if not target.is_symlink() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(home / short)

    def show(self, folder: Path) -> None:
        """Let programs see one more folder."""
        self._shown.add(str(folder))

    def run(self, *words: str, timeout_s: float = 100) -> subprocess.CompletedProcess[str]:
        """Run a program of the bare environment; it has no variables but those of a bare login."""
        nowhere = str(self._environment / "nowhere")
        command, variables = [*words], {"PATH": nowhere, "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}
        if self.isolated:
            command = ["unshare", "-Urm", "sh", "-c", _ROOT_SCRIPT, "sh", str(self._root), *words]
            variables = {"PATH": os.environ["PATH"], "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1",
                         "PYTHON_FILE": os.path.realpath(sys.executable), "SHOWN": " ".join(sorted(self._shown)),
                         "HIDDEN": sysconfig.get_paths()["include"]}
        else:
            variables["HOME"] = str(self._root)
        return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=timeout_s, check=False)
