"""Makes the stand-in library of a vendor's row, and the environment in which programs find it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from compatlayer.api.toolchain import find_toolchain
from compatlayer.backends.vendor_calls import DRIVER, TEMPLATE, symbol
from compatlayer.backends.vendor_rows import ROWS, Row
from compatlayer.paths import include_dir, library_dir

HERE = Path(__file__).resolve().parent
_ANSWERS = {"max_block_threads": 1024, "block_x": 1024, "block_y": 1024, "block_z": 64, "grid_x": 0x7FFFFFFF,
            "grid_y": 0xFFFF, "grid_z": 0xFFFF, "shared_bytes": 49152, "constant_bytes": 65536, "warp_size": 32,
            "clock_khz": 2_000_000, "compute_units": 2, "integrated": 0, "memory_clock_khz": 1_000_000,
            "memory_bus_bits": 128, "l2_bytes": 1 << 20, "cooperative": 0, "shared_optin_bytes": 101376}


def header(row: Row) -> str:
    """names.h of a row: a call that the row's library does not have is not in the stand-in either."""
    lines = [f"#define OP_{operation} {symbol(row, operation)}" for operation in TEMPLATE if symbol(row, operation)]
    if row.form == DRIVER:
        lines.append("#define DRIVER 1")
    if row.parameters.get("copy_async", "").endswith("kind"):
        lines.append("#define STREAM_BEFORE_KIND 1")
    if row.name == "nvidia":
        lines.append("#define PASSED_THROUGH 1")
    if "alloc_host" in row.parameters:
        lines.append("#define HOST_WITHOUT_FLAGS 1")
    lines += [f'#define LOWER "{row.prefix}"', f'#define UPPER "{row.prefix.upper()}"']
    answers = " ".join(f"SAY({number}, {_ANSWERS[name]})" for name, number in row.attributes.items())
    lines.append(f"#define ATTRIBUTES(SAY) {answers}")
    return "\n".join(lines) + "\n"


def build(name: str, folder: Path) -> Path:
    """The stand-in of row `name` in `folder`, under the row's first library name; made once."""
    row = ROWS[name]
    target = folder / row.libraries[0]
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "names.h").write_text(header(row))
        subprocess.run([*find_toolchain().command, "-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared",
                        "-fvisibility=hidden", f"-I{folder}", f"-I{include_dir()}", str(HERE / "standin.c"),
                        f"-L{library_dir()}", "-l:libcompatlayer.so", "-lpthread", "-o", str(target)],
                       check=True, timeout=110)
    return target


def environment(name: str, folder: Path) -> dict[str, str]:
    """Variables by which COMPATLAYER_DEVICES shows the stand-in of row `name` alone."""
    build(name, folder)
    (folder / "cache").mkdir(exist_ok=True)
    return {"COMPATLAYER_DEVICES": name, "COMPATLAYER_VENDOR_PATH": str(folder), "STANDIN_PYTHON": sys.executable,
            "STANDIN_COMPILE": str(HERE / "compile.py"), "STANDIN_CACHE": str(folder / "cache"),
            "LD_LIBRARY_PATH": os.pathsep.join(filter(None, (str(library_dir()), os.environ.get("LD_LIBRARY_PATH"))))}
