// Loops that wait for other threads, as public programs have them.

// Blocks in a row: thread 0 of each waits for the block before.
extern "C" __global__ void blocks_in_a_row(int *flags, int *out)
{
    __shared__ int sum;
    if (threadIdx.x == 0) {
        int before;
        while ((before = atomicAdd(&flags[blockIdx.x], 0)) == 0)
            ;
        atomicAdd(&flags[blockIdx.x + 1], before + (int)blockDim.x);
        sum = before;
    }
    __syncthreads();
    out[blockIdx.x * blockDim.x + threadIdx.x] = sum + threadIdx.x;
}

// One thread of the block takes a lock for all of them.
extern "C" __global__ void lock_for_the_block(int *lock, int *cells, int cell_count)
{
    if (threadIdx.x == 0)
        while (atomicCAS(lock, 0, 1))
            ;
    __syncthreads();
    for (int k = threadIdx.x; k < cell_count; k += blockDim.x) {
        volatile int *cell = cells + k;
        *cell = *cell * 3 + 1;
    }
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0)
        atomicExch(lock, 0);
}

struct pair {
    unsigned key, value;
};

extern "C" __global__ void hash_insert(struct pair *table, unsigned capacity, const unsigned *keys, unsigned count)
{
    unsigned at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at < count) {
        unsigned key = keys[at], slot = key * 2654435761u % capacity;
        while (true) {
            unsigned found = atomicCAS(&table[slot].key, 0xffffffffu, key);
            if (found == 0xffffffffu || found == key) {
                atomicMax(&table[slot].value, at + 1);
                return;
            }
            slot = (slot + 1) % capacity;
        }
    }
}

// A histogram for each warp without atomics: a lane tags what it writes, and tries again when another's stayed.
extern "C" __global__ void tagged_histogram(const unsigned char *data, int count, unsigned *out)
{
    __shared__ volatile unsigned bins[32][256];
    unsigned warp = threadIdx.x / 32, tag = threadIdx.x << 27;
    for (int k = threadIdx.x; k < 32 * 256; k += blockDim.x)
        bins[k / 256][k % 256] = 0;
    __syncthreads();
    for (int k = blockIdx.x * blockDim.x + threadIdx.x; k < count; k += blockDim.x * gridDim.x) {
        volatile unsigned *bin = &bins[warp][data[k]];
        unsigned wanted;
        do {
            wanted = tag | ((*bin & 0x07ffffffu) + 1);
            *bin = wanted;
        } while (*bin != wanted);
    }
    __syncthreads();
    for (int k = threadIdx.x; k < 256; k += blockDim.x) {
        unsigned sum = 0;
        for (unsigned other = 0; other < (blockDim.x + 31) / 32; other++)
            sum += bins[other][k] & 0x07ffffffu;
        atomicAdd(out + k, sum);
    }
}

// Each thread decides when all with a lower number among its neighbours have, lanes of its own warp too.
extern "C" __global__ void lower_neighbours_first(volatile int *state, const int *first, const int *neighbour, int count)
{
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    bool missing = at < count;
    while (missing) {
        int sum = 1;
        bool ready = true;
        for (int k = first[at]; ready && k < first[at + 1]; k++) {
            int other = state[neighbour[k]];
            ready = other != 0;
            sum = (sum + other) % 65521;
        }
        if (ready) {
            state[at] = sum + 1;
            missing = false;
        }
    }
}

// ---- loops that a gang must not run: what they wait for is for lanes of the same warp to do ----
extern "C" __global__ void other_half_gives(int *out)
{
    __shared__ volatile int given;
    if (threadIdx.x == 0)
        given = 0;
    __syncthreads();
    if (threadIdx.x < 16) {
        while (given == 0)
            ;
        out[threadIdx.x] = given;
    } else {
        if (threadIdx.x == 20)
            given = 7;
        out[threadIdx.x] = 1;
    }
}

extern "C" __global__ void one_waits_for_the_rest(int *out)
{
    __shared__ int count;
    if (threadIdx.x == 0)
        count = 0;
    __syncthreads();
    if (threadIdx.x == 3)
        while (atomicAdd(&count, 0) != (int)blockDim.x - 1)
            ;
    else
        atomicAdd(&count, 1);
    __syncthreads();
    out[threadIdx.x] = count;
}

extern "C" __global__ void slots_of_a_pool(int *pool, int slot_count, int *out, int rounds)
{
    int slot = threadIdx.x % slot_count;
    for (int k = 0; k < rounds; k++) {
        while (atomicCAS(&pool[slot], 0, 1) != 0)
            slot = (slot + 1) % slot_count;
        volatile int *cell = out + slot;
        *cell = *cell + 1;
        __threadfence();
        atomicExch(&pool[slot], 0);
    }
}

// ---- a function that the kernel knows by an argument only, with a loop that looks as if it waited ----
typedef void (*visit)(int *, int);

static __device__ void look_and_count(int *out, int at)
{
    for (int k = 0; k < 300; k++)
        if (*(volatile int *)(out + at) == -1)
            return;
    atomicAdd(out + at, 1);
}
__device__ visit chosen = look_and_count;

extern "C" __global__ void tell(visit *to) { *to = chosen; }

extern "C" __global__ void visits(visit given, int *out) { given(out, blockIdx.x); }
