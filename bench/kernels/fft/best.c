typedef struct {
    float x, y;
} float2;

// Stockham's other order: the innermost loop walks contiguous data with one factor; real and imaginary parts apart.
void fft(float2 *restrict out, const float2 *restrict in, const float2 *restrict twiddle, int blocks)
{
#pragma omp parallel for
    for (int block = 0; block < blocks; block++) {
        float real[2][POINTS], imaginary[2][POINTS];
        int from = 0;
        for (int i = 0; i < POINTS; i++) {
            real[0][i] = in[block * POINTS + i].x;
            imaginary[0][i] = in[block * POINTS + i].y;
        }
        for (int count = POINTS / 2, stride = 1; count > 0; count /= 2, stride *= 2) {
            float *restrict xr = real[from], *restrict xi = imaginary[from];
            float *restrict yr = real[1 - from], *restrict yi = imaginary[1 - from];
            for (int p = 0; p < count; p++) {
                float2 factor = twiddle[p * stride];
#pragma omp simd
                for (int q = 0; q < stride; q++) {
                    float ar = xr[q + stride * p], ai = xi[q + stride * p];
                    float br = xr[q + stride * (p + count)], bi = xi[q + stride * (p + count)];
                    float dr = ar - br, di = ai - bi;
                    yr[q + stride * 2 * p] = ar + br;
                    yi[q + stride * 2 * p] = ai + bi;
                    yr[q + stride * (2 * p + 1)] = dr * factor.x - di * factor.y;
                    yi[q + stride * (2 * p + 1)] = dr * factor.y + di * factor.x;
                }
            }
            from = 1 - from;
        }
        for (int i = 0; i < POINTS; i++)
            out[block * POINTS + i] = (float2){real[from][i], imaginary[from][i]};
    }
}
