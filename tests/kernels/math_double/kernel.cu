#define EACH(name, expression)                                            \
    extern "C" __global__ void name(const double *in, double *out)        \
    {                                                                     \
        int i = blockIdx.x * blockDim.x + threadIdx.x;                    \
        double x = in[i], a = fabs(x) + 0.125, u = x / 8.0;               \
        (void)a; (void)u;                                                 \
        out[i] = (expression);                                            \
    }

EACH(d_sin, sin(x))
EACH(d_cos, cos(x))
EACH(d_tan, tan(u))
EACH(d_asin, asin(u))
EACH(d_acos, acos(u))
EACH(d_atan2, atan2(x, 2.0))
EACH(d_sinh, sinh(x))
EACH(d_tanh, tanh(x))
EACH(d_asinh, asinh(x))
EACH(d_exp, exp(x))
EACH(d_exp10, exp10(u))
EACH(d_expm1, expm1(u))
EACH(d_log, log(a))
EACH(d_log2, log2(a))
EACH(d_log1p, log1p(a))
EACH(d_sqrt, sqrt(a))
EACH(d_rsqrt, rsqrt(a))
EACH(d_cbrt, cbrt(x))
EACH(d_pow, pow(a, 2.5))
EACH(d_powint, pow(x, 3))
EACH(d_hypot, hypot(x, 3.0))
EACH(d_fmod, fmod(x, 1.5))
EACH(d_remainder, remainder(x, 1.5))
EACH(d_floor, floor(x))
EACH(d_rint, rint(x))
EACH(d_round, round(x))
EACH(d_fma, fma(x, u, 1.0))
EACH(d_erf, erf(x))
EACH(d_erfc, erfc(x))
EACH(d_tgamma, tgamma(a))
EACH(d_lgamma, lgamma(a))
EACH(d_sinpi, sinpi(x))
EACH(d_normcdf, normcdf(x))
EACH(d_nextafter, nextafter(x, 100.0))
EACH(d_scalbn, scalbn(x, -4))
EACH(d_logb, logb(a))
EACH(d_rounded, __dadd_rn(x, u) + __dmul_rn(x, u) + __ddiv_rn(x, a) + __dsqrt_rn(a) + __drcp_rn(a))
EACH(d_bits, __longlong_as_double(__double_as_longlong(x) ^ 0x8000000000000000ll))
