static void add_up(float *sums, const float *in, int block, int n)
{
    for (int thread = 0; thread < 256; thread++)
        sums[thread] = 0;
    for (int step = 0; step < STEPS; step++) {
        for (int thread = 0; thread < 256; thread++) {
            int i = block * 256 * STEPS + step * 256 + thread;
            if (i < n)
                sums[thread] += in[i];
        }
    }
}

void reduce_shared(float *partial, const float *in, int n)
{
    int blocks = (n + 256 * STEPS - 1) / (256 * STEPS);
#pragma omp parallel for
    for (int block = 0; block < blocks; block++) {
        float sums[256];
        add_up(sums, in, block, n);
        for (int half = 128; half > 0; half >>= 1)
            for (int thread = 0; thread < half; thread++)
                sums[thread] += sums[thread + half];
        partial[block] = sums[0];
    }
}

void reduce_shuffle(float *partial, const float *in, int n)
{
    int blocks = (n + 256 * STEPS - 1) / (256 * STEPS);
#pragma omp parallel for
    for (int block = 0; block < blocks; block++) {
        float sums[256];
        add_up(sums, in, block, n);
        for (int offset = 16; offset > 0; offset >>= 1)
            for (int warp = 0; warp < 8; warp++)
                for (int lane = 0; lane < offset; lane++)
                    sums[warp * 32 + lane] += sums[warp * 32 + lane + offset];
        float sum = 0;
        for (int warp = 0; warp < 8; warp++)
            sum += sums[warp * 32];
        partial[block] = sum;
    }
}
