void transpose_naive(float *restrict out, const float *restrict in, int n)
{
#pragma omp parallel for collapse(2)
    for (int block_y = 0; block_y < n / 32; block_y++)
        for (int block_x = 0; block_x < n / 32; block_x++)
            for (int y = block_y * 32; y < block_y * 32 + 32; y++)
                for (int x = block_x * 32; x < block_x * 32 + 32; x++)
                    out[x * n + y] = in[y * n + x];
}

void transpose_tiled(float *restrict out, const float *restrict in, int n)
{
#pragma omp parallel for collapse(2)
    for (int block_y = 0; block_y < n / 32; block_y++) {
        for (int block_x = 0; block_x < n / 32; block_x++) {
            float tile[32][32 + PAD];
            for (int y = 0; y < 32; y++)
                for (int x = 0; x < 32; x++)
                    tile[y][x] = in[(block_y * 32 + y) * n + block_x * 32 + x];
            for (int y = 0; y < 32; y++)
                for (int x = 0; x < 32; x++)
                    out[(block_x * 32 + y) * n + block_y * 32 + x] = tile[x][y];
        }
    }
}
