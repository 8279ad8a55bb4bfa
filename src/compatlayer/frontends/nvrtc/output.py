"""What a compiled program gives: PTX, cubin, LTO IR. Forms that this compiler never makes have size 0."""

from __future__ import annotations

from typing import Any

from compatlayer.api.entry import entry
from compatlayer.frontends.nvrtc.compilation import find, write
from compatlayer.frontends.nvrtc.result import NvrtcError, NvrtcResult


def _absent(form: str, needs: str) -> NvrtcError:
    return NvrtcError(NvrtcResult.ERROR_INVALID_PROGRAM, f"the program has no {form}; {needs}")


@entry("nvrtcGetPTXSize")
def ptx_size(prog: Any, ptxSizeRet: Any) -> None:
    ptxSizeRet[0] = len(find(prog).ptx())


@entry("nvrtcGetPTX")
def ptx(prog: Any, ptx: Any) -> None:
    data = find(prog).ptx()
    if data:  # with -dlto there is none: its size is 0, and programs that ask for it get nothing and no error
        write(ptx, data)


@entry("nvrtcGetCUBINSize")
def cubin_size(prog: Any, cubinSizeRet: Any) -> None:
    cubinSizeRet[0] = len(find(prog).cubin())


@entry("nvrtcGetCUBIN")
def cubin(prog: Any, cubin: Any) -> None:
    data = find(prog).cubin()
    if not data:
        raise _absent("cubin", "compile it with --gpu-architecture=sm_XX and without -dlto")
    write(cubin, data)


@entry("nvrtcGetLTOIRSize")
def ltoir_size(prog: Any, LTOIRSizeRet: Any) -> None:
    LTOIRSizeRet[0] = len(find(prog).ltoir())


@entry("nvrtcGetLTOIR")
def ltoir(prog: Any, LTOIR: Any) -> None:
    data = find(prog).ltoir()
    if not data:
        raise _absent("LTO IR", "compile it with -dlto")
    write(LTOIR, data)


@entry("nvrtcGetOptiXIRSize")
def optix_size(prog: Any, optixirSizeRet: Any) -> None:
    find(prog).result()
    optixirSizeRet[0] = 0


@entry("nvrtcGetOptiXIR")
def optix(prog: Any, optixir: Any) -> None:
    find(prog).result()
    raise _absent("OptiX IR", "this compiler does not make it")


@entry("nvrtcGetTileIRSize")
def tile_size(prog: Any, TileIRSizeRet: Any) -> None:
    find(prog).result()
    TileIRSizeRet[0] = 0


@entry("nvrtcGetTileIR")
def tile(prog: Any, TileIR: Any) -> None:
    find(prog).result()
    raise _absent("Tile IR", "this compiler does not make it")
