"""Threads that launch from C while others wait, copy and destroy, each scenario in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compatlayer.api.toolchain import BuildError, find_toolchain

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C loop."""
    try:
        tools = find_toolchain()
    except BuildError:
        pytest.skip("a C compiler is needed")
    library = tmp_path_factory.mktemp("caller") / "launching.so"
    subprocess.run([*tools.command, *tools.compile_flags(warnings=True), *tools.link_flags(),
                    str(HERE / "launching.c"), "-o", str(library)], check=True)
    return library


@pytest.mark.parametrize("fast", ["1", "0"], ids=["in C", "in Python"])
@pytest.mark.parametrize("scenario", ["foreign", "order", "streams", "modules", "contexts"])
def test_threads_lose_no_launch_and_no_order(caller: Path, scenario: str, fast: str) -> None:
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", str(HERE / "launch_threads.py"), str(caller),
                           scenario], capture_output=True, text=True, timeout=90, check=False,
                          env={**os.environ, "COMPATLAYER_FAST_LAUNCH": fast})
    assert done.returncode == 0 and done.stdout == "finished\n", done.stdout[-500:] + done.stderr[-3000:]
