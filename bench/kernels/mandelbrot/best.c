enum { LANES = 32 };

// LANES points at a time until all have left.
void mandelbrot(int *count, int width, int height, int limit)
{
#pragma omp parallel for schedule(dynamic, 8)
    for (int row = 0; row < height; row++) {
        for (int first = 0; first < width; first += LANES) {
            float cx[LANES], x[LANES] = {0}, y[LANES] = {0}, cy = -1.2f + 2.4f * row / height;
            int n[LANES] = {0};
            for (int lane = 0; lane < LANES; lane++)
                cx[lane] = -2.0f + 3.0f * (first + lane) / width;
            for (int i = 0, any = 1; i < limit && any; i++) {
                any = 0;
#pragma omp simd reduction(| : any)
                for (int lane = 0; lane < LANES; lane++) {
                    int in = x[lane] * x[lane] + y[lane] * y[lane] < 4.0f;
                    float next = x[lane] * x[lane] - y[lane] * y[lane] + cx[lane];
                    y[lane] = in ? 2 * x[lane] * y[lane] + cy : y[lane];
                    x[lane] = in ? next : x[lane];
                    n[lane] += in;
                    any |= in;
                }
            }
            for (int lane = 0; lane < LANES && first + lane < width; lane++)
                count[row * width + first + lane] = n[lane];
        }
    }
}
