"""CUDA C++ for NVRTC to device IR, through clang's CUDA mode.

Nothing here is cached but the precompiled base header; compiler.compile_cuda caches the whole."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import CompilerError, CompilerHindered, CompilerMissing
from .. import headers as device_headers
from .. import scratch, toolchain
from ..image import DeviceCode
from . import (
    assembly_text,
    hidden_variables,
    lowered_names,
    old_libraries,
    precompiled,
    references,
    shared_objects,
)
from .diagnostics import format_log
from .nvrtc_options import Options

_PTX_FEATURE = "+ptx90"
_VERSION = (13, 0)
_BAD_NAMES = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST)
_LIBRARY_NEEDS = "'cudaDeviceAttr'"
_CLASH = "attributes are not compatible"


class CompileFailure(CompilerError):
    """The user's source does not compile; `log` is what NVRTC's log holds."""

    def __init__(self, log: str) -> None:
        super().__init__(log)
        self.log = log


@dataclass(frozen=True, slots=True)
class Source:
    """One program: its text and name, headers given by name, and the names it wants lowered."""

    text: str
    name: str
    headers: Mapping[str, str]
    expressions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """Device code and the files of the user's that were read for it (absolute paths)."""

    code: DeviceCode
    dependencies: tuple[str, ...]


def language_arguments(options: Options) -> list[str]:
    """Arguments that a precompiled header depends on."""
    cpu = "sm_" + options.architecture.partition("_")[2].replace("f", "a")
    major, minor = _VERSION
    number = options.arch_number * 10
    arguments = [
        "-triple", "nvptx64-nvidia-cuda", "-target-cpu", cpu, "-target-feature", _PTX_FEATURE,
        "-aux-triple", "x86_64-unknown-linux-gnu", "-fcuda-is-device", "-fcuda-allow-variadic-functions",
        "-x", "cuda", f"-std={options.standard}", "-fdeclspec", "-O1", "-fno-unroll-loops",
        "-nostdsysteminc", "-nobuiltininc", "-fno-strict-float-cast-overflow",
        # Kernels read floats as ints and vectors as scalars through pointer casts, and NVCC lets them.
        "-relaxed-aliasing",
        "-debug-info-kind=line-tables-only", "-dwarf-version=4", "-fdebug-compilation-dir=.",
        "-Wno-unknown-pragmas", "-Wno-inline-new-delete",
        "-Wno-register",  # NVRTC takes it in C++17 too
        "-U__clang__", "-U__GNUC__", "-D__CUDACC__", "-D__NVCC__" if options.nvcc else "-D__CUDACC_RTC__",
        f"-D__CUDACC_VER_MAJOR__={major}", f"-D__CUDACC_VER_MINOR__={minor}", "-D__CUDACC_VER_BUILD__=0",
        f"-D__CUDA_ARCH_LIST__={number}", f"-DCUDA_VERSION={major * 1000 + minor * 10}",
        f"-DCUDART_VERSION={major * 1000 + minor * 10}",
    ]
    if not options.contract:
        arguments.append("-ffp-contract=off")
    if options.flush_denormals:
        arguments += ["-fdenormal-fp-math-f32=preserve-sign,preserve-sign", "-D__CUDA_FTZ"]
    if options.fast_math:
        arguments.append("-D__USE_FAST_MATH__")
    if options.relocatable:
        arguments += ["-fgpu-rdc", "-D__CUDACC_RDC__"]
    if options.debug:
        arguments.append("-D__CUDACC_DEBUG__")
    if options.int128:
        arguments += ["-D__CUDACC_RTC_INT128__", "-D__SIZEOF_INT128__=16"]
    if not options.move_forward:
        arguments.append("-DCPL_NO_MOVE_FORWARD")
    if not options.initializer_list:
        arguments.append("-DCPL_NO_INITIALIZER_LIST")
    if options.default_device:
        arguments.append("-D__CUDACC_RTC_DEVICE_AS_DEFAULT__")
    return arguments


def search_folders(options: Options, name: str) -> tuple[list[str], str | None]:
    """The -I folders, absolute, and the folder of the source for #include "..." (None when not wanted)."""
    folders = [os.path.abspath(folder) for folder in options.include_folders]
    return folders, os.path.abspath(os.path.dirname(name)) if options.source_folder else None


def compile_source(source: Source, options: Options) -> Compiled:
    """Compile to optimised device IR. Raises CompileFailure with the log when the source is at fault."""
    with scratch.folder() as folder:
        return _compile_in(folder, source, options)


def _compile_in(place: str, source: Source, options: Options) -> Compiled:
    given = os.path.join(place, "headers")
    _write_headers(Path(given), source.headers)
    os.mkdir(os.path.join(place, "cwd"))
    language = language_arguments(options)
    dependency_file = os.path.join(place, "dependencies")
    arguments = source_arguments(source, options, place, given)
    shown = {given + "/": "", str(device_headers.folder()): "<compatlayer>"}
    text = wrapped(source.text, source.name, options) + lowered_names.appendix(source.expressions)
    action = ["-fsyntax-only"] if options.syntax_only else ["-emit-llvm", "-o", "-"]
    whole = not (options.relocatable or options.syntax_only)
    own = references.in_device_memory(source.text) if options.nvcc else source.text
    hidden = hidden_variables.names((own, *source.headers.values())) if whole else frozenset()
    if hidden:
        action.append("-disable-llvm-passes")

    base = precompiled.fitting((source.text, *source.headers.values(), *options.macros))

    def run(program: str, what: Sequence[str]) -> tuple[int, str, str]:
        return run_clang(language, [*arguments, *what], program, os.path.join(place, "cwd"), base)

    status, ir, messages = run(text, action)
    if status != 0 and assembly_text.COMPLAINT in messages:
        text = assembly_text.escaped(text)
        status, ir, messages = run(text, action)
    if status != 0 and base != precompiled.LIBRARIES and _LIBRARY_NEEDS in messages:
        base = precompiled.LIBRARIES  # a header of the program's includes the libraries
        status, ir, messages = run(text, action)
    elif status != 0 and base not in (device_headers.BASE, precompiled.LIBRARIES):
        base = device_headers.BASE  # the include that it was chosen for may be one that is not taken
        status, ir, messages = run(text, action)
    if status != 0 and old_libraries.COMPLAINT in messages:
        arguments += old_libraries.overlay(messages, place)
        status, ir, messages = run(text, action)
    if status != 0 and shared_objects.COMPLAINT in messages:
        text = shared_objects.as_room(text, messages, source.name)
        status, ir, messages = run(text, action)
    if status != 0 and options.default_device and _CLASH in messages:
        # Clang cannot declare a kernel twice where functions are device ones; a source that names the space of each
        # of its functions does without that default.
        named = wrapped(source.text, source.name, options, functions=False)
        again = run(named + lowered_names.appendix(source.expressions), action)
        status, ir, messages = again if again[0] == 0 else (status, ir, messages)
    if status != 0:
        if source.expressions:
            # The appended lines may only echo the user's mistake: report that where the source alone shows it.
            alone = run(wrapped(source.text, source.name, options), ["-fsyntax-only"])
            messages = alone[2] if alone[0] != 0 else messages
        raise CompileFailure(format_log(messages, source.name, source.expressions, shown))
    if not ir and not options.syntax_only:
        raise CompilerMissing(f"{toolchain.zig()} ended well and wrote nothing, so it is no zig; {toolchain.REMEDY}")
    if hidden:
        ir = _optimise(hidden_variables.expose(ir, hidden), options, place)
    ir, names = lowered_names.extract(ir, source.expressions)
    if " asm " in ir:
        _check_assembly(ir, messages, source, shown)
    code = DeviceCode(ir=ir, architecture=options.architecture, lowered_names=names,
                      log=format_log(messages, source.name, source.expressions, shown))
    return Compiled(code, dependencies(dependency_file, place))


def source_arguments(source: Source, options: Options, place: str, given: str) -> list[str]:
    """Arguments that follow the language's: macros, folders, and the file below `place` for the list of what was read.

    `given` is the folder of the headers that the program gave by name."""
    folders, source_folder = search_folders(options, source.name)
    return [
        *options.macros, *(["-Wunused-variable"] if options.warnings else ["-w"]),
        *(["-iquote", source_folder] if source_folder else []), "-I", given,
        "-I", str(device_headers.folder()),
        *(word for folder in folders for word in ("-isystem", folder)),
        "-internal-isystem", str(device_headers.standard_folder()), *_overlay(place, folders, given),
        *(word for header in options.pre_includes for word in ("-include", header)),
        f"-fdebug-prefix-map={given}/=", f"-fmacro-prefix-map={given}/=",
        "-dependency-file", os.path.join(place, "dependencies"), "-MT", "x", "-sys-header-deps",
    ]


def _check_assembly(ir: str, messages: str, source: Source, shown: Mapping[str, str]) -> None:
    """Inline PTX that cannot be translated is an error of the source, told in its log like the compiler's own."""
    from ..ir.reader import read
    from ..passes import inline_ptx

    try:
        inline_ptx.run(read(ir))
    except inline_ptx.AssemblyError as error:
        log = format_log(messages, source.name, source.expressions, shown)
        name = error.place.file
        for prefix, other in shown.items():
            name = name.replace(prefix, other)
        raise CompileFailure(f"{log}{name}({error.place.line}): error: {error.what}\n") from None


def _optimise(ir: str, options: Options, folder: str) -> str:
    cpu = "sm_" + options.architecture.partition("_")[2].replace("f", "a")
    status, better, messages = hidden_variables.optimise(ir, cpu, _PTX_FEATURE, folder)
    if status != 0:
        raise CompilerError(f"the compiler stopped unexpectedly (status {status}): {messages.strip()[:200]}; "
                            "please report the source that caused it")
    return better


def run_clang(language: list[str], arguments: list[str], program: str, cwd: str, header: str) -> tuple[int, str, str]:
    """One run of clang with the base header, or one that has more: precompiled, or parsed where that does not fit."""
    text = program.encode("utf-8", "surrogateescape")

    def run(begin: list[str]) -> tuple[int, bytes, bytes]:
        return toolchain.run(["clang", "-cc1", *language, *begin, *arguments, "-"], text, cwd=cwd)

    status, output, errors = run(precompiled.base_header(language, header))
    if status != 0 and any(words in errors for words in (b"precompiled file", b"PCH file", b"AST file")):
        status, output, errors = run(precompiled.plain_base_header())
    messages = errors.decode("utf-8", "replace")
    if status < 0 or status > 100 or "PLEASE submit a bug report" in messages:
        raise CompilerError(f"the compiler stopped unexpectedly (status {status}) on this kernel: "
                            f"{messages.strip().splitlines()[0] if messages.strip() else 'no message'}; "
                            "please report the source that caused it")
    return status, output.decode("utf-8", "surrogateescape"), messages


def wrapped(text: str, name: str, options: Options, functions: bool = True) -> str:
    """The source with its name, and with device as the default space where asked. `name` may hold any character.

    `functions` False leaves it to the source to say where its functions run.
    """
    with_references = options.nvcc and references.declared(text)
    if with_references:
        text = references.in_device_memory(text)
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    head = tail = ""
    if options.default_device:
        head = "#pragma clang attribute push(__attribute__((device)), apply_to = variable(is_global))\n"
        tail = "#pragma clang attribute pop\n"
        if functions:
            head = f"#pragma clang force_cuda_host_device begin\n{head}"
            tail += "#pragma clang force_cuda_host_device end\n"
    if with_references:
        head = f'#include "compatlayer/references.h"\n{head}'
    return f'{head}#line 1 "{quoted}"\n{text}\n\n{tail}'


def _write_headers(folder: Path, given: Mapping[str, str]) -> None:
    """Lay out the headers that the program gave by name; a name may hold folders, but not lead outside."""
    folder.mkdir()
    for name, text in given.items():
        path = Path(os.path.normpath(folder / name.lstrip("/")))
        if folder not in path.parents:
            # "../x.h" given by name can be reached only by that name; there is no place for it in a folder.
            raise CompileFailure(f'header name "{name}" leads outside the include folder; give it a plain name\n')
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
        except OSError as error:
            if error.errno not in _BAD_NAMES:
                raise CompilerHindered(f"header \"{name}\" cannot be written: {error.strerror}") from None
            # Too long for a file, or both a file and a folder.
            raise CompileFailure(f'header name "{name[:80]}": {error.strerror}; give it a plain name\n') from None


def _overlay(scratch: str, folders: Sequence[str], given: str) -> list[str]:
    """Put our headers in the place of NVIDIA's of the same name, also for includes between its headers."""
    import json

    ours = device_headers.folder()
    roots = [{"name": os.path.join(folder, name), "type": "file", "external-contents": str(ours / name)}
             for folder in (*folders, given) for name in device_headers.overlaid_names()
             if os.path.exists(os.path.join(folder, name))]
    if not roots:
        return []
    path = os.path.join(scratch, "overlay.yaml")
    with open(path, "wb") as file:
        file.write(os.fsencode(json.dumps({"version": 0, "roots": roots}, ensure_ascii=False)))
    return ["-ivfsoverlay", path]


def dependencies(path: str, scratch: str) -> tuple[str, ...]:
    """Files of the user's that were read, from clang's make rule."""
    try:
        with open(path, "rb") as file:
            rule = os.fsdecode(file.read())
    except OSError:
        return ()
    words = rule.replace("\\\n", " ").replace("\\ ", "\0").partition(":")[2].split()
    ours = str(device_headers.folder())
    files = (word.replace("\0", " ").replace("$$", "$").replace("\\#", "#") for word in words)
    return tuple(sorted({file for file in files
                         if file != "-" and not file.startswith((ours, scratch, "<")) and not file.endswith(".pch")}))
