"""Makes everything that follows from include/: C files for libcompatlayer and the stubs, and the cffi binding."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from compatlayer.api import binding, forward_source, tables
from compatlayer.api.forwarding import answered
from compatlayer.api.header import Code, Function, read_codes, read_library
from compatlayer.api.library import CUDA, CUDART, LIBRARIES, Library


@dataclass(frozen=True, slots=True)
class Generated:
    """Paths of what was written."""

    runtime: tuple[Path, ...]  # C files that are part of libcompatlayer
    stubs: dict[str, Path]  # soname -> C file
    extension: Path  # the C file of the cffi extension


def _codes(include: Path, library: Library) -> list[Code]:
    if library is CUDA:
        return read_codes(include / "compatlayer" / "cuda" / "result.h", "} CUresult;")
    if library.name == CUDART.name:
        return read_codes(include / "compatlayer" / "cudart" / "error.h", "} cudaError_t;")
    return read_codes(include / f"{library.name}.h", f"}} {library.result};")


def _write(path: Path, text: str) -> Path:
    """Write only what changed, so that the build compiles only what changed."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path


def generate(compiler: Sequence[str], include: Path, native: Path, out: Path) -> Generated:
    """Read `include` with `compiler` (a command that takes gcc's options) and `native`; write into `out`."""
    read: list[tuple[Library, str, list[Function]]] = []
    seen: set[str] = set()
    for library in LIBRARIES:
        types, functions = read_library(compiler, include, library)
        # A header may include another library's.
        read.append((library, types, [function for function in functions if function.name not in seen]))
        seen.update(function.name for function in functions)
    known = {library.name: functions for library, _, functions in read}
    runtime = [_write(out / "tables.c", tables.write_index(LIBRARIES))]
    runtime.append(_write(out / "forward_cudart.c", forward_source.write(known[CUDA.name], known[CUDART.name])))
    _write(out / "driver_calls.h", forward_source.write_calls(CUDA, known[CUDA.name]))
    stubs: dict[str, Path] = {}
    for number, (library, types, functions) in enumerate(read):
        library = _answered(library, functions, native)
        read[number] = library, types, functions
        text = tables.write_tables(library, functions, _codes(include, library))
        runtime.append(_write(out / f"table_{library.name}.c", text))
        for soname in library.sonames:
            name = f"stub_{library.name}" + (f"_{soname.rpartition('.')[2]}" if soname in library.renamed else "")
            stubs[soname] = _write(out / f"{name}.c", tables.write_stubs(library, functions, soname))
    extension = _write_extension(compiler, include, read, out)
    return Generated(tuple(runtime), stubs, extension)


def _answered(library: Library, functions: Sequence[Function], native: Path) -> Library:
    """The library with the functions that C files answer; the files' own text says which."""
    if not library.c_folder:
        return library
    texts = [path.read_text(encoding="utf-8") for path in sorted((native / library.c_folder).glob("*.c"))]
    found = {name for text in texts for name in re.findall(r"^[\w ]+[ *]+cpl_answer_(\w+)\(", text, re.MULTILINE)}
    unknown = found - {function.name for function in functions}
    if unknown:
        raise ValueError(f"native/{library.c_folder} answers {min(unknown)}, which include/ does not declare")
    return library._replace(in_c=frozenset(found | answered()))


def _write_extension(
    compiler: Sequence[str], include: Path, read: Sequence[tuple[Library, str, list[Function]]], out: Path
) -> Path:
    from cffi import FFI

    read = [row for row in read if not row[0].c_folder]
    builder = FFI()
    builder.cdef(binding.write_declarations(compiler, include, read))
    builder.set_source("compatlayer._native", binding.write_source([library for library, *_ in read]))
    fresh = out / "_native.fresh.c"
    out.mkdir(parents=True, exist_ok=True)
    with contextlib.redirect_stdout(io.StringIO()):  # it announces every file
        builder.emit_c_code(str(fresh))
    extension = _write(out / "_native.c", fresh.read_text(encoding="utf-8"))
    fresh.unlink()
    return extension
