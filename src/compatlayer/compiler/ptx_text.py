"""PTX text of device IR, from LLVM's NVPTX back end. For people, text searches and NVIDIA devices; the CPU never runs
it. It costs one call of the compiler, so it is made only when a program asks for PTX."""

from __future__ import annotations

import re

from .. import digest
from . import cache, container, toolchain
from .image import DeviceCode

_KIND = "ptx"
_FORMAT = "3"  # to change whenever this module would make another text of the same IR
# C++ casts: PTX's cvt saturates by itself and has an answer for NaN, which LLVM's intrinsic would replace by 0.
_SATURATING = re.compile(r"(?:tail )?call (?:[a-z_]+ )*i(?:32|64) @llvm\.fpto([su])i\.sat\.i(32|64)\.f(?:16|32|64)"
                         r"\((half|float|double) (?:[a-z_]+ )*(%[^ ,()]+)\)(?: #\d+)?")


def ptx_image(code: DeviceCode) -> bytes:
    """The text form of `code` with its NUL. IR that has no PTX form still gives a loadable image, and says so."""
    store = cache.store()
    key = _key(code)
    cached = store.get(_KIND, key) if store else None
    if cached is None:
        cached = emit(code).encode()
        if store:
            store.put(_KIND, key, cached)
    return container.pack_text(code, cached.decode())


def keep(code: DeviceCode, ptx: str) -> None:
    """Keep PTX text that was made together with `code`."""
    store = cache.store()
    if store is not None:
        store.put(_KIND, _key(code), of_family(ptx, code.architecture).encode())


def of_family(ptx: str, architecture: str) -> str:
    """The text for a family of architectures (sm_100f), which LLVM does not know by that name."""
    return ptx.replace(f".target sm_{architecture[-4:-1]}a", f".target sm_{architecture[-4:]}") \
        if architecture.endswith("f") else ptx


def _key(code: DeviceCode) -> str:
    return digest.key("ptx", _FORMAT, toolchain.identity(), code.architecture, code.text_options, code.ir)


def emit(code: DeviceCode, version: int = 90) -> str:
    """PTX text of version `version` / 10, or a comment that says why there is none."""
    cpu = "sm_" + code.architecture.partition("_")[2].replace("f", "a")
    status, output, errors = toolchain.run([
        "clang", "-cc1", "-triple", "nvptx64-nvidia-cuda", "-target-cpu", cpu, "-target-feature", f"+ptx{version}",
        "-O1", "-disable-llvm-passes", "-w", "-S", "-x", "ir", "-", "-o", "-"],
        _SATURATING.sub(r"fpto\1i \3 \4 to i\2", code.ir).encode("utf-8", "surrogateescape"))
    if status == 0 and output:
        return of_family(output.decode("utf-8", "replace"), code.architecture)
    reason = errors.decode("utf-8", "replace").strip().splitlines()
    return (f"// No PTX text: {reason[0] if reason else f'the compiler ended with status {status}'}\n"
            f".version 9.0\n.target {cpu}\n.address_size 64\n")
