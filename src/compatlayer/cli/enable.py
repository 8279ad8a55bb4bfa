"""`compatlayer enable`: every program of this virtual environment runs on compatlayer."""

from __future__ import annotations

import argparse

from compatlayer.cli.command import complain
from compatlayer.launcher import site_files

SUMMARY = "run every Python program of this virtual environment on compatlayer"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="also outside of a virtual environment")


def main(arguments: argparse.Namespace) -> int:
    try:
        path = site_files.enable(arguments.force)
    except site_files.SiteError as error:
        return complain(error)
    print(f"enabled: {path}\nCOMPATLAYER_ACTIVE=0 leaves a single program out; `compatlayer disable` ends it")
    return 0
