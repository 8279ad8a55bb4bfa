"""Makes everything that follows from include/: C files for libcompatlayer and the stubs, and the cffi binding."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from compatlayer.api import binding, tables
from compatlayer.api.header import Code, read_codes, read_library
from compatlayer.api.library import CUDA, LIBRARIES, Library


@dataclass(frozen=True, slots=True)
class Generated:
    """Paths of what was written."""

    runtime: tuple[Path, ...]  # C files that are part of libcompatlayer
    stubs: dict[str, Path]  # soname -> C file
    extension: Path  # the C file of the cffi extension


def _codes(include: Path, library: Library) -> list[Code]:
    if library is CUDA:
        return read_codes(include / "compatlayer" / "cuda" / "result.h", "} CUresult;")
    return read_codes(include / f"{library.name}.h", f"}} {library.result};")


def _write(path: Path, text: str) -> Path:
    """Write only what changed, so that the build compiles only what changed."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path


def generate(compiler: Sequence[str], include: Path, out: Path) -> Generated:
    """Read `include` with `compiler` (a command that takes gcc's options) and write into `out`."""
    from cffi import FFI

    read = []
    runtime = [_write(out / "tables.c", tables.write_index(LIBRARIES))]
    stubs: dict[str, Path] = {}
    for library in LIBRARIES:
        types, functions = read_library(compiler, include, library)
        read.append((library, types, functions))
        text = tables.write_tables(library, functions, _codes(include, library))
        runtime.append(_write(out / f"table_{library.name}.c", text))
        stub = _write(out / f"stub_{library.name}.c", tables.write_stubs(library, functions))
        stubs |= dict.fromkeys(library.sonames, stub)
    builder = FFI()
    builder.cdef(binding.write_declarations(compiler, include, read))
    builder.set_source("compatlayer._native", binding.write_source(LIBRARIES))
    fresh = out / "_native.fresh.c"
    out.mkdir(parents=True, exist_ok=True)
    with contextlib.redirect_stdout(io.StringIO()):  # it announces every file
        builder.emit_c_code(str(fresh))
    extension = _write(out / "_native.c", fresh.read_text(encoding="utf-8"))
    fresh.unlink()
    return Generated(tuple(runtime), stubs, extension)
