"""What the script bin/trtexec of the toolkit folder runs: the command, from wherever this package lies."""

from __future__ import annotations

import os
import sys

sys.path[:1] = [os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))]

from compatlayer.trtexec.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
