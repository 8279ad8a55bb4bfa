"""Programs on an OpenCL device, where one is installed that takes SPIR-V."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cuda.bindings.driver")
pytestmark = pytest.mark.timeout(240)
HERE = Path(__file__).parent


def usable() -> list[str]:
    """The names of the devices; asked for in a process of its own, since a driver stays loaded."""
    code = ("from compatlayer import config; from compatlayer.backends import opencl\n"
            "for each in opencl.open_backend(None, config.from_environment()).devices(): print(each.target, each.name)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def names() -> list[str]:
    found = usable()
    if not found:
        pytest.skip("no OpenCL device that takes SPIR-V is installed; pip install 'compatlayer[opencl-intel]' has one")
    return found


def run(devices: str) -> tuple[dict[str, Any], str]:
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", str(HERE / "opencl_client.py")], text=True,
                          capture_output=True, timeout=200, check=False,
                          env={**os.environ, "COMPATLAYER_DEVICES": devices})
    assert done.returncode == 0, done.stderr
    *before, last = done.stdout.splitlines()
    return json.loads(last), "\n".join(before)


def test_a_program_runs(names: list[str]) -> None:
    found, printed = run("opencl:0")
    assert found["devices"] == 1
    assert found["name"] == names[0].partition(" ")[2]
    assert found["add"] == found["reduce"] == found["follow"] == found["say"] == found["again"] == "CUDA_SUCCESS"
    assert found["added"] and found["reduced"] and found["filled"] and found["elapsed"]
    assert found["counter"] == 8 * 64  # every thread of every block was counted
    assert found["followed"] == sum(range(10))  # pointers in structs in device memory
    assert printed == "number 42, text,  2.50\nnumber 43, text,  2.50"
    if names[0].startswith("spirv "):
        assert found["warps"] == "CUDA_SUCCESS" and found["warped"]
    else:
        assert found["warps"] == "CUDA_ERROR_NOT_SUPPORTED" and "client.cu:" in found["log"]
    assert found["early"] == found["heap"] == "CUDA_ERROR_NOT_SUPPORTED"
    assert "kernel early has a barrier that not all threads" in found["log"]
    assert re.search(r"client\.cu:46:\d+: kernel heap needs 'malloc'", found["log"])
    assert found["memory"] == "CUDA_ERROR_OUT_OF_MEMORY"
    assert found["fail"] == found["sticky"] == "CUDA_ERROR_LAUNCH_FAILED"
