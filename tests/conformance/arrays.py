"""CUDA arrays in tests: made by what they are, filled from and read into NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

FORMATS = {"u1": 1, "u2": 2, "u4": 3, "i1": 8, "i2": 9, "i4": 10, "f2": 16, "f4": 32}
LAYERED, SURFACE, CUBEMAP, GATHER = 1, 2, 4, 8


def descriptor(cu: Any, width: int, height: int = 0, depth: int = 0, format: int = 1, channels: int = 1,
               flags: int = 0) -> Any:
    made = cu.CUDA_ARRAY3D_DESCRIPTOR()
    made.Width, made.Height, made.Depth = width, height, depth
    made.Format, made.NumChannels, made.Flags = cu.CUarray_format(format), channels, flags
    return made


def side(params: Any, name: str, what: Any, pitch: int = 0, rows: int = 0,
         at: tuple[int, int, int] = (0, 0, 0)) -> None:
    """One end of a CUDA_MEMCPY3D or 2D: a NumPy array, a CUdeviceptr or a CUarray."""
    from cuda.bindings import driver as cu

    kinds = cu.CUmemorytype
    if isinstance(what, np.ndarray):
        setattr(params, f"{name}MemoryType", kinds.CU_MEMORYTYPE_HOST)
        setattr(params, f"{name}Host", what.ctypes.data)
    elif isinstance(what, cu.CUarray):
        setattr(params, f"{name}MemoryType", kinds.CU_MEMORYTYPE_ARRAY)
        setattr(params, f"{name}Array", what)
    else:
        setattr(params, f"{name}MemoryType", kinds.CU_MEMORYTYPE_DEVICE)
        setattr(params, f"{name}Device", what)
    setattr(params, f"{name}Pitch", pitch)
    setattr(params, f"{name}XInBytes", at[0])
    setattr(params, f"{name}Y", at[1])
    if hasattr(params, f"{name}Z"):
        setattr(params, f"{name}Z", at[2])
        setattr(params, f"{name}Height", rows)


def box(cu: Any, extent: tuple[int, int, int], destination: dict[str, Any], source: dict[str, Any]) -> Any:
    """A CUDA_MEMCPY3D; extent in bytes, rows and slices."""
    params = cu.CUDA_MEMCPY3D()
    params.WidthInBytes, params.Height, params.Depth = extent
    side(params, "dst", **destination)
    side(params, "src", **source)
    return params


def upload(api: Any, cu: Any, array: Any, data: np.ndarray) -> None:
    """All of an array from a C-ordered NumPy array of (depth, rows, row bytes)."""
    depth, rows, width = data.shape
    api.cuMemcpy3D(box(cu, (width, rows, depth), {"what": array}, {"what": data, "pitch": width, "rows": rows}))


def download(api: Any, cu: Any, array: Any, shape: tuple[int, int, int]) -> np.ndarray:
    """All of an array as bytes of (depth, rows, row bytes)."""
    back = np.empty(shape, np.uint8)
    depth, rows, width = shape
    api.cuMemcpy3D(box(cu, (width, rows, depth), {"what": back, "pitch": width, "rows": rows}, {"what": array}))
    return back
