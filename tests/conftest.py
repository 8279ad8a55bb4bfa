"""Every test process runs on compatlayer, with a cache of its own that is thrown away.

A kernel cached by an earlier state of the compiler would hide what a change of the compiler does.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

if "COMPATLAYER_CACHE_DIR" not in os.environ:
    _cache = tempfile.mkdtemp(prefix="compatlayer-tests-")
    os.environ["COMPATLAYER_CACHE_DIR"] = _cache
    _owner = os.getpid()
    atexit.register(lambda: os.getpid() == _owner and shutil.rmtree(_cache, ignore_errors=True))

try:
    import compatlayer
except ModuleNotFoundError:  # not installed: test the source tree
    sys.path.insert(0, str(ROOT / "src"))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    import compatlayer


def pytest_configure(config: pytest.Config) -> None:
    """Bring this process onto us before any test module imports a CUDA package."""
    import recorded_calls

    from compatlayer.launcher import libraries

    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background job ignores Ctrl-C, and the programs that tests start would inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    other = os.environ.get("COMPATLAYER_TEST_LIBCUDA")
    if other:
        _use(other, libraries.soname_path("libnvrtc.so."))
        return
    with contextlib.suppress(libraries.MissingLibraries):  # tests that need no device still run
        compatlayer.install()
    recorded_calls.register(config)


def _use(libcuda: str, nvrtc: str | None) -> None:
    """Have cuda.bindings find another libcuda by its soname, and our compiler, which that library needs not know.

    The processes that tests start have both too, before anything that a search of the system finds.
    """
    paths = [os.path.realpath(path) for path in filter(None, (libcuda, nvrtc))]
    try:
        for path in paths:
            ctypes.CDLL(path, os.RTLD_NOW | os.RTLD_LOCAL)
    except OSError as error:
        raise pytest.UsageError(f"COMPATLAYER_TEST_LIBCUDA={libcuda} cannot be loaded: {error}") from None
    os.environ["LD_PRELOAD"] = ":".join([*paths, *os.environ.get("LD_PRELOAD", "").split()])


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT
