"""Compiles and links the native parts; what is up to date is left alone.

    _lib/libcompatlayer.so       native/*.c and the generated tables
    _lib/libcuda.so.1, ...       thin stubs that need it
    _native.*.so                 the cffi extension, which needs it too
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from compatlayer.api.generate import generate
from compatlayer.api.toolchain import BuildError, Toolchain, find_toolchain, wheel_toolchain

__all__ = ["BuildError", "build"]

RUNTIME = "libcompatlayer.so"


@dataclass(frozen=True, slots=True)
class _Object:
    """One C file to compile."""

    source: Path
    flags: tuple[str, ...]


def build(root: Path, extension: Path, machine: str = "") -> None:
    """Build from the checkout `root` into the folder of `extension`; for a wheel when `machine` is one's name, which
    has nothing of the building machine but Python's headers. Raises BuildError."""
    python_include = _python_include()
    (root / "build").mkdir(exist_ok=True)
    # zig keeps its compiled start files; outside of the checkout they would stay for good, or find no place.
    os.environ.setdefault("ZIG_GLOBAL_CACHE_DIR", str(root / "build" / "zig"))
    with open(root / "build" / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # builds of one checkout share their folder
        if not machine:
            _build(root, extension, find_toolchain(), root / "build", python_include, _python_names())
            return
        work = root / "build" / "wheel" / machine
        headers = _portable_headers(Path(python_include), work / "python")
        _build(root, extension, wheel_toolchain(machine), work, str(headers), [])


def _build(root: Path, extension: Path, tools: Toolchain, work: Path, python_include: str, names: list[str]) -> None:
    workshop = _Workshop(tools, work / "native")
    include, native = root / "include", root / "src" / "compatlayer" / "native"
    generated = generate(tools.command, include, native, work / "generated")
    common = (*tools.compile_flags(warnings=True), "-I", str(include), "-I", str(native), "-I", str(work / "generated"))
    plain = (*tools.compile_flags(warnings=False), "-I", str(include), "-I", python_include)
    sources = [*sorted(native.rglob("*.c")), *sorted(native.glob("*.S")), *generated.runtime]
    objects = [_Object(source, (*common, *names)) for source in sources]
    objects += [_Object(source, common) for source in dict.fromkeys(generated.stubs.values())]
    objects.append(_Object(generated.extension, plain))
    made = workshop.compile_all(objects, _newest_header(include, native, work / "generated"))
    folder = extension.parent / "_lib"
    folder.mkdir(parents=True, exist_ok=True)
    workshop.link(folder / RUNTIME, [made[source] for source in sources], ["-lm", "-ldl", "-lpthread"])
    near = ["-L", str(folder), f"-l:{RUNTIME}"]
    for soname, source in generated.stubs.items():
        workshop.link(folder / soname, [made[source]], ["-Wl,-rpath,$ORIGIN", *near])
    workshop.link(extension, [made[generated.extension]], ["-Wl,-rpath,$ORIGIN/_lib", *near])
    _remove_strangers(folder, {RUNTIME, *generated.stubs})


def _python_include() -> str:
    folder = sysconfig.get_paths()["include"]
    if not (Path(folder) / "Python.h").is_file():
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise BuildError(
            f"Python.h is not in {folder}; install Python's headers (python{version}-dev on Debian and Ubuntu, "
            f"python{version}-devel on Fedora)"
        )
    return folder


def _portable_headers(include: Path, target: Path) -> Path:
    """A copy of Python's headers whose pyconfig.h answers for every 64-bit Linux.

    Debian's pyconfig.h includes the one of the processor compiled for, which a foreign processor does not have. What
    the stable ABI asks of it, the sizes of C's types, is the same for x86-64 and AArch64."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(include, target)
    config = target / "pyconfig.h"
    multiarch = sysconfig.get_config_var("MULTIARCH") or ""
    own = include.parent / multiarch / include.name / "pyconfig.h"
    if multiarch and f"<{multiarch}/{include.name}/pyconfig.h>" in config.read_text(encoding="utf-8"):
        if not own.is_file():
            raise BuildError(f"{own} is missing; install Python's headers again (python3-dev on Debian and Ubuntu)")
        shutil.copy2(own, config)
    return target


def _python_names() -> list[str]:
    """Where a program without Python finds the one that this build is for."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = sysconfig.get_config_var("INSTSONAME") or ""
    if ".so" not in name:
        name = f"libpython{version}.so.1.0"
    flags = [f'-DCPL_PYTHON_LIBRARY="{name}"']
    path = Path(sysconfig.get_config_var("LIBDIR") or "") / name
    return [*flags, f'-DCPL_PYTHON_PATH="{path}"'] if path.is_file() else flags


def _newest_header(*folders: Path) -> float:
    return max(path.stat().st_mtime for folder in folders for path in folder.rglob("*.h"))


def _remove_strangers(folder: Path, ours: set[str]) -> None:
    """Delete what an older build left, so that no stale stub is preloaded. The device math library is text (.ir)."""
    for path in folder.iterdir():
        if path.name not in ours and path.suffix != ".ir":
            path.unlink()


class _Workshop:
    """Runs the compiler; `folder` keeps objects, and beside each output the command that made it."""

    def __init__(self, tools: Toolchain, folder: Path) -> None:
        self._tools = tools
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def compile_all(self, objects: Sequence[_Object], headers: float) -> dict[Path, Path]:
        """Compile what is older than its source or `headers` (a time); the object file of every source."""
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            made = list(pool.map(lambda item: self._compile(item, headers), objects))
        return {item.source: path for item, path in zip(objects, made, strict=True)}

    def _compile(self, item: _Object, headers: float) -> Path:
        target = self._folder / f"{item.source.parent.name}-{item.source.name}.o"  # names may be the same in folders
        command = [*self._tools.command, *item.flags, "-c", str(item.source), "-o"]
        newest = max(headers, item.source.stat().st_mtime)
        self._make(target, command, newest, f"{item.source} does not compile")
        return target

    def link(self, target: Path, objects: Sequence[Path], flags: Sequence[str]) -> None:
        """Make a shared library whose soname is its file name."""
        files = [str(path) for path in objects]
        command = [*self._tools.command, *self._tools.link_flags(), f"-Wl,-soname,{target.name}"]
        newest = max(path.stat().st_mtime for path in objects)
        self._make(target, [*command, *files, *flags, "-o"], newest, f"{target.name} does not link")

    def _make(self, target: Path, command: Sequence[str], newest: float, failure: str) -> None:
        stamp = self._folder / f"{target.name}.command"
        text = os.fsencode("\0".join([*command, str(target)]))
        current = target.is_file() and stamp.is_file() and target.stat().st_mtime > newest
        if current and stamp.read_bytes() == text:
            return
        fresh = target.with_name(f".{target.name}.fresh")
        done = subprocess.run([*command, str(fresh)], capture_output=True, encoding="utf-8", errors="replace")
        if done.returncode != 0:
            raise BuildError(f"{failure}:\n{done.stderr.strip()}")
        if done.stderr.strip():
            print(done.stderr.strip(), file=sys.stderr)
        # A running process keeps the old file: writing into a mapped library would crash it.
        os.replace(fresh, target)
        stamp.write_bytes(text)
