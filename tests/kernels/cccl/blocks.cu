// Primitives of cub for a warp and for a block. ITEMS, THREADS and ELEMENT come from the program's options.
#include <cub/block/block_adjacent_difference.cuh>
#include <cub/block/block_discontinuity.cuh>
#include <cub/block/block_exchange.cuh>
#include <cub/block/block_histogram.cuh>
#include <cub/block/block_load.cuh>
#include <cub/block/block_merge_sort.cuh>
#include <cub/block/block_radix_sort.cuh>
#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>
#include <cub/block/block_store.cuh>
#include <cub/warp/warp_merge_sort.cuh>
#include <cub/warp/warp_reduce.cuh>
#include <cub/warp/warp_scan.cuh>

using T = ELEMENT;
constexpr int TILE = THREADS * ITEMS;
struct Less { __device__ bool operator()(const T &a, const T &b) const { return a < b; } };
struct Most { __device__ T operator()(const T &a, const T &b) const { return a < b ? b : a; } };

template <cub::BlockReduceAlgorithm Kind> __device__ T total(T (&items)[ITEMS])
{
    using Reduce = cub::BlockReduce<T, THREADS, Kind>;
    __shared__ typename Reduce::TempStorage room;
    T sum = Reduce(room).Sum(items);
    __syncthreads();
    T most = Reduce(room).Reduce(items, Most());
    __syncthreads();
    return sum + most;
}

extern "C" __global__ void reductions(const T *in, T *out, int valid)
{
    using Load = cub::BlockLoad<T, THREADS, ITEMS, cub::BLOCK_LOAD_TRANSPOSE>;
    __shared__ typename Load::TempStorage room;
    T items[ITEMS];
    Load(room).Load(in + blockIdx.x * TILE, items);
    T a = total<cub::BLOCK_REDUCE_WARP_REDUCTIONS>(items), b = total<cub::BLOCK_REDUCE_RAKING>(items),
      c = total<cub::BLOCK_REDUCE_RAKING_COMMUTATIVE_ONLY>(items);
    using Some = cub::BlockReduce<T, THREADS>;
    __shared__ typename Some::TempStorage few;
    T d = Some(few).Sum(items[0], valid);
    using Warp = cub::WarpReduce<T>;
    __shared__ typename Warp::TempStorage warps[(THREADS + 31) / 32];
    T e = Warp(warps[threadIdx.x / 32]).Sum(items[0]);
    using Part = cub::WarpReduce<T, 8>;
    __shared__ typename Part::TempStorage parts[(THREADS + 7) / 8];
    T f = Part(parts[threadIdx.x / 8]).Reduce(items[0], Most());
    if (threadIdx.x == 0) {
        T *mine = out + 6 * blockIdx.x;
        mine[0] = a; mine[1] = b; mine[2] = c; mine[3] = d; mine[4] = e; mine[5] = f;
    }
}

extern "C" __global__ void scans(const T *in, T *out)
{
    using Load = cub::BlockLoad<T, THREADS, ITEMS, cub::BLOCK_LOAD_WARP_TRANSPOSE>;
    using Store = cub::BlockStore<T, THREADS, ITEMS, cub::BLOCK_STORE_TRANSPOSE>;
    using Raking = cub::BlockScan<T, THREADS, cub::BLOCK_SCAN_RAKING>;
    using Warps = cub::BlockScan<T, THREADS, cub::BLOCK_SCAN_WARP_SCANS>;
    using Warp = cub::WarpScan<T>;
    __shared__ union Room {
        typename Load::TempStorage load; typename Store::TempStorage store; typename Raking::TempStorage raking;
        typename Warps::TempStorage warps; typename Warp::TempStorage warp[THREADS / 32];
    } room;
    T items[ITEMS], results[ITEMS];
    Load(room.load).Load(in + blockIdx.x * TILE, items);
    __syncthreads();
    T sum;
    Raking(room.raking).InclusiveSum(items, results, sum);
    __syncthreads();
    Store(room.store).Store(out + blockIdx.x * 4 * TILE, results);
    __syncthreads();
    Warps(room.warps).ExclusiveSum(items, results);
    __syncthreads();
    Store(room.store).Store(out + blockIdx.x * 4 * TILE + TILE, results);
    __syncthreads();
    Warps(room.warps).InclusiveScan(items, results, Most());
    __syncthreads();
    Store(room.store).Store(out + blockIdx.x * 4 * TILE + 2 * TILE, results);
    __syncthreads();
    T one;
    Warp(room.warp[threadIdx.x / 32]).InclusiveSum(items[0], one);
    for (int k = 0; k < ITEMS; k++) results[k] = k ? sum : one;
    __syncthreads();
    Store(room.store).Store(out + blockIdx.x * 4 * TILE + 3 * TILE, results);
}

extern "C" __global__ void sorts(const T *in, T *out, int *places)
{
    using Load = cub::BlockLoad<T, THREADS, ITEMS>;
    using Radix = cub::BlockRadixSort<T, THREADS, ITEMS, int>;
    using Merge = cub::BlockMergeSort<T, THREADS, ITEMS>;
    using Warp = cub::WarpMergeSort<T, ITEMS>;
    __shared__ union Room {
        typename Radix::TempStorage radix; typename Merge::TempStorage merge;
        typename Warp::TempStorage warp[THREADS / 32];
    } room;
    T items[ITEMS];
    int from[ITEMS];
    Load().Load(in + blockIdx.x * TILE, items);
    for (int k = 0; k < ITEMS; k++) from[k] = threadIdx.x * ITEMS + k;
    Radix(room.radix).Sort(items, from);
    cub::StoreDirectBlocked(threadIdx.x, out + blockIdx.x * 4 * TILE, items);
    cub::StoreDirectBlocked(threadIdx.x, places + blockIdx.x * TILE, from);
    __syncthreads();
    Radix(room.radix).SortDescendingBlockedToStriped(items, from);
    cub::StoreDirectStriped<THREADS>(threadIdx.x, out + blockIdx.x * 4 * TILE + TILE, items);
    Load().Load(in + blockIdx.x * TILE, items);
    __syncthreads();
    Merge(room.merge).Sort(items, Less());
    cub::StoreDirectBlocked(threadIdx.x, out + blockIdx.x * 4 * TILE + 2 * TILE, items);
    Load().Load(in + blockIdx.x * TILE, items);
    __syncthreads();
    Warp(room.warp[threadIdx.x / 32]).Sort(items, Less());
    cub::StoreDirectBlocked(threadIdx.x, out + blockIdx.x * 4 * TILE + 3 * TILE, items);
}

template <cub::BlockHistogramAlgorithm Kind> __device__ void counted(unsigned char (&items)[ITEMS], int *out)
{
    using Histogram = cub::BlockHistogram<unsigned char, THREADS, ITEMS, 64, Kind>;
    __shared__ typename Histogram::TempStorage room;
    __shared__ int counts[64];
    Histogram(room).Histogram(items, counts);
    __syncthreads();
    if (threadIdx.x < 64) out[threadIdx.x] = counts[threadIdx.x];
}

extern "C" __global__ void others(const T *in, const unsigned char *bytes, T *out, int *counts)
{
    T items[ITEMS], results[ITEMS];
    int flags[ITEMS];
    unsigned char values[ITEMS];
    cub::LoadDirectBlocked(threadIdx.x, in + blockIdx.x * TILE, items);
    cub::LoadDirectBlocked(threadIdx.x, bytes + blockIdx.x * TILE, values);
    counted<cub::BLOCK_HISTO_ATOMIC>(values, counts + 128 * blockIdx.x);
    counted<cub::BLOCK_HISTO_SORT>(values, counts + 128 * blockIdx.x + 64);
    cub::LoadDirectBlocked(threadIdx.x, bytes + blockIdx.x * TILE, values);
    using Exchange = cub::BlockExchange<T, THREADS, ITEMS>;
    using Heads = cub::BlockDiscontinuity<unsigned char, THREADS>;
    using Differences = cub::BlockAdjacentDifference<T, THREADS>;
    __shared__ typename Exchange::TempStorage exchange;
    __shared__ typename Heads::TempStorage heads;
    __shared__ typename Differences::TempStorage differences;
    Exchange(exchange).BlockedToStriped(items, results);
    cub::StoreDirectBlocked(threadIdx.x, out + blockIdx.x * 3 * TILE, results);
    Heads(heads).FlagHeads(flags, values, [](unsigned char a, unsigned char b) { return a != b; });
    for (int k = 0; k < ITEMS; k++) results[k] = flags[k];
    cub::StoreDirectBlocked(threadIdx.x, out + blockIdx.x * 3 * TILE + TILE, results);
    Differences(differences).SubtractLeft(items, results, [](T a, T b) { return a - b; });
    cub::StoreDirectBlocked(threadIdx.x, out + blockIdx.x * 3 * TILE + 2 * TILE, results);
}
