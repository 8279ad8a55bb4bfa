"""The whole runtime under the system compiler's sanitizers, in a program without Python."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from native_driver import ROOT, SOURCES

pytestmark = pytest.mark.timeout(110)
CHOICES = {"thread": "libtsan.so", "address,undefined": "libasan.so"}


@pytest.mark.parametrize("sanitizer", CHOICES)
@pytest.mark.parametrize("source", ["native_races", "native_graphs", "native_launches"])
def test_threads_that_use_everything_at_once_are_clean_under_a_sanitizer(
        native_build: Path, sanitizer: str, source: str) -> None:
    library = CHOICES[sanitizer]
    asked = subprocess.run(["gcc", f"-print-file-name={library}"], capture_output=True, text=True, check=True)
    if not os.path.isabs(asked.stdout.strip()):
        pytest.skip(f"this gcc comes without {library}")
    program = native_build / f"{source}-{sanitizer}"
    sources = [str(ROOT / "src/compatlayer/native" / f"{name}.c") for name in SOURCES]
    subprocess.run(["gcc", "-std=c11", "-D_GNU_SOURCE", "-g", "-O1", "-Wall", "-Wextra", "-Werror",
                    f"-I{ROOT / 'include'}", f"-fsanitize={sanitizer}", "-fno-sanitize-recover=undefined",
                    str(ROOT / "tests/unit" / f"{source}.c"), *sources, "-o", str(program),
                    "-pthread", "-ldl"], check=True)
    # Leaks are not asked for: a worker's caches live as long as the process.
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=90, check=False,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("this kernel's address layout does not suit the sanitizer")
    assert done.returncode == 0 and done.stdout == "finished\n", done.stderr[-4000:]
    assert "WARNING: ThreadSanitizer" not in done.stderr
