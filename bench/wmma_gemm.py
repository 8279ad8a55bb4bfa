"""nvcuda::wmma: products of matrices of halves with sums in float, against NumPy's sgemm on the same numbers.

The processes have as many workers as the second has threads: run with 1 thread (`OPENBLAS_NUM_THREADS=1`,
`COMPATLAYER_WORKERS=1`) and with all.
"""

from __future__ import annotations

import os
import sys

import numpy as np
from measure import compare

from compatlayer import Device, LaunchConfig, Program, launch

SOURCE = """#include <mma.h>
using namespace nvcuda::wmma;
// One tile of the result a warp, as in the programming guide.
extern "C" __global__ void simple(const half *a, const half *b, float *c, int n, int k)
{
    int column = blockIdx.x * 16, row = (blockIdx.y * blockDim.y + threadIdx.y) * 16;
    fragment<matrix_a, 16, 16, 16, half, row_major> left;
    fragment<matrix_b, 16, 16, 16, half, B_LAYOUT> right;
    fragment<accumulator, 16, 16, 16, float> sum;
    fill_fragment(sum, 0.0f);
    for (int i = 0; i < k; i += 16) {
        load_matrix_sync(left, a + row * k + i, k);
        load_matrix_sync(right, b + B_AT(i, column), B_PITCH);
        mma_sync(sum, left, right, sum);
    }
    store_matrix_sync(c + row * n + column, sum, n, mem_row_major);
}

// 2 by 4 tiles a warp, 8 warps a block of 128 by 128, from shared memory: as in most kernels that are meant to be fast.
extern "C" __global__ void shared(const half *a, const half *b, float *c, int n, int k)
{
    __shared__ __align__(32) half as[128 * 40], bs[32 * 136];
    int warp = threadIdx.x / 32, row = warp / 2 * 32, column = warp % 2 * 64;
    fragment<accumulator, 16, 16, 16, float> sum[2][4];
#pragma unroll
    for (int y = 0; y < 2; ++y)
#pragma unroll
        for (int x = 0; x < 4; ++x) fill_fragment(sum[y][x], 0.0f);
    for (int i = 0; i < k; i += 32) {
        for (int j = threadIdx.x; j < 128 * 4; j += 256) {
            int y = j / 4, x = j % 4 * 8;
            *(uint4 *)&as[y * 40 + x] = *(const uint4 *)&a[(blockIdx.y * 128 + y) * k + i + x];
        }
        for (int j = threadIdx.x; j < 32 * 16; j += 256) {
            int y = j / 16, x = j % 16 * 8;
            *(uint4 *)&bs[y * 136 + x] = *(const uint4 *)&b[(i + y) * n + blockIdx.x * 128 + x];
        }
        __syncthreads();
#pragma unroll
        for (int z = 0; z < 32; z += 16) {
            fragment<matrix_a, 16, 16, 16, half, row_major> left[2];
            fragment<matrix_b, 16, 16, 16, half, row_major> right[4];
#pragma unroll
            for (int y = 0; y < 2; ++y) load_matrix_sync(left[y], as + (row + y * 16) * 40 + z, 40);
#pragma unroll
            for (int x = 0; x < 4; ++x) load_matrix_sync(right[x], bs + z * 136 + column + x * 16, 136);
#pragma unroll
            for (int y = 0; y < 2; ++y)
#pragma unroll
                for (int x = 0; x < 4; ++x) mma_sync(sum[y][x], left[y], right[x], sum[y][x]);
        }
        __syncthreads();
    }
#pragma unroll
    for (int y = 0; y < 2; ++y)
#pragma unroll
        for (int x = 0; x < 4; ++x)
            store_matrix_sync(c + (blockIdx.y * 128 + row + y * 16) * n + blockIdx.x * 128 + column + x * 16, sum[y][x],
                              n, mem_row_major);
}
"""
LAYOUTS = {"row": "-DB_LAYOUT=row_major -DB_AT(y,x)=((y)*n+(x)) -DB_PITCH=n",
           "col": "-DB_LAYOUT=col_major -DB_AT(y,x)=((x)*k+(y)) -DB_PITCH=k"}


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    device, source = Device(0), np.random.default_rng(1)
    left, right = (source.uniform(-1, 1, (size, size)).astype(np.float16) for _ in range(2))
    wide = [each.astype(np.float32) for each in (left, right)]
    result, expected = np.zeros((size, size), np.float32), wide[0] @ wide[1]
    print(f"{size} x {size} x {size}, {os.environ.get('OPENBLAS_NUM_THREADS', 'all')} threads")
    print("| kernel | B | ours GFLOP/s | sgemm GFLOP/s | rate ours / sgemm (middle 80 %) |\n|-|-|-|-|-|")
    for name, layout in (("simple", "row"), ("simple", "col"), ("shared", "row")):
        program = Program(device, SOURCE, options=tuple(LAYOUTS[layout].split()))
        kernel = program.kernel(name)
        grid, block = ((size // 16, size // 64), (32, 4)) if name == "simple" else ((size // 128,) * 2, (256,))
        a, b = device.upload(left), device.upload(np.ascontiguousarray(right if layout == "row" else right.T))
        c = device.upload(result)

        def ours(grid=grid, block=block, kernel=kernel, a=a, b=b, c=c) -> None:  # type: ignore[no-untyped-def]
            launch(device.default_stream, LaunchConfig(grid, block), kernel, a, b, c, np.int32(size), np.int32(size))
            device.default_stream.synchronize()

        found = compare(ours, lambda: np.matmul(wide[0], wide[1]), 11)
        got = c.copy_to().view(np.float32).reshape(size, size)
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-3)
        work = 2e-9 * size**3
        print(f"| {name} | {layout} | {work / found.ours_s:.1f} | {work / found.theirs_s:.1f} "
              f"| {1 / found.ratio:.2f} ({1 / found.high:.2f} to {1 / found.low:.2f}) |")


if __name__ == "__main__":
    main()
