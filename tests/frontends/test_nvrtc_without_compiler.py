"""A machine without the compiler: one sentence that says what to do, and the documented codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("cuda.bindings.nvrtc")

CHILD = """
import sys
import compatlayer
compatlayer.install()
from cuda.bindings import driver, nvrtc

def value(answer):
    assert int(answer[0]) == 0, answer[0]
    return answer[1]

value((*driver.cuInit(0), None))
value(driver.cuCtxCreate(None, 0, 0))
program = value(nvrtc.nvrtcCreateProgram(b"__global__ void k() {}", b"k.cu", 0, [], []))
print(nvrtc.nvrtcCompileProgram(program, 0, [])[0].name)
log = bytearray(value(nvrtc.nvrtcGetProgramLogSize(program)))
nvrtc.nvrtcGetProgramLog(program, log)
print(log.rstrip(b"\\0").decode().strip())
option = driver.CUjit_option
log = bytearray(1000)
with open(sys.argv[1], "rb") as file:
    status = driver.cuModuleLoadDataEx(file.read(), 2, [option.CU_JIT_ERROR_LOG_BUFFER,
                                       option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES], [log, len(log)])[0]
print(status.name)
print(log.split(b"\\0")[0].decode())
"""


def image() -> bytes:
    """A cubin, packed without the compiler."""
    from compatlayer.compiler import container
    from compatlayer.compiler.image import DeviceCode

    return container.pack(DeviceCode(ir="; nothing", architecture="sm_86"))


def test_a_missing_compiler_is_said_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(image())
    missing = str(tmp_path / "no-compiler")
    environment = {**os.environ, "COMPATLAYER_ZIG": missing, "COMPATLAYER_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-c", CHILD, str(path)], env=environment, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    result, compile_log, status, load_log = done.stdout.splitlines()
    assert result == "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE"
    assert status == "CUDA_ERROR_JIT_COMPILER_NOT_FOUND"
    for log in (compile_log, load_log):
        assert missing in log
        assert "COMPATLAYER_ZIG" in log and "leave it out" in log
