"""`compatlayer coverage`: how much of each library's interface has a handler."""

from __future__ import annotations

import argparse

SUMMARY = "show how much of each library is implemented"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--missing", action="store_true", help="list the functions without a handler")
    parser.add_argument("--markdown", action="store_true", help="print the page docs/coverage.md")


def main(arguments: argparse.Namespace) -> int:
    raise NotImplementedError
