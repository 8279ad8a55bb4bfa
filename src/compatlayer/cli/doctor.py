"""`compatlayer doctor`: look for what could keep programs from running, and say what to do about it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

from compatlayer.doctor.cache import check_cache
from compatlayer.doctor.compiler import check_compiler
from compatlayer.doctor.environment import check_activation, check_packages, check_python, check_settings
from compatlayer.doctor.finding import Finding
from compatlayer.doctor.kernel import check_kernel
from compatlayer.doctor.libraries import check_libraries, check_other_cuda
from compatlayer.doctor.system import check_c_library, check_memory, check_processor, check_shared_memory

SUMMARY = "check this installation and say what to do about each problem"

CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_python,
    check_processor,
    check_c_library,
    check_libraries,
    check_settings,
    check_compiler,
    check_cache,
    check_memory,
    check_shared_memory,
    check_other_cuda,
    check_packages,
    check_activation,
    check_kernel,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def main(arguments: argparse.Namespace) -> int:
    """Print every finding; 1 when one of them is a problem."""
    problems = 0
    for check in CHECKS:
        for finding in _findings(check):
            problems += finding.level == "PROBLEM"
            print(f"{finding.level:<8} {finding.what}", flush=True)
            if finding.advice:
                print(f"{'':<8} -> {finding.advice}", flush=True)
    print(f"\n{problems or 'no'} problem{'' if problems == 1 else 's'} found")
    return 1 if problems else 0


def _findings(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """A machine that is in trouble may trouble the check too; the others go on."""
    try:
        yield from check()
    except (OSError, MemoryError, ImportError) as error:
        yield Finding("PROBLEM", f"{check.__name__.replace('_', ' ')} failed: {error or type(error).__name__}",
                      "solve the other problems first")
