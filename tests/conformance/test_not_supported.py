"""Functions that have no meaning on a CPU device: each says so, and why."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from typing import Any

import pytest

from compatlayer.api.library import CUDA, NVML, library_of
from compatlayer.api.reasons import REASONS


@pytest.mark.parametrize("name", REASONS)
def test_a_function_without_meaning_says_why(api: Any, name: str) -> None:
    from compatlayer.api.entry import last_error_text

    library = library_of(name)
    if os.environ.get("COMPATLAYER_TEST_LIBCUDA") and library is not CUDA:
        pytest.skip(f"calls {library.sonames[0]}, and COMPATLAYER_TEST_LIBCUDA names a libcuda")
    exported = ctypes.CDLL(library.sonames[0])
    if library is NVML:
        assert exported[name]() == library.not_initialized
        assert exported.nvmlInit_v2() == 0
    assert exported[name]() == library.not_supported
    if library is NVML:
        assert exported.nvmlShutdown() == 0
    assert last_error_text() == f"{name} is not supported: {REASONS[name]}"
    assert len(REASONS[name]) > 20 and not REASONS[name].endswith(".")


PROGRAM = """
import compatlayer
compatlayer.install()
import ctypes
cuda = ctypes.CDLL("libcuda.so.1")
cuda.cuInit(0)
cuda.cuGLInit()
"""


def test_the_reason_is_told_on_stderr_when_asked() -> None:
    quiet = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60,
                           env=os.environ | {"COMPATLAYER_VERBOSE": "0"})
    loud = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60,
                          env=os.environ | {"COMPATLAYER_VERBOSE": "1"})
    assert quiet.stderr == ""
    assert f"compatlayer: cuGLInit is not supported: {REASONS['cuGLInit']}" in loud.stderr.splitlines()


def test_the_report_gives_the_reason() -> None:
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", "--report", "-c", PROGRAM], capture_output=True,
                          text=True, timeout=60)
    assert f"cuGLInit   NOT SUPPORTED: {REASONS['cuGLInit']}" in done.stderr


def test_contexts_have_the_whole_device(api: Any, cu: Any, context: Any) -> None:
    sm_count = cu.CUexecAffinityType.CU_EXEC_AFFINITY_TYPE_SM_COUNT
    assert api.cuDeviceGetExecAffinitySupport(sm_count, 0) == 0
    assert api.status("cuCtxGetExecAffinity", sm_count) == "UNSUPPORTED_EXEC_AFFINITY"
    assert api.status("cuCtxGetExecAffinity", cu.CUexecAffinityType.CU_EXEC_AFFINITY_TYPE_MAX) == "INVALID_VALUE"
    library, made = ctypes.CDLL("libcuda.so.1"), ctypes.c_void_p()
    asked = (ctypes.c_int * 8)(0, 1)
    assert library.cuCtxCreate_v3(ctypes.byref(made), asked, 1, 0, 0) == 224
    assert library.cuCtxCreate_v3(ctypes.byref(made), None, 0, 0, 0) == 0
    assert library.cuCtxDestroy_v2(made) == 0
