#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
namespace cg = cooperative_groups;

struct Pair { double value; short index; };

template <unsigned Size> __global__ void tiles(const int *in, int *sums, int *scans, double *first)
{
    auto block = cg::this_thread_block();
    auto tile = cg::tiled_partition<Size>(block);
    int i = blockIdx.x * block.size() + block.thread_rank();
    sums[i] = cg::reduce(tile, in[i], cg::plus<int>()) + cg::reduce(tile, in[i], cg::greater<int>());
    scans[i] = cg::exclusive_scan(tile, in[i]) + tile.thread_rank() + 100 * tile.meta_group_rank();
    Pair pair = tile.shfl(Pair{in[i] * 0.5, (short)in[i]}, Size - 1);
    first[i] = pair.value + pair.index + (tile.any(in[i] > 90) ? 1000 : 0) + __popc(tile.ballot(in[i] > 0));
}

extern "C" __global__ void coalesced(const int *in, int *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = -1;
    if (in[i] % 3 != 0) {
        auto active = cg::coalesced_threads();
        auto same = cg::labeled_partition(active, in[i] % 3 + 3);
        out[i] = same.size() * 1000 + same.thread_rank() * 10 + cg::reduce(same, 1, cg::plus<int>()) -
                 (int)same.size();
    }
}

extern "C" __global__ void nested(int *out)
{
    auto block = cg::this_thread_block();
    cg::thread_block_tile<32> warp = cg::tiled_partition<32>(block);
    auto quad = cg::tiled_partition<4>(warp);
    cg::thread_block_tile<4> plain = quad;
    out[blockIdx.x * block.size() + block.thread_rank()] =
        warp.meta_group_rank() * 1000 + plain.meta_group_rank() * 10 + plain.thread_rank() + quad.meta_group_size() * 10000;
}

extern "C" __global__ void staged(const int *in, int *out)
{
    extern __shared__ int buffer[];
    auto block = cg::this_thread_block();
    const int *from = in + blockIdx.x * block.size();
    cg::memcpy_async(block, buffer, from, block.size() * sizeof(int));
    cg::wait(block);
    out[blockIdx.x * block.size() + block.thread_rank()] = buffer[block.size() - 1 - block.thread_rank()];
}

// Each round every thread adds what its neighbour in the next block had: all blocks must be there at once.
extern "C" __global__ void rounds(int *data, int *next, int count)
{
    auto grid = cg::this_grid();
    unsigned i = grid.thread_rank(), n = grid.size();
    for (int k = 0; k < count; ++k) {
        next[i] = data[i] + data[(i + blockDim.x) % n];
        grid.sync();
        data[i] = next[i];
        grid.sync();
    }
}
