"""Python, the settings, the packages that programs bring, and how programs are brought onto us."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from difflib import get_close_matches

from compatlayer.doctor.finding import Finding
from compatlayer.launcher import site_files

# Every variable that this package reads or sets; docs/command-line.md says what each means.
VARIABLES = tuple(f"COMPATLAYER_{name}" for name in (
    "ACTIVE", "CACHE", "CACHE_DIR", "CACHE_MAX_BYTES", "COMPUTE_CAPABILITY", "CPU", "DEVICES", "DUMP", "ENGINE",
    "ENGINE_REPORT", "FAST_LAUNCH", "KERNEL_FILES", "MEMORY", "OPENCL", "PROFILE", "PYTHONPATH", "RECORD_CALLS",
    "REPORT", "VERBOSE", "TENSORRT", "VENDOR_PATH", "WATCHDOG_S", "WORKERS", "ZIG"))


def check_python() -> Iterator[Finding]:
    """The interpreter's version."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if (3, 11) <= sys.version_info < (3, 15):
        yield Finding("ok", f"Python {version} at {sys.executable}")
    else:
        yield Finding("PROBLEM", f"Python {version} is not supported", "use Python 3.11 to 3.14")


def check_settings() -> Iterator[Finding]:
    """Our variables: values that make no sense, names that mean nothing."""
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


def check_packages() -> Iterator[Finding]:
    """The CUDA packages that programs import."""
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


def check_activation() -> Iterator[Finding]:
    """Whether programs come to us without being asked, and whether their children do."""
    if os.path.exists(site_files.enable_path()):
        yield Finding("note", f"every program of this environment runs on compatlayer ({site_files.enable_path()})")
    if not site_files.is_installed():
        yield Finding("note", f"{site_files.LAUNCH} is not installed (source tree): children are reached by PYTHONPATH")
