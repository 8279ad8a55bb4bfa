"""Fixtures of the unit tests: the native runtime, built here with the system's compiler."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

# Modules that several tests share lie beside them, whether or not pytest sees this folder as a package.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def native_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for libraries of the native runtime; tests that use it need gcc."""
    if not shutil.which("gcc"):
        pytest.skip("gcc is needed to build the native runtime for these tests")
    return tmp_path_factory.mktemp("native")


@pytest.fixture(scope="session", params=[1, 3], ids=["one worker", "three workers"])
def runtime(request: pytest.FixtureRequest, native_build: Path) -> object:
    """The native runtime with few and with several workers: two instances in one process."""
    from native_driver import Runtime, build

    return Runtime(*build(native_build, f"cpl{request.param}"), request.param)
