#ifndef __CUDACC_RTC__
#include <cstdio>
#endif

extern "C" __global__ void report(int base)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    printf("thread %d of block %u: %5.2f %s %c %lld %x %%\n", base + i, blockIdx.x, i * 0.5, i % 2 ? "odd" : "even",
           'a' + i % 26, (long long)i << 33, i * 17);
    if (i == 0) {
        float f = 1.5f;
        printf("%e|%-6d|%+d|%06.3f|%u|%hd|%lu\n", 12345.678, 42, 7, f, 4000000000u, (short)-3, 18446744073709551615ul);
        int written = printf("plain\n");
        printf("%d\n", written);
    }
}
