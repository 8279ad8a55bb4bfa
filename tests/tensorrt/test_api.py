"""The module has the documented names with their values, in both generations, and the page lists what it lacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

trt = pytest.importorskip("tensorrt")
HERE = Path(__file__).parent


@pytest.mark.parametrize("profile", ["8", "10"])
def test_names_and_values_are_the_documented_ones(profile: str) -> None:
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", str(HERE / "api_check.py")], timeout=90,
                          capture_output=True, text=True, env=os.environ | {"COMPATLAYER_TENSORRT": profile})
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def build(change: str) -> str:
    from trt_models import Log, dense, parsed

    log = Log()
    builder, network, config = parsed(dense(), log)
    exec(change, {"trt": trt, "network": network, "config": config})
    assert builder.build_serialized_network(network, config) is None
    return log.errors[-1]


@pytest.mark.parametrize(("change", "words"), [
    ("config.default_device_type = trt.DeviceType.DLA", "no DLA"),
    ("config.engine_capability = trt.EngineCapability.SAFETY", "EngineCapability.STANDARD"),
    ("config.runtime_platform = trt.RuntimePlatform.WINDOWS_AMD64", "build on that machine"),
    ("network.get_input(0).allowed_formats = 1 << int(trt.TensorFormat.CHW32)", "TensorFormat.LINEAR"),
])  # fmt: skip
def test_what_would_change_results_is_refused(change: str, words: str) -> None:
    assert words in build(change)


def test_a_fallback_from_the_dla_is_taken() -> None:
    from trt_models import Log, dense, parsed

    builder, network, config = parsed(dense(), Log())
    config.default_device_type = trt.DeviceType.DLA
    config.set_flag(trt.BuilderFlag.GPU_FALLBACK)
    assert builder.build_serialized_network(network, config) is not None
