"""COMPATLAYER_WATCHDOG_S: a kernel that never ends is an error of its context, and of nothing else."""

from __future__ import annotations

import os

import pytest
from test_process import run

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = f"sys.path.insert(0, {HERE!r})" + """
from compiled import Packed, build
from test_process import run
import numpy as np, time
SOURCE = '''
extern "C" __global__ void waits(volatile int *p) { while (p[0] != 7777) ; }
extern "C" __global__ void counts(int *p) { while (p[0] != 7777) { if (p[0] == 5) printf("never"); } }
extern "C" __global__ void meets(volatile int *p) { while (p[0] != 7777) __syncthreads(); }
extern "C" __global__ void ends(int *p) { p[threadIdx.x] = threadIdx.x; }
'''
ok(cu.cuInit(0))
def rounds(name, block, grid=3):
    own = ok(cu.cuCtxCreate(None, 0, 0))
    module = ok(cu.cuModuleLoadData(build(SOURCE)))
    memory = ok(cu.cuMemAlloc(4096))
    ok(cu.cuMemsetD8(memory, 0, 4096))
    kernel = ok(cu.cuModuleGetFunction(module, name))
    ok(cu.cuLaunchKernel(kernel, grid, 1, 1, block, 1, 1, 0, 0, Packed(np.uint64(int(memory))).pointer, 0))
    status = int(cu.cuCtxSynchronize()[0])
    ok(cu.cuCtxDestroy(own))
    return status
"""


@pytest.mark.parametrize("engine", ["vector", "naive"])
def test_kernels_that_never_end_are_ended(engine: str) -> None:
    assert run(PROGRAM + """
print([rounds(name, block) for name in (b"waits", b"counts", b"meets") for block in (1, 64)], rounds(b"ends", 64))
""", COMPATLAYER_WATCHDOG_S="0.2", COMPATLAYER_ENGINE=engine) == "[702, 702, 702, 702, 702, 702] 0"


def test_the_error_names_the_kernel_its_line_and_the_setting() -> None:
    answer = run(PROGRAM + """
from compatlayer.core import context
module = ok(cu.cuCtxCreate(None, 0, 0))
kernel = ok(cu.cuModuleGetFunction(ok(cu.cuModuleLoadData(build(SOURCE))), b"counts"))
memory = ok(cu.cuMemAlloc(4096))
ok(cu.cuMemsetD8(memory, 0, 4096))
ok(cu.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, 0, Packed(np.uint64(int(memory))).pointer, 0))
cu.cuCtxSynchronize()
try:
    context.current().check()
except Exception as error:
    print(error)
""", COMPATLAYER_WATCHDOG_S="0.2")
    assert "LAUNCH_TIMEOUT" in answer and '"counts" at test.cu:3' in answer and "COMPATLAYER_WATCHDOG_S" in answer


def test_launches_within_the_time_are_left_alone() -> None:
    assert run(PROGRAM + """
print(rounds(b"ends", 1, 200))
""", COMPATLAYER_WATCHDOG_S="20") == "0"


def test_a_setting_that_is_no_time_says_so() -> None:
    assert "COMPATLAYER_WATCHDOG_S=soon" in run("""
from compatlayer import config
try:
    config.from_environment({"COMPATLAYER_WATCHDOG_S": "soon"})
except config.SettingsError as error:
    print(error)
""")
