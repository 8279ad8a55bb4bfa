#include <math.h>
#include <stdlib.h>

typedef struct {
    float x, y, z, w;
} float4;

// Coordinates apart; 32 bodies' sums stay in registers; -ffast-math takes the processor's reciprocal square root.
void nbody(float4 *restrict acceleration, const float4 *restrict body, int n)
{
#pragma omp parallel for
    for (int first = 0; first < n; first += 32) {
        float x[32], y[32], z[32], ax[32] = {0}, ay[32] = {0}, az[32] = {0};
        for (int i = 0; i < 32; i++) {
            x[i] = body[first + i].x;
            y[i] = body[first + i].y;
            z[i] = body[first + i].z;
        }
        for (int j = 0; j < n; j++) {
            float4 other = body[j];
#pragma omp simd
            for (int i = 0; i < 32; i++) {
                float dx = other.x - x[i], dy = other.y - y[i], dz = other.z - z[i];
                float inverse = 1.0f / sqrtf(dx * dx + dy * dy + dz * dz + 1e-3f);
                float scale = other.w * inverse * inverse * inverse;
                ax[i] += dx * scale;
                ay[i] += dy * scale;
                az[i] += dz * scale;
            }
        }
        for (int i = 0; i < 32; i++)
            acceleration[first + i] = (float4){ax[i], ay[i], az[i], 0};
    }
}
