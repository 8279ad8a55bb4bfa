void stencil2d(float *restrict out, const float *restrict in, int width, int height)
{
#pragma omp parallel for
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            int i = y * width + x;
            if (x == 0 || y == 0 || x == width - 1 || y == height - 1)
                out[i] = in[i];
            else
                out[i] = 0.5f * in[i] + 0.125f * (in[i - 1] + in[i + 1] + in[i - width] + in[i + width]);
        }
    }
}
