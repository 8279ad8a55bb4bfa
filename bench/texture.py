"""Linearly filtered textures against loops written by hand in C: a picture turned by 0.3 radians and scaled by 0.7.

The loops weight with full floats, as people write them; textures with CUDA's 8 bits of fraction, so outputs are
compared within 2/256 of the texels' range. One worker against gcc -O3 -march=native, then all workers against OpenMP.
Both sides take turns; the rate is the median of the loop's time over the texture's. Run under `compatlayer run`.
"""

from __future__ import annotations

import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from cuda.bindings import driver
from driver_calls import check, compile_cubin, load, start

SIZE, TURNS = 2048, 15
LOOP = r"""
#include <math.h>
typedef struct { float x, y, z, w; } float4;
static inline int clamped(int i, int n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }
#define PLACE \
    float u = 0.7f * (c * x - s * y) + 300.0f, v = 0.7f * (s * x + c * y) + 100.0f; \
    float fu = floorf(u), fv = floorf(v), a = u - fu, b = v - fv; \
    int i = clamped((int)fu, n), j = clamped((int)fv, n), k = clamped((int)fu + 1, n), l = clamped((int)fv + 1, n);
#define MIX(f) ((1 - b) * ((1 - a) * f(in[j * n + i]) + a * f(in[j * n + k])) \
                + b * ((1 - a) * f(in[l * n + i]) + a * f(in[l * n + k])))
#define SAME(t) (t)
#define BYTE(t) ((t) * (1.0f / 255.0f))
#define X(t) (t).x
#define Y(t) (t).y
#define Z(t) (t).z
#define W(t) (t).w
void turn_float(const float *restrict in, float *restrict out, int n, float s, float c) {
    _Pragma("omp parallel for") for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) { PLACE out[y * n + x] = MIX(SAME); }
}
void turn_uchar(const unsigned char *restrict in, float *restrict out, int n, float s, float c) {
    _Pragma("omp parallel for") for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) { PLACE out[y * n + x] = MIX(BYTE); }
}
void turn_float4(const float4 *restrict in, float4 *restrict out, int n, float s, float c) {
    _Pragma("omp parallel for") for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            PLACE
            float4 v4 = {MIX(X), MIX(Y), MIX(Z), MIX(W)};
            out[y * n + x] = v4;
        }
}
"""
KERNEL = """extern "C" __global__ void turn(cudaTextureObject_t t, %(type)s *out, int n, float s, float c) {
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    float u = 0.7f * (c * x - s * y) + 300.0f, v = 0.7f * (s * x + c * y) + 100.0f;
    if (x < n && y < n) out[y * n + x] = tex2D<%(type)s>(t, u + 0.5f, v + 0.5f);
}
"""
# Name -> (texels, channels, CUDA's format, result)
CASES = {"float": (np.float32, 1, 32, "float"), "uchar": (np.uint8, 1, 1, "float"),
         "float4": (np.float32, 4, 32, "float4")}


def loops(folder: str) -> ctypes.CDLL:
    source, library = Path(folder) / "loops.c", Path(folder) / "loops.so"
    source.write_text(LOOP)
    subprocess.run(["gcc", "-O3", "-march=native", "-fopenmp", "-fPIC", "-shared", str(source), "-o", str(library),
                    "-lm"], check=True)
    return ctypes.CDLL(str(library))


def texture(texels: np.ndarray, channels: int, number: int) -> Any:
    shape = driver.CUDA_ARRAY_DESCRIPTOR()
    shape.Width, shape.Height, shape.NumChannels = SIZE, SIZE, channels
    shape.Format = driver.CUarray_format(number)
    array = check(driver.cuArrayCreate(shape))
    copy = driver.CUDA_MEMCPY2D()
    copy.srcMemoryType, copy.srcHost = driver.CUmemorytype.CU_MEMORYTYPE_HOST, texels.ctypes.data
    copy.dstMemoryType, copy.dstArray = driver.CUmemorytype.CU_MEMORYTYPE_ARRAY, array
    copy.srcPitch = copy.WidthInBytes = texels.nbytes // SIZE
    copy.Height = SIZE
    check(driver.cuMemcpy2D(copy))
    resource, how = driver.CUDA_RESOURCE_DESC(), driver.CUDA_TEXTURE_DESC()
    resource.resType, resource.res.array.hArray = driver.CUresourcetype.CU_RESOURCE_TYPE_ARRAY, array
    how.addressMode = [driver.CUaddress_mode.CU_TR_ADDRESS_MODE_CLAMP] * 3
    how.filterMode = driver.CUfilter_mode.CU_TR_FILTER_MODE_LINEAR
    return check(driver.cuTexObjectCreate(resource, how, None))


def measure(library: ctypes.CDLL, name: str) -> tuple[float, float, float]:
    """Milliseconds of the loop and of the texture, and the median of their quotients."""
    dtype, channels, number, result = CASES[name]
    rng = np.random.default_rng(1)
    texels = rng.random((SIZE, SIZE, channels), np.float32) if dtype is np.float32 else rng.integers(
        0, 256, (SIZE, SIZE, channels), np.uint8)
    out, wanted = (np.empty((SIZE, SIZE, channels), np.float32) for _ in range(2))
    sine, cosine = np.sin(np.float32(0.3)), np.cos(np.float32(0.3))
    loop = getattr(library, f"turn_{name}")
    loop.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_float, ctypes.c_float]
    _, kernel = load(compile_cubin((KERNEL % {"type": result}).encode()), b"turn")
    memory = check(driver.cuMemAlloc(out.nbytes))
    values = [np.array(each) for each in (np.uint64(int(texture(texels, channels, number))), np.uint64(int(memory)),
                                          np.int32(SIZE), np.float32(sine), np.float32(cosine))]
    arguments = np.array([each.ctypes.data for each in values], np.uint64)

    def by_loop() -> None:
        loop(texels.ctypes.data, wanted.ctypes.data, SIZE, sine, cosine)

    def by_texture() -> None:
        check(driver.cuLaunchKernel(kernel, -(-SIZE // 32), SIZE // 8, 1, 32, 8, 1, 0, 0, arguments.ctypes.data, 0))
        check(driver.cuCtxSynchronize())

    by_loop(), by_texture()
    check(driver.cuMemcpyDtoH(out.ctypes.data, memory, out.nbytes))
    worst = float(np.abs(out - wanted).max())
    assert worst < 2 / 256, f"{name}: outputs differ by {worst}"
    times = [[_seconds(each) for each in (by_loop, by_texture)] for _ in range(TURNS)]
    first, second = (1e3 * statistics.median(column) for column in zip(*times, strict=True))
    return first, second, statistics.median(one / other for one, other in times)


def _seconds(work: Any) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    if "COMPATLAYER_TEXTURE_THREADS" not in os.environ:
        print(f"| texels, {SIZE} x {SIZE} | threads | C loop, ms | texture, ms | rate |\n|-|-|-|-|-|", flush=True)
        for threads in (1, len(os.sched_getaffinity(0))):
            settings = {"COMPATLAYER_TEXTURE_THREADS": str(threads), "COMPATLAYER_WORKERS": str(threads),
                        "OMP_NUM_THREADS": str(threads)}
            subprocess.run([sys.executable, __file__], env=os.environ | settings, check=True)
        return
    start()
    with tempfile.TemporaryDirectory() as folder:
        library = loops(folder)
        for name in CASES:
            loop, fetches, rate = measure(library, name)
            print(f"| {name} | {os.environ['COMPATLAYER_TEXTURE_THREADS']} | {loop:.1f} | {fetches:.1f} | {rate:.2f} |",
                  flush=True)


if __name__ == "__main__":
    main()
