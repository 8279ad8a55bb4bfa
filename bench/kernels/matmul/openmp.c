#if DOUBLE
typedef double REAL;
#else
typedef float REAL;
#endif

// The grid's rows are parallel; k is the outer loop of a row of threads, so that the threads' loop is inner.
void naive(REAL *restrict c, const REAL *restrict a, const REAL *restrict b, int n)
{
#pragma omp parallel for
    for (int row = 0; row < n; row++) {
        for (int first = 0; first < n; first += TILE) {
            REAL sum[TILE] = {0};
            for (int k = 0; k < n; k++)
                for (int x = 0; x < TILE; x++)
                    sum[x] += a[row * n + k] * b[k * n + first + x];
            for (int x = 0; x < TILE; x++)
                c[row * n + first + x] = sum[x];
        }
    }
}

void tiled(REAL *restrict c, const REAL *restrict a, const REAL *restrict b, int n)
{
#pragma omp parallel for collapse(2)
    for (int block_y = 0; block_y < n / TILE; block_y++) {
        for (int block_x = 0; block_x < n / TILE; block_x++) {
            REAL tile_a[TILE][TILE], tile_b[TILE][TILE], sum[TILE][TILE] = {{0}};
            int row = block_y * TILE, column = block_x * TILE;
            for (int first = 0; first < n; first += TILE) {
                for (int y = 0; y < TILE; y++) {
                    for (int x = 0; x < TILE; x++) {
                        tile_a[y][x] = a[(row + y) * n + first + x];
                        tile_b[y][x] = b[(first + y) * n + column + x];
                    }
                }
                for (int y = 0; y < TILE; y++)
                    for (int k = 0; k < TILE; k++)
                        for (int x = 0; x < TILE; x++)
                            sum[y][x] += tile_a[y][k] * tile_b[k][x];
            }
            for (int y = 0; y < TILE; y++)
                for (int x = 0; x < TILE; x++)
                    c[(row + y) * n + column + x] = sum[y][x];
        }
    }
}
