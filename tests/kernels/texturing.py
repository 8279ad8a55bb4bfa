"""Textures and surfaces in tests: arrays, objects and launches through cuda-bindings, in a chosen engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from cuda.bindings import driver, nvrtc

FORMATS = {"u1": 1, "u2": 2, "u4": 3, "i1": 8, "i2": 9, "i4": 10, "f2": 16, "f4": 32}
LAYERED, SURFACE, CUBEMAP, GATHER = 1, 2, 4, 8
READ_AS_INTEGER, NORMALISED, SRGB, SEAMLESS = 1, 2, 16, 64
NAMES = {"u1": "uchar", "u2": "ushort", "u4": "uint", "i1": "char", "i2": "short", "i4": "int", "f4": "float"}


def ok(answer: tuple) -> Any:
    status, *values = answer
    assert int(status) == 0, status
    return values[0] if values else None


def code_of(dtype: np.dtype) -> str:
    """u1, i2, f4, ..."""
    return dtype.str[1:]


def cuda_type(dtype: np.dtype, channels: int) -> str:
    """The CUDA type of a fetch's result."""
    return f"{NAMES[code_of(dtype)]}{channels}"


class Bench:
    """A context, an engine and what was made; close() gives everything back."""

    def __init__(self, engine: str) -> None:
        from compatlayer.core.runtime import state

        ok(driver.cuInit(0))
        self.context = ok(driver.cuDevicePrimaryCtxRetain(0))
        ok(driver.cuCtxPushCurrent(self.context))
        self.hardware: Any = state.device(0).hardware
        self.settings = self.hardware.settings
        self.hardware.settings = self.settings._replace(engine=engine)
        self.modules: dict[str, Any] = {}
        self.undo: list[tuple[Any, Any]] = []

    def close(self) -> None:
        self.clear()
        for module in self.modules.values():
            ok(driver.cuModuleUnload(module))
        self.hardware.settings = self.settings
        driver.cuCtxPopCurrent()
        ok(driver.cuDevicePrimaryCtxRelease(0))

    def clear(self) -> None:
        """Destroy arrays, objects and memory."""
        for end, made in reversed(self.undo):
            ok(end(made))
        self.undo.clear()

    def kept(self, made: Any, end: Any) -> Any:
        self.undo.append((end, made))
        return made

    # ---- what a texture is of ----------------------------------------------------------------
    def array(self, texels: np.ndarray, dims: int, flags: int = 0) -> Any:
        """A CUDA array from (depth or layers, rows, columns, channels)."""
        depth, height, width, channels = texels.shape
        made = driver.CUDA_ARRAY3D_DESCRIPTOR()
        made.Width, made.Height = width, height if dims > 1 else 0
        made.Depth = depth if dims > 2 or flags & (LAYERED | CUBEMAP) else 0
        made.Format, made.NumChannels = driver.CUarray_format(FORMATS[code_of(texels.dtype)]), channels
        made.Flags = flags
        array = self.kept(ok(driver.cuArray3DCreate(made)), driver.cuArrayDestroy)
        self.fill(array, texels)
        return array

    @staticmethod
    def fill(array: Any, texels: np.ndarray, back: bool = False) -> None:
        """Copy into the array, or out of it."""
        texels = texels if back else np.ascontiguousarray(texels)
        depth, height = texels.shape[:2]
        row = texels.nbytes // (depth * height)
        copy = driver.CUDA_MEMCPY3D()
        copy.WidthInBytes, copy.Height, copy.Depth = row, height, depth
        host, device = ("dst", "src") if back else ("src", "dst")
        setattr(copy, f"{host}MemoryType", driver.CUmemorytype.CU_MEMORYTYPE_HOST)
        setattr(copy, f"{host}Host", texels.ctypes.data)
        setattr(copy, f"{host}Pitch", row)
        setattr(copy, f"{host}Height", height)
        setattr(copy, f"{device}MemoryType", driver.CUmemorytype.CU_MEMORYTYPE_ARRAY)
        setattr(copy, f"{device}Array", array)
        ok(driver.cuMemcpy3D(copy))

    def mipmapped(self, levels: Sequence[np.ndarray], dims: int, flags: int = 0) -> Any:
        depth, height, width, channels = levels[0].shape
        made = driver.CUDA_ARRAY3D_DESCRIPTOR()
        made.Width, made.Height = width, height if dims > 1 else 0
        made.Depth = depth if dims > 2 or flags & (LAYERED | CUBEMAP) else 0
        made.Format, made.NumChannels = driver.CUarray_format(FORMATS[code_of(levels[0].dtype)]), channels
        made.Flags = flags
        mipmap = self.kept(ok(driver.cuMipmappedArrayCreate(made, len(levels))), driver.cuMipmappedArrayDestroy)
        for number, texels in enumerate(levels):
            self.fill(ok(driver.cuMipmappedArrayGetLevel(mipmap, number)), texels)
        return mipmap

    def memory(self, data: np.ndarray) -> Any:
        address = self.kept(ok(driver.cuMemAlloc(max(data.nbytes, 1))), driver.cuMemFree)
        if data.nbytes:
            ok(driver.cuMemcpyHtoD(address, np.ascontiguousarray(data).ctypes.data, data.nbytes))
        return address

    def resource(self, what: Any, dtype: np.dtype | None = None, channels: int = 1, width: int = 0, height: int = 0,
                 pitch: int = 0) -> Any:
        """Of an array, a mipmapped array, linear memory (`width` elements), or pitched memory (with a height)."""
        kinds = driver.CUresourcetype
        made = driver.CUDA_RESOURCE_DESC()
        if isinstance(what, driver.CUarray):
            made.resType, made.res.array.hArray = kinds.CU_RESOURCE_TYPE_ARRAY, what
        elif isinstance(what, driver.CUmipmappedArray):
            made.resType, made.res.mipmap.hMipmappedArray = kinds.CU_RESOURCE_TYPE_MIPMAPPED_ARRAY, what
        else:
            assert dtype is not None
            number = driver.CUarray_format(FORMATS[code_of(dtype)])
            made.resType = kinds.CU_RESOURCE_TYPE_PITCH2D if height else kinds.CU_RESOURCE_TYPE_LINEAR
            part = made.res.pitch2D if height else made.res.linear
            part.devPtr, part.format, part.numChannels = what, number, channels
            if height:
                part.width, part.height, part.pitchInBytes = width, height, pitch
            else:
                part.sizeInBytes = width * channels * dtype.itemsize
        return made

    def texture(self, resource: Any, modes: Sequence[int] = (1, 1, 1), linear: bool = False, flags: int = 0,
                border: np.ndarray | None = None, view: Any = None, **level: float) -> int:
        how = driver.CUDA_TEXTURE_DESC()
        how.addressMode = [driver.CUaddress_mode(mode) for mode in modes]
        how.filterMode = driver.CUfilter_mode(int(linear))
        how.flags = flags
        how.mipmapFilterMode = driver.CUfilter_mode(int(level.get("linear_levels", 0)))
        how.mipmapLevelBias = level.get("bias", 0.0)
        how.minMipmapLevelClamp = level.get("least", 0.0)
        how.maxMipmapLevelClamp = level.get("most", 1000.0)
        if border is not None:
            how.borderColor = [float(each) for each in border.view(np.float32)]
        return int(self.kept(ok(driver.cuTexObjectCreate(resource, how, view)), driver.cuTexObjectDestroy))

    def surface(self, array: Any) -> int:
        return int(self.kept(ok(driver.cuSurfObjectCreate(self.resource(array))), driver.cuSurfObjectDestroy))

    # ---- kernels -----------------------------------------------------------------------------
    def function(self, source: str, name: str) -> Any:
        if source not in self.modules:
            program = ok(nvrtc.nvrtcCreateProgram(source.encode(), b"texture.cu", 0, [], []))
            status, = nvrtc.nvrtcCompileProgram(program, 1, [b"-arch=sm_86"])
            log = bytearray(ok(nvrtc.nvrtcGetProgramLogSize(program)))
            nvrtc.nvrtcGetProgramLog(program, log)
            assert int(status) == 0, log.decode()
            image = bytearray(ok(nvrtc.nvrtcGetCUBINSize(program)))
            ok(nvrtc.nvrtcGetCUBIN(program, image))
            self.modules[source] = ok(driver.cuModuleLoadData(bytes(image)))
        return ok(driver.cuModuleGetFunction(self.modules[source], name.encode()))

    def launch(self, source: str, name: str, count: int, *arguments: np.generic, block: int = 64) -> str:
        """One thread for each of `count`; what synchronising answers."""
        values = [np.array(value) for value in arguments]
        addresses = np.array([value.ctypes.data for value in values], np.uint64)
        function = self.function(source, name)
        ok(driver.cuLaunchKernel(function, -(-count // block), 1, 1, block, 1, 1, 0, 0, addresses.ctypes.data, 0))
        return driver.cuCtxSynchronize()[0].name

    def fetched(self, expression: str, result: str, dtype: np.dtype, channels: int, texture: int,
                inputs: Sequence[np.ndarray]) -> np.ndarray:
        """(count, channels) of `expression` of t and of the inputs a, b, c, d (float32 or int32)."""
        types = ["int" if each.dtype == np.int32 else "float" for each in inputs]
        names = "abcd"[: len(inputs)]
        parameters = "".join(f", const {type_} *p{name}" for type_, name in zip(types, names, strict=True))
        reads = " ".join(f"{type_} {name} = p{name}[i];" for type_, name in zip(types, names, strict=True))
        source = (f"extern \"C\" __global__ void fetch({result} *out, int n, cudaTextureObject_t t{parameters}) {{\n"
                  f"    int i = blockIdx.x * blockDim.x + threadIdx.x;\n    if (i >= n) return;\n    {reads}\n"
                  f"    out[i] = {expression};\n}}\n")
        count = len(inputs[0])
        out = np.zeros((count, channels), dtype)
        places = [self.memory(each) for each in (out, *inputs)]
        status = self.launch(source, "fetch", count, np.uint64(int(places[0])), np.int32(count), np.uint64(texture),
                             *(np.uint64(int(each)) for each in places[1:]))
        assert status == "CUDA_SUCCESS", status
        ok(driver.cuMemcpyDtoH(out.ctypes.data, places[0], out.nbytes))
        return out


def values(dtype: str, shape: tuple[int, ...], seed: int = 1) -> np.ndarray:
    """Texels over all of an integer type's range, or moderate floats."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return rng.uniform(-8, 8, shape).astype(kind)
    info = np.iinfo(kind)
    found = rng.integers(info.min, info.max, shape, kind, endpoint=True)
    found.flat[0], found.flat[-1] = info.min, info.max
    return found


def coordinates(size: int, normalised: bool, count: int, seed: int = 2) -> np.ndarray:
    """Inside, at edges and centres, outside on both sides, huge, infinite and NaN."""
    rng = np.random.default_rng(seed)
    edges = np.array([0, -0.0, 0.25, 0.5, 0.75, 1, size - 0.5, size - 0.25, size, size + 0.25, size + 0.5, -0.25, -0.5,
                      -1, -1.5, 2 * size, -2 * size, 3 * size + 0.3, size / 2, 1e9, -1e9, 1e30, -1e30, np.inf, -np.inf,
                      np.nan, 1e-40, np.nextafter(np.float32(size), np.float32(0)), size - 1, 0.001953125], np.float32)
    near = rng.uniform(-2.5 * size, 3.5 * size, count).astype(np.float32)
    inside = rng.uniform(0, size, count).astype(np.float32)
    found = rng.permutation(np.concatenate([edges, near, inside]))[:count]
    with np.errstate(over="ignore"):
        return (found / np.float32(size) if normalised else found).astype(np.float32)
