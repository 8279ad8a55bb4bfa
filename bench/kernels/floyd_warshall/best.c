enum { SIDE = 64 };

static void relax(int *c, const int *a, const int *b, int n, int rows, int columns, int depth)
{
    for (int k = 0; k < depth; k++) {
        for (int i = 0; i < rows; i++) {
            int left = a[i * n + k];
#pragma GCC ivdep
            for (int j = 0; j < columns; j++) {
                int through = left + b[k * n + j];
                c[i * n + j] = through < c[i * n + j] ? through : c[i * n + j];
            }
        }
    }
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

// Blocked: the diagonal block, then its row and column, then all others.
void floyd_warshall(int *d, const int *from, int n)
{
#pragma omp parallel for
    for (int i = 0; i < n * n; i++)
        d[i] = from[i];
    for (int k = 0; k < n; k += SIDE) {
        int depth = least(SIDE, n - k);
        relax(d + k * n + k, d + k * n + k, d + k * n + k, n, depth, depth, depth);
#pragma omp parallel for
        for (int i = 0; i < n; i += SIDE) {
            if (i != k) {
                relax(d + k * n + i, d + k * n + k, d + k * n + i, n, depth, least(SIDE, n - i), depth);
                relax(d + i * n + k, d + i * n + k, d + k * n + k, n, least(SIDE, n - i), depth, depth);
            }
        }
#pragma omp parallel for collapse(2)
        for (int i = 0; i < n; i += SIDE)
            for (int j = 0; j < n; j += SIDE)
                if (i != k && j != k)
                    relax(d + i * n + j, d + i * n + k, d + k * n + j, n, least(SIDE, n - i), least(SIDE, n - j),
                          depth);
    }
}
