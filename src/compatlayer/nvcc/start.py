"""Where the toolkit folder's bin/nvcc begins: start.py COMPILER_FOLDER PATH_OF_NVCC argument ...

Python runs it without its start-up files (-I -S), which would cost every call more than the rest, so the two folders
that are needed are put on the path here.
"""

import os
import sys


def main() -> int:
    """Run the command; returns its exit status."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    compiler, command, *words = sys.argv[1:]
    sys.path += [os.path.dirname(package), compiler]
    from compatlayer.nvcc import command as nvcc

    return nvcc.main(words, command)


if __name__ == "__main__":
    sys.exit(main())
