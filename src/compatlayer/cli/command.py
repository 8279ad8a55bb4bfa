"""The `compatlayer` command: one file of this package for each subcommand.

A subcommand's file offers SUMMARY, add_arguments(parser) and main(arguments) -> exit code. 0: done, 1: a problem that
the output names, 2: wrong usage. Problems are one sentence on standard error, never a stack.
"""

from __future__ import annotations

import sys
from importlib import import_module

import compatlayer

COMMANDS = ("run", "enable", "disable", "doctor", "devices", "coverage", "cache", "toolkit-root", "trtexec", "record")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] == "run":
        # Everything behind the program belongs to the program, which argparse cannot promise.
        from compatlayer.cli import run

        return run.main(words[1:])
    if words and words[0] == "trtexec":
        from compatlayer.cli import trtexec

        return trtexec.main(words[1:])
    return _parsed(words)


def _parsed(words: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(prog="compatlayer", description="Run CUDA programs on other devices.")
    parser.add_argument("--version", action="version", version=f"compatlayer {compatlayer.__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name in COMMANDS:
        module = import_module(f"compatlayer.cli.{name.replace('-', '_')}")
        subparser = subparsers.add_parser(name, help=module.SUMMARY, description=module.SUMMARY)
        module.add_arguments(subparser)
        subparser.set_defaults(main=module.main)
    parsed = parser.parse_args(words)
    try:
        code: int = parsed.main(parsed)
        sys.stdout.flush()
    except BrokenPipeError:  # `compatlayer coverage | head`
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def complain(sentence: object) -> int:
    """Print one sentence on standard error and return the exit code of a problem."""
    sys.stderr.write(f"compatlayer: {sentence}\n")
    return 1
