"""`compatlayer record`: run the API programs on another libcuda and keep its answers for our tests."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

SUMMARY = "keep what a real libcuda answers to the API programs of the tests"

_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/lib/wsl/lib")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the subcommand."""
    parser.add_argument("--library", type=Path, help="path of a libcuda; default: the system's libcuda.so.1")
    parser.add_argument("-o", "--output", type=Path, help="the JSON file to write; default: named after the device")
    parser.add_argument("--programs", type=Path, default=Path("tests/oracle/programs"),
                        help="folder of the API programs (default: %(default)s)")


def main(arguments: argparse.Namespace) -> int:
    """Record; 1 when there is no library, or it does not work."""
    from compatlayer.cli.command import complain
    from compatlayer.oracle import programs
    from compatlayer.oracle.recording import Recording

    library = arguments.library or system_library()
    if library is None:
        return complain("this system has no libcuda.so.1 of a driver; name one with --library PATH")
    if not library.is_file():
        return complain(f"{library} is no file; name a libcuda with --library PATH")
    library = library.absolute()
    try:
        steps = programs.run_all(arguments.programs.absolute(), library)
        driver, device, capability = _identify(library)
    except programs.OracleError as error:
        return complain(error)
    recording = Recording(driver, device, capability, programs.is_ours(library), steps)
    target = arguments.output or Path(f"{_file_name(device)}-{driver}.json")
    recording.save(target)
    count = sum(len(each) for each in steps.values())
    skipped = sum(each[-1][0] == "skipped" for each in steps.values() if each)
    print(f"{target}: {count} answers of {len(steps)} programs ({skipped} skipped) from {device}, driver {driver}")
    return 0


def _file_name(device: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in device).lower().split()) or "device"


def system_library() -> Path | None:
    """The libcuda.so.1 that programs use without us; None where there is none."""
    from compatlayer.oracle.programs import is_ours

    folders = [*os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep), *_FOLDERS]
    for folder in filter(None, folders):
        path = Path(folder) / "libcuda.so.1"
        if path.is_file() and not is_ours(path):
            return path
    return None


def _identify(library: Path) -> tuple[int, str, str]:
    """In a process of its own, so that this one holds no driver."""
    from compatlayer.oracle import programs

    code = (f"import json; from compatlayer.oracle.recording import identify; from pathlib import Path; "
            f"print(json.dumps(identify(Path({str(library)!r}))))")
    done = subprocess.run([sys.executable, "-c", code], env=programs.environment(library), capture_output=True,
                          text=True, timeout=100, check=False)
    if done.returncode:
        raise programs.OracleError(f"{library} cannot be asked: {done.stderr.strip().splitlines()[-1]}")
    driver, device, capability = json.loads(done.stdout.splitlines()[-1])
    return int(driver), str(device), str(capability)
