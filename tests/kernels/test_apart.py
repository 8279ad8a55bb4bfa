"""Threads that wait for others in vain: the error says which, where and for what, and the process goes on."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from engines import ENGINES, engine_of

from compatlayer import CudaError, Device, LaunchConfig, Program, launch

SOURCE = Path(__file__).with_name("apart.cu")
THREADS = 96
DEADLOCKS = {
    # what the naive engine says, too, where the vector one leaves the kernel to it
    "half_waits": ("thread (0,0,0) waits at the barrier at apart.cu:9", "thread (7,0,0) waits at a warp shuffle with "
                   "mask 0xffffffff at apart.cu:8", "thread (40,0,0) waits at the barrier at apart.cu:5"),
    "two_barriers": ("thread (0,0,0) waits at the barrier at apart.cu:19",
                     "thread (1,0,0) waits at barrier 1 (24 of 96 threads came) at apart.cu:16"),
}
MISSED = {
    "partners_at_a_barrier": (
        ("apart.cu:27", "thread (0,0,0)", "lanes 0x1f wait at a warp shuffle for lanes 0xffffffe0"),
        ("thread (0,0,0) waits at a warp shuffle with mask 0xffffffff at apart.cu:27",
         "thread (5,0,0) waits at the barrier at apart.cu:28")),
    "partners_behind_a_loop": (
        ("apart.cu:34", "thread (1,0,0)", "lanes 0xb6db6db6 wait at a warp reduction for lanes 0x49249249"),
        ("thread (0,0,0) waits at the barrier at apart.cu:35",
         "thread (1,0,0) waits at a warp reduction with mask 0xffffffff at apart.cu:34")),
    "partners_beside_a_vote": (
        ("apart.cu:41", "thread (16,0,0)", "lanes 0xff0000"),
        ("apart.cu:41", "thread (16,0,0)", "the mask 0xffff of a warp operation does not name the calling lane 16")),
    "mask_without_the_caller": (
        ("apart.cu:48", "thread (80,0,0)", "lanes 0xffff0000 come to a warp shuffle with a mask that does not name"),
        ("apart.cu:48", "thread (80,0,0)", "the mask 0xffff of a warp operation does not name the calling lane 16")),
}
EXPECTED = {(name, engine): texts for name, texts in DEADLOCKS.items() for engine in ENGINES} | {
    (name, engine): texts for name, both in MISSED.items() for engine, texts in zip(ENGINES, both, strict=True)}


def outcome(kernel: str, engine: str) -> tuple[str, list[int]]:
    """The error of a launch, empty when there is none, and what it wrote."""
    device = Device(0)
    program = Program(device, SOURCE.read_text(), name=SOURCE.name)
    out = device.upload(np.zeros(2 * THREADS, np.int32))
    error, written = "", []
    try:
        with engine_of(device, engine):
            launch(device.default_stream, LaunchConfig((2,), (THREADS,)), program.kernel(kernel), out)
        device.default_stream.synchronize()
        written = out.copy_to().tolist()
    except CudaError as caught:
        error = str(caught)
    for each in (out, program, device):
        with contextlib.suppress(CudaError):  # the context is no more
            each.close()
    return error, written


def in_child(kernel: str, engine: str) -> tuple[str, str, list[int]]:
    """The error of `kernel`, and then those and the output of one that is right, in a process of their own: others of
    this one may hold the device's context, whose fault would stay."""
    done = subprocess.run([sys.executable, __file__, kernel, engine], capture_output=True, text=True, timeout=100,
                          check=True)
    error, later, written = json.loads(done.stdout)
    return error, later, written


@pytest.mark.parametrize(("kernel", "engine"), sorted(EXPECTED))
def test_who_waits_in_vain_is_told_with_its_line_and_the_process_goes_on(kernel: str, engine: str) -> None:
    error, later, written = in_child(kernel, engine)
    assert error.startswith("CUDA_ERROR_LAUNCH_FAILED") and f'kernel "{kernel}"' in error and "block (" in error
    for text in EXPECTED[kernel, engine]:
        assert text in error
    assert not later
    np.testing.assert_array_equal(written, np.tile(np.arange(THREADS) ^ 1, 2))


@pytest.mark.parametrize("engine", ENGINES)
def test_an_assertion_of_divergent_lanes_names_the_first_of_them(engine: str) -> None:
    error, later, _ = in_child("asserts", engine)
    assert error.startswith("CUDA_ERROR_ASSERT")
    assert "apart.cu:55" in error and "all is well" in error and "thread (21,0,0)" in error
    assert not later


if __name__ == "__main__":
    print(json.dumps([outcome(sys.argv[1], sys.argv[2])[0], *outcome("right", sys.argv[2])]))
