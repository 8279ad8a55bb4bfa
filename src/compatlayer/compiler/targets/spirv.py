"""Device code to SPIR-V for OpenCL devices, by the ziglang wheel's clang alone.

A kernel is lowered by the passes of the CPU's naive engine, so that arithmetic, inline PTX and the math library are the
same; passes/opencl.py gives it OpenCL's address spaces and an entry, include/compatlayer/opencl.cl what it asks of its
device. What the kernels of a module share is a library for this machine: its bytes are what device memory begins with.
"""

from __future__ import annotations

import re
from pathlib import Path

from ... import digest
from ...errors import CompilerError
from .. import cache, toolchain
from ..image import DeviceCode, Sharing
from ..ir.printer import print_module
from ..ir.values import Module
from ..passes import opencl, pipeline
from ..passes.opencl import finish
from . import cpu

lower_module = cpu.lower_module
ROW = 1  # Lowered.flags: the entry takes the block as one row of threads
WARPS = True
_TRIPLE = ("-triple", "spirv64-unknown-unknown")
_EXTENSIONS = "-spirv-ext=+SPV_KHR_bit_instructions"  # used by those kernels alone that need it
_LAYOUT = "e-i64:64-v16:16-v24:32-v32:32-v48:64-v96:128-v192:256-v256:256-v512:512-v1024:1024-n8:16:32:64-G1"
# What OpenCL answers is within CUDA's limits: the optimiser need not think of numbers that do not fit 32 bits, after
# which a driver would no longer see that threads that are neighbours touch neighbouring elements.
_LIMITS = {"_Z12get_local_idj": "0, 1024", "_Z14get_local_sizej": "1, 1025", "_Z12get_group_idj": "0, 2147483647",
           "_Z14get_num_groupsj": "1, 2147483648"}
_RANGES = re.compile(rf"declare i64 @({'|'.join(_LIMITS)})\(")
_MARK = "; SPIR-V\n"  # begins the text of a kernel; the text of a module's library is the CPU's
_POINTER = re.compile(r"(?<![%@.\w-])ptr\b(?![.\w-]| addrspace\()")
# Places in the source; and "nothing writes what is read here", which of the thread's fields is no longer true.
_DROPPED = re.compile(r",? !(?:dbg|invariant\.load) !\d+")
_TEXT = re.compile(r'(c?"(?:[^"\\]|\\.)*")')


def lower_variant(code: DeviceCode, kernel: str, shape_class: int, engine: str, sharing: Sharing | None = None,
                  warps: bool = WARPS) -> cpu.Lowered:
    """One kernel as optimised IR for SPIR-V; the same for every class of blocks."""
    if sharing is None:
        sharing = cpu.lower_module(code).sharing
    module, function, _ = cpu.bodies(code, kernel, sharing)
    used = pipeline.import_shared(module, function, frozenset(sharing.symbols))
    module = pipeline.finish(module, frozenset(("entries",)))
    entry, row = opencl.run(module, function, used, warps)
    text = _optimised(_text(module) + entry, kernel)
    text = finish.run(text, kernel)
    pipeline.show(module, "opencl", lambda: text)
    return cpu.Lowered(_MARK + text, 1, ROW if row else 0, 0, used)


def assemble(text: str, workdir: Path) -> bytes:
    """The SPIR-V of a kernel's text, or the library of what kernels share."""
    if not text.startswith(_MARK):
        return cpu.assemble(text, workdir)
    # -O0: the text is optimised, and from -O1 on the back end made invalid operations of some kernels.
    return _run(["clang", "-cc1", *_TRIPLE, "-x", "ir", "-O0", "-mllvm", _EXTENSIONS, "-emit-obj", "-o", "-", "-"],
                text, "the SPIR-V back end")


def _text(module: Module) -> str:
    """The module as text: flat pointers are space 4, private ones 0; no debug information."""
    module.layout, module.triple = _LAYOUT, "spirv64-unknown-unknown"
    for name in [each for each in module.named_metadata if each.startswith("!llvm.")]:
        del module.named_metadata[name]
    for function in module.functions():
        if function.blocks:
            function.prefix, function.attributes, function.debug = ("internal",), ("alwaysinline", "nounwind"), None
        else:
            together = ("convergent",) if function.name in opencl.KNOWN else ()
            pure = "memory(none)" in function.attributes and not function.name.startswith("cpl_")
            function.attributes = ("memory(none)", "nounwind") if pure else (*together, "nounwind")
    lines = []
    for line in print_module(module).split("\n"):
        if line.startswith(("source_filename", "attributes ")):
            continue
        lines.append(line if line.startswith("!") else _line(line))
    return "\n".join(lines)


def _line(line: str) -> str:
    parts = _TEXT.split(line)
    for index in range(0, len(parts), 2):
        part = _DROPPED.sub("", _POINTER.sub("ptr addrspace(4)", parts[index]))
        part = part.replace(f"ptr addrspace({opencl.PRIVATE})", "ptr").replace(f", addrspace({opencl.PRIVATE})", "")
        if "@llvm." in part:
            part = re.sub(r"@llvm\.[\w.]+", lambda found: re.sub(r"\.p0(?=\.|$)", ".p4", found[0]), part)
        parts[index] = part
    return "".join(parts)


def _optimised(text: str, kernel: str) -> str:
    """The text linked with opencl.cl and inlined into the entry."""
    out = _run(["clang", "-cc1", *_TRIPLE, "-x", "ir", "-O2", "-fno-unroll-loops",
                "-mlink-builtin-bitcode", str(_device_library()), "-emit-llvm", "-o", "-", "-"],
               text, f"optimising {kernel} for SPIR-V")
    return out.decode("utf-8", "surrogateescape")


def _device_library() -> Path:
    """opencl.cl as bitcode, kept in the cache."""
    from ...paths import include_dir

    source = include_dir() / "compatlayer" / "opencl.cl"
    content = source.read_bytes()
    key = digest.key("opencl.cl 4", toolchain.identity(), content)
    store = cache.store()
    if store is not None:
        record = store.get("opencl", key)
        path = None if record is None else store.get_file("opencl", key, ".so", record.decode())
        if path is not None:
            return path
    made = _run(["clang", "-cc1", *_TRIPLE, "-x", "cl", "-cl-std=CL2.0", "-O1", "-disable-llvm-passes", "-emit-llvm",
                 "-o", "-", "-"], content.decode(), "opencl.cl")
    made = _run(["clang", "-cc1", *_TRIPLE, "-x", "ir", "-disable-llvm-passes", "-emit-llvm-bc", "-o", "-", "-"],
                _RANGES.sub(lambda found: f"declare range(i64 {_LIMITS[found[1]]}) i64 @{found[1]}(",
                            made.decode().replace("spir_func ", "")), "opencl.cl")  # with the convention of our calls
    path, checksum = _keep(key, made)
    if store is not None and checksum is not None:
        store.put("opencl", key, checksum.encode())
    return path


def _keep(key: str, data: bytes) -> tuple[Path, str | None]:
    from .. import keep_library

    return keep_library("opencl", key, data)


def _run(arguments: list[str], text: str, who: str) -> bytes:
    status, output, errors = toolchain.run(arguments, text.encode("utf-8", "surrogateescape"))
    if status != 0:
        messages = errors.decode("utf-8", "replace").splitlines()
        lines = [line for line in messages if "error" in line.lower()] or messages
        reason = lines[0].strip() if lines else f"it ended with status {status}"
        raise CompilerError(f"{who} failed: {reason}; this is a defect of compatlayer, please report the kernel")
    return output

