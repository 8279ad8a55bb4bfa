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

#define INFINITY_OF(x) ((x) / 0.0)
#define NAN_OF(x) __longlong_as_double(0x7ff8000000000000ll)

extern "C" __global__ void formats(const char *unused)
{
    if (blockIdx.x || threadIdx.x) return;
    printf("%a|%A|%g|%G|%.3e|%E|%f|%10.2f|%-10.2f|%+.1f\n", 1.5, 0.1, 1e-10, 123456789.0, 3.14159, 1e100, -0.0, 2.5, 2.5, 9.96);
    printf("%o|%X|%#x|%#o|%08x|%llx|%llX|%lx|%hhx|%hx\n", 8, 0xBEEF, 255, 8, 0xabc, 0x123456789abcull, ~0ull, 1ul << 40, 0x1ff, 0x12345);
    printf("%zu|%zd|%jd|%td|%hhd|%hd|%ld|%lli|% d|%5d|%-5d|%05d|%+d\n", sizeof(double), (size_t)7, 1ll << 62, (long)-9, 200, 70000, -5l,
           -(1ll << 62), 3, 42, 42, 42, 0);
    printf("%s|%8s|%-8s|%.2s|%*d|%-*d|%.*f|%c|%3c|%-3c|%s\n", "text", "right", "left", "cut", 6, 12, 4, 34, 3, 1.23456, 'x', 'y', 'z',
           (const char *)nullptr);
    printf("%p %%|%5%|%u|%i|%lu\n", (void *)0xdeadbeef, 4294967295u, -1, 18446744073709551615ul);
    char local[8] = "buffer";
    int inf = printf("%f %f %e %s\n", INFINITY_OF(1.0), -INFINITY_OF(1.0f), NAN_OF(0.0), local);
    printf("%d %d\n", inf, printf("no line end, "));
    bool yes = true; signed char small = -3; unsigned short mid = 65535; float single = 0.1f;
    printf("%d %d %d %.9g\n", yes, small, mid, single);
}
