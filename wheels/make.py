"""Makes the wheels: cross-compiled with zig for a baseline processor, with nothing of the building machine in them.

    python wheels/make.py [machine ...]      x86_64 and aarch64 without arguments; the wheels go to dist/
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import check

ROOT = Path(__file__).resolve().parents[1]
MACHINES = ("x86_64", "aarch64")
# Variables that would bring this machine's compiler, or options meant for it.
_HOST = ("CC", "CXX", "CFLAGS", "CPPFLAGS", "LDFLAGS", "LDSHARED")


def make(machine: str, target: Path) -> Path:
    """The wheel for `machine` in `target`; a build that fails ends the program with its words."""
    work = ROOT / "build" / "wheel" / machine
    variables = {name: value for name, value in os.environ.items() if name not in _HOST}
    variables["COMPATLAYER_WHEEL_FOR"] = machine
    variables.setdefault("SOURCE_DATE_EPOCH", str(_last_change()))
    command = [sys.executable, "setup.py", "--quiet", "build", "--build-base", str(work / "package"),
               "bdist_wheel", "--py-limited-api", "cp311", "--plat-name", f"manylinux_2_28_{machine}",
               "--bdist-dir", str(work / "root"), "--dist-dir", str(target)]
    _forget(work / "package")
    variables["PYTHONWARNINGS"] = "ignore"  # setuptools and wheel disown each other's commands
    done = subprocess.run(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if done.returncode:
        sys.exit(f"{done.stdout.strip()}\nthe wheel for {machine} could not be made")
    (wheel,) = target.glob(f"compatlayer-*-cp311-abi3-manylinux_2_28_{machine}.whl")
    return wheel


def _last_change() -> int:
    """The time that all files of a wheel get: two builds of one commit are the same bytes."""
    done = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else 315532800


def _forget(folder: Path) -> None:
    """Python files that were renamed since must not be in the wheel; what was compiled stays."""
    for path in folder.glob("lib*/**/*.py"):
        path.unlink()


def main(machines: list[str]) -> int:
    """Make and check; 1 when a wheel is not what it promises."""
    target = ROOT / "dist"
    target.mkdir(exist_ok=True)
    wheels = []
    for machine in machines or MACHINES:
        for old in target.glob(f"compatlayer-*_{machine}.whl"):
            old.unlink()
        start = time.monotonic()
        wheels.append(make(machine, target))
        print(f"{machine}: made in {time.monotonic() - start:.0f} s", flush=True)
    return check.main([str(each) for each in wheels])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
