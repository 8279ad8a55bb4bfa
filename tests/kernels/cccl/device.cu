// The kernels of cub's device-wide algorithms with cub's own tunings, instantiated by name, and a selection whose
// blocks look back at those before them.
#include <cub/agent/single_pass_scan_operators.cuh>
#include <cub/block/block_scan.cuh>
#include <cub/device/dispatch/kernels/kernel_radix_sort.cuh>
#include <cub/device/dispatch/kernels/kernel_reduce.cuh>
#include <cub/device/dispatch/kernels/kernel_scan.cuh>
#include <cub/device/dispatch/tuning/tuning_radix_sort.cuh>
#include <cub/device/dispatch/tuning/tuning_reduce.cuh>
#include <cub/device/dispatch/tuning/tuning_scan.cuh>
#include <cuda/std/functional>

using T = ELEMENT;
using Plus = cuda::std::plus<>;
using Tiles = cub::ScanTileState<T>;
using Start = cub::detail::InputValue<T>;
using ScanTuning = cub::detail::scan::policy_selector_from_types<const T *, T *, T, unsigned, Plus>;
using ReduceTuning = cub::detail::reduce::policy_selector_from_types<T, unsigned, Plus>;
using SortTuning = cub::detail::radix_sort::policy_selector_from_types<T, int, unsigned>;

// Threads and items of each kernel's block, and bytes of what the host has to hold.
extern "C" __global__ void shapes(int *out)
{
    constexpr auto scan = cub::detail::current_policy<ScanTuning>();
    constexpr auto reduce = cub::detail::current_policy<ReduceTuning>();
    constexpr auto sort = cub::detail::current_policy<SortTuning>();
    const int all[] = {scan.lookback.threads_per_block, scan.lookback.items_per_thread,
                       reduce.multi_tile.threads_per_block, reduce.multi_tile.items_per_thread,
                       reduce.single_tile.threads_per_block, sort.histogram.threads_per_block,
                       sort.onesweep.threads_per_block, sort.onesweep.items_per_thread, sort.onesweep.radix_bits,
                       sort.single_tile.threads_per_block, sort.single_tile.items_per_thread,
                       sort.exclusive_sum.threads_per_block, (int)sizeof(cub::GridEvenShare<unsigned>)};
    for (int i = 0; i < 13; i++) out[i] = all[i];
}

extern "C" __global__ void scan_begins(T *tiles, int count)
{
    Tiles state;
    state.Init(count, tiles, 0);
    state.InitializeStatus(count);
}
extern "C" __global__ void scans(const T *in, T *out, T *tiles, int count, unsigned items)
{
    using Agent = cub::detail::scan::AgentScan<
        cub::detail::agent_scan_policy<128, 9, T, cub::BLOCK_LOAD_WARP_TRANSPOSE, cub::LOAD_DEFAULT,
                                       cub::BLOCK_STORE_WARP_TRANSPOSE, cub::BLOCK_SCAN_WARP_SCANS>,
        const T *, T *, Plus, T, unsigned, T>;
    __shared__ typename Agent::TempStorage room;
    Tiles state;
    state.Init(count, tiles, 0);
    Agent(room, in, out, Plus(), T(0)).ConsumeRange(items, state, 0);
}

// Keeps the odd ones in their order: a thread an item, positions by looking back.
extern "C" __global__ void selects(const int *in, int *out, int *count, void *tiles, int items)
{
    using State = cub::ScanTileState<int>;
    using Scan = cub::BlockScan<int, 128>;
    using Prefix = cub::TilePrefixCallbackOp<int, Plus, State>;
    __shared__ typename Scan::TempStorage scan;
    __shared__ typename Prefix::TempStorage prefix;
    State state;
    state.Init(gridDim.x, tiles, 0);
    int i = blockIdx.x * 128 + threadIdx.x, mine = i < items && in[i] % 2 != 0, place, total;
    if (blockIdx.x == 0) {
        Scan(scan).ExclusiveSum(mine, place, total);
        if (threadIdx.x == 0) state.SetInclusive(0, total);
    } else {
        Prefix before(state, prefix, Plus());
        Scan(scan).ExclusiveScan(mine, place, Plus(), before);
        total = before.GetInclusivePrefix();
    }
    if (mine) out[place] = in[i];
    if (blockIdx.x + 1 == gridDim.x && threadIdx.x == 0) *count = total;
}
extern "C" __global__ void selection_begins(void *tiles, int count)
{
    cub::ScanTileState<int> state;
    state.Init(count, tiles, 0);
    state.InitializeStatus(count);
}

extern "C" __global__ void share(cub::GridEvenShare<unsigned> *even, unsigned items, int most, int tile)
{
    even->DispatchInit(items, most, tile);
}
