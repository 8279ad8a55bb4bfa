"""`compatlayer disable`: undo `compatlayer enable` without trace."""

from __future__ import annotations

import argparse

from compatlayer.cli.command import complain
from compatlayer.launcher import site_files

SUMMARY = "undo `compatlayer enable`"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="also outside of a virtual environment")


def main(arguments: argparse.Namespace) -> int:
    try:
        path = site_files.disable(arguments.force)
    except site_files.SiteError as error:
        return complain(error)
    print(f"disabled: removed {path}" if path else "was not enabled")
    return 0
