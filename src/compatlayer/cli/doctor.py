"""`compatlayer doctor`: look for what could keep programs from running, and say what to do about it."""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches

from compatlayer.launcher import environment, libraries, site_files

SUMMARY = "check this installation and say what to do about each problem"

_TIMEOUT_S = 120

# Every variable that this package reads or sets; docs/command-line.md says what each means.
VARIABLES = tuple(f"COMPATLAYER_{name}" for name in (
    "ACTIVE", "CACHE", "CACHE_DIR", "CACHE_MAX_BYTES", "COMPUTE_CAPABILITY", "CPU", "DEVICES", "DUMP", "ENGINE",
    "ENGINE_REPORT", "FAST_LAUNCH", "KERNEL_FILES", "MEMORY", "PYTHONPATH", "REPORT", "VERBOSE", "WORKERS", "ZIG"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor. `level` is ok, note or PROBLEM; only a problem makes the command fail."""

    level: str
    what: str
    advice: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def main(arguments: argparse.Namespace) -> int:
    problems = 0
    for check in CHECKS:
        for finding in check():
            problems += finding.level == "PROBLEM"
            print(f"{finding.level:<8} {finding.what}", flush=True)
            if finding.advice:
                print(f"{'':<8} -> {finding.advice}", flush=True)
    print(f"\n{problems or 'no'} problem{'' if problems == 1 else 's'} found")
    return 1 if problems else 0


def check_python() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if (3, 11) <= sys.version_info < (3, 15):
        yield Finding("ok", f"Python {version} at {sys.executable}")
    else:
        yield Finding("PROBLEM", f"Python {version} is not supported", "use Python 3.11 to 3.14")


def check_libraries() -> Iterator[Finding]:
    names = [os.path.basename(path) for path in libraries.paths()]
    if "libcompatlayer.so" not in names:
        yield Finding(
            "PROBLEM",
            f"the native libraries are not in {libraries.FOLDER}",
            "run `pip install .`, or in a source tree `python setup.py build_ext --inplace`",
        )
        yield from _check_headers()
        return
    yield Finding("ok", f"native libraries: {', '.join(names)}")
    try:
        import compatlayer._native  # noqa: F401
    except ImportError as error:
        yield Finding("PROBLEM", f"the extension module cannot be imported: {error}", "build it for this Python again")


def _check_headers() -> Iterator[Finding]:
    import sysconfig

    header = os.path.join(sysconfig.get_paths()["include"], "Python.h")
    if not os.path.exists(header):
        yield Finding("PROBLEM", f"{header} is missing", "install Python's headers (Debian: apt install python3-dev)")


def check_compiler() -> Iterator[Finding]:
    from compatlayer.compiler import toolchain
    from compatlayer.errors import CompilerError

    try:
        binary = str(toolchain.zig())
    except CompilerError as error:
        what, _, advice = str(error).partition("; ")
        yield Finding("PROBLEM", what, advice)
        return
    try:
        done = subprocess.run([binary, "clang", "--version"], capture_output=True, text=True, timeout=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Finding("PROBLEM", f"{binary} does not run: {error}", toolchain.REMEDY)
        return
    if done.returncode != 0 or not done.stdout.startswith("clang version"):
        told = (done.stderr or done.stdout).strip().partition("\n")[0] or "no message"
        yield Finding("PROBLEM", f"{binary} clang fails with status {done.returncode}: {told}", toolchain.REMEDY)
    else:
        yield Finding("ok", f"compiler: {done.stdout.splitlines()[0]}")


def check_settings() -> Iterator[Finding]:
    from compatlayer import config
    from compatlayer.compiler.targets.cpu import host_cpu
    from compatlayer.errors import CompilerError

    try:
        if config.from_environment().cpu != config.NATIVE_CPU:
            host_cpu()
    except CompilerError:
        pass  # check_compiler says it
    except config.SettingsError as error:
        what, _, advice = str(error).partition("; ")
        yield Finding("PROBLEM", what, advice or "set it to one of these, or leave it out")
    for name in sorted(os.environ):
        if name.startswith("COMPATLAYER_") and name not in VARIABLES:
            near = get_close_matches(name, VARIABLES, 1)
            advice = f"is {near[0]} meant?" if near else "leave it out"
            yield Finding("note", f"{name} is set and means nothing", advice)


def check_cache() -> Iterator[Finding]:
    folder = environment.cache_folder(os.environ)
    place = folder
    while not os.path.exists(place) and place != os.path.dirname(place):
        place = os.path.dirname(place)
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding(
            "PROBLEM", f"the cache folder {folder} cannot be written", "set COMPATLAYER_CACHE_DIR to a writable folder"
        )
    elif place == folder and os.stat(folder).st_mode & 0o077:
        yield Finding("PROBLEM", f"others may use the cache folder {folder}", f"chmod 700 {folder}")
    else:
        yield Finding("ok", f"cache folder {folder}")


def check_other_cuda() -> Iterator[Finding]:
    foreign = libraries.foreign_libraries()
    if foreign:
        yield Finding(
            "PROBLEM",
            f"{foreign[0]} is loaded into every program (LD_PRELOAD={os.environ.get('LD_PRELOAD', '')})",
            "take it out of LD_PRELOAD",
        )
    folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/lib/wsl/lib"]
    folders += os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    real = [os.path.join(folder, "libcuda.so.1") for folder in folders if folder and folder != libraries.FOLDER]
    for path in real:
        if os.path.exists(path):
            yield Finding("note", f"{path} belongs to a real driver; programs use it unless started by compatlayer")
            return
    yield Finding("ok", "no other libcuda on this machine")


def check_packages() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    for package in ("cuda-bindings", "cuda-core"):
        try:
            found = version(package)
        except PackageNotFoundError:
            yield Finding("note", f"{package} is not installed", f"pip install {package}, if your program needs it")
            continue
        if package == "cuda-bindings" and found.split(".")[0] not in ("12", "13"):
            yield Finding("PROBLEM", f"cuda-bindings {found} is not known to work", "pip install 'cuda-bindings~=13.5'")
        else:
            yield Finding("ok", f"{package} {found}")


def check_memory() -> Iterator[Finding]:
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        yield Finding(
            "note",
            f"address space is limited to {limit / 2**30:.1f} GiB (ulimit -v)",
            "device memory is reserved as address space: raise the limit, or set COMPATLAYER_MEMORY lower",
        )
    with suppress(OSError), open("/proc/sys/vm/max_map_count", encoding="ascii") as file:
        count = int(file.read())
        if count < 65530:
            advice = "sysctl vm.max_map_count=262144, for many allocations"
            yield Finding("note", f"vm.max_map_count is {count}", advice)
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    yield Finding("ok", f"memory {total / 2**30:.1f} GiB, {len(os.sched_getaffinity(0))} usable CPUs")


def check_activation() -> Iterator[Finding]:
    if os.path.exists(site_files.enable_path()):
        yield Finding("note", f"every program of this environment runs on compatlayer ({site_files.enable_path()})")
    if not site_files.is_installed():
        yield Finding("note", f"{site_files.LAUNCH} is not installed (source tree): children are reached by PYTHONPATH")


def check_kernel() -> Iterator[Finding]:
    if not os.path.exists(libraries.RUNTIME):
        return
    variables = dict(os.environ)
    environment.apply(variables)
    variables.pop(environment.REPORT, None)
    command = [sys.executable, "-m", "compatlayer.cli.self_check"]
    try:
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        yield Finding("PROBLEM", f"a small kernel did not finish in {_TIMEOUT_S} s", "set COMPATLAYER_WORKERS=1")
        return
    if done.returncode == 0:
        yield Finding("ok", done.stdout.strip())
    else:
        lines = (done.stderr + done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        yield Finding("PROBLEM", f"a small kernel did not run: {lines[-1]}",
                      "solve the problems above first, or see all of it: compatlayer run -m compatlayer.cli.self_check")


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_python,
    check_libraries,
    check_settings,
    check_compiler,
    check_cache,
    check_memory,
    check_other_cuda,
    check_packages,
    check_activation,
    check_kernel,
)
