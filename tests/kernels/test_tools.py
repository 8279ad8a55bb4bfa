"""Debuggers and profilers see kernels as functions of files, with the source's lines."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from compatlayer.backends import line_table

pytestmark = pytest.mark.timeout(180)
SOURCE = """\
__device__ float turn(float x, int i)
{
    return x * 0.99f + sqrtf(x + i);
}
extern "C" __global__ void spiral(float *out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float x = i;
    for (int k = 0; k < n; k++)
        x = turn(x, k);
    out[i] = x;
}
"""
TURN, STORE = 3, 11  # lines of interest
PROGRAM = """\
import sys
from compatlayer import Device, LaunchConfig, Program, launch
import numpy as np
device = Device(0)
program = Program(device, open("loop.cu").read(), name="loop.cu", options=sys.argv[2:])
out = device.upload(np.zeros(1 << 16, np.float32))
for _ in range(int(sys.argv[1])):
    launch(device.default_stream, LaunchConfig((256,), (256,)), program.kernel("spiral"), out, np.int32(1000))
device.default_stream.synchronize()
print(*{line.split()[-1] for line in open("/proc/self/maps") if "/kernels/" in line and " r-xp " in line})
"""
ENGINES = ("vector", "naive")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "loop.cu").write_text(SOURCE)
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path


def run(folder: Path, *command: str, engine: str = "vector") -> str:
    """The output of a command in `folder`, whose children keep their kernels in `kernels`."""
    environment = {**os.environ, "COMPATLAYER_KERNEL_FILES": str(folder / "kernels"), "COMPATLAYER_ENGINE": engine,
                   "DEBUGINFOD_URLS": "", "LC_ALL": "C"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=150, env=environment,
                          check=False, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def has(*command: str) -> bool:
    """Whether a tool is there and may do its work: in containers ptrace and perf events are often forbidden."""
    if shutil.which(command[0]) is None:
        return False
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return done.returncode == 0


@cache
def debugger_works() -> bool:
    return has("gdb", "-q", "-nx", "-batch", "-ex", "starti", "-ex", "kill", sys.executable)


@cache
def profiler_works() -> bool:
    return has("perf", "record", "-e", "cpu-clock", "-o", "/dev/null", "true")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_kernel_is_mapped_from_a_file_that_has_its_name_and_its_lines(folder: Path, engine: str) -> None:
    mapped = run(folder, sys.executable, "program.py", "1", engine=engine).split()
    assert [Path(each).parent for each in mapped] == [folder / "kernels"]
    assert re.fullmatch(r"spiral-\d+-\d+\.so", Path(mapped[0]).name)
    library = Path(mapped[0]).read_bytes()
    sections = line_table._sections(library)
    table, names, symbols = sections[".dynsym"], sections[".dynstr"], {}
    for at in range(0, len(table), 24):
        words = [int.from_bytes(table[at + first:at + last], "little") for first, last in ((0, 4), (8, 16), (16, 24))]
        symbols[line_table._text(names, words[0])] = words[1:]
    begin, size = symbols["cpl.entry.spiral"]
    found = {line_table.find(library, each) for each in range(begin, begin + size)}
    assert {("loop.cu", line, True) for line in (TURN, STORE)} <= found
    assert {each.file for each in found if each} == {"loop.cu"}


@pytest.mark.parametrize("options", [(), ("-lineinfo",), ("-G",)])
@pytest.mark.parametrize("engine", ENGINES)
def test_gdb_stops_at_a_line_of_a_kernel(folder: Path, engine: str, options: tuple[str, ...]) -> None:
    if not debugger_works():
        pytest.skip("gdb is not installed, or may not trace")
    commands = ("set breakpoint pending on", f"break loop.cu:{TURN}", f"run program.py 2 {' '.join(options)}", "bt 3",
                "info line", "info source", "delete", "continue")
    shown = run(folder, "gdb", "-q", "-nx", "-batch", *(word for each in commands for word in ("-ex", each)),
                sys.executable, engine=engine)
    assert re.search(rf"hit Breakpoint 1(\.\d+)?, .*turn \(.*\) at .*loop\.cu:{TURN}\n{TURN}\t    return", shown), shown
    assert re.search(r"#0 .*turn \(.*\) at .*loop\.cu:3\n#1 .*spiral \(.*\) at .*loop\.cu:10\n#2 .*cpl\.entry\.spiral",
                     shown), shown
    assert re.search(rf'Line {TURN} of ".*loop\.cu" starts at address', shown)
    assert "exited normally" in shown


@pytest.mark.parametrize("engine", ENGINES)
def test_perf_counts_time_for_lines_of_a_kernel(folder: Path, engine: str) -> None:
    if not profiler_works():
        pytest.skip("perf is not installed, or may not record")
    launches = "200" if engine == "vector" else "5"
    run(folder, "perf", "record", "-e", "cpu-clock", "-o", "data", sys.executable, "program.py", launches,
        engine=engine)
    report = run(folder, "perf", "report", "-i", "data", "--stdio", "--sort", "dso,symbol")
    assert re.search(r"\d+\.\d+% +spiral-\d+-\d+\.so +\[\.\] (cpl\.entry\.)?spiral", report), report
    if shutil.which("objdump") is None:
        pytest.skip("objdump, which perf asks for the lines, is not installed")
    symbol = re.search(r"\[\.\] (\S*spiral)", report)
    assert symbol is not None
    shown = run(folder, "perf", "annotate", "-i", "data", "--stdio", "-l", symbol[1])
    assert re.search(rf"^ +\d+\.\d+ +.*loop\.cu:{TURN}$", shown, re.MULTILINE), shown[:3000]
