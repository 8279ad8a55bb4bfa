"""Several pieces of device code joined into one, as the device linker does: each may use what another defines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import CompilerError
from . import scratch, toolchain
from .image import DeviceCode

# What programs expect of libcudadevrt.a beside launches from kernels.
_GRID = """#include <cooperative_groups.h>
extern "C" __device__ unsigned long long cudaCGGetIntrinsicHandle(int scope)
{ return scope == 1 && cooperative_groups::this_grid().is_valid(); }
extern "C" __device__ int cudaCGSynchronize(unsigned long long handle, unsigned int flags)
{ cooperative_groups::this_grid().sync(); return 0; }
"""
_GRID_USED = re.compile(r"^declare [^\n]*@cudaCG(?:GetIntrinsicHandle|Synchronize)\(", re.MULTILINE)


def link(pieces: Sequence[DeviceCode]) -> DeviceCode:
    """One piece of code of several, with the device runtime where they need it; CompilerError names a symbol that is
    defined twice."""
    first, *others = pieces
    if any(_GRID_USED.search(piece.ir) for piece in pieces):
        others.append(_grid(first.architecture))
    if not others:
        return first
    with scratch.folder() as folder:
        arguments = []
        for place, piece in enumerate(others):
            path = Path(folder) / f"{place}.bc"
            path.write_bytes(_clang(["-emit-llvm-bc", "-disable-llvm-passes"], piece, folder))
            arguments += ["-mlink-bitcode-file", str(path)]
        text = _clang(["-emit-llvm", "-O1", "-fno-unroll-loops", *arguments], first, folder)
    names = {name: lowered for piece in pieces for name, lowered in piece.lowered_names.items()}
    return DeviceCode(ir=text.decode("utf-8", "surrogateescape"), architecture=first.architecture,
                      lowered_names=names, log="".join(piece.log for piece in pieces))


def _grid(architecture: str) -> DeviceCode:
    """The device runtime's part for barriers of a grid."""
    from . import compile_cuda

    return compile_cuda(_GRID, "grid.cu", ["--relocatable-device-code=true", f"--gpu-architecture={architecture}"])


def _clang(arguments: Sequence[str], piece: DeviceCode, folder: str) -> bytes:
    cpu = "sm_" + piece.architecture.partition("_")[2].replace("f", "a")
    status, output, errors = toolchain.run(
        ["clang", "-cc1", "-triple", "nvptx64-nvidia-cuda", "-target-cpu", cpu, "-target-feature", "+ptx90", "-w",
         *arguments, "-x", "ir", "-", "-o", "-"], piece.ir.encode("utf-8", "surrogateescape"), cwd=folder)
    if status != 0:
        reason = errors.decode("utf-8", "replace").strip().splitlines()
        raise CompilerError(f"the images cannot be linked: {reason[0] if reason else f'status {status}'}")
    return output
