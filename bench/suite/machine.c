// What the machine can do at best: bandwidth of four access patterns, and arithmetic in registers.
#include <omp.h>

typedef float f32 __attribute__((vector_size(64)));
typedef double f64 __attribute__((vector_size(64)));
typedef int i32 __attribute__((vector_size(64)));
typedef float vector __attribute__((vector_size(64), aligned(4)));

// kind: 0 read, 1 copy, 2 triad, 3 update. Seconds for `repeats` passes by `threads` threads, each over its own part.
double stream(int kind, float *a, const float *b, const float *c, long n, int repeats, int threads)
{
    double start = 0, end = 0;
    static volatile float sink;
#pragma omp parallel num_threads(threads)
    {
        long first = n * omp_get_thread_num() / threads, last = n * (omp_get_thread_num() + 1) / threads;
        float total = 0;
        for (int repeat = -1; repeat < repeats; repeat++) {
            if (repeat == 0) {
#pragma omp barrier
                if (omp_get_thread_num() == 0)
                    start = omp_get_wtime();
            }
            if (kind == 0) {
                f32 sums[4] = {{0}};
                for (long i = first; i < last - 63; i += 64)
                    for (int j = 0; j < 4; j++)
                        sums[j] += *(const vector *)(b + i + 16 * j);
                sums[0] += sums[1] + sums[2] + sums[3];
                total += sums[0][0];
            } else if (kind == 1) {
#pragma omp simd
                for (long i = first; i < last; i++)
                    a[i] = b[i];
            } else if (kind == 2) {
#pragma omp simd
                for (long i = first; i < last; i++)
                    a[i] = b[i] + 3.0f * c[i];
            } else {
#pragma omp simd
                for (long i = first; i < last; i++)
                    a[i] = a[i] + 0.5f * b[i];
            }
        }
#pragma omp barrier
        if (omp_get_thread_num() == 0)
            end = omp_get_wtime();
        sink = total;
    }
    return end - start;
}

// Chains are variables, not an array: gcc keeps an array in memory.
#define EACH(DO) DO(c0) DO(c1) DO(c2) DO(c3) DO(c4) DO(c5) DO(c6) DO(c7) DO(c8) DO(c9) DO(c10) DO(c11)
#define FUSED(c)                                                                                                   \
    c = c * y + z;                                                                                                 \
    __asm__ volatile("" : "+v"(c));
#define INTEGER(c)                                                                                                 \
    c = (c + y) ^ z;                                                                                               \
    __asm__ volatile("" : "+v"(c));
#define BEGIN(c) c = z;
#define ADD_UP(c) total += c;

#define PEAK(NAME, TYPE, STEP)                                                                                     \
    double NAME(long steps, int threads)                                                                           \
    {                                                                                                              \
        double start = 0, end = 0;                                                                                 \
        static volatile char sink;                                                                                 \
        _Pragma("omp parallel num_threads(threads)")                                                               \
        {                                                                                                          \
            TYPE c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, y, z, total = {0};                              \
            for (int lane = 0; lane < (int)(sizeof(TYPE) / sizeof y[0]); lane++) {                                 \
                y[lane] = 1 + omp_get_thread_num() % 2;                                                            \
                z[lane] = lane;                                                                                    \
            }                                                                                                      \
            EACH(BEGIN)                                                                                            \
            _Pragma("omp barrier")                                                                                 \
            if (omp_get_thread_num() == 0)                                                                         \
                start = omp_get_wtime();                                                                           \
            for (long step = 0; step < steps; step++) {                                                            \
                EACH(STEP)                                                                                         \
            }                                                                                                      \
            _Pragma("omp barrier")                                                                                 \
            if (omp_get_thread_num() == 0)                                                                         \
                end = omp_get_wtime();                                                                             \
            EACH(ADD_UP)                                                                                           \
            sink = *(char *)&total;                                                                                \
        }                                                                                                          \
        return end - start;                                                                                        \
    }

PEAK(peak_f32, f32, FUSED)
PEAK(peak_f64, f64, FUSED)
PEAK(peak_i32, i32, INTEGER)
