/* sqrt, rsqrt, cbrt, rcbrt, and norms of two to four components. */
#include "base.h"

/* x^(-1/3) on [1, 2], relative: error 2^-17.4 */
static const double RCBRT[] = {
    0x1.c7f34a237ffefp+0, -0x1.90e6e18777954p+0, 0x1.3e6834b7d0d52p+0, -0x1.321baa0e44ecp-1, 0x1.3fa1781adb847p-3,
    -0x1.16d5f2b13a6fap-6};

CPL_MATH(float, sqrtf, float x) { return __builtin_sqrtf(x); }
CPL_MATH(double, sqrt, double x) { return __builtin_sqrt(x); }
CPL_MATH(float, fsqrt_rn, float x) { return __builtin_sqrtf(x); }
CPL_MATH(double, dsqrt_rn, double x) { return __builtin_sqrt(x); }
CPL_MATH(float, rsqrtf, float x) { return 1.0f / __builtin_sqrtf(x); }
/* In double the result is right to 2^-52, which no float's reciprocal root gets near a tie. */
CPL_MATH(float, frsqrt_rn, float x) { return (float)(1.0 / __builtin_sqrt((double)x)); }

/* 1 / sqrt(s.high + s.low), s.high in [2^-900, 2^900]: one Newton step with a residual that is nearly exact. */
CPL_INLINE double reciprocal_root(pair s) {
    double y = 1.0 / __builtin_sqrt(s.high);
    pair square = two_product(y, y);
    double rest = residual(s.high, square.high, 1.0) - mad(s.high, square.low, s.low * square.high);
    return mad(0.5 * y, rest, y);
}
CPL_MATH(double, rsqrt, double x) {
    double scale = x < 0x1p-900 ? 0x1p200 : x > 0x1p900 ? 0x1p-200 : 1.0;
    double back = x < 0x1p-900 ? 0x1p100 : x > 0x1p900 ? 0x1p-100 : 1.0;
    double result = reciprocal_root((pair){x * scale, 0.0}) * back, plain = 1.0 / __builtin_sqrt(x);
    return x == 0.0 || x == CPL_INF ? plain : result;
}

/* |x| = 8^n m with 1 <= m < 8, and z = m^(-1/3) to `steps` Newton steps from 2^-17. */
typedef struct { double m, z; int64_t n; } third;
CPL_INLINE third thirds(double x, int steps) {
    double size = __builtin_fabs(x);
    int subnormal = size < 0x1p-1022;
    uint64_t bits = bits_d(subnormal ? size * 0x1p54 : size);
    uint32_t biased = (uint32_t)(bits >> 52) + (subnormal ? 183u - 54u : 183u); /* 1206 = 3 * 402 stands for 2^0 */
    uint32_t n = (biased * 43691u) >> 17, left = biased - 3u * n;
    double fraction = double_of((bits & 0xffffffffffffful) | 0x3ff0000000000000ul);
    double scale = left == 0 ? 1.0 : left == 1 ? 0x1.965fea53d6e3dp-1 : 0x1.428a2f98d728bp-1;
    double m = left == 0 ? fraction : left == 1 ? 2.0 * fraction : 4.0 * fraction;
    double z = CPL_POLY(fraction, RCBRT) * scale;
#pragma clang loop unroll(full)
    for (int i = 0; i < steps; i++) z = mad(z, (1.0 - m * z * (z * z)) * 0x1.5555555555555p-2, z);
    return (third){m, z, (int64_t)n - 402};
}
CPL_MATH(float, cbrtf, float x) {
    third it = thirds((double)x, 1);
    float result = (float)(it.m * (it.z * it.z) * power_of_two(it.n));
    return x == 0.0f || !(__builtin_fabsf(x) < CPL_INFF) ? x : __builtin_copysignf(result, x);
}
CPL_MATH(float, rcbrtf, float x) {
    third it = thirds((double)x, 1);
    float result = (float)(it.z * power_of_two(-it.n)), plain = 1.0f / x;
    return x == 0.0f || !(__builtin_fabsf(x) < CPL_INFF) ? plain : __builtin_copysignf(result, x);
}
CPL_MATH(double, cbrt, double x) {
    third it = thirds(x, 2);
    double square = it.z * it.z, y = it.m * square;
    pair power = two_product(y, y);
    double rest = residual(power.high, y, it.m) - power.low * y;
    double result = mad(rest, square * 0x1.5555555555555p-2, y) * power_of_two(it.n);
    return x == 0.0 || !(__builtin_fabs(x) < CPL_INF) ? x : __builtin_copysign(result, x);
}
CPL_MATH(double, rcbrt, double x) {
    third it = thirds(x, 2);
    pair cube = pair_times(two_product(it.z, it.z), it.z);
    double rest = residual(it.m, cube.high, 1.0) - it.m * cube.low;
    double result = mad(it.z, rest * 0x1.5555555555555p-2, it.z) * power_of_two(-it.n), plain = 1.0 / x;
    return x == 0.0 || !(__builtin_fabs(x) < CPL_INF) ? plain : __builtin_copysign(result, x);
}

/* ---- norms: float ones in double, where no square overflows; an infinite component wins over NaN ---- */
CPL_INLINE float norm_f(float x, float y, float z, float w, int inverse) {
    double sum = ((double)x * x + (double)y * y) + ((double)z * z + (double)w * w), root = __builtin_sqrt(sum);
    int infinite = (__builtin_fabsf(x) == CPL_INFF) | (__builtin_fabsf(y) == CPL_INFF) |
                   (__builtin_fabsf(z) == CPL_INFF) | (__builtin_fabsf(w) == CPL_INFF);
    if (inverse) return infinite ? 0.0f : (float)(1.0 / root);
    return infinite ? CPL_INFF : (float)root;
}
CPL_MATH(float, hypotf, float x, float y) { return norm_f(x, y, 0.0f, 0.0f, 0); }
CPL_MATH(float, rhypotf, float x, float y) { return norm_f(x, y, 0.0f, 0.0f, 1); }
CPL_MATH(float, norm3df, float x, float y, float z) { return norm_f(x, y, z, 0.0f, 0); }
CPL_MATH(float, rnorm3df, float x, float y, float z) { return norm_f(x, y, z, 0.0f, 1); }
CPL_MATH(float, norm4df, float x, float y, float z, float w) { return norm_f(x, y, z, w, 0); }
CPL_MATH(float, rnorm4df, float x, float y, float z, float w) { return norm_f(x, y, z, w, 1); }

CPL_INLINE double larger(double a, double b) { return a < b ? b : a; }
/* Components are scaled by a power of two that brings the largest to about 1. */
CPL_INLINE double norm_d(double x, double y, double z, double w, int inverse) {
    double a = __builtin_fabs(x), b = __builtin_fabs(y), c = __builtin_fabs(z), d = __builtin_fabs(w);
    double largest = larger(larger(a, b), larger(c, d));
    int64_t exponent = 2046 - (int64_t)(bits_d(largest) >> 52);
    exponent = exponent < 1 ? 1 : exponent > 2045 ? 2045 : exponent;
    double scale = double_of((uint64_t)exponent << 52), back = double_of((uint64_t)(2046 - exponent) << 52);
    pair xx = two_product(a * scale, a * scale), yy = two_product(b * scale, b * scale);
    pair zz = two_product(c * scale, c * scale), ww = two_product(d * scale, d * scale);
    pair sum = pair_sum(pair_sum(xx, yy), pair_sum(zz, ww));
    int infinite = (a == CPL_INF) | (b == CPL_INF) | (c == CPL_INF) | (d == CPL_INF);
    if (inverse) {
        double result = reciprocal_root(sum) * scale;
        result = sum.high == 0.0 ? CPL_INF : result;
        return infinite ? 0.0 : result;
    }
    return infinite ? CPL_INF : __builtin_sqrt(sum.high) * back;
}
CPL_MATH(double, hypot, double x, double y) { return norm_d(x, y, 0.0, 0.0, 0); }
CPL_MATH(double, rhypot, double x, double y) { return norm_d(x, y, 0.0, 0.0, 1); }
CPL_MATH(double, norm3d, double x, double y, double z) { return norm_d(x, y, z, 0.0, 0); }
CPL_MATH(double, rnorm3d, double x, double y, double z) { return norm_d(x, y, z, 0.0, 1); }
CPL_MATH(double, norm4d, double x, double y, double z, double w) { return norm_d(x, y, z, w, 0); }
CPL_MATH(double, rnorm4d, double x, double y, double z, double w) { return norm_d(x, y, z, w, 1); }
