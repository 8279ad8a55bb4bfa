/* pow, powi and the fast form of pow. */
#include "logarithm.h"

/* What pow answers for special x and y; `size` is |x|^y. Signs follow C99 Annex F. */
CPL_INLINE double power_edges(double x, double y, double size) {
    double base = __builtin_fabs(x), half = 0.5 * y;
    int whole = __builtin_rint(y) == y, odd = whole & (__builtin_rint(half) != half), negative = bits_d(x) >> 63 != 0;
    double up = pick(y > 0.0, CPL_INF, 0.0), down = pick(y > 0.0, 0.0, CPL_INF);
    double result = pick(base == 0.0, down, pick(base == CPL_INF, up, pick(base == 1.0, 1.0, size)));
    double mirrored = pick(odd, -result, result), refused = pick((base == 0.0) | (base == CPL_INF), result, CPL_NAN);
    result = pick(negative, pick(whole, mirrored, refused), result);
    result = pick((x != x) | (y != y), x + y, result);
    return pick((y == 0.0) | (x == 1.0), 1.0, result);
}

CPL_INLINE double power(double x, double y) {
    split_d it = split_double(__builtin_fabs(x));
    double n = double_of_int(it.exponent);
    pair fraction = log_pair(it.f), sum = two_sum(n * LN2_HIGH, fraction.high);
    pair logarithm = quick_sum(sum.high, sum.low + mad(n, LN2_LOW, fraction.low));
    pair product = two_product(logarithm.high, y);
    power_d size = exp_of_pair(product.high, mad(logarithm.low, y, product.low));
    return power_edges(x, y, scale_d(size.fraction, size.n));
}
/* Squares are what most powers are: where all threads have the same y, none computes a logarithm for them. */
CPL_MATH(double, pow, double x, double y) {
    if (CPL_RARE(y == 2.0)) return x * x;
    return power(x, y);
}
CPL_MATH(double, powi, double x, int32_t n) { return power(x, (double)n); }

/* The float form computes in double, where the errors of the parts are far below an ulp; `size` is |x|^y. */
CPL_INLINE float power_float(float x, double y) {
    split_f it = split_float(__builtin_fabsf(x));
    double exponent = y * mad(log_medium((double)it.f, 0.0), LOG2_E, (double)it.exponent);
    return (float)exp2_medium(clamp_d(exponent, -300.0, 300.0));
}
CPL_INLINE float power_edges_f(float x, float y, int whole, int odd, float size) {
    float base = __builtin_fabsf(x);
    int negative = bits_f(x) >> 31 != 0, edge = (base == 0.0f) | (base == CPL_INFF);
    float up = pick_f(y > 0.0f, CPL_INFF, 0.0f), down = pick_f(y > 0.0f, 0.0f, CPL_INFF);
    float result = pick_f(base == 0.0f, down, pick_f(base == CPL_INFF, up, pick_f(base == 1.0f, 1.0f, size)));
    float mirrored = pick_f(odd, -result, result), refused = pick_f(edge, result, CPL_NANF);
    result = pick_f(negative, pick_f(whole, mirrored, refused), result);
    result = pick_f((x != x) | (y != y), x + y, result);
    return pick_f((y == 0.0f) | (x == 1.0f), 1.0f, result);
}
CPL_MATH(float, powf, float x, float y) {
    if (CPL_RARE(y == 2.0f)) return x * x;
    float half = 0.5f * y;
    int whole = __builtin_rintf(y) == y, odd = whole & (__builtin_rintf(half) != half);
    return power_edges_f(x, y, whole, odd, power_float(x, (double)y));
}
CPL_MATH(float, powif, float x, int32_t n) {
    return power_edges_f(x, (float)n, 1, n & 1, power_float(x, (double)n));
}
/* 2^(y log2 x) with the fast forms of both. */
CPL_MATH(float, fast_powf, float x, float y) { return fast_exp2(y * fast_log2(x)); }
