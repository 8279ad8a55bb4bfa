#include <string.h>

// Four private copies for each thread, so that equal neighbours do not wait for each other.
static void histogram(unsigned *bins, const unsigned char *in, int n)
{
    memset(bins, 0, 256 * sizeof *bins);
#pragma omp parallel
    {
        unsigned counts[4][256];
        memset(counts, 0, sizeof counts);
#pragma omp for nowait
        for (int i = 0; i < n / 4; i++)
            for (int j = 0; j < 4; j++)
                counts[j][in[4 * i + j]]++;
#pragma omp single nowait
        for (int i = n / 4 * 4; i < n; i++)
            counts[0][in[i]]++;
#pragma omp critical
        for (int bin = 0; bin < 256; bin++)
            bins[bin] += counts[0][bin] + counts[1][bin] + counts[2][bin] + counts[3][bin];
    }
}

void histogram_shared(unsigned *bins, const unsigned char *in, int n)
{
    histogram(bins, in, n);
}

void histogram_global(unsigned *bins, const unsigned char *in, int n)
{
    histogram(bins, in, n);
}
