// Blocks of 32 x 8 columns; z between the blocks' loops and the threads', as in the kernel.
void stencil3d(float *restrict out, const float *restrict in, int n)
{
    int plane = n * n;
#pragma omp parallel for collapse(2)
    for (int block_y = 0; block_y < n; block_y += 8) {
        for (int block_x = 0; block_x < n; block_x += 32) {
            int first_x = block_x > 1 ? block_x : 1, first_y = block_y > 1 ? block_y : 1;
            int end_x = block_x + 32 < n - 1 ? block_x + 32 : n - 1, end_y = block_y + 8 < n - 1 ? block_y + 8 : n - 1;
            for (int z = 1; z < n - 1; z++) {
                for (int y = first_y; y < end_y; y++) {
                    for (int x = first_x; x < end_x; x++) {
                        int i = z * plane + y * n + x;
                        out[i] = 0.4f * in[i] + 0.1f * (in[i - plane] + in[i + plane] + in[i - 1] + in[i + 1]
                                                        + in[i - n] + in[i + n]);
                    }
                }
            }
        }
    }
}
