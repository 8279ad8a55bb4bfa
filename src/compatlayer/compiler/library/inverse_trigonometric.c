/* asin, acos, atan, atan2. */
#include "base.h"

/* (atan(t) - t) / t^3 in t^2 on |t| <= 1, relative to atan(t): error 2^-28.5 */
static const float ATAN_F[] = {
    -0x1.55553ep-2f, 0x1.9991e4p-3f, -0x1.242084p-3f, 0x1.c08c18p-4f, -0x1.580804p-4f, 0x1.da2468p-5f,
    -0x1.fd6e98p-6f, 0x1.640f3ap-7f, -0x1.d329dap-10f};
/* the same on |t| <= tan(pi/8): error 2^-63.9 */
static const double ATAN_D[] = {
    -0x1.5555555555554p-2, 0x1.9999999999584p-3, -0x1.249249246f589p-3, 0x1.c71c71b4588d6p-4, -0x1.745d14503a0e5p-4,
    0x1.3b1364eeaaa1dp-4, -0x1.110beb5ea4c2bp-4, 0x1.e167b982f3874p-5, -0x1.ab3be80da6d2cp-5, 0x1.6fe4c445cfef4p-5,
    -0x1.0fd4faa64234p-5, 0x1.e84b91e698b2ap-7};
/* (asin(x) - x) / x^3 in x^2 on |x| <= 1/2, relative to asin(x): error 2^-27.6; 2^-55.9 */
static const float ASIN_F[] = {0x1.5555c8p-3f, 0x1.3301fcp-4f, 0x1.747d06p-5f, 0x1.8c2d8p-6f, 0x1.596d6ap-5f};
static const double ASIN_D[] = {
    0x1.555555555538ep-3, 0x1.333333336ec1ap-4, 0x1.6db6db424d6aep-5, 0x1.f1c72c48584bfp-6, 0x1.6e89f2bc95aa9p-6,
    0x1.1c6bf97cf2491p-6, 0x1.c6fbd8a4b7862p-7, 0x1.8ecff4bc0667bp-7, 0x1.ab5bc18a1946cp-8, 0x1.4045f346b1834p-6,
    -0x1.0a55f580e7565p-6, 0x1.059b4e7ef9da1p-5};

#define PI_2_HIGH_F 0x1.921fb6p+0f
#define PI_2_LOW_F -0x1.777a5cp-25f
#define PI_2_HIGH 0x1.921fb54442d18p+0
#define PI_2_LOW 0x1.1a62633145c07p-54

CPL_INLINE float atan_small_f(float t) {
    float z = t * t;
    return madf(CPL_POLYF(z, ATAN_F) * z, t, t);
}
CPL_MATH(float, atanf, float x) {
    float size = __builtin_fabsf(x);
    int large = size > 1.0f;
    float inverse = -1.0f / size, inner = atan_small_f(large ? inverse : size);
    float result = large ? PI_2_HIGH_F + (inner + PI_2_LOW_F) : inner;
    return __builtin_copysignf(result, x);
}
/* The angle of (x, y), both >= 0, as base + atan(quotient) with |quotient| <= tan(pi/8). */
CPL_INLINE double angle(double y, double x) {
    int low = y < 0x1.a827999fcef34p-2 * x, high = y > 0x1.3504f333f9de6p+1 * x;
    double difference = y - x, sum = y + x;
    double above = low ? y : high ? -x : difference, below = low ? x : high ? y : sum;
    double base = low ? 0.0 : high ? PI_2_HIGH : 0.5 * PI_2_HIGH;
    double rest = low ? 0.0 : high ? PI_2_LOW : 0.5 * PI_2_LOW;
    double t = above / below, z = t * t;
    return base + (t + mad(CPL_POLY(z, ATAN_D) * z, t, rest));
}
CPL_MATH(double, atan, double x) {
    double size = __builtin_fabs(x);
    double result = angle(size > 0x1p80 ? 0x1p80 : size, 1.0);
    return __builtin_copysign(size > 0x1p-30 ? result : size, x);
}
CPL_MATH(float, atan2f, float y, float x) {
    float a = __builtin_fabsf(y), b = __builtin_fabsf(x);
    int steep = a > b, far = b > 0x1p125f || a > 0x1p125f;
    float scale = far ? 0x1p-3f : 1.0f;
    float above = (steep ? b : a) * scale, below = (steep ? a : b) * scale;
    float quotient = above / below;
    quotient = a == b ? 1.0f : quotient; /* infinities and zeros as well */
    quotient = above == 0.0f ? 0.0f : quotient;
    float inner = atan_small_f(quotient);
    inner = quotient < 0x1p-20f ? quotient : inner;
    float half = steep ? PI_2_HIGH_F - (inner - PI_2_LOW_F) : inner;
    float left = 2.0f * PI_2_HIGH_F - (half - 2.0f * PI_2_LOW_F);
    float result = bits_f(x) >> 31 ? left : half;
    result = x != x || y != y ? x + y : result;
    return __builtin_copysignf(result, y);
}
CPL_MATH(double, atan2, double y, double x) {
    double a = __builtin_fabs(y), b = __builtin_fabs(x);
    int far = (b > 0x1p1000) | (a > 0x1p1000), near = (b < 0x1p-960) & (a < 0x1p-960);
    double scale = pick(far, 0x1p-40, pick(near, 0x1p60, 1.0));
    int equal = a == b; /* infinities and zeros as well */
    double above = pick(a == CPL_INF, 1.0, pick(b == CPL_INF, 0.0, a * scale));
    double below = pick(a == CPL_INF, 0.0, pick(b == CPL_INF, 1.0, b * scale));
    above = pick(equal, pick(a == 0.0, 0.0, 1.0), above);
    below = pick(equal, 1.0, below);
    double tiny = a / b, half = angle(above, below);
    half = above < below * 0x1p-40 ? tiny : half; /* may be subnormal */
    half = pick(equal & (a == 0.0), 0.0, half);
    double left = 2.0 * PI_2_HIGH - (half - 2.0 * PI_2_LOW);
    double result = bits_d(x) >> 63 ? left : half;
    result = x != x || y != y ? x + y : result;
    return __builtin_copysign(result, y);
}

/* Near 1: with z = (1 - |x|) / 2 and s = sqrt(z), acos|x| = 2 asin(s). */
CPL_MATH(float, asinf, float x) {
    float size = __builtin_fabsf(x), outer = 0.5f * (1.0f - size);
    int large = size > 0.5f;
    float root = __builtin_sqrtf(outer);
    float t = large ? root : size, z = large ? outer : size * size;
    float tail = CPL_POLYF(z, ASIN_F) * z * t, edge = 2.0f * tail - PI_2_LOW_F;
    /* pi/2 = 1 + 0.57; 1 - 2 root is exact where it is small */
    float outside = (1.0f - 2.0f * root) + ((PI_2_HIGH_F - 1.0f) - edge);
    return __builtin_copysignf(large ? outside : t + tail, x);
}
CPL_MATH(float, acosf, float x) {
    float size = __builtin_fabsf(x), outer = 0.5f * (1.0f - size);
    int large = size > 0.5f;
    float root = __builtin_sqrtf(outer);
    float t = large ? root : x, z = large ? outer : x * x;
    float inner = madf(CPL_POLYF(z, ASIN_F) * z, t, t);
    float middle = PI_2_HIGH_F - (inner - PI_2_LOW_F), right = 2.0f * inner;
    float left = 2.0f * PI_2_HIGH_F - (right - 2.0f * PI_2_LOW_F);
    float outside = x < 0.0f ? left : right;
    return large ? outside : middle;
}
/* The root's own rounding error is known, and comes back to first order. */
CPL_INLINE double root_low(double root, double z) {
    double low = residual(root, root, z) / (root + root);
    return z > 0.0 ? low : 0.0;
}
CPL_MATH(double, asin, double x) {
    double size = __builtin_fabs(x), outer = 0.5 * (1.0 - size);
    int large = size > 0.5;
    double root = __builtin_sqrt(outer);
    double t = large ? root : size, z = large ? outer : size * size;
    double tail = CPL_POLY(z, ASIN_D) * z * t, edge = 2.0 * (tail + root_low(root, outer)) - PI_2_LOW;
    double result = large ? PI_2_HIGH - (2.0 * root + edge) : t + tail;
    return __builtin_copysign(result, x);
}
CPL_MATH(double, acos, double x) {
    double size = __builtin_fabs(x), outer = 0.5 * (1.0 - size);
    int large = size > 0.5;
    double root = __builtin_sqrt(outer);
    double t = large ? root : x, z = large ? outer : x * x;
    double tail = CPL_POLY(z, ASIN_D) * z * t, low = large ? root_low(root, outer) : 0.0;
    double middle = PI_2_HIGH - (t + (tail - PI_2_LOW)), right = 2.0 * (t + (tail + low));
    double left = 2.0 * PI_2_HIGH - (right - 2.0 * PI_2_LOW);
    double outside = x < 0.0 ? left : right;
    return large ? outside : middle;
}
