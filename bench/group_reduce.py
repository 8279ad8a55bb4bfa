"""Reductions of a block's values by warp shuffles and by cooperative groups against the shared-memory form.

The three kernels sum the same floats and must agree with NumPy; pairs are interleaved, the ratio is the median's."""

from __future__ import annotations

import numpy as np
from measure import compare

from compatlayer import Device, LaunchConfig, Program, launch

SOURCE = r"""
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
namespace cg = cooperative_groups;
#define MINE(i) (in[(blockIdx.x * 4 + i) * 256 + threadIdx.x])
template <typename T> __global__ void shared_form(const T *in, T *out)
{
    __shared__ T sums[256];
    sums[threadIdx.x] = MINE(0) + MINE(1) + MINE(2) + MINE(3);
    __syncthreads();
    for (int half = 128; half > 0; half /= 2) {
        if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) out[blockIdx.x] = sums[0];
}
template <typename T> __global__ void shuffle_form(const T *in, T *out)
{
    __shared__ T sums[8];
    T sum = MINE(0) + MINE(1) + MINE(2) + MINE(3);
    for (int by = 16; by > 0; by /= 2) sum += __shfl_down_sync(0xffffffff, sum, by);
    if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x < 32) {
        sum = threadIdx.x < 8 ? sums[threadIdx.x] : 0;
        for (int by = 4; by > 0; by /= 2) sum += __shfl_down_sync(0xffffffff, sum, by);
        if (threadIdx.x == 0) out[blockIdx.x] = sum;
    }
}
template <typename T> __global__ void group_form(const T *in, T *out)
{
    __shared__ T sums[8];
    auto block = cg::this_thread_block();
    auto warp = cg::tiled_partition<32>(block);
    T sum = cg::reduce(warp, MINE(0) + MINE(1) + MINE(2) + MINE(3), cg::plus<T>());
    if (warp.thread_rank() == 0) sums[warp.meta_group_rank()] = sum;
    block.sync();
    if (warp.meta_group_rank() == 0) {
        sum = warp.thread_rank() < 8 ? sums[warp.thread_rank()] : 0;
        sum = cg::reduce(warp, sum, cg::plus<T>());
        if (warp.thread_rank() == 0) out[blockIdx.x] = sum;
    }
}
"""
FORMS = ("shuffle_form", "group_form")
TYPES = {"int": np.int32, "float": np.float32, "double": np.float64, "long long": np.int64}
BLOCKS = 4096


def main() -> None:
    """Prints a line for each type and form."""
    device = Device(0)
    names = [f"{form}<{type_}>" for type_ in TYPES for form in ("shared_form", *FORMS)]
    program = Program(device, SOURCE, name_expressions=names)
    for type_, dtype in TYPES.items():
        data = np.random.default_rng(1).integers(-99, 100, BLOCKS * 1024).astype(dtype)
        source, result = device.upload(data), device.upload(np.zeros(BLOCKS, dtype))

        def run(form: str, type_: str = type_, source: object = source, result: object = result) -> None:
            launch(device.default_stream, LaunchConfig(BLOCKS, 256), program.kernel(f"{form}<{type_}>"), source, result)
            device.default_stream.synchronize()

        for form in ("shared_form", *FORMS):
            run(form)
            np.testing.assert_array_equal(result.copy_to().view(dtype)[:BLOCKS], data.reshape(BLOCKS, -1).sum(1))
        for form in FORMS:
            found = compare(lambda form=form: run(form), lambda: run("shared_form"))
            print(f"{type_:10} {form:13} {found.ratio:.2f} of the shared form ({found.low:.2f} to {found.high:.2f}), "
                  f"{found.ours_s * 1e3:.2f} ms against {found.theirs_s * 1e3:.2f} ms")
        source.close()
        result.close()
    program.close()
    device.close()


if __name__ == "__main__":
    main()
