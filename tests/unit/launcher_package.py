"""A copy of the launcher with stand-in libraries of a few lines, so that its tests need no native build."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from c_compiler import compile_c

SOURCE = Path(__file__).resolve().parents[2] / "src"
SONAMES = ("libcuda.so.1", "libcuda.so", "libnvrtc.so.13", "libnvrtc.so.12")

_RUNTIME = r"""
#include <stdint.h>
static uint64_t calls;
void count_call(void) { calls++; }
int cpl_slot_count(int library) { return library == 0 ? 2 : 0; }
const char *cpl_slot_name(int library, int index) { (void)library; return index ? "cuInit" : "cuMissing"; }
uint64_t cpl_slot_calls(int library, int index) { (void)library; return index ? calls : 0; }
int cpl_slot_missing(int library, int index) { (void)library; return index == 0; }
"""
_STUB = r"""
void count_call(void);
int cuInit(int flags) { (void)flags; count_call(); return 0; }
int stand_in(void) { return 42; }
"""


@dataclass(frozen=True)
class Package:
    """`root` is the folder to put on PYTHONPATH."""

    root: Path

    @property
    def libraries(self) -> Path:
        return self.root / "compatlayer" / "_lib"

    def environment(self, **extra: str) -> dict[str, str]:
        """A clean environment in which this copy is importable."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("COMPATLAYER", "PYTHON"))}
        for name in ("LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH"):
            kept.pop(name, None)
        return {**kept, "PYTHONPATH": str(self.root), **extra}

    def python(self, *arguments: str, cwd: Path | None = None, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run this Python with the copy importable."""
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=self.environment(**extra), capture_output=True, text=True, cwd=cwd,
                              timeout=60)

    def run(self, *arguments: str, cwd: Path | None = None, **extra: str) -> subprocess.CompletedProcess[str]:
        """`compatlayer run ...`."""
        return self.python("-m", "compatlayer", "run", *arguments, cwd=cwd, **extra)


def build(root: Path) -> Package:
    """Copy the launcher and command line below `root` and compile the stand-ins."""
    package = root / "compatlayer"
    package.mkdir(parents=True)
    for name in ("__init__.py", "__main__.py", "errors.py", "config.py"):
        shutil.copy(SOURCE / "compatlayer" / name, package)
    for name in ("launcher", "cli", "api", "doctor"):
        shutil.copytree(SOURCE / "compatlayer" / name, package / name)
    folder = package / "_lib"
    folder.mkdir()
    _link(folder / "libcompatlayer.so", _RUNTIME)
    for name in SONAMES:
        _link(folder / name, _STUB, "-L", str(folder), "-lcompatlayer", "-Wl,-rpath,$ORIGIN")
    return Package(root)


def _link(path: Path, source: str, *more: str) -> None:
    compile_c(source, path, "-shared", f"-Wl,-soname,{path.name}", *more).with_name(f"{path.name}.c").unlink()
