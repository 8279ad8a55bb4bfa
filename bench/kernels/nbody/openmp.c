#include <math.h>

typedef struct {
    float x, y, z, w;
} float4;

void nbody(float4 *restrict acceleration, const float4 *restrict body, int n)
{
#pragma omp parallel for
    for (int block = 0; block < n / 128; block++) {
        float4 tile[128];
        float ax[128] = {0}, ay[128] = {0}, az[128] = {0};
        const float4 *me = body + block * 128;
        for (int first = 0; first < n; first += 128) {
            for (int thread = 0; thread < 128; thread++)
                tile[thread] = body[first + thread];
            for (int j = 0; j < 128; j++) {
                for (int thread = 0; thread < 128; thread++) {
                    float dx = tile[j].x - me[thread].x, dy = tile[j].y - me[thread].y, dz = tile[j].z - me[thread].z;
                    float inverse = 1.0f / sqrtf(dx * dx + dy * dy + dz * dz + 1e-3f);
                    float scale = tile[j].w * inverse * inverse * inverse;
                    ax[thread] += dx * scale;
                    ay[thread] += dy * scale;
                    az[thread] += dz * scale;
                }
            }
        }
        for (int thread = 0; thread < 128; thread++)
            acceleration[block * 128 + thread] = (float4){ax[thread], ay[thread], az[thread], 0};
    }
}
