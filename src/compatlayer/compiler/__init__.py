"""The compiler: source to device code, device code to native images, their kernels to native code when they are
launched first (variants.py); all cached on disk by content."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache as memoize
from importlib import import_module
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

from .. import config, digest
from . import cache, headers, toolchain
from .image import DeviceCode, GlobalInfo, KernelInfo, NativeImage, Parameter, Sharing

if TYPE_CHECKING:
    from .frontends.cuda_cpp import Compiled, Source
    from .frontends.nvrtc_options import Options

_FRONT = "front"
_NATIVE = "native"
_FORMAT = f"2 {sys.version}"  # records are marshalled


@memoize
def identity() -> str:
    """Changes when the compiler binary, our headers, the compiler's own source or its math library do. Costs stats,
    no process."""
    built = Path(__file__).parents[1] / "_lib"
    ours = digest.folder_state(Path(__file__).parent, ".py")
    library = digest.folder_state(built, ".ir") if built.is_dir() else ""
    return digest.key(_FORMAT, toolchain.identity(), headers.digest(), ours, library)


def compile_cuda(source: str, name: str, options: Sequence[str], headers: Mapping[str, str] | None = None,
                 name_expressions: Sequence[str] = (), nvcc: bool = False) -> DeviceCode:
    """CUDA C++ to device code, from the cache where the source and every file it includes are unchanged. The source
    takes the compiler for NVRTC, or for nvcc.

    Raises InvalidOption naming an option NVRTC does not have, CompileFailure with the log, CompilerError when the
    compiler itself is missing or fails."""
    given = dict(headers or {})
    store = cache.store()
    key = "" if store is None else _front_key(source, name, [*options, "nvcc"] if nvcc else options, given,
                                                   name_expressions)
    record = store.get(_FRONT, key) if store else None
    code = _fresh(record) if record is not None else None
    if code is not None:
        return code
    from .frontends import nvrtc_options
    from .frontends.cuda_cpp import Source, compile_source

    parsed = nvrtc_options.parse(options)._replace(nvcc=nvcc)
    program = Source(source, name, given, tuple(name_expressions))
    compiled = compile_source(program, parsed)
    if store is not None:
        store.put(_FRONT, key, _front_record(compiled, parsed, program))
    return compiled.code


def _front_key(source: str, name: str, options: Sequence[str], given: Mapping[str, str],
               expressions: Sequence[str]) -> str:
    """Everything but the content of the included files, which _fresh checks. A hit must not even parse the options."""
    parts = [identity(), source, name, *options, "", *expressions]
    for header in sorted(given):
        parts += [header, given[header]]
    if "include" in source or any("include" in option for option in options):
        parts.append(os.getcwd())  # relative folders, and the source's own
    return digest.key(*parts)


def _front_record(compiled: Compiled, options: Options, program: Source) -> bytes:
    """What to keep: the code, the hash of every file that was read, and the places where a file of the same name would
    have been found first."""
    import marshal

    from .frontends.cuda_cpp import search_folders

    folders, own = search_folders(options, program.name)
    places = [own, *folders] if own else folders
    texts = [_read(path) for path in compiled.dependencies]
    absent = {os.path.join(place, os.path.relpath(path, folder))
              for path in compiled.dependencies for number, folder in enumerate(places)
              if path.startswith(folder + os.sep) for place in places[:number]}
    watched = []
    if any(b"__has_include" in (text or b"") for text in (program.text.encode("utf-8", "replace"), *texts)):
        watched = [[folder, _folder_state(folder)] for folder in places]
    return marshal.dumps({
        "ir": compiled.code.ir, "architecture": compiled.code.architecture, "names": dict(compiled.code.lowered_names),
        "log": compiled.code.log, "watched": watched,
        "absent": sorted(path for path in absent if not os.path.exists(path)),
        "read": [[path, digest.key(text)] for path, text in zip(compiled.dependencies, texts, strict=True)
                 if text is not None]})


def _fresh(record: bytes) -> DeviceCode | None:
    """The code of a record, if nothing that it was made from has changed."""
    import marshal

    kept: dict[str, Any] = marshal.loads(record)
    for path, expected in kept["read"]:
        text = _read(path)
        if text is None or digest.key(text) != expected:
            return None
    if any(os.path.exists(path) for path in kept["absent"]):
        return None
    if any(_folder_state(folder) != state for folder, state in kept["watched"]):
        return None
    return DeviceCode(ir=kept["ir"], architecture=kept["architecture"], lowered_names=kept["names"], log=kept["log"])


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _folder_state(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return -1


def build_native(code: DeviceCode, target: str = "cpu") -> NativeImage:
    """Check `code` for `target` (a module of compiler.targets) and build what its kernels share; from the cache where
    that was done before. Kernels are compiled by variants.compile_variant."""
    store = cache.store()
    key = digest.key(identity(), target, machine(), code.architecture, code.ir)
    if store is not None:
        image = _kept_native(store, code, target, key)
        if image is not None:
            return image
    loaded = target_module(target).lower_module(code)
    path = record = None
    if loaded.shared_text:
        path, record = keep_library(_NATIVE, key, assemble(target, loaded.shared_text))
    if store is not None and (path is None or record is not None):
        store.put(_NATIVE, key, _native_record(record, loaded))
    return NativeImage(code, target, key, path, loaded.kernels, loaded.variables, loaded.sharing)


def target_module(target: str) -> Any:
    """The module of compiler.targets for `cpu`, or what it makes of the rest for `amdgcn:gfx942`."""
    name, _, kind = target.partition(":")
    module = import_module(f".targets.{name}", __name__)
    return module.of(kind) if kind else module


def assemble(target: str, text: str) -> bytes:
    """The library made of a target's IR."""
    from . import scratch

    with scratch.folder() as folder:
        library: bytes = target_module(target).assemble(text, Path(folder))
    return library


def keep_library(kind: str, key: str, library: bytes) -> tuple[Path, str | None]:
    """Where a library can be loaded from, and its checksum for a record; None when the cache does not keep it."""
    store = cache.store()
    path = store.put_file(kind, key, ".so", library) if store else None
    if path is not None:
        return path, digest.checksum(library).hex()
    path = cache.private_folder() / f"{kind}-{key}.so"
    if not path.exists():  # one that is in use must not be written again
        temporary = path.with_name(f".{path.name}.{get_ident()}")
        temporary.write_bytes(library)
        os.replace(temporary, path)
    return path, None


def _native_record(library: str | None, loaded: Any) -> bytes:
    import marshal

    infos = [(*one._replace(parameters=()), [(*each,) for each in one.parameters]) for one in loaded.kernels]
    return marshal.dumps((library, infos, [(*one,) for one in loaded.variables], (*loaded.sharing,)))


def _kept_native(store: cache.Store, code: DeviceCode, target: str, key: str) -> NativeImage | None:
    import marshal

    record = store.get(_NATIVE, key)
    if record is None:
        return None
    library, kernels, variables, sharing = marshal.loads(record)
    path = None
    if library is not None:
        path = store.get_file(_NATIVE, key, ".so", library)
        if path is None:
            return None
    infos = tuple(KernelInfo(*facts)._replace(parameters=tuple(Parameter(*each) for each in parameters))
                  for *facts, parameters in kernels)
    return NativeImage(code, target, key, path, infos, tuple(GlobalInfo(*one) for one in variables),
                       Sharing(*sharing))


@memoize
def machine() -> str:
    """What native code depends on: this machine's architecture, its CPU's features, and the CPU that was asked for."""
    state = [os.uname().machine, config.chosen_cpu()]
    try:
        with open("/proc/cpuinfo", "rb", buffering=0) as file:
            first = file.read(4096)  # the first CPU is enough, and reading all of them is slow on large machines
        state += [line.decode("ascii", "replace") for line in first.splitlines()
                  if line.startswith((b"flags", b"Features", b"model name", b"CPU part"))]
    except OSError:
        pass
    return "\n".join(state)
