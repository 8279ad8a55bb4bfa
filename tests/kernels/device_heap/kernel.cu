// The heap of the device: malloc, new, free and delete in every thread; memory that another thread frees; exhaustion.
struct Node { int value; Node *next; };
struct Counter {
    static __device__ int *alive;
    int held;
    __device__ Counter(int v) : held(v) { atomicAdd(alive, 1); }
    __device__ ~Counter() { atomicSub(alive, 1); }
};
__device__ int *Counter::alive;

extern "C" __global__ void lists(const int *lengths, long long *sums)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    Node *first = nullptr;
    for (int k = 0; k < lengths[i]; k++) {
        Node *node = (Node *)malloc(sizeof(Node));
        node->value = k * i;
        node->next = first;
        first = node;
    }
    long long sum = 0;
    while (first) {
        Node *next = first->next;
        sum += first->value;
        free(first);
        first = next;
    }
    sums[i] = sum;
}

extern "C" __global__ void objects(int *out, int *alive)
{
    __shared__ Counter *made;
    __shared__ float *scratch;
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    Counter::alive = alive;
    if (threadIdx.x == 0) {
        made = new Counter(blockIdx.x + 5);
        scratch = new float[blockDim.x];
        memset(scratch, 0, blockDim.x * sizeof(float));
    }
    __syncthreads();
    scratch[threadIdx.x] += threadIdx.x + made->held;
    __syncthreads();
    float copy[2];
    memcpy(copy, scratch + threadIdx.x / 2, sizeof(float));
    memmove(copy + 1, scratch + blockDim.x - 1, sizeof(float));
    int *few = (int *)__builtin_alloca((i % 3 + 1) * sizeof(int));
    for (int k = 0; k <= i % 3; k++) few[k] = k + i;
    out[i] = (int)(copy[0] + copy[1]) + few[i % 3];
    __syncthreads();
    if (threadIdx.x == blockDim.x - 1) {
        delete made;
        delete[] scratch;
    }
}

extern "C" __global__ void exhausted(int *counts)
{
    if (blockIdx.x || threadIdx.x) return;
    for (int round = 0; round < 2; round++) {
        void *first = nullptr;
        int count = 0;
        while (void **block = (void **)malloc(600000)) {
            *block = first;
            first = block;
            if (++count > 1000) break;
        }
        counts[round] = count;
        while (first) {
            void *next = *(void **)first;
            free(first);
            first = next;
        }
    }
    void *volatile none = malloc(1ull << 40); // volatile: compilers leave out memory that nobody uses
    counts[2] = none == nullptr;
    none = malloc(0);
    counts[3] = none == nullptr;
    free(nullptr);
}
