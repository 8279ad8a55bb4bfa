// Barriers, pipelines, latches, semaphores and atomics of CUDA's C++ library.
#include <cooperative_groups.h>
#include <cuda/atomic>
#include <cuda/barrier>
#include <cuda/latch>
#include <cuda/pipeline>
#include <cuda/semaphore>
namespace cg = cooperative_groups;
using Barrier = cuda::barrier<cuda::thread_scope_block>;

// Each round every thread reads what its neighbour wrote; arrival and wait are apart.
extern "C" __global__ void rotations(int *data, int count)
{
    __shared__ int buffer[2][256];
    #pragma nv_diag_suppress static_var_with_dynamic_init
    __shared__ Barrier barrier;
    if (threadIdx.x == 0) init(&barrier, blockDim.x);
    __syncthreads();
    int value = data[blockIdx.x * blockDim.x + threadIdx.x];
    for (int k = 0; k < count; k++) {
        buffer[k & 1][threadIdx.x] = value;
        auto token = barrier.arrive();
        value = 3 * value + k;
        barrier.wait(cuda::std::move(token));
        value += buffer[k & 1][(threadIdx.x + 1) % blockDim.x];
    }
    barrier.arrive_and_wait();
    data[blockIdx.x * blockDim.x + threadIdx.x] = value;
}

// The first warp fills buffers that the others empty.
extern "C" __global__ void producer_consumer(const int *in, int *out, int rounds)
{
    __shared__ Barrier full[2], empty[2];
    __shared__ int buffer[2][32];
    if (threadIdx.x < 2) {
        init(&full[threadIdx.x], blockDim.x);
        init(&empty[threadIdx.x], blockDim.x);
    }
    __syncthreads();
    const int consumers = blockDim.x / 32 - 1;
    if (threadIdx.x < 32) {
        for (int k = 0; k < rounds; k++) {
            if (k >= 2) empty[k & 1].arrive_and_wait();
            buffer[k & 1][threadIdx.x] = in[k * 32 + threadIdx.x];
            (void)full[k & 1].arrive();
        }
    } else {
        int sum = 0;
        for (int k = 0; k < rounds; k++) {
            full[k & 1].arrive_and_wait();
            sum += buffer[k & 1][threadIdx.x % 32] * (threadIdx.x / 32);
            if (k + 2 < rounds) (void)empty[k & 1].arrive();
        }
        out[(blockIdx.x * consumers + threadIdx.x / 32 - 1) * 32 + threadIdx.x % 32] = sum;
    }
}

extern "C" __global__ void copied(const int *in, int *out, int count)
{
    extern __shared__ int buffer[];
    __shared__ Barrier barrier;
    auto block = cg::this_thread_block();
    if (block.thread_rank() == 0) init(&barrier, block.size());
    block.sync();
    cuda::memcpy_async(block, buffer, in + blockIdx.x * count, sizeof(int) * count, barrier);
    barrier.arrive_and_wait();
    for (int i = threadIdx.x; i < count; i += blockDim.x) out[blockIdx.x * count + i] = buffer[count - 1 - i];
}

// Two stages: the next part is on its way while this one is summed.
extern "C" __global__ void pipelined(const int *in, int *out, int parts)
{
    constexpr unsigned stages = 2;
    __shared__ int buffer[stages][128];
    __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, stages> state;
    auto block = cg::this_thread_block();
    auto pipe = cuda::make_pipeline(block, &state);
    int sum = 0, ahead = 0;
    for (int part = 0; part < parts; part++) {
        for (; ahead < parts && ahead < part + (int)stages; ahead++) {
            pipe.producer_acquire();
            cuda::memcpy_async(block, buffer[ahead % stages], in + (blockIdx.x * parts + ahead) * 128,
                               sizeof(int) * 128, pipe);
            pipe.producer_commit();
        }
        pipe.consumer_wait();
        sum += buffer[part % stages][127 - threadIdx.x] * (part + 1);
        pipe.consumer_release();
    }
    out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

extern "C" __global__ void own_pipelines(const int *in, int *out, int count)
{
    __shared__ int buffer[128];
    auto pipe = cuda::make_pipeline();
    int i = blockIdx.x * blockDim.x + threadIdx.x, sum = 0;
    for (int k = 0; k < count; k++) {
        pipe.producer_acquire();
        cuda::memcpy_async(&buffer[threadIdx.x], &in[i * count + k], sizeof(int), pipe);
        pipe.producer_commit();
        cuda::pipeline_consumer_wait_prior<0>(pipe);
        sum = sum * 3 + buffer[threadIdx.x];
        pipe.consumer_release();
    }
    out[i] = sum;
}

extern "C" __global__ void atomics(const int *in, int *out, double *total, unsigned long long *wide)
{
    int value = in[blockIdx.x * blockDim.x + threadIdx.x];
    cuda::atomic_ref<int, cuda::thread_scope_device> sum(out[0]), most(out[1]), least(out[2]), bits(out[3]), last(out[4]);
    sum.fetch_add(value, cuda::memory_order_relaxed);
    most.fetch_max(value);
    least.fetch_min(value);
    bits.fetch_xor(value, cuda::memory_order_acq_rel);
    int seen = last.load();
    while (!last.compare_exchange_weak(seen, seen + 2 * value, cuda::memory_order_release)) {}
    cuda::atomic_ref<double, cuda::thread_scope_system>(*total).fetch_add(value * 0.5);
    reinterpret_cast<cuda::atomic<unsigned long long, cuda::thread_scope_device> *>(wide)->fetch_add(1ull << 33);
    __shared__ cuda::atomic<int, cuda::thread_scope_block> count;
    if (threadIdx.x == 0) new (&count) cuda::atomic<int, cuda::thread_scope_block>(0);
    __syncthreads();
    count++;
    __syncthreads();
    if (threadIdx.x == 0) out[5 + blockIdx.x] = count.load(cuda::memory_order_acquire);
}

// One thread of each block at a time is between acquire and release; all wait for the latch.
extern "C" __global__ void guarded(int *out)
{
    __shared__ cuda::binary_semaphore<cuda::thread_scope_block> *one;
    __shared__ __align__(16) char room[sizeof(*one)], place[sizeof(cuda::latch<cuda::thread_scope_block>)];
    __shared__ int inside;
    auto latch = reinterpret_cast<cuda::latch<cuda::thread_scope_block> *>(place);
    if (threadIdx.x == 0) {
        one = new (room) cuda::binary_semaphore<cuda::thread_scope_block>(1);
        new (latch) cuda::latch<cuda::thread_scope_block>(blockDim.x / 32);
        inside = 0;
    }
    __syncthreads();
    if (threadIdx.x % 32 == 0) {
        one->acquire();
        int before = *(volatile int *)&inside;
        __nanosleep(20);
        *(volatile int *)&inside = before + 1;
        one->release();
        latch->arrive_and_wait();
        out[blockIdx.x * blockDim.x / 32 + threadIdx.x / 32] = *(volatile int *)&inside;
    }
}
