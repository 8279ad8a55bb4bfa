static void steps(int *data, int from, int count, int run, int distance)
{
    for (; distance > 0; distance /= 2) {
        for (int base = from; base < from + count; base += 2 * distance) {
            int ascending = (base & run) == 0;
#pragma GCC ivdep
            for (int i = base; i < base + distance; i++) {
                int here = data[i], there = data[i + distance];
                int low = here < there ? here : there, high = here < there ? there : here;
                data[i] = ascending ? low : high;
                data[i + distance] = ascending ? high : low;
            }
        }
    }
}

enum { CHUNK = 8192 };

// All steps that stay within 8192 elements are done while these are in the cache; no branch in the inner loop.
void bitonic(int *restrict data, const int *restrict from, int n)
{
    int chunk = n < CHUNK ? n : CHUNK;
#pragma omp parallel for
    for (int first = 0; first < n; first += chunk) {
        for (int i = first; i < first + chunk; i++)
            data[i] = from[i];
        for (int run = 2; run <= chunk; run *= 2)
            steps(data, first, chunk, run, run / 2);
    }
    for (int run = 2 * chunk; run <= n; run *= 2) {
        for (int distance = run / 2; distance >= chunk; distance /= 2) {
#pragma omp parallel for collapse(2)
            for (int base = 0; base < n; base += 2 * distance) {
                for (int part = 0; part < distance; part += chunk) {
                    int ascending = (base & run) == 0, *low_half = data + base + part, *high_half = low_half + distance;
#pragma GCC ivdep
                    for (int i = 0; i < chunk; i++) {
                        int here = low_half[i], there = high_half[i];
                        int low = here < there ? here : there, high = here < there ? there : here;
                        low_half[i] = ascending ? low : high;
                        high_half[i] = ascending ? high : low;
                    }
                }
            }
        }
#pragma omp parallel for
        for (int first = 0; first < n; first += chunk)
            steps(data, first, chunk, run, chunk / 2);
    }
}
