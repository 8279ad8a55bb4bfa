"""Device code to shared objects for the CPU of this machine.

A module has one for what its kernels share, its variables above all, and one for each kernel and class of block shapes
that is launched (docs/adr/0006-variants.md); these export `cpl.entry.<name>`. They need libcompatlayer.so, which the
process has loaded already. How threads of the device run is include/compatlayer/kernel.h.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ... import config
from ...errors import CompilerError
from .. import toolchain
from ..image import NAIVE, TINY, DeviceCode, GlobalInfo, KernelInfo, Sharing
from ..ir.excerpt import excerpt
from ..ir.printer import print_module
from ..ir.reader import read
from ..ir.values import Function, Module, quote
from ..ir.verifier import verify
from ..passes import facts, imports, pipeline, prune, shared, warps
from ..passes.unsupported import Unsupported
from .width import width

RUNTIME = "libcompatlayer.so"
_CLANG = (
    "clang", "-cc1", "-x", "ir", "-emit-obj", "-O2", "-mrelocation-model", "pic", "-pic-level", "2",
    # Multiplications and additions fuse where the device IR says `contract`, nowhere else.
    "-ffp-contract=on", "-fno-rounding-math", "-mframe-pointer=none", "-w",
    # Blocks with hundreds of accesses, which vectors in lanes are full of: the schedulers compare each with each below
    # these limits, and took two thirds of the time for such kernels.
    "-mllvm", "-dag-maps-huge-region=250", "-mllvm", "-dag-maps-reduction-size=125",
)  # fmt: skip
# Conversions to bfloat16 that flush subnormals, which CUDA keeps.
_UNWANTED = {"x86_64": ("avx512bf16", "avxneconvert"), "aarch64": ()}
_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


class Loaded(NamedTuple):
    """What loading a module needs: facts, and the IR of the library that its kernels share; empty without one."""

    shared_text: str
    kernels: tuple[KernelInfo, ...]
    variables: tuple[GlobalInfo, ...]
    sharing: Sharing


class Lowered(NamedTuple):
    """A variant of a kernel as the host's IR; the other fields are those of image.Variant."""

    text: str
    width: int
    flags: int
    stack_bytes: int
    imports: tuple[str, ...]
    reason: str = ""


def lower_module(code: DeviceCode) -> Loaded:
    """Checks that every kernel of `code` can be lowered, and lowers what they share.

    Raises CudaError for programs that are incomplete, CompilerError for what this compiler cannot do."""
    module = prune.run(read(code.ir))
    kernels, variables, sharing = facts.kernels(module), facts.variables(module), _sharing(module)
    module = pipeline.lower_bodies(module, machine(), told=False)
    text = ""
    if sharing.symbols:
        text = print_module(pipeline.finish(imports.keep_shared(module, frozenset(sharing.symbols)), told=False))
    return Loaded(text, kernels, variables, sharing)


def _sharing(module: Module) -> Sharing:
    places = shared.Layout(module).offsets
    return Sharing(tuple(sorted(imports.shared_symbols(module))), {each.name: places[each] for each in places})


def lower_variant(code: DeviceCode, kernel: str, shape_class: int, engine: str,
                  sharing: Sharing | None = None) -> Lowered:
    """One kernel for one class of block shapes, by `engine` if that can; `reason` says why not, where it cannot.

    The naive engine's code is the same for all classes. `sharing` is what lower_module found, None to find it anew.
    Raises what lower_module does."""
    reason = ""
    if sharing is None:
        sharing = _sharing(prune.run(read(code.ir)))
    if engine != NAIVE and shape_class != TINY:
        try:
            return _vector(code, kernel, shape_class, sharing)
        except ImportError as error:
            reason = f"the vector engine is not installed ({error})"
        except Unsupported as error:
            reason = str(error)
    module, function, _ = bodies(code, kernel, sharing)
    stack_bytes = facts.stack_bytes(module, function)
    used = pipeline.import_shared(module, function, frozenset(sharing.symbols))
    text = print_module(pipeline.finish(module))
    pipeline.check_dump()
    return Lowered(text, 1, 0, stack_bytes, used, reason)


def bodies(code: DeviceCode, kernel: str, sharing: Sharing) -> tuple[Module, Function, bool]:
    """A module of one kernel and what that reaches, lowered to the host's types; whether it needs whole warps."""
    module = prune.run(read(excerpt(code.ir, quote(kernel))))
    module.shared_places = {each: sharing.places[each.name] for each in module.variables()
                            if each.name in sharing.places}
    prune.keep(module, [module.symbols[kernel]])
    module.subject = kernel
    pipeline.dump(module, "prune")
    warp = any(warps.needed(each) for each in module.defined())
    module = pipeline.lower_bodies(module, machine())
    function = module.symbols[kernel]
    assert isinstance(function, Function)
    return module, function, warp


def _vector(code: DeviceCode, kernel: str, shape_class: int, sharing: Sharing) -> Lowered:
    from ..passes import canonical, vector

    module, function, warp = bodies(code, kernel, sharing)
    module.features = frozenset(each[1:] for each in host_cpu() if each[:1] == "+")
    lanes = width(shape_class, module.features, warp)
    module.subject = f"{kernel}, {lanes} lanes, {vector.described(shape_class)}"
    canonical.run(module, function, after=lambda name: pipeline.dump(module, name))
    if pipeline.dumping():
        canonical.check(module, function)
    pipeline.dump(module, "canonical")
    found = vector.run(module, function, lanes, shape_class,
                       lambda name, text: pipeline.show(module, name, text))
    if pipeline.dumping():
        verify(module)
    pipeline.dump(module, "vector")
    used = pipeline.import_shared(module, function, frozenset(sharing.symbols))
    text = print_module(pipeline.finish(module))
    pipeline.check_dump()
    return Lowered(text, lanes, found.flags, getattr(found, "stack_bytes", 0), used)


def assemble(text: str, workdir: Path) -> bytes:
    """The shared object made of the host's IR."""
    target = machine()
    object_path, library_path = workdir / "kernels.o", workdir / "kernels.so"
    _run([*_CLANG, "-triple", f"{target}-unknown-linux-gnu", *host_cpu(), "-o", str(object_path), "-"],
         "the back end", text.encode("utf-8", "surrogateescape"))
    # An absolute path would be recorded as it stands; by its soname the loaded library is found whatever its folder.
    runtime = runtime_path()
    _run(["ld.lld", "-shared", "--hash-style=gnu", "--build-id=none", "-Bsymbolic", "-z", "noexecstack",
          str(object_path), *([str(runtime)] if runtime else []), "-o", str(library_path)],
         "the linker")
    return library_path.read_bytes()


def lower(code: DeviceCode, skip: frozenset[str] = frozenset()
          ) -> tuple[str, tuple[KernelInfo, ...], tuple[GlobalInfo, ...]]:
    """A whole module in the naive engine, as one library: its IR, and what it exports. For tests and for reading.

    `skip` names passes to leave out."""
    module = prune.run(read(code.ir))
    kernels, variables = facts.kernels(module), facts.variables(module)
    module = pipeline.lower(module, machine(), skip)
    return print_module(module), kernels, variables


def machine() -> str:
    """The architecture that code is made for, as LLVM names it."""
    name = os.uname().machine.lower()
    found = _MACHINES.get(name)
    if found is None:
        raise CompilerError(f"machines of type '{name}' are not supported; x86_64 and aarch64 are")
    return found


def runtime_path() -> Path | None:
    """Where libcompatlayer.so lies; None in a source tree that has not been built."""
    path = Path(__file__).resolve().parents[2] / "_lib" / RUNTIME
    return path if path.exists() else None


@cache
def host_cpu() -> tuple[str, ...]:
    """clang's -target-cpu and -target-feature arguments for what COMPATLAYER_CPU says, this machine without it.

    Asked of clang once, then kept on disk. Raises SettingsError for a processor that this machine is not."""
    from ... import digest
    from .. import cache as disk
    from .. import machine as fingerprint
    from . import features

    store = disk.store()
    key = digest.key("host cpu 3", toolchain.identity(), fingerprint())
    kept = store.get("machine", key) if store else None
    if kept is None:
        unwanted = [word for each in _UNWANTED[machine()] for word in ("-target-feature", "-" + each)]
        features.require(machine(), config.chosen_cpu())
        kept = "\n".join([*features.arguments(machine(), config.chosen_cpu()), *unwanted]).encode()
        if store is not None:
            store.put("machine", key, kept)
    return tuple(kept.decode().split("\n"))


def _run(arguments: list[str], who: str, text: bytes = b"") -> tuple[bytes, str]:
    status, output, errors = toolchain.run(arguments, text)
    messages = errors.decode("utf-8", "replace")
    if status != 0:
        lines = [line for line in messages.splitlines() if "error" in line.lower()] or messages.splitlines()
        reason = lines[0].strip() if lines else f"it ended with status {status}"
        raise CompilerError(f"{who} failed: {reason}; this is a defect of compatlayer, please report the kernel")
    return output, messages
