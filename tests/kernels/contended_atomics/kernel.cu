// Lanes that add to one address get their numbers in turn; 16 bytes change at once; orders and scopes by argument.
extern "C" __global__ void tickets(const int *in, unsigned *next, int *order, unsigned long long *sums, int *left,
                                   unsigned *odd)
{
    __shared__ unsigned local;
    int i = blockIdx.x * blockDim.x + threadIdx.x, v = in[i];
    if (threadIdx.x == 0) local = 0;
    __syncthreads();
    order[atomicAdd(next, 1u)] = i;                            // every number once
    unsigned long long before = atomicAdd(sums, (unsigned long long)(unsigned)v);
    atomicAdd(sums + 1, before == 0);                          // with positive values exactly one thread is first
    int taken = atomicSub(left, v);
    atomicMin(left + 1, taken - v);                            // the last one leaves the least
    if (v & 1) odd[blockIdx.x * blockDim.x + atomicAdd(&local, 1u)] = v;
    atomicAdd(left + 2, (int)atomicAdd_block(&local, 0u) >= 0);
}

struct __align__(16) Pair { unsigned long long count, sum; };

extern "C" __global__ void wide_pairs(const unsigned *in, Pair *total, Pair *chain, unsigned long long *returned)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    Pair seen = {0, 0}, before, next;
    do {
        before = seen;
        next.count = before.count + 1;
        next.sum = before.sum + in[i];
        seen = atomicCAS(total, before, next);
    } while (seen.count != before.count || seen.sum != before.sum);
    Pair mine = {(unsigned long long)i + 1, ~(unsigned long long)i};
    Pair old = atomicExch(chain, mine);
    atomicAdd(returned, old.count);
    atomicAdd(returned + 1, old.count ? (old.sum != ~(old.count - 1)) : 0ull); // never half of each
}

extern "C" __global__ void ordered(const int *in, int *cells, float *sum, unsigned short *bits)
{
    __shared__ int slots[4];
    int v = in[blockIdx.x * blockDim.x + threadIdx.x];
    if (threadIdx.x < 4) slots[threadIdx.x] = 0;
    __syncthreads();
    __nv_atomic_fetch_add(&cells[0], v, __NV_ATOMIC_RELAXED, __NV_THREAD_SCOPE_DEVICE);
    __nv_atomic_add(&cells[1], 1, __NV_ATOMIC_SEQ_CST);
    __nv_atomic_max(&cells[2], v, __NV_ATOMIC_ACQ_REL, __NV_THREAD_SCOPE_SYSTEM);
    __nv_atomic_fetch_min(&cells[3], v, __NV_ATOMIC_RELEASE);
    __nv_atomic_or(&cells[4], v & 0xff, __NV_ATOMIC_RELAXED);
    __nv_atomic_xor(&cells[5], v, __NV_ATOMIC_RELAXED, __NV_THREAD_SCOPE_BLOCK);
    __nv_atomic_fetch_add(sum, 0.5f, __NV_ATOMIC_RELAXED);
    int expected = __nv_atomic_load_n(&cells[6], __NV_ATOMIC_ACQUIRE);
    while (!__nv_atomic_compare_exchange_n(&cells[6], &expected, expected + 2, true, __NV_ATOMIC_ACQ_REL,
                                           __NV_ATOMIC_RELAXED)) {}
    int one = 1, was;
    __nv_atomic_exchange(&slots[v & 3], &one, &was, __NV_ATOMIC_RELAXED, __NV_THREAD_SCOPE_BLOCK);
    unsigned short old = bits[0], seen;
    do {
        seen = old;
        old = atomicCAS(bits, seen, (unsigned short)(seen + 3));
    } while (old != seen);
    __syncthreads();
    int held = 0, wanted = 0;                                  // a compare-and-swap in shared memory
    while ((held = atomicCAS(&slots[0], wanted, wanted + 5)) != wanted) wanted = held;
    __syncthreads();
    if (threadIdx.x == 0) __nv_atomic_store_n(&cells[8 + blockIdx.x], slots[0], __NV_ATOMIC_RELEASE);
    __nv_atomic_thread_fence(__NV_ATOMIC_SEQ_CST, __NV_THREAD_SCOPE_SYSTEM);
}
