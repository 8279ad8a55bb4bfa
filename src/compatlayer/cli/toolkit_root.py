"""`compatlayer toolkit-root`: the folder to give as CUDA_HOME."""

from __future__ import annotations

import argparse
import os

from compatlayer.cli.command import complain
from compatlayer.launcher import environment, libraries, toolkit

SUMMARY = "print the folder to give as CUDA_HOME: bin/nvcc, include, lib64, nvvm"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None: the folder is made if need be and its path printed."""


def main(arguments: argparse.Namespace) -> int:
    if not os.path.exists(libraries.RUNTIME):
        return complain(f"the native libraries are not in {libraries.FOLDER}; install the package with "
                        "`pip install .`, or in a source tree run `python setup.py build_ext --inplace`")
    try:
        print(toolkit.root(environment.cache_folder(os.environ)))
    except toolkit.ToolkitError as error:
        return complain(error)
    return 0
