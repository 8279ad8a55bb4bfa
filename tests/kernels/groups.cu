// Groups of cooperative_groups.h and what they offer; test_cooperative_groups.py has the model.
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
namespace cg = cooperative_groups;

struct Wide { double a; int b; short c; unsigned char d[10]; }; // 24 bytes
struct Tiny { unsigned char a, b, c; };
struct Line { long long slope, offset; }; // of functions x -> slope * x + offset; composing them is not commutative

struct Compose {
    __device__ Line operator()(Line first, Line then) const {
        return Line{first.slope * then.slope, first.offset * then.slope + then.offset};
    }
};

__device__ unsigned number() { return blockIdx.x * cg::this_thread_block().size() + cg::this_thread_block().thread_rank(); }

template <typename T, unsigned Size> __global__ void exchange(const T *in, const int *pick, T *out)
{
    auto tile = cg::tiled_partition<Size>(cg::this_thread_block());
    unsigned i = number();
    out[4 * i] = tile.shfl(in[i], pick[i] % (int)Size);
    out[4 * i + 1] = tile.shfl_up(in[i], pick[i / 32 * 32]);
    out[4 * i + 2] = tile.shfl_down(in[i], pick[i / 32 * 32]);
    out[4 * i + 3] = tile.shfl_xor(in[i], pick[i / 32 * 32] % Size);
}

template <unsigned Size> __global__ void votes(const int *in, unsigned *out)
{
    auto tile = cg::tiled_partition<Size>(cg::this_thread_block());
    unsigned i = number();
    int same;
    out[7 * i] = tile.any(in[i] > 2);
    out[7 * i + 1] = tile.all(in[i] > 0);
    out[7 * i + 2] = tile.ballot(in[i] & 1);
    out[7 * i + 3] = tile.match_any(in[i]);
    out[7 * i + 4] = tile.match_all(in[i] > 0, same);
    out[7 * i + 5] = same;
    out[7 * i + 6] = tile.thread_rank() + 100 * tile.meta_group_rank() + 10000 * tile.meta_group_size() +
                     1000000 * (tile.size() == Size && tile.num_threads() == Size);
}

template <typename T> __device__ T larger(T a, T b) { return a < b ? b : a; }
template <typename T, typename Group> __device__ void totals(const Group &group, T value, T *out)
{
    out[0] = cg::reduce(group, value, cg::plus<T>());
    out[1] = cg::reduce(group, value, cg::less<T>());
    out[2] = sizeof(T) == 4 ? cg::reduce(group, value, larger<T>) : cg::reduce(group, value, cg::greater<T>());
    out[3] = cg::inclusive_scan(group, value);
    out[4] = cg::exclusive_scan(group, value);
    out[5] = cg::inclusive_scan(group, value, larger<T>);
    out[6] = cg::reduce(group, value, [](T a, T b) { return a < b ? b : a; });
}
template <typename T, unsigned Size> __global__ void totals_of_tiles(const T *in, T *out)
{
    totals(cg::tiled_partition<Size>(cg::this_thread_block()), in[number()], out + 7 * number());
}
template <typename T> __global__ void totals_of_labels(const T *in, const int *label, T *out)
{
    if (label[number()] < 0) return;
    auto active = cg::coalesced_threads();
    auto same = cg::labeled_partition(active, label[number()]);
    totals(same, in[number()], out + 7 * number());
}

template <typename T, unsigned Size> __global__ void bits_of_tiles(const T *in, T *out)
{
    auto tile = cg::tiled_partition<Size>(cg::this_thread_block());
    T value = in[number()], *mine = out + 3 * number();
    mine[0] = cg::reduce(tile, value, cg::bit_and<T>());
    mine[1] = cg::reduce(tile, value, cg::bit_or<T>());
    mine[2] = cg::reduce(tile, value, cg::bit_xor<T>());
}

template <unsigned Size> __global__ void lines_of_tiles(const Line *in, Line *out)
{
    auto tile = cg::tiled_partition<Size>(cg::this_thread_block());
    out[3 * number()] = cg::reduce(tile, in[number()], Compose());
    out[3 * number() + 1] = cg::inclusive_scan(tile, in[number()], Compose());
    out[3 * number() + 2] = cg::exclusive_scan(tile, in[number()], Compose());
}
extern "C" __global__ void lines_of_labels(const Line *in, const int *label, Line *out)
{
    auto same = cg::labeled_partition(cg::tiled_partition<32>(cg::this_thread_block()), label[number()]);
    out[3 * number()] = cg::reduce(same, in[number()], Compose());
    out[3 * number() + 1] = cg::inclusive_scan(same, in[number()], Compose());
    out[3 * number() + 2] = cg::exclusive_scan(same, in[number()], Compose());
}

// The members of a group that is known by predicate alone.
extern "C" __global__ void coalesced(const int *in, const int *pick, int *out)
{
    unsigned i = number();
    if (in[i] % 3 == 0) return;
    auto group = cg::coalesced_threads();
    int same, *mine = out + 12 * i, by = pick[i - threadIdx.x % 32];
    mine[0] = group.size();
    mine[1] = group.thread_rank();
    mine[2] = group.shfl(in[i], pick[i] % group.size());
    mine[3] = group.shfl_up(in[i], by);
    mine[4] = group.shfl_down(in[i], by);
    mine[5] = group.any(in[i] > 50);
    mine[6] = group.all(in[i] > -50);
    mine[7] = group.ballot(in[i] > 0);
    mine[8] = group.match_any(in[i] % 3);
    mine[9] = group.match_all(in[i] > 0, same);
    mine[10] = same;
    auto half = cg::binary_partition(group, in[i] > 0);
    mine[11] = half.thread_rank() + 100 * half.size() + 10000 * half.meta_group_rank() + 100000 * half.meta_group_size();
}

__device__ int described(cg::thread_group group)
{
    group.sync();
    return group.thread_rank() + 100 * group.size() + 1000000 * group.is_valid();
}
extern "C" __global__ void dynamic(const int *in, int size, int *out)
{
    auto block = cg::this_thread_block();
    int *mine = out + 5 * number();
    mine[0] = described(block) - 1000 * (int)block.num_threads();
    mine[1] = described(cg::tiled_partition(block, size));
    mine[2] = described(cg::tiled_partition<8>(block));
    if (in[number()] > 0) {
        auto group = cg::coalesced_threads();
        auto part = cg::tiled_partition(group, size);
        mine[3] = part.thread_rank() + 100 * part.size() + 10000 * part.meta_group_rank();
        mine[4] = cg::reduce(part, in[number()], cg::plus<int>());
    }
}

template <unsigned Size> __global__ void wide(const int *in, int pick, int *out)
{
    __shared__ cg::block_tile_memory<1024> memory;
    auto block = cg::this_thread_block(memory);
    auto tile = cg::tiled_partition<Size>(block);
    auto warp = cg::tiled_partition<32>(tile);
    int *mine = out + 8 * number();
    mine[0] = tile.shfl(in[number()], pick);
    mine[1] = tile.any(in[number()] > 98);
    mine[2] = tile.all(in[number()] > -99);
    mine[3] = tile.thread_rank() + 10000 * tile.meta_group_rank() + 1000000 * warp.meta_group_rank();
    __shared__ int last[1024];
    last[block.thread_rank()] = in[number()];
    tile.sync();
    mine[4] = last[block.thread_rank() ^ (Size - 1)];
    if (block.thread_rank() / Size % 2 == 0) { // tiles are on their own
        mine[5] = cg::reduce(tile, in[number()], cg::plus<int>());
        tile.sync();
    }
    mine[6] = cg::invoke_one_broadcast(tile, [&] { return (int)tile.meta_group_rank() * 3; });
}

struct Cell { // what cuda::atomic has of it
    int *word;
    __device__ int fetch_add(int value) { return atomicAdd(word, value); }
    __device__ int load() { return *(volatile int *)word; }
    __device__ void store(int value) { atomicExch(word, value); }
    __device__ bool compare_exchange_weak(int &before, int after)
    {
        int seen = atomicCAS(word, before, after), same = seen == before;
        before = seen;
        return same;
    }
};
template <unsigned Size> __global__ void updates(const int *in, int *cells, int *out)
{
    auto tile = cg::tiled_partition<Size>(cg::this_thread_block());
    int *own = cells + 4 * (number() / Size), *mine = out + 2 * number();
    cg::reduce_update_async(tile, Cell{own}, in[number()], cg::plus<int>());
    cg::reduce_store_async(tile, Cell{own + 1}, in[number()], cg::greater<int>());
    mine[0] = cg::inclusive_scan_update(tile, Cell{own + 2}, in[number()], cg::plus<int>());
    mine[1] = cg::exclusive_scan_update(tile, Cell{own + 3}, in[number()], [](int a, int b) { return a + b; });
}

template <typename T> __global__ void copies(const T *in, int count, T *out)
{
    extern __shared__ unsigned long long room[];
    T *buffer = (T *)room;
    auto block = cg::this_thread_block();
    cg::memcpy_async(block, buffer, in + blockIdx.x * count, count * sizeof(T));
    cg::memcpy_async(block, buffer + count, count + 5, in + blockIdx.x * count, count);
    cg::wait_prior<1>(block);
    auto warp = cg::tiled_partition<32>(block);
    cg::wait(block);
    if (warp.meta_group_rank() == 0) {
        cg::memcpy_async(warp, out + 2 * blockIdx.x * count, buffer, 2 * count * sizeof(T));
        cg::wait(warp);
    }
}

extern "C" __global__ void places(int *out)
{
    auto block = cg::this_thread_block();
    auto grid = cg::this_grid();
    auto cluster = cg::this_cluster();
    int *mine = out + 12 * grid.thread_rank();
    mine[0] = block.group_index().x + 10 * block.group_index().y + 100 * block.group_index().z;
    mine[1] = block.thread_index().x + 10 * block.thread_index().y + 100 * block.thread_index().z;
    mine[2] = block.dim_threads().x + 100 * block.dim_threads().y + 10000 * block.group_dim().z;
    mine[3] = block.num_threads() + 10000 * block.thread_rank();
    mine[4] = grid.num_blocks() + 100 * grid.block_rank() + 10000 * grid.is_valid();
    mine[5] = grid.num_threads() + 0 * grid.size();
    mine[6] = grid.dim_blocks().x + 10 * grid.dim_blocks().y + 100 * grid.group_dim().z;
    mine[7] = grid.block_index().x + 10 * grid.block_index().y + 100 * grid.block_index().z;
    cluster.sync();
    mine[8] = cluster.num_blocks() + 10 * cluster.block_rank() + 100 * cluster.num_threads();
    mine[9] = cg::this_thread().size() + 10 * cg::this_thread().thread_rank();
    __shared__ int count;
    if (cg::thread_rank(block) == 0) count = 0;
    auto token = block.barrier_arrive();
    block.barrier_wait(static_cast<decltype(token) &&>(token));
    cg::invoke_one(cg::tiled_partition<16>(block), [](int *word, int by) { atomicAdd(word, by); }, &count, 3);
    cg::sync(block);
    mine[10] = count + 1000 * cg::group_size(block);
    mine[11] = *cluster.map_shared_rank(&count, 0);
}

// Each round every thread adds what its neighbour in the next block had: all blocks must be there at once.
extern "C" __global__ void rounds(int *data, int *next, int count)
{
    auto grid = cg::this_grid();
    unsigned i = grid.thread_rank(), n = grid.size();
    for (int k = 0; k < count; ++k) {
        next[i] = data[i] + data[(i + blockDim.x) % n];
        auto token = grid.barrier_arrive();
        grid.barrier_wait(static_cast<decltype(token) &&>(token));
        data[i] = next[i];
        grid.sync();
    }
}
