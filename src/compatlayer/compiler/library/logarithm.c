/* log, log2, log10, log1p, and the fast forms of them. */
#include "logarithm.h"

CPL_MATH(float, logf, float x) {
    split_f it = split_float(x);
    return log_edges_f(x, log_of_split_f(it.f, (float)it.exponent));
}
CPL_MATH(double, log, double x) { return log_edges_d(x, log_plain(x)); }

CPL_MATH(float, log2f, float x) {
    split_f it = split_float(x);
    float tail = madf(CPL_POLYF(it.f, LOG2_F), it.f, 0x1.c551dap-2f) * it.f; /* log2(e) - 1: f itself is exact */
    return log_edges_f(x, (it.f + tail) + (float)it.exponent);
}
CPL_MATH(float, log10f, float x) {
    split_f it = split_float(x);
    float n = (float)it.exponent;
    /* log10(e) = 1/2 - 0.0657: half of f is exact */
    float tail = madf(CPL_POLYF(it.f, LOG10_F), it.f, -0x1.0d213ap-4f) * it.f;
    float result = madf(it.f, 0.5f, madf(n, 0x1.3509f8p-18f, tail));
    return log_edges_f(x, madf(n, 0x1.344p-2f, result));
}
CPL_MATH(double, log2, double x) {
    split_d it = split_double(x);
    pair natural = log_pair(it.f);
    pair binary = two_product(natural.high, LOG2_E);
    binary.low += mad(natural.high, 0x1.777d0ffda0d24p-56, natural.low * LOG2_E);
    pair sum = quick_sum(double_of_int(it.exponent), binary.high);
    double result = it.exponent == 0 ? binary.high + binary.low : sum.high + (sum.low + binary.low);
    return log_edges_d(x, result);
}
CPL_MATH(double, log10, double x) {
    split_d it = split_double(x);
    double n = double_of_int(it.exponent);
    pair natural = log_pair(it.f);
    pair decimal = two_product(natural.high, 0x1.bcb7b1526e50ep-2);
    decimal.low += mad(natural.high, 0x1.95355baaafad3p-57, natural.low * 0x1.bcb7b1526e50ep-2);
    pair sum = two_sum(n * 0x1.3441350ap-2, decimal.high);
    return log_edges_d(x, sum.high + (sum.low + mad(n, -0x1.0c0219dc1da99p-39, decimal.low)));
}

/* log(1 + x): 1 + x decides the exponent n; f = 2^-n x + (2^-n - 1) keeps the bits of x. */
CPL_MATH(float, log1pf, float x) {
    float sum = 1.0f + x;
    split_f it = split_float(sum);
    float shrink = power_of_two_f(-it.exponent < -126 ? -126 : -it.exponent);
    float base = shrink - 1.0f, whole = madf(x, shrink, base);
    int large = sum > 0x1p126f; /* where 2^-n is subnormal */
    float low = large ? 0.0f : madf(x, shrink, base - whole), f = large ? it.f : whole;
    float n = (float)it.exponent, tail = madf(CPL_POLYF(f, LOG_F), f * f, madf(n, LN2_LOW_F, low));
    float result = log_edges_f(sum, madf(n, LN2_HIGH_F, f + tail));
    return __builtin_fabsf(x) < 0x1p-24f ? x : result;
}
CPL_MATH(double, log1p, double x) {
    double result = log_edges_d(1.0 + x, log1p_plain(x));
    return __builtin_fabs(x) < 0x1p-54 ? x : result;
}

CPL_MATH(float, fast_log2f, float x) { return fast_log2(x); }
CPL_MATH(float, fast_logf, float x) { return fast_log2(x) * 0x1.62e43p-1f; }
CPL_MATH(float, fast_log10f, float x) { return fast_log2(x) * 0x1.344136p-2f; }
