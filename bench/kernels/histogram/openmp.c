// A block's shared bins belong to one thread here: the atomic that its loop needs is none.
void histogram_shared(unsigned *bins, const unsigned char *in, int n)
{
    for (int bin = 0; bin < 256; bin++)
        bins[bin] = 0;
#pragma omp parallel for
    for (int block = 0; block < BLOCKS; block++) {
        unsigned counts[256] = {0};
        for (int first = block * 256; first < n; first += BLOCKS * 256)
            for (int thread = 0; thread < 256; thread++)
                if (first + thread < n)
                    counts[in[first + thread]]++;
        for (int bin = 0; bin < 256; bin++) {
#pragma omp atomic
            bins[bin] += counts[bin];
        }
    }
}

void histogram_global(unsigned *bins, const unsigned char *in, int n)
{
    for (int bin = 0; bin < 256; bin++)
        bins[bin] = 0;
#pragma omp parallel for
    for (int i = 0; i < n; i++) {
#pragma omp atomic
        bins[in[i]]++;
    }
}
