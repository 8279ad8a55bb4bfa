// Compiled with -ffast-math: the compiler keeps as many vector sums as it likes.
static void reduce(float *partial, const float *in, int n)
{
    int blocks = (n + 256 * STEPS - 1) / (256 * STEPS);
#pragma omp parallel for
    for (int block = 0; block < blocks; block++) {
        int first = block * 256 * STEPS, end = first + 256 * STEPS < n ? first + 256 * STEPS : n;
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int i = first; i < end; i++)
            sum += in[i];
        partial[block] = sum;
    }
}

void reduce_shared(float *partial, const float *in, int n)
{
    reduce(partial, in, n);
}

void reduce_shuffle(float *partial, const float *in, int n)
{
    reduce(partial, in, n);
}
