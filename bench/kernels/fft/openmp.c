typedef struct {
    float x, y;
} float2;

void fft(float2 *restrict out, const float2 *restrict in, const float2 *restrict twiddle, int blocks)
{
#pragma omp parallel for
    for (int block = 0; block < blocks; block++) {
        float2 data[2][POINTS];
        int from = 0;
        for (int i = 0; i < POINTS; i++)
            data[0][i] = in[block * POINTS + i];
        for (int length = 1; length < POINTS; length <<= 1) {
            float2 *restrict source = data[from], *restrict target = data[1 - from];
            for (int thread = 0; thread < POINTS / 2; thread++) {
                int place = thread & (length - 1), to = 2 * thread - place;
                float2 factor = twiddle[place * (POINTS / 2 / length)];
                float2 a = source[thread], b = source[thread + POINTS / 2];
                float2 turned = {b.x * factor.x - b.y * factor.y, b.x * factor.y + b.y * factor.x};
                target[to] = (float2){a.x + turned.x, a.y + turned.y};
                target[to + length] = (float2){a.x - turned.x, a.y - turned.y};
            }
            from = 1 - from;
        }
        for (int i = 0; i < POINTS; i++)
            out[block * POINTS + i] = data[from][i];
    }
}
