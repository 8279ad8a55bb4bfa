void triad(float *a, const float *b, const float *c, float scale, int n)
{
#pragma omp parallel for
    for (int i = 0; i < n; i++)
        a[i] = b[i] + scale * c[i];
}
