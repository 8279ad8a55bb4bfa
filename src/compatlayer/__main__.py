"""`python -m compatlayer` is the `compatlayer` command."""

from __future__ import annotations

import sys

from compatlayer.cli.command import main

if __name__ == "__main__":
    sys.exit(main())
