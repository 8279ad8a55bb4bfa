__device__ __noinline__ int ackermann(int m, int n)
{
    if (m == 0)
        return n + 1;
    return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

__device__ __noinline__ bool is_odd(unsigned n);
__device__ __noinline__ bool is_even(unsigned n) { return n == 0 ? true : is_odd(n - 1); }
__device__ __noinline__ bool is_odd(unsigned n) { return n == 0 ? false : is_even(n - 1); }

__device__ __noinline__ void quicksort(int *data, int low, int high)
{
    if (low >= high)
        return;
    int pivot = data[(low + high) / 2], i = low, j = high;
    while (i <= j) {
        while (data[i] < pivot)
            ++i;
        while (data[j] > pivot)
            --j;
        if (i <= j) {
            int other = data[i];
            data[i++] = data[j];
            data[j--] = other;
        }
    }
    quicksort(data, low, j);
    quicksort(data, i, high);
}

extern "C" __global__ void recursive(int *a, int *parity, int *data)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    a[i] = ackermann(2, i % 5);
    parity[i] = is_even(i % 13) ? 1 : 0;
    quicksort(data + i * 20, 0, 19);
}
