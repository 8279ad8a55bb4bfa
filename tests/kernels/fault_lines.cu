// Each kernel goes wrong at the line that ends in "wrong", in the thread that test_fault_lines.py names.
// `far` is an offset that leads outside of every allocation.
#include <cuda_fp16.h>
#include <cooperative_groups.h>
__device__ float take(const float *from, long place)
{
    return from[place] * 2;                               // taken
}
__device__ __noinline__ long deep(float *out, long n)
{
    volatile float frame[200];                            // too deep
    frame[n & 63] = n;
    return n <= 0 ? 0 : 1 + deep(out, n - 1) + frame[3];
}
__device__ __noinline__ void write(float *out, long place)
{
    out[place] = 1;                                       // wrong through_a_pointer
}
__device__ void (*writers[2])(float *, long) = {write, write};
struct large { float values[64]; };

extern "C" __global__ void store(float *out, long n, long far)
{
    long i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        out[far + i] = 1;                                 // wrong store
}
extern "C" __global__ void load_by_one(float *out, long n, long far)
{
    float v = out[threadIdx.x] + 1;
    if (threadIdx.x == 37)
        v += out[far];                                    // wrong load_by_one
    out[threadIdx.x] = v;
}
extern "C" __global__ void gather_in_a_loop(float *out, long n, long far)
{
    float sum = 0;
    for (int i = 0; i < threadIdx.x * 7 % 5; i++)
        sum += out[(long)out[i * 3] + i * far];           // wrong gather_in_a_loop
    out[threadIdx.x] = sum;
}
extern "C" __global__ void after_a_barrier(float *out, long n, long far)
{
    __shared__ float tile[64];
    tile[threadIdx.x] = out[threadIdx.x];
    __syncthreads();
    out[(threadIdx.x >= 32 ? far : 0) + (long)tile[63 - threadIdx.x] + threadIdx.x] = 3;   // wrong after_a_barrier
}
extern "C" __global__ void in_a_function(float *out, long n, long far)
{
    float v = take(out, threadIdx.x);
    out[threadIdx.x] = v;
    if (threadIdx.x == 3)
        asm volatile("" ::: "memory");
    out[threadIdx.x] = take(out, far);
}
extern "C" __global__ void atomic(float *out, long n, long far)
{
    if (threadIdx.x == 40)
        atomicAdd(&out[far], 1.0f);                       // wrong atomic
}
extern "C" __global__ void atomic_of_a_header(float *out, long n, long far)
{
    __half2 v = *(__half2 *)(out + threadIdx.x);
    atomicAdd((__half2 *)out + far + threadIdx.x, v);     // wrong atomic_of_a_header
}
extern "C" __global__ void copy(float *out, long n, long far)
{
    if (threadIdx.x == 33)
        *(large *)(out + far) = *(large *)out;            // wrong copy
    out[threadIdx.x] = 1;
}
extern "C" __global__ void copy_of_any_size(float *out, long n, long far)
{
    memcpy(out + far, out, n);                            // wrong copy_of_any_size
}
extern "C" __global__ void bad_pointer(float *out, long n, long far)
{
    void (*wild)(float *) = (void (*)(float *))(n + 64 * (threadIdx.x == 7));
    if (threadIdx.x == 7)
        wild(out);                                        // wrong bad_pointer
    out[threadIdx.x] = 1;
}
extern "C" __global__ void through_a_pointer(float *out, long n, long far)
{
    writers[n & 1](out, threadIdx.x == 9 ? far : threadIdx.x);
}
extern "C" __global__ void recursion(float *out, long n, long far)
{
    out[threadIdx.x] = deep(out, far);
}
extern "C" __global__ void trap(float *out, long n, long far)
{
    if (threadIdx.x == 33)
        __trap();                                         // wrong trap
    out[threadIdx.x] = 1;
}
extern "C" __global__ void assertion(float *out, long n, long far)
{
    out[threadIdx.x] = 1;
    if (threadIdx.x > 30)
        assert(threadIdx.x == 3);                         // wrong assertion
}
extern "C" __global__ void lane_by_lane(float *out, long n, long far)
{
    namespace cg = cooperative_groups;
    float v = out[threadIdx.x];
    for (int i = threadIdx.x; i < 64; i += 1 + (i & 3))
        v = v * 0.5f + i;
    out[threadIdx.x] = cg::this_thread_block().thread_rank() == 50 ? out[far] : v;   // wrong lane_by_lane
}
