// Whole rows, planes in order: the three planes in use stay in the cache.
void stencil3d(float *restrict out, const float *restrict in, int n)
{
    int plane = n * n;
#pragma omp parallel for
    for (int z = 1; z < n - 1; z++) {
        for (int y = 1; y < n - 1; y++) {
#pragma omp simd
            for (int x = 1; x < n - 1; x++) {
                int i = z * plane + y * n + x;
                out[i] = 0.4f * in[i] + 0.1f * (in[i - plane] + in[i + plane] + in[i - 1] + in[i + 1] + in[i - n]
                                                + in[i + n]);
            }
        }
    }
}
