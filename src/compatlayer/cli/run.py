"""`compatlayer run`: start a program on our libraries.

The program is executed in place of this process by the same Python with the same flags, so that sys.argv, sys.path,
__main__, tracebacks, signals and exit codes are plain Python's. See docs/adr/0004-reaching-child-processes.md.
"""

from __future__ import annotations

import os
import sys

from compatlayer.launcher import environment, libraries, site_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SUMMARY = "run a program, a module (-m) or an installed command (--) on compatlayer"

USAGE = """\
usage: compatlayer run [--report] [--devices SPEC] program.py [argument ...]
       compatlayer run [--report] [--devices SPEC] -m module [argument ...]
       compatlayer run [--report] [--devices SPEC] -c code [argument ...]
       compatlayer run [--report] [--devices SPEC] -- command [argument ...]

Run an unchanged CUDA program on the devices that compatlayer shows. Processes that it starts are reached too.

  --report         print at exit which functions were called and which of them are not supported
  --devices SPEC   devices to show, such as cpu or cpu:2 (COMPATLAYER_DEVICES)
"""


class _UsageError(Exception):
    """The command line makes no sense; the text says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For the list of commands only: main() reads its words itself."""


def main(words: list[str]) -> int:
    """Replace this process by the program; returns only when it cannot be started (2: usage, 127: not found)."""
    try:
        report, devices, target = _options(words)
    except _UsageError as error:
        sys.stderr.write(f"{USAGE}compatlayer run: {error}\n")
        return 2
    if not target:
        sys.stdout.write(USAGE)
        return 0
    problem = _problem()
    if problem is not None:
        sys.stderr.write(f"compatlayer run: {problem}\n")
        return 1
    environment.apply(os.environ)
    if devices is not None:
        os.environ[environment.DEVICES] = devices
    if report:
        os.environ[environment.REPORT] = str(os.getpid())  # exec keeps the process id
    return _execute(_command(target))


def _options(words: list[str]) -> tuple[bool, str | None, list[str]]:
    """Our own options, and what follows them; an empty target asks for the help text."""
    report, devices = False, None
    rest = list(words)
    while rest:
        word = rest[0]
        if word in ("-h", "--help"):
            return report, devices, []
        if word == "--report":
            report = True
        elif word == "--devices":
            if len(rest) < 2:
                raise _UsageError("--devices needs a value, such as cpu:2")
            devices = rest.pop(1)
        elif word.startswith("--devices="):
            devices = word.removeprefix("--devices=")
        elif word in ("-m", "-c", "--"):
            if len(rest) < 2:
                raise _UsageError(f"{word} needs something to run")
            return report, devices, rest
        elif word.startswith("-") and word != "-":
            raise _UsageError(f"unknown option {word}; options of the program come after its name")
        else:
            return report, devices, rest
        rest.pop(0)
    raise _UsageError("name a program to run")


def _problem() -> str | None:
    """Why a program started by us would not run on us."""
    if not os.path.exists(libraries.RUNTIME):
        return (
            f"the native libraries are not in {libraries.FOLDER}; install the package with `pip install .`, or in a "
            "source tree run `python setup.py build_ext --inplace`"
        )
    if not sys.executable:
        return "this Python does not know its own path (sys.executable is empty), so it cannot start a program"
    if sys.flags.no_site:
        return "python -S skips the start-up files that bring a program onto compatlayer; leave -S out"
    if os.environ.get("COMPATLAYER_PROFILE"):
        from compatlayer import board

        try:
            board.chosen()
        except board.UnknownBoard as error:
            return str(error)
    if sys.flags.ignore_environment and not site_files.is_installed():
        return "python -E and -I skip PYTHONPATH, which a source tree of compatlayer needs; leave them out"
    return None


def _command(target: list[str]) -> list[str]:
    """The full command line of the process that takes our place."""
    python = [sys.executable, *_interpreter_flags()]
    if target[0] in ("-m", "-c"):
        return python + target
    if target[0] == "--":
        found = _find_command(target[1])
        return [found or target[1], *target[2:]]
    if _is_machine_code(target[0]):
        return [os.path.abspath(target[0]), *target[1:]]
    # A program that is no file but an installed command: "compatlayer run pytest".
    found = None if os.path.exists(target[0]) or os.sep in target[0] else _find_command(target[0])
    return [found, *target[1:]] if found is not None else python + target


def _is_machine_code(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def _interpreter_flags() -> list[str]:
    """The flags of the running interpreter, as they were typed."""
    count = len(sys.orig_argv) - len(sys.argv[1:])
    head = sys.orig_argv[1:count]  # flags, then the script or -m compatlayer
    return head[:-2] if head[-2:-1] == ["-m"] else head[:-1]


def _find_command(name: str) -> str | None:
    """An executable by path or name: beside the Python of a virtual environment first, then along PATH."""
    if os.sep in name:
        return name if os.path.exists(name) else None
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if site_files.in_environment():
        folders.insert(0, os.path.dirname(sys.executable))
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def _execute(command: list[str]) -> int:
    program = command[0]
    try:
        if os.path.isfile(program) and not os.access(program, os.X_OK):
            command = [sys.executable, *_interpreter_flags(), *command]  # a script without its x bit
        os.execv(command[0], command)
    except FileNotFoundError:
        sys.stderr.write(f"compatlayer run: there is no command {program}; give a path or an installed command\n")
        return 127
    except OSError as error:
        sys.stderr.write(f"compatlayer run: {program} cannot be started: {error.strerror}\n")
        return 126
