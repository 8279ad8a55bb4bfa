void scan(int *out, int *totals, const int *in, int n, int blocks)
{
#pragma omp parallel for
    for (int block = 0; block < blocks; block++) {
        int sums[2][256], from = 0;
        for (int thread = 0; thread < 256; thread++) {
            int i = block * 256 + thread;
            sums[0][thread] = i < n ? in[i] : 0;
        }
        for (int offset = 1; offset < 256; offset <<= 1) {
            for (int thread = 0; thread < offset; thread++)
                sums[1 - from][thread] = sums[from][thread];
            for (int thread = offset; thread < 256; thread++)
                sums[1 - from][thread] = sums[from][thread] + sums[from][thread - offset];
            from = 1 - from;
        }
        for (int thread = 0; thread < 256; thread++)
            if (block * 256 + thread < n)
                out[block * 256 + thread] = sums[from][thread];
        totals[block] = sums[from][255];
    }
    int before = 0;
    for (int block = 0; block < blocks; block++) {
        int value = totals[block];
        totals[block] = before;
        before += value;
    }
#pragma omp parallel for
    for (int block = 0; block < blocks; block++)
        for (int thread = 0; thread < 256; thread++)
            if (block * 256 + thread < n)
                out[block * 256 + thread] += totals[block];
}
