/* sinh, cosh, tanh and their inverses. */
#include "logarithm.h"

/* (tanh(x) - x) / x^3 in x^2, relative to tanh(x); |x| <= 0.55: error 2^-29.4; |x| <= 1: error 2^-58.5 */
static const float TANH_F[] = {-0x1.555548p-2f, 0x1.110c5ep-3f, -0x1.b905c4p-5f, 0x1.5811f6p-6f, -0x1.9454f2p-8f};
static const double TANH_D[] = {
    -0x1.555555555554fp-2, 0x1.1111111110b21p-3, -0x1.ba1ba1b9dd852p-5, 0x1.664f487873d06p-6, -0x1.226e3458c7182p-7,
    0x1.d6d3aed407dd8p-9, -0x1.7da1da391f773p-10, 0x1.354b497534fa6p-11, -0x1.f4de935aea58dp-13, 0x1.939b5b518ef6ap-14,
    -0x1.3f4b6f17d2d1dp-15, 0x1.df1d260ff5b7ep-17, -0x1.3f3f6eb35d5b4p-18, 0x1.552afa9218e79p-20,
    -0x1.f431359fb3269p-23, 0x1.6dd92eecc68a2p-26};
/* (sinh(x) - x) / x^3 in x^2 on |x| <= 1, relative to sinh(x): error 2^-25.2; 2^-61.8 */
static const float SINH_F[] = {0x1.55559cp-3f, 0x1.10f65ap-7f, 0x1.ab7b3ep-13f};
static const double SINH_D[] = {
    0x1.5555555555556p-3, 0x1.111111111101ep-7, 0x1.a01a01a0371e8p-13, 0x1.71de3a3b16699p-19, 0x1.ae646fe001df6p-26,
    0x1.61170063c0e65p-33, 0x1.b5c3e8ad2458dp-41};

CPL_INLINE float tanh_float(float x) {
    float size = __builtin_fabsf(x), z = x * x;
    float small = madf(CPL_POLYF(z, TANH_F) * z, size, size);
    float bounded = size > 10.0f ? 10.0f : size;
    near_f n = nearest_f(bounded * 0x1.715476p+1f); /* e^(2x) */
    float r = madf(n.value, -LN2_LOW_F, madf(n.value, -LN2_HIGH_F, 2.0f * bounded));
    float power = madf(madf(CPL_POLYF(r, EXP_F), r, 1.0f), r, 1.0f) * power_of_two_f(n.whole);
    float large = 1.0f - 2.0f / (power + 1.0f);
    float result = __builtin_copysignf(size < 0.55f ? small : large, x);
    return x != x ? x : result;
}
CPL_MATH(float, tanhf, float x) { return tanh_float(x); }
CPL_MATH(double, tanh, double x) {
    double size = __builtin_fabs(x), z = x * x;
    double small = mad(CPL_POLY(z, TANH_D) * z, size, size);
    double bounded = size > 20.0 ? 20.0 : size;
    near_d n = nearest_d(bounded * (2.0 * LOG2_E));
    double r = mad(n.value, -LN2_LOW, mad(n.value, -LN2_HIGH, 2.0 * bounded));
    double large = 1.0 - 2.0 / mad(exp_fraction(r), power_of_two(n.whole), 1.0);
    double result = __builtin_copysign(size < 1.0 ? small : large, x);
    return x != x ? x : result;
}

/* e^|x| / 2 and e^-|x| / 2 for float, in double. */
CPL_MATH(float, sinhf, float x) {
    float z = x * x, small = madf(CPL_POLYF(z, SINH_F) * z, x, x), size = __builtin_fabsf(x);
    double power = exp_medium(size > 100.0f ? 100.0 : (double)size);
    float large = (float)(0.5 * power - 0.5 / power);
    float result = size < 1.0f ? small : __builtin_copysignf(large, x);
    return x != x ? x : result;
}
CPL_MATH(float, coshf, float x) {
    float size = __builtin_fabsf(x);
    double power = exp_medium(size > 100.0f ? 100.0 : (double)size);
    float result = (float)(0.5 * power + 0.5 / power);
    return x != x ? x : result;
}
/* e^x / 2 for x >= 0 as a fraction pair times 2^n. */
typedef struct { pair fraction; int64_t n; } half_power;
CPL_INLINE half_power half_exp(double x) {
    reduced_d it = reduce_exp(x > 720.0 ? 720.0 : x);
    double tail = mad(CPL_POLY(it.r, EXP_D), it.r * it.r, it.low);
    pair main = quick_sum(1.0, it.r);
    return (half_power){quick_sum(main.high, main.low + tail), it.n - 1};
}
CPL_MATH(double, sinh, double x) {
    double z = x * x, small = mad(CPL_POLY(z, SINH_D) * z, x, x), size = __builtin_fabs(x);
    half_power it = half_exp(size);
    double up = scale_d(it.fraction.high, it.n), low = scale_d(it.fraction.low, it.n > 1022 ? 1022 : it.n);
    double large = up - (0.25 / up - low);
    double result = size < 1.0 ? small : __builtin_copysign(large, x);
    return x != x ? x : result;
}
CPL_MATH(double, cosh, double x) {
    half_power it = half_exp(__builtin_fabs(x));
    double up = scale_d(it.fraction.high, it.n), low = scale_d(it.fraction.low, it.n > 1022 ? 1022 : it.n);
    double result = up + (0.25 / up + low);
    return x != x ? x : result;
}

/* The inverses are log(1 + t) of |x|, t without cancellation. */
CPL_INLINE double medium_log1p(double t) { /* float accuracy; t >= 0 */
    double sum = 1.0 + t;
    split_d it = split_double(sum);
    double lost = t - (sum - 1.0), result = log_medium(it.f, double_of_int(it.exponent)) + lost / sum;
    return t < 0x1p-50 ? t : result;
}
CPL_MATH(float, asinhf, float x) {
    double size = __builtin_fabs((double)x), z = size * size;
    float result = (float)medium_log1p(size + z / (1.0 + __builtin_sqrt(1.0 + z)));
    return __builtin_copysignf(size == CPL_INF ? CPL_INFF : result, x);
}
CPL_MATH(float, acoshf, float x) {
    double t = (double)x - 1.0;
    float result = (float)medium_log1p(t + __builtin_sqrt(t * (t + 2.0)));
    result = x == CPL_INFF ? x : result;
    return x < 1.0f ? CPL_NANF : result;
}
CPL_MATH(float, atanhf, float x) {
    double size = __builtin_fabs((double)x);
    float result = (float)(0.5 * medium_log1p(2.0 * size / (1.0 - size)));
    result = size == 1.0 ? CPL_INFF : result;
    result = size > 1.0 ? CPL_NANF : result;
    return __builtin_copysignf(result, x);
}
CPL_MATH(double, asinh, double x) {
    double size = __builtin_fabs(x), z = size * size;
    int large = size > 0x1p28;
    double t = size + z / (1.0 + __builtin_sqrt(1.0 + z));
    double result = log1p_plain(large ? size - 1.0 : t) + (large ? LN2 : 0.0);
    result = size < 0x1p-28 ? size : result;
    return __builtin_copysign(size < CPL_INF ? result : size, x);
}
CPL_MATH(double, acosh, double x) {
    double t = x - 1.0;
    int large = x > 0x1p28;
    double inner = t + __builtin_sqrt(t * (t + 2.0));
    double result = log1p_plain(large ? t : inner) + (large ? LN2 : 0.0);
    result = x < CPL_INF ? result : x;
    return x < 1.0 ? CPL_NAN : result;
}
CPL_MATH(double, atanh, double x) {
    double size = __builtin_fabs(x);
    double result = 0.5 * log1p_plain(2.0 * size / (1.0 - size));
    result = size < 0x1p-28 ? size : result;
    result = size == 1.0 ? CPL_INF : result;
    result = size > 1.0 ? CPL_NAN : result;
    return __builtin_copysign(result, x);
}
