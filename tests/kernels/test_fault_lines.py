"""Faults of kernels name the source's line, the kernel, the block and the threads, in both engines."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from engines import ENGINES, engine_of
from test_corpus import load_case

from compatlayer import CudaError, Device, LaunchConfig, Program, launch
from compatlayer.compiler import compile_cuda

SOURCE = Path(__file__).with_name("fault_lines.cu")
ADDRESS, STACK, TRAP, ASSERT = (
    f"CUDA_ERROR_{each}" for each in ("ILLEGAL_ADDRESS", "HARDWARE_STACK_ERROR", "LAUNCH_FAILED", "ASSERT"))
LOW, HIGH = "threads (0,0,0) to (31,0,0)", "threads (32,0,0) to (63,0,0)"
# The error, the gang that the vector engine names, the thread that the naive one does, the words at the line.
EXPECTED = {
    "store": (ADDRESS, LOW, 0, "wrong store"),
    "load_by_one": (ADDRESS, HIGH, 37, "wrong load_by_one"),
    "gather_in_a_loop": (ADDRESS, LOW, 1, "wrong gather_in_a_loop"),
    "after_a_barrier": (ADDRESS, HIGH, 32, "wrong after_a_barrier"),
    "in_a_function": (ADDRESS, LOW, 0, "taken"),
    "atomic": (ADDRESS, HIGH, 40, "wrong atomic"),
    "atomic_of_a_header": (ADDRESS, LOW, 0, "wrong atomic_of_a_header"),
    "copy": (ADDRESS, HIGH, 33, "wrong copy"),
    "copy_of_any_size": (ADDRESS, LOW, 0, "wrong copy_of_any_size"),
    "bad_pointer": (ADDRESS, LOW, 7, "wrong bad_pointer"),
    "through_a_pointer": (ADDRESS, LOW, 9, "wrong through_a_pointer"),
    "recursion": (STACK, LOW, 0, "too deep"),
    "trap": (TRAP, "thread (33,0,0)", 33, "wrong trap"),
    "assertion": (ASSERT, "thread (31,0,0)", 31, "wrong assertion"),
    "lane_by_lane": (ADDRESS, HIGH, 50, "wrong lane_by_lane"),
}
FUNCTION_LINES = 3  # where the processor notices a stack overflow, the frame is being made


def outcome(kernel: str, engine: str, programs: int = 1) -> str:
    """The error of a launch in the last of `programs` equal programs; those before it do nothing wrong."""
    device = Device(0)
    loaded = [Program(device, SOURCE.read_text(), name=SOURCE.name) for _ in range(programs)]
    out = device.upload(np.zeros(1024, np.float32))
    error = ""
    try:
        for program in loaded:
            far = np.int64(1 << 30 if program is loaded[-1] else 0)
            with engine_of(device, engine):
                launch(device.default_stream, LaunchConfig((2,), (64,)), program.kernel(kernel), out, np.int64(100),
                       far)
            device.default_stream.synchronize()
    except CudaError as caught:
        error = str(caught)
    for each in (out, *loaded, device):
        with contextlib.suppress(CudaError):  # the context is no more
            each.close()
    return error


@cache
def outcomes(engine: str) -> dict[str, str]:
    """Of all kernels, in a process of their own: others of this one may hold the device's context."""
    done = subprocess.run([sys.executable, __file__, engine], capture_output=True, text=True, timeout=200, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.timeout(240)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kernel", EXPECTED)
def test_a_fault_names_its_line_and_who_it_was(kernel: str, engine: str) -> None:
    status, gang, thread, words = EXPECTED[kernel]
    line = next(number for number, text in enumerate(SOURCE.read_text().splitlines(), 1) if text.endswith(words))
    error = outcomes(engine)[kernel]
    near = range(line - FUNCTION_LINES, line + FUNCTION_LINES) if status == STACK else (line,)
    heads = [f'{status}: kernel "{kernel}" at {SOURCE.name}:{each} in block (' for each in near]
    assert any(error.startswith(head) for head in heads), error
    assert (gang if engine == "vector" else f"thread ({thread},0,0)") + ": " in error, error


@pytest.mark.parametrize("engine", ENGINES)
def test_the_line_is_known_of_a_library_that_is_loaded_from_a_copy(engine: str) -> None:
    assert outcomes(engine)["copied"].startswith(outcomes(engine)["store"].partition(" in block")[0])


@pytest.mark.parametrize("name", ["cooperative_groups", "half_precision", "integer_atomics", "packed_words",
                                  "pointer_casts", "shuffles", "vector_types"])
def test_code_of_our_headers_has_no_lines_of_its_own(name: str) -> None:
    path = SOURCE.with_name(name) / "kernel.cu"
    expressions = sorted({each.kernel for each in load_case(name).launches()} - {*re.findall(r"\w+", path.read_text())})
    text = compile_cuda(path.read_text(), path.name, ["--gpu-architecture=sm_86"], None, expressions).ir
    assert set(re.findall(r'!DIFile\(filename: "([^"]*)"', text)) <= {"<stdin>", path.name}


if __name__ == "__main__":
    found = {name: outcome(name, sys.argv[1]) for name in EXPECTED}
    print(json.dumps({**found, "copied": outcome("store", sys.argv[1], programs=3)}))
