#define EACH(name, expression)                                            \
    extern "C" __global__ void name(const float *in, float *out)          \
    {                                                                     \
        int i = blockIdx.x * blockDim.x + threadIdx.x;                    \
        float x = in[i], a = fabsf(x) + 0.125f, u = x / 8.0f;             \
        (void)a; (void)u;                                                 \
        out[i] = (expression);                                            \
    }

EACH(f_sin, sinf(x))
EACH(f_cos, cosf(x))
EACH(f_tan, tanf(u))
EACH(f_asin, asinf(u))
EACH(f_acos, acosf(u))
EACH(f_atan, atanf(x))
EACH(f_atan2, atan2f(x, 2.0f))
EACH(f_sinh, sinhf(x))
EACH(f_cosh, coshf(x))
EACH(f_tanh, tanhf(x))
EACH(f_exp, expf(x))
EACH(f_exp2, exp2f(x))
EACH(f_expm1, expm1f(u))
EACH(f_log, logf(a))
EACH(f_log2, log2f(a))
EACH(f_log10, log10f(a))
EACH(f_log1p, log1pf(a))
EACH(f_sqrt, sqrtf(a))
EACH(f_rsqrt, rsqrtf(a))
EACH(f_cbrt, cbrtf(x))
EACH(f_pow, powf(a, 2.5f))
EACH(f_powi, powf(x, 3.0f))
EACH(f_hypot, hypotf(x, 3.0f))
EACH(f_fmod, fmodf(x, 1.5f))
EACH(f_floor, floorf(x))
EACH(f_ceil, ceilf(x))
EACH(f_trunc, truncf(x))
EACH(f_rint, rintf(x))
EACH(f_round, roundf(x))
EACH(f_copysign, copysignf(a, x))
EACH(f_fma, fmaf(x, u, 1.0f))
EACH(f_fmin, fminf(x, u))
EACH(f_fmax, fmaxf(x, u))
EACH(f_fdim, fdimf(x, 1.0f))
EACH(f_ldexp, ldexpf(x, 3))
EACH(f_erf, erff(x))
EACH(f_tgamma, tgammaf(a))
EACH(f_lgamma, lgammaf(a))
EACH(f_overloads, sin(x) + sqrt(a) + abs(x) + max(x, u) + pow(a, 2.0f))
EACH(f_fast, __sinf(x) + __expf(u) + __fdividef(x, a) + __logf(a) + __powf(a, 2.0f) + __saturatef(u))
EACH(f_rounded, __fadd_rn(x, u) + __fmul_rn(x, u) + __fdiv_rn(x, a) + __fsqrt_rn(a) + __frcp_rn(a))

extern "C" __global__ void f_parts(const float *in, float *mantissa, int *exponent, float *whole, float *rest,
                                   float *sine, float *cosine)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    mantissa[i] = frexpf(in[i], &exponent[i]);
    rest[i] = modff(in[i], &whole[i]);
    sincosf(in[i], &sine[i], &cosine[i]);
}

extern "C" __global__ void f_classes(const float *in, int *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float x = in[i];
    out[i] = (isnan(x) ? 1 : 0) | (isinf(x) ? 2 : 0) | (isfinite(x) ? 4 : 0) | (signbit(x) ? 8 : 0) |
             (fminf(x, 1.0f) == 1.0f ? 16 : 0) | (fmaxf(x, 1.0f) == 1.0f ? 32 : 0) | (x == x ? 64 : 0);
}
