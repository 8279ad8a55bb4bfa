"""`compatlayer cache`: where compiled kernels are kept, how much, and clearing them."""

from __future__ import annotations

import argparse
import os
import shutil

from compatlayer.cli.command import complain
from compatlayer.launcher import environment

SUMMARY = "show or clear the folder of compiled kernels"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--path", action="store_true", help="print the folder")
    what.add_argument("--size", action="store_true", help="print the size in bytes")
    what.add_argument("--clear", action="store_true", help="remove everything in it")


def main(arguments: argparse.Namespace) -> int:
    folder = environment.cache_folder(os.environ)
    if arguments.path:
        print(folder)
        return 0
    files, size_bytes = _measure(folder)
    if arguments.size:
        print(size_bytes)
        return 0
    if arguments.clear:
        return _clear(folder, files, size_bytes)
    print(f"{folder}: {files} files, {size_bytes / 2**20:.1f} MiB")
    return 0


def _measure(folder: str) -> tuple[int, int]:
    """Number of files and their bytes below `folder`; a file that vanishes meanwhile is not counted."""
    files = size_bytes = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                size_bytes += os.lstat(os.path.join(place, name)).st_size
                files += 1
            except FileNotFoundError:
                continue
    return files, size_bytes


def _clear(folder: str, files: int, size_bytes: int) -> int:
    # COMPATLAYER_CACHE_DIR may name a folder with other things in it: only what we make is removed.
    try:
        for name in environment.CACHE_CONTENTS:
            path = os.path.join(folder, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
    except OSError as error:
        return complain(f"cannot remove {error.filename}: {error.strerror}; make {folder} writable")
    left, left_bytes = _measure(folder)
    print(f"removed {files - left} files, {(size_bytes - left_bytes) / 2**20:.1f} MiB, from {folder}")
    return 0
