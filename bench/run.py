"""Run every benchmark under `compatlayer run` and print its table.

usage: run.py [name ...]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARKS = ("launch_cost", "launch_from_c", "copy_bandwidth", "compile_time")


def main() -> int:
    names = sys.argv[1:] or BENCHMARKS
    failed = 0
    for name in names:
        if name not in BENCHMARKS:
            print(f'no benchmark "{name}"; there are: {", ".join(BENCHMARKS)}', file=sys.stderr)
            return 2
        path = Path(__file__).parent / f"{name}.py"
        print(f"\n## {name}\n", flush=True)
        failed += subprocess.run([sys.executable, "-m", "compatlayer", "run", str(path)]).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
