// Blocks that wait for blocks before them: scans in one pass, flags, tickets, locks in the order of arrival.

enum { OPEN = 0, PARTIAL = 1, WHOLE = 2 };

// Sum of the values of all threads before this one, and of all of the block.
static __device__ int scan_block(int value, int *sums, int *total)
{
    int t = threadIdx.x, n = blockDim.x;
    sums[t] = value;
    __syncthreads();
    for (int step = 1; step < n; step *= 2) {
        int before = t >= step ? sums[t - step] : 0;
        __syncthreads();
        sums[t] += before;
        __syncthreads();
    }
    *total = sums[n - 1];
    return sums[t] - value;
}

static __device__ void publish(unsigned long long *state, int tile, int status, int value)
{
    __threadfence();
    atomicExch(state + tile, (unsigned long long)status << 32 | (unsigned)value);
}

// One thread walks back tile by tile.
static __device__ int walk(unsigned long long *state, int tile)
{
    int sum = 0;
    for (int at = tile - 1; at >= 0; at--) {
        unsigned long long seen;
        do
            seen = *(volatile unsigned long long *)(state + at);
        while (seen >> 32 == OPEN);
        sum += (int)seen;
        if (seen >> 32 == WHOLE)
            break;
    }
    return sum;
}

// A warp looks at 32 tiles at a time; lanes before the first tile see a sum of nothing.
static __device__ int look(unsigned long long *state, int tile)
{
    int lane = threadIdx.x % 32, sum = 0;
    for (int first = tile - 1;; first -= 32) {
        int at = first - lane;
        unsigned long long seen = (unsigned long long)WHOLE << 32;
        do
            if (at >= 0)
                seen = *(volatile unsigned long long *)(state + at);
        while (__any_sync(~0u, seen >> 32 == OPEN));
        unsigned whole = __ballot_sync(~0u, seen >> 32 == WHOLE);
        int part = whole == 0 || lane <= __ffs(whole) - 1 ? (int)seen : 0;
        for (int step = 16; step; step /= 2)
            part += __shfl_xor_sync(~0u, part, step);
        sum += part;
        if (whole)
            return sum;
    }
}

template <bool TICKETS, bool WARP>
static __device__ void scan(const int *in, int *out, unsigned long long *state, int *tickets, int count)
{
    extern __shared__ int sums[];
    __shared__ int before, tile;
    if (threadIdx.x == 0)
        tile = TICKETS ? atomicAdd(tickets, 1) : blockIdx.x;
    __syncthreads();
    int i = tile * blockDim.x + threadIdx.x, total, place = scan_block(i < count ? in[i] : 0, sums, &total);
    if (threadIdx.x < (WARP ? 32 : 1)) {
        if (threadIdx.x == 0)
            publish(state, tile, tile ? PARTIAL : WHOLE, total);
        if (tile) {
            int sum = WARP ? look(state, tile) : walk(state, tile);
            if (threadIdx.x == 0) {
                publish(state, tile, WHOLE, sum + total);
                before = sum;
            }
        } else if (threadIdx.x == 0) {
            before = 0;
        }
    }
    __syncthreads();
    if (i < count)
        out[i] = before + place;
}

#define SCAN(name, ...) \
    extern "C" __global__ void name(const int *in, int *out, unsigned long long *state, int *tickets, int count) \
    { scan<__VA_ARGS__>(in, out, state, tickets, count); }
SCAN(scan_walks, false, false)
SCAN(scan_looks, false, true)
SCAN(scan_walks_by_ticket, true, false)
SCAN(scan_looks_by_ticket, true, true)

// Lane t waits for the t-th block that this one needs, whatever order those end in.
extern "C" __global__ void after_earlier(volatile int *results, const int *first, const int *needed)
{
    __shared__ int sum;
    if (threadIdx.x == 0)
        sum = 0;
    __syncthreads();
    for (int k = first[blockIdx.x] + threadIdx.x; k < first[blockIdx.x + 1]; k += blockDim.x) {
        while (results[needed[k]] == 0)
            ;
        atomicAdd(&sum, results[needed[k]]);
    }
    __syncthreads();
    if (threadIdx.x == 0)
        results[blockIdx.x] = sum % 65521 + 1;
}

// A lock that serves in the order of arrival.
extern "C" __global__ void in_turn(int *next, int *serving, long long *cell)
{
    if (threadIdx.x == 0) {
        int mine = atomicAdd(next, 1);
        while (atomicAdd(serving, 0) != mine)
            ;
        __threadfence();
    }
    __syncthreads();
    if (threadIdx.x == blockDim.x - 1)
        *cell = (*cell * 31 + 7) % 1000003;
    __syncthreads();
    if (threadIdx.x == 0) {
        __threadfence();
        atomicAdd(serving, 1);
    }
}

// A status and a double as one access of 16 bytes: whoever sees the status sees the value with it.
struct alignas(16) message {
    unsigned long long status;
    double value;
};

static __device__ void send(message *to, unsigned long long status, double value)
{
    asm volatile("st.relaxed.gpu.global.v2.b64 [%0], {%1, %2};"
                 :: "l"(__cvta_generic_to_global(to)), "l"(status), "l"(__double_as_longlong(value)) : "memory");
}

static __device__ message receive(const message *from)
{
    long long bits;
    message got;
    asm volatile("ld.relaxed.gpu.global.v2.b64 {%0, %1}, [%2];"
                 : "=l"(got.status), "=l"(bits) : "l"(__cvta_generic_to_global(from)) : "memory");
    got.value = __longlong_as_double(bits);
    return got;
}

extern "C" __global__ void scan_doubles(const double *in, double *out, message *state, int count)
{
    __shared__ double sums[256], before;
    int t = threadIdx.x, n = blockDim.x, tile = blockIdx.x, i = tile * n + t;
    double mine = i < count ? in[i] : 0;
    sums[t] = mine;
    __syncthreads();
    for (int step = 1; step < n; step *= 2) {
        double other = t >= step ? sums[t - step] : 0;
        __syncthreads();
        sums[t] += other;
        __syncthreads();
    }
    if (t < 32) {
        if (t == 0)
            send(state + tile, tile ? PARTIAL : WHOLE, sums[n - 1]);
        double sum = 0;
        for (int first = tile - 1; first >= 0; first -= 32) {
            message seen = {WHOLE, 0};
            do
                if (first >= t)
                    seen = receive(state + first - t);
            while (__any_sync(~0u, seen.status == OPEN));
            unsigned whole = __ballot_sync(~0u, seen.status == WHOLE);
            double part = whole == 0 || t <= __ffs(whole) - 1 ? seen.value : 0;
            for (int step = 16; step; step /= 2)
                part += __shfl_xor_sync(~0u, part, step);
            sum += part;
            if (whole)
                break;
        }
        if (t == 0) {
            if (tile)
                send(state + tile, WHOLE, sum + sums[n - 1]);
            before = sum;
        }
    }
    __syncthreads();
    if (i < count)
        out[i] = before + sums[t] - mine;
}

// Odd blocks write pairs that belong together, even ones count those that do not.
template <class Write, class Read>
static __device__ void torn(unsigned long long *cells, int *faults, int rounds, Write write, Read read)
{
    int lane = threadIdx.x % 4;
    for (int k = 1; k <= rounds; k++) {
        unsigned long long a = (unsigned long long)k << 32 | threadIdx.x, b = ~a;
        if (blockIdx.x % 2) {
            write(cells + 2 * lane, a, b);
        } else {
            read(cells + 2 * lane, a, b);
            if (a != ~b)
                atomicAdd(faults, 1);
        }
    }
}
#define TORN(name, order_st, order_ld, form) \
    extern "C" __global__ void name(unsigned long long *cells, int *faults, int rounds) \
    { \
        torn(cells, faults, rounds, \
             [](unsigned long long *to, unsigned long long a, unsigned long long b) { form##_STORE(order_st) }, \
             [](unsigned long long *from, unsigned long long &a, unsigned long long &b) { form##_LOAD(order_ld) }); \
    }
#define LONGS_STORE(order) asm volatile("st." order ".v2.b64 [%0], {%1, %2};" :: "l"(to), "l"(a), "l"(b) : "memory");
#define LONGS_LOAD(order) asm volatile("ld." order ".v2.u64 {%0, %1}, [%2];" : "=l"(a), "=l"(b) : "l"(from) : "memory");
#define WORDS_STORE(order) \
    asm volatile("st." order ".v4.u32 [%0], {%1, %2, %3, %4};" \
                 :: "l"(to), "r"((unsigned)a), "r"((unsigned)(a >> 32)), "r"((unsigned)b), "r"((unsigned)(b >> 32)) \
                 : "memory");
#define WORDS_LOAD(order) \
    unsigned w, x, y, z; \
    asm volatile("ld." order ".v4.b32 {%0, %1, %2, %3}, [%4];" : "=r"(w), "=r"(x), "=r"(y), "=r"(z) : "l"(from) : "memory"); \
    a = (unsigned long long)x << 32 | w; \
    b = (unsigned long long)z << 32 | y;
TORN(relaxed_longs, "relaxed.gpu", "relaxed.sys", LONGS)
TORN(ordered_longs, "release.gpu", "acquire.gpu", LONGS)
TORN(volatile_longs, "volatile", "volatile", LONGS)
TORN(relaxed_words, "relaxed.gpu", "relaxed.gpu", WORDS)

extern "C" __global__ void wait_for(volatile int *flag, int *out)
{
    while (*flag == 0)
        ;
    if (threadIdx.x == 0)
        atomicAdd(out, *flag);
}

extern "C" __global__ void raise(volatile int *flag) { *flag = 3; }

// Each block waits for all after it.
extern "C" __global__ void from_the_end(volatile int *done)
{
    if (threadIdx.x == 0) {
        for (int k = gridDim.x - 1; k > (int)blockIdx.x; k--)
            while (done[k] == 0)
                ;
        done[blockIdx.x] = 1 + blockIdx.x;
    }
}
