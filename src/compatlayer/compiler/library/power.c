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
CPL_MATH(double, pow, double x, double y) { return power(x, y); }
CPL_MATH(double, powi, double x, int32_t n) { return power(x, (double)n); }

CPL_INLINE float power_float(float x, double y) {
    split_d it = split_double(__builtin_fabs((double)x));
    double n = double_of_int(it.exponent), exponent = y * mad(log_medium(it.f, 0.0), LOG2_E, n);
    return (float)power_edges((double)x, y, exp2_medium(clamp_d(exponent, -300.0, 300.0)));
}
CPL_MATH(float, powf, float x, float y) { return power_float(x, (double)y); }
/* 2^(y log2 x) with the fast forms of both. */
CPL_MATH(float, fast_powf, float x, float y) { return fast_exp2(y * fast_log2(x)); }
CPL_MATH(float, powif, float x, int32_t n) { return power_float(x, (double)n); }
