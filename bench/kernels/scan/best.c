#include <omp.h>

// Two passes over runs of the array, one run for each thread.
void scan(int *out, int *totals, const int *in, int n, int blocks)
{
    (void)blocks;
#pragma omp parallel
    {
        int threads = omp_get_num_threads(), thread = omp_get_thread_num();
        int first = (long long)n * thread / threads, end = (long long)n * (thread + 1) / threads, sum = 0;
        for (int i = first; i < end; i++)
            sum += in[i];
        totals[thread] = sum;
#pragma omp barrier
        sum = 0;
        for (int i = 0; i < thread; i++)
            sum += totals[i];
        for (int i = first; i < end; i++)
            out[i] = sum += in[i];
    }
}
