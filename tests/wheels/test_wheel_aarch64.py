"""The AArch64 wheel under qemu: a C program without Python, and a kernel from source to its result.

Needs a root folder with AArch64's C library and Python (wheels/aarch64_root.py makes one); skipped without.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "wheels"))

import make  # noqa: E402

from compatlayer.compiler import toolchain  # noqa: E402

GUEST = Path(os.environ.get("COMPATLAYER_AARCH64_ROOT", "/nowhere"))
pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(not shutil.which("qemu-aarch64"), reason="needs qemu-aarch64"),
    pytest.mark.skipif(not (GUEST / "root").is_dir(), reason="COMPATLAYER_AARCH64_ROOT names no folder"),
]

# The guest's memory is bounded, or qemu walks through all the addresses that the runtime reserves.
EMULATOR = ("qemu-aarch64", "-cpu", "max", "-R", "0x200000000", "-L", str(GUEST / "root"))
# A compiler for AArch64 that runs on this machine; what it calls native would be this machine's processor.
COMPILER = '#!/bin/bash\nexec {zig} "${{@/#-mcpu=native/-mcpu=neoverse-n1}}"\n'

ANSWERS = """
#include <stdio.h>
extern int cuDriverGetVersion(int *), cuGetErrorName(int, const char **), cuInit(unsigned);
int main(void)
{
    int version = 0;
    const char *name = "";
    int first = cuDriverGetVersion(&version), second = cuGetErrorName(700, &name);
    printf("%d %d %d %s %d\\n", first, version >= 12000, second, name, cuInit(0));
    return 0;
}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel is unpacked into."""
    folder = tmp_path_factory.mktemp("aarch64")
    with zipfile.ZipFile(make.make("aarch64", folder)) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def guest(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name.startswith("PATH")}
    return subprocess.run([*EMULATOR, *words], env=plain | variables, capture_output=True, text=True, timeout=110,
                          check=False)


def test_a_c_program_gets_answers_and_is_told_what_is_missing(site: Path, tmp_path: Path) -> None:
    source, program = tmp_path / "answers.c", tmp_path / "answers"
    source.write_text(ANSWERS)
    folder = site / "compatlayer" / "_lib"
    subprocess.run([str(toolchain.zig()), "cc", "-target", "aarch64-linux-gnu.2.28", str(source), "-o", str(program),
                    str(folder / "libcuda.so.1"), f"-Wl,-rpath,{folder}", "-Wl,--allow-shlib-undefined"], check=True,
                   capture_output=True, timeout=100)  # fmt: skip
    done = guest(str(program))
    assert done.stdout == "0 1 0 CUDA_ERROR_ILLEGAL_ADDRESS 801\n", done
    assert "this program has no Python" in done.stderr


def test_a_kernel_is_compiled_and_its_result_is_right(site: Path, tmp_path: Path) -> None:
    compiler = tmp_path / "zig"
    compiler.write_text(COMPILER.format(zig=toolchain.zig()))
    compiler.chmod(0o755)
    code = "import compatlayer; compatlayer.install(); from compatlayer.cli import self_check; self_check.main()"
    done = guest(str(GUEST / "root/usr/bin/python3.11"), "-B", "-c", code, PYTHONPATH=f"{site}:{GUEST / 'site'}",
                 COMPATLAYER_CACHE_DIR=str(tmp_path / "cache"), COMPATLAYER_ZIG=str(compiler), COMPATLAYER_WORKERS="2",
                 COMPATLAYER_MEMORY="512M")  # fmt: skip
    assert done.stdout == "a kernel was compiled and launched, and its result is right\n", done
