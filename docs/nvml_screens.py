"""Prints what nvidia-smi, gpustat and nvitop show while another process uses the device: the screens of docs/nvml.md.

    python docs/nvml_screens.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "frontends"))

from nvml_client import Client  # noqa: E402

SCREENS = (("nvidia-smi",), ("gpustat", "-cp", "--no-color"), ("nvitop", "-1", "--ascii"))


def main() -> None:
    client = Client()
    time.sleep(1.5)
    try:
        for words in SCREENS:
            beside = Path(sys.executable).parent / words[0]
            found = [str(beside) if beside.exists() else words[0], *words[1:]]
            shown = subprocess.run([sys.executable, "-m", "compatlayer", "run", "--", *found], capture_output=True,
                                   encoding="utf-8", check=True, env=os.environ | {"TERM": "dumb", "COLUMNS": "79"})
            print(f"$ {' '.join(words)}\n{shown.stdout.rstrip()}\n")
    finally:
        client.stop()


if __name__ == "__main__":
    main()
