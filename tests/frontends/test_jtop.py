"""What jtop (jetson-stats) asks NVML for its screens. Its own program needs the service that runs on a Jetson board."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.skipif(find_spec("jtop") is None or find_spec("pynvml") is None,
                                reason="jetson-stats is not installed: pip install jetson-stats")

PROGRAM = """
import ctypes, os
from jtop.core import thor_gpu
cuda = ctypes.CDLL("libcuda.so.1")
context, memory = ctypes.c_void_p(), ctypes.c_uint64()
assert cuda.cuInit(0) == cuda.cuCtxCreate_v2(ctypes.byref(context), 0, 0) == 0
assert cuda.cuMemAlloc_v2(ctypes.byref(memory), ctypes.c_size_t(96 << 20)) == 0
used_kb, rows = thor_gpu.nvml_process_table()
mine = [row for row in rows if row[0] == str(os.getpid())]
assert len(mine) == 1 and used_kb >= 96 << 10, rows
shown = thor_gpu.read_gpu_mem_rows_for_gui()
assert shown["vram_used_b"] >= 96 << 20 and shown["vram_total_b"] > shown["vram_used_b"], shown
assert thor_gpu.nvml_codec_utilization() is None  # no video engine
print("right")
"""


def test_its_readings_of_a_process_and_its_memory() -> None:
    done = subprocess.run([sys.executable, "-m", "compatlayer", "run", "-c", PROGRAM], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0 and done.stdout.endswith("right\n"), done
