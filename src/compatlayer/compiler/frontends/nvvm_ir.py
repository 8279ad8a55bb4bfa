"""NVVM IR, as text or bitcode of any LLVM since 3.0, to device IR.

Clang reads it and brings it into today's form: typed pointers, old intrinsics and `!nvvm.annotations` are its to
upgrade. NVVM IR specification: https://docs.nvidia.com/cuda/nvvm-ir-spec/
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from ... import digest, paths
from ...errors import CompilerError
from .. import cache, identity, ptx_text, scratch, toolchain
from ..image import DeviceCode
from ..library import libdevice
from . import nvvm_approximate, nvvm_diagnostics, nvvm_dialect
from .nvvm_options import Options

_KIND = "nvvm"
_BITCODE = "nvvm-bc"
_LAZY = "-mlink-builtin-bitcode"  # of which only what is missing is taken
_MAGICS = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")
_DECLARED = re.compile(r'^declare [^@\n]*@("(?:[^"\\]|\\.)*"|[\w.$-]+)\(', re.MULTILINE)
_TRIPLE = re.compile(r'^target triple ?= ?"([^"]*)"', re.MULTILINE)
_OPTIMISE = ("-O1", "-fno-unroll-loops")


class IrModule(NamedTuple):
    """One module as the program gave it."""

    data: bytes
    name: str

    @property
    def is_bitcode(self) -> bool:
        return self.data.startswith(_MAGICS)


class InvalidIr(CompilerError):
    """A module is not NVVM IR; the text names module, line and reason."""


class LinkFailure(CompilerError):
    """Modules that do not go together; the text says why."""


def compile_modules(modules: Sequence[IrModule], lazy: Sequence[IrModule], options: Options) -> DeviceCode:
    """One piece of device code of all `modules`, and of what they need of `lazy`; kept in the cache.

    Raises InvalidIr, LinkFailure, and CompilerError when the compiler itself is missing or fails."""
    code = _compile(modules, [], options)
    if lazy and undefined(code.ir):
        code = _compile(modules, lazy, options)
    return code


def undefined(ir: str) -> list[str]:
    """Functions that device IR declares and that neither the compiler nor its math library knows."""
    from ..passes.externals import DEVICE_CALLS, is_c_function

    names = (name.strip('"') for name in _DECLARED.findall(ir))
    return [name for name in names
            if not (name.startswith("llvm.") or name in DEVICE_CALLS or is_c_function(name))]


def _compile(modules: Sequence[IrModule], lazy: Sequence[IrModule], options: Options) -> DeviceCode:
    store = cache.store()
    key = digest.key(identity(), repr(options._replace(lto=False)), str(len(modules)),
                     *(digest.key(each.data) + each.name for each in (*modules, *lazy)))
    kept = store.get(_KIND, key) if store else None
    if kept is None:
        kept = _run(modules, lazy, options)
        if store is not None:
            store.put(_KIND, key, kept)
    texts = (each.data.decode("utf-8", "replace") for each in modules if not each.is_bitcode)
    log = "".join(nvvm_dialect.warnings(text) for text in texts)
    return _code(kept, options)._replace(log=log)


def _run(modules: Sequence[IrModule], lazy: Sequence[IrModule], options: Options) -> bytes:
    first, *others = modules
    linked = [("-mlink-bitcode-file", each) for each in others] + [(_LAZY, each) for each in lazy]
    with scratch.folder() as folder, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        arguments = []
        made = list(pool.map(lambda pair: _bitcode(pair[1], options, pair[0] == _LAZY), linked))
        for place, ((flag, _), data) in enumerate(zip(linked, made, strict=True)):
            path = os.path.join(folder, f"{place}.bc")
            with open(path, "wb") as file:
                file.write(data)
            arguments += [flag, path]
        given = _as_llvm(first, options)
        asked = None if options.lto else pool.submit(_ptx, arguments, modules, given, options, folder)
        ir = _clang(["-emit-llvm", *_OPTIMISE, *arguments], given, options, folder)
        if asked is not None and (ptx := asked.result()):
            # PTX text is asked for next, by most programs: it is made at the same time.
            ptx_text.keep(_code(ir, options), ptx)
    return ir


def _ptx(arguments: Sequence[str], modules: Sequence[IrModule], given: IrModule, options: Options, folder: str) -> str:
    """PTX text, empty where there is none; ptx_text then says why."""
    how = [*(_OPTIMISE if options.optimise else ("-O0",))]
    how += [] if options.exact_division else ["-mllvm", "-nvptx-prec-divf32=1"]
    how += [] if options.exact_sqrt else ["-mllvm", "-nvptx-prec-sqrtf32=0"]
    try:
        arguments = [*how, *arguments, *_math(modules, options, folder)]
        return _clang(["-S", *arguments], given, options, folder).decode("utf-8", "replace")
    except CompilerError:
        return ""


def _math(modules: Sequence[IrModule], options: Options, folder: str) -> list[str]:
    """Arguments that make math functions code in PTX text. Kernels that run get theirs later, each in its lanes."""
    arguments = []
    if any(each.is_bitcode or name in each.data for each in modules for name in nvvm_approximate.names()):
        fast = os.path.join(folder, "fast.bc")
        text = nvvm_approximate.text(options.flush_denormals).encode()
        with open(fast, "wb") as file:
            file.write(_bitcode(IrModule(text, ""), options, False))
        arguments += [_LAZY, fast]  # before libdevice, which has these functions too
    path = paths.include_dir().parent / libdevice.PLACE
    if path.is_file() and any(b"__nv_" in each.data for each in modules):
        arguments += [_LAZY, str(path)]
    return arguments


def _code(ir: bytes, options: Options) -> DeviceCode:
    asked = f"{options.optimise} {options.exact_division} {options.exact_sqrt} {options.flush_denormals}"
    return DeviceCode(ir=ir.decode("utf-8", "surrogateescape"), architecture=options.architecture, text_options=asked)


def _as_llvm(module: IrModule, options: Options) -> IrModule:
    """The module as text in LLVM's own terms."""
    data = module.data
    if module.is_bitcode:
        data = _clang(["-emit-llvm", "-disable-llvm-passes"], module, options, None)
    given = data.decode("utf-8", "surrogateescape")
    if (triple := _TRIPLE.search(given)) and not triple[1].startswith("nvptx64-"):
        line = 1 + given.count("\n", 0, triple.start())
        raise InvalidIr(f"{module.name or nvvm_diagnostics.UNNAMED} ({line}, 1): error: Invalid target triple "
                        f"({triple[1]}); NVVM IR is for nvptx64-nvidia-cuda\n")
    text = nvvm_dialect.as_llvm(given, options)
    return module._replace(data=text.encode("utf-8", "surrogateescape"))


def _bitcode(module: IrModule, options: Options, plain: bool) -> bytes:
    """A module as bitcode of today; kept, because programs link the same pieces often. `plain`: as it is."""
    if plain and module.is_bitcode:
        return module.data
    store = cache.store()
    key = digest.key(identity(), repr(options), module.name, digest.key(module.data))
    kept = store.get(_BITCODE, key) if store else None
    if kept is None:
        kept = _clang(["-emit-llvm-bc", "-disable-llvm-passes"], _as_llvm(module, options), options, None)
        if store is not None:
            store.put(_BITCODE, key, kept)
    return kept


def _clang(arguments: Sequence[str], module: IrModule, options: Options, folder: str | None) -> bytes:
    data = module.data if module.is_bitcode else module.data.rstrip(b"\0")
    if not data or (b"\0" in data and not module.is_bitcode):
        line = data.partition(b"\0")[0].count(b"\n") + 1
        name = module.name or nvvm_diagnostics.UNNAMED
        raise InvalidIr(f"{name} ({line}, 1): error: this is neither bitcode nor text\n")
    cpu = "sm_" + options.architecture.partition("_")[2].replace("f", "a")
    status, output, errors = toolchain.run(
        ["clang", "-cc1", "-triple", "nvptx64-nvidia-cuda", "-target-cpu", cpu, "-target-feature", "+ptx90", "-w",
         *arguments, "-x", "ir", "-", "-o", "-"], data, cwd=folder)
    messages = errors.decode("utf-8", "replace")
    if status != 0:
        found = nvvm_diagnostics.read(messages, module.name)
        if found.of_link:
            raise LinkFailure(found.text)
        raise InvalidIr(found.text)
    return output
