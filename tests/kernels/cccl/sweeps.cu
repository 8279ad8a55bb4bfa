// More kernels of cub's device-wide algorithms, instantiated by name, and kernels around those of its agents whose own
// kernels lie in headers for hosts.
#include <cub/agent/agent_reduce_by_key.cuh>
#include <cub/agent/agent_rle.cuh>
#include <cub/agent/agent_select_if.cuh>
#include <cub/device/dispatch/kernels/kernel_histogram.cuh>
#include <cub/device/dispatch/kernels/kernel_merge_sort.cuh>
#include <cub/device/dispatch/kernels/kernel_scan.cuh>
#include <cub/device/dispatch/kernels/kernel_three_way_partition.cuh>
#include <cub/device/dispatch/kernels/kernel_unique_by_key.cuh>
#include <cub/device/dispatch/tuning/tuning_reduce_by_key.cuh>
#include <cub/device/dispatch/tuning/tuning_rle_non_trivial_runs.cuh>
#include <cub/device/dispatch/tuning/tuning_select_if.cuh>
#include <cub/device/dispatch/tuning/tuning_three_way_partition.cuh>
#include <cuda/iterator>
#include <cuda/std/functional>

using T = ELEMENT;
using Plus = cuda::std::plus<>;
using Equal = cuda::std::equal_to<>;
using Less = cuda::std::less<>;
using None = cub::NullType;
namespace detail = cub::detail;

struct Below { T limit; __device__ bool operator()(T x) const { return x < limit; } };

using ScanTiles = cub::ScanTileState<T>;
using ScanTuning = detail::scan::policy_selector_from_types<const T *, T *, T, unsigned, Plus>;
using ScanTilesArgument = detail::scan::tile_state_kernel_arg_t<ScanTiles, T>;
struct First { using value_type = T; T value; __device__ operator T() const { return value; } };

using Tiles = cub::ScanTileState<int>;
using UniqueTuning = detail::unique_by_key::policy_selector_from_types<T, int>;
using MergeTuning = detail::merge_sort::policy_selector_from_types<const T *>;
using ThreeTuning = detail::three_way_partition::policy_selector_from_types<T, int>;
using Whole3 = detail::three_way_partition::streaming_context_t<int>;
using CountTuning = detail::histogram::policy_selector_from_types<T, int, 1, 1, true>;
using Bins = detail::histogram::Transforms<T, int, T>;

// An input in one part, as all of these are asked to handle many.
struct Whole {
    using total_num_items_t = int;
    static __device__ int input_offset() { return 0; }
    static __device__ bool is_first_partition() { return true; }
    static __device__ int num_previously_selected() { return 0; }
    static __device__ int num_previously_rejected() { return 0; }
    static __device__ int num_total_items(int items) { return items; }
    static __device__ void update_num_selected(int *found, int selected) { *found = selected; }
};

template <class State> __device__ int opened(void *out, void *memory, int tiles)
{
    State state;
    state.Init(tiles, memory, 0);
    memcpy(out, &state, sizeof state);
    return sizeof state;
}
// The argument that names the state of tiles in `memory`, and its size.
extern "C" __global__ void states(char *out, int *sizes, void *memory, int tiles)
{
    sizes[0] = opened<ScanTiles>(out, memory, tiles);
    sizes[1] = opened<Tiles>(out + 64, memory, tiles);
    sizes[2] = opened<cub::ReduceByKeyScanTileState<T, int>>(out + 128, memory, tiles);
    sizes[3] = opened<cub::ReduceByKeyScanTileState<int, int>>(out + 192, memory, tiles);
    sizes[4] = opened<detail::three_way_partition::ScanTileStateT>(out + 256, memory, tiles);
    sizes[5] = sizeof(ScanTilesArgument);
}

// An agent's policy as the kernels for hosts make it of the tuning.
#define WITH(policy)                                                                                                   \
    policy.load_algorithm, policy.load_modifier, policy.scan_algorithm,                                                \
        detail::delay_constructor_t<policy.lookback_delay.kind, policy.lookback_delay.delay,                           \
                                    policy.lookback_delay.l2_write_latency>

template <cub::SelectImpl kind, class Flags, class Out, class Test, class Same> struct Selection {
    static constexpr auto policy = detail::current_policy<
        detail::select::policy_selector_from_types<const T *, Flags, Out, int, kind>>().lookback;
    using Policy = detail::agent_select_if_policy<policy.threads_per_block, policy.items_per_thread, WITH(policy)>;
    using Agent = detail::select::AgentSelectIf<Policy, const T *, Flags, Out, Test, Same, int, Whole, kind>;
    static __device__ void run(const T *in, Flags flags, Out out, int *found, Tiles tiles, Test test, Same same,
                               int items)
    {
        __shared__ typename Agent::TempStorage room;
        Whole whole;
        Agent(room, in, flags, out, test, same, items, whole).ConsumeRange(gridDim.x, tiles, found);
    }
};
using If = Selection<cub::SelectImpl::Select, None *, T *, Below, None>;
using Flagged = Selection<cub::SelectImpl::Select, const char *, T *, None, None>;
using Unique = Selection<cub::SelectImpl::Select, None *, T *, None, Equal>;
using Partition = Selection<cub::SelectImpl::Partition, None *, T *, Below, None>;

extern "C" __global__ void select_if(const T *in, T *out, int *found, Tiles tiles, T limit, int items)
{
    If::run(in, nullptr, out, found, tiles, Below{limit}, None(), items);
}
extern "C" __global__ void select_flagged(const T *in, const char *flags, T *out, int *found, Tiles tiles, int items)
{
    Flagged::run(in, flags, out, found, tiles, None(), None(), items);
}
extern "C" __global__ void select_unique(const T *in, T *out, int *found, Tiles tiles, int items)
{
    Unique::run(in, nullptr, out, found, tiles, None(), Equal(), items);
}
// The chosen ones from the front, the others from the back, backwards.
extern "C" __global__ void partition(const T *in, T *out, int *found, Tiles tiles, T limit, int items)
{
    Partition::run(in, nullptr, out, found, tiles, Below{limit}, None(), items);
}

template <class Values, class Sum> struct ByKey {
    using State = cub::ReduceByKeyScanTileState<Sum, int>;
    static constexpr auto policy =
        detail::current_policy<detail::reduce_by_key::policy_selector_from_types<Plus, Sum, T>>().lookback;
    using Policy = detail::agent_reduce_by_key_policy<policy.threads_per_block, policy.items_per_thread, WITH(policy)>;
    using Agent =
        detail::reduce_by_key::AgentReduceByKey<Policy, const T *, T *, Values, Sum *, int *, Equal, Plus, int, Sum, None>;
    static __device__ void run(const T *keys, T *heads, Values values, Sum *sums, int *runs, State tiles, int items)
    {
        __shared__ typename Agent::TempStorage room;
        Agent(room, keys, heads, values, sums, runs, Equal(), Plus(), None()).ConsumeRange(items, tiles, 0);
    }
};
using Sums = ByKey<const T *, T>;
using Lengths = ByKey<cuda::constant_iterator<int>, int>;
extern "C" __global__ void reduce_by_key(const T *keys, const T *values, T *heads, T *sums, int *runs,
                                         Sums::State tiles, int items)
{
    Sums::run(keys, heads, values, sums, runs, tiles, items);
}
extern "C" __global__ void encode_runs(const T *keys, T *heads, int *lengths, int *runs, Lengths::State tiles, int items)
{
    Lengths::run(keys, heads, cuda::constant_iterator<int>(1), lengths, runs, tiles, items);
}

struct Runs {
    using State = cub::ReduceByKeyScanTileState<int, int>;
    static constexpr auto policy =
        detail::current_policy<detail::rle::non_trivial_runs::policy_selector_from_types<int, T>>().lookback;
    using Policy = detail::agent_rle_policy<
        policy.threads_per_block, policy.items_per_thread, policy.load_algorithm, policy.load_modifier,
        policy.store_with_time_slicing, policy.scan_algorithm,
        detail::delay_constructor_t<policy.lookback_delay.kind, policy.lookback_delay.delay,
                                    policy.lookback_delay.l2_write_latency>>;
    using Agent = detail::rle::AgentRle<Policy, const T *, int *, int *, Equal, int, int, None>;
};
// Where runs of two items and more begin, and their lengths.
extern "C" __global__ void find_runs(const T *keys, int *offsets, int *lengths, int *runs, Runs::State tiles, int items)
{
    __shared__ typename Runs::Agent::TempStorage room;
    Runs::Agent(room, keys, offsets, lengths, Equal(), items, None()).ConsumeRange(gridDim.x, tiles, runs);
}

#define SHAPE(policy) (policy).threads_per_block, (policy).items_per_thread
// Threads and items of each kernel's block.
extern "C" __global__ void shapes(int *out)
{
    constexpr auto count = detail::current_policy<CountTuning>();
    constexpr auto three = detail::current_policy<ThreeTuning>();
    const int all[] = {SHAPE(detail::current_policy<ScanTuning>().lookback), SHAPE(detail::current_policy<UniqueTuning>()),
                       SHAPE(detail::current_policy<MergeTuning>()), SHAPE(three.lookback),
                       count.threads_per_block, count.pixels_per_thread, SHAPE(If::policy), SHAPE(Flagged::policy),
                       SHAPE(Unique::policy), SHAPE(Partition::policy), SHAPE(Sums::policy), SHAPE(Lengths::policy),
                       SHAPE(Runs::policy)};
    for (int i = 0; i < sizeof all / 4; i++) out[i] = all[i];
}
