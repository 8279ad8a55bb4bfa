/* erfinv, erfcinv, normcdfinv: x times a polynomial in w = -log(1 - x^2), or in its root. */
#include "logarithm.h"

/* erfinv(x) / x, relative; in w - 2.5 on w <= 5: error 2^-31.1; 2^-52.7 */
static const double INVERSE_1_MEDIUM[] = {
    0x1.805c5cff84a24p+0, 0x1.f91e8974592ap-3, -0x1.11c3e17dfe245p-8, -0x1.48639cfde6de5p-10, 0x1.c9bb8073cfd48p-13,
    -0x1.4f727e583842fp-18, -0x1.cbd9aa4832a0cp-19, 0x1.017caf2fe64cfp-21, 0x1.1b394f4822ed9p-26,
    -0x1.7a29213fa1b3fp-27, 0x1.de4aae42bffd9p-32, 0x1.219e5b301c434p-33};
static const double INVERSE_1[] = {
    0x1.805c5cfcedef4p+0, 0x1.f91e8993f0d0cp-3, -0x1.11c3c302df672p-8, -0x1.4863cdfb5e587p-10, 0x1.c9b437ecd08afp-13,
    -0x1.4f47fe7e59827p-18, -0x1.ca922797de352p-19, 0x1.01037ecf69af5p-21, 0x1.ccff38a53b437p-27,
    -0x1.752ffc913d639p-27, 0x1.f2ce2cbafc862p-31, 0x1.0709648fe2374p-33, -0x1.11a68f9f977fbp-35,
    0x1.ff99e9dce1493p-41, 0x1.2eb92f4d40559p-41, -0x1.54312c71a2fdfp-44, -0x1.d4f999c83ba05p-49,
    0x1.065cc402b473ep-49, -0x1.b8c9118bf54eep-54, -0x1.89528cbf62a7dp-56, 0x1.5b37822e0af43p-59};
/* in s - 3, s = sqrt(w), on s <= 4.12: error 2^-29.3; on s <= 3.7: error 2^-53.2 */
static const double INVERSE_2_MEDIUM[] = {
    0x1.6a9efbdcb485fp+1, 0x1.006dc9d0f000dp+0, 0x1.3580d70135227p-7, -0x1.f4e0a5db8e5c2p-8, 0x1.74c1da67c90eap-8,
    -0x1.d386bdeb8be38p-9, 0x1.8293aff773247p-10, -0x1.f8f6e3753d92cp-14, -0x1.224ab249810fep-12,
    0x1.513ccf4195b45p-13, -0x1.f52df1009031bp-16};
static const double INVERSE_2[] = {
    0x1.6a9efbd66eae6p+1, 0x1.006dca7a9c213p+0, 0x1.3582c81150471p-7, -0x1.f4f1c6f011e43p-8, 0x1.7495888ce18acp-8,
    -0x1.d27550024393fp-9, 0x1.84f3edfbb846bp-10, -0x1.3842df4a9228fp-13, -0x1.28e0b649ca8b3p-12,
    0x1.aefe37bb5e065p-13, -0x1.85b99d467d1b8p-15, -0x1.7f797fb11d086p-16, 0x1.6fecbc85372bfp-16,
    -0x1.92a2adbe48167p-18, -0x1.ba0b90fcb8f1ap-20, 0x1.1a106da7c5557p-19, -0x1.593d72f1e89a9p-21,
    -0x1.a0a70e96cc081p-23, 0x1.55a5e043c78f3p-23};
/* in s - 7 on 4.1 <= s <= 10.4: error 2^-30.5; in s - 5 on 3.7 <= s <= 6.1: error 2^-53.7 */
static const double INVERSE_3_MEDIUM[] = {
    0x1.b79e04956b9a4p+2, 0x1.023352a112b9dp+0, -0x1.0cc33f02b0eb8p-11, 0x1.a585d6b669369p-18, 0x1.9403c3c1dd2b4p-18,
    -0x1.b21043153f96dp-20, 0x1.6087e88a47f5p-22, -0x1.d7d924f6f4188p-25, 0x1.a3c2ab9d95d0cp-28,
    -0x1.2d9ee6a18047dp-30, 0x1.b2b47b6b7a798p-32, -0x1.c4682956a9d0fp-35};
static const double INVERSE_3[] = {
    0x1.3664ddd1ad7fbp+2, 0x1.02a30d1fba10ap+0, -0x1.22ea5df1bf8abp-13, -0x1.c2f36aa1095a9p-13, 0x1.3ebf4ef86f00fp-14,
    -0x1.4a34906fc7e83p-16, 0x1.2fbcff52a172ap-18, -0x1.0a901e25f9394p-20, 0x1.ebe1e0d878179p-23,
    -0x1.223e39528e34fp-24, 0x1.f2a8faca70a02p-26, -0x1.05273992338dep-26, 0x1.0c42079b2be8ap-27,
    -0x1.e89d061694ffcp-29, 0x1.6e8398978ea9ap-30, -0x1.8a10f6465f52fp-32, 0x1.f0320c8169943p-35,
    -0x1.3e3fe7275a1bcp-45, -0x1.0403e946cf891p-36, 0x1.90a3c322fe7b5p-37, -0x1.230a66b846cc2p-40,
    -0x1.f40566002cf29p-41};

/* erfinv(x) / x where u = 1 - x^2 > 2^-53 */
CPL_INLINE double inverse_ratio(double u) {
    double w = -log_plain(u), s = __builtin_sqrt(w);
    double first = CPL_POLY(w - 2.5, INVERSE_1), second = CPL_POLY(s - 3.0, INVERSE_2);
    double third = CPL_POLY(s - 5.0, INVERSE_3);
    return w < 5.0 ? first : s < 3.7 ? second : third;
}
CPL_INLINE double inverse_ratio_medium(double u) { /* u >= 2^-149 */
    split_d it = split_double(u);
    double w = -log_medium(it.f, double_of_int(it.exponent)), s = __builtin_sqrt(w);
    double first = CPL_POLY(w - 2.5, INVERSE_1_MEDIUM), second = CPL_POLY(s - 3.0, INVERSE_2_MEDIUM);
    double third = CPL_POLY(s - 7.0, INVERSE_3_MEDIUM);
    return w < 5.0 ? first : s < 4.1 ? second : third;
}
/* x times the ratio, infinite at the ends of [-1, 1] and NaN beyond. */
CPL_INLINE double at_ends(double x, double u, double ratio) {
    double result = u == 0.0 ? __builtin_copysign(CPL_INF, x) : x * ratio;
    return u >= 0.0 ? result : CPL_NAN;
}
CPL_MATH(double, erfinv, double x) {
    double u = (1.0 - x) * (1.0 + x);
    return at_ends(x, u, inverse_ratio(u));
}
/* Below 2^-54 the ratio's polynomials end. */
CPL_MATH(double, erfcinv, double x) {
    if (CPL_RARE(x < 0x1p-54)) return CPL_SLOW(erfcinv)(x);
    double u = x * (2.0 - x);
    return at_ends(1.0 - x, u, inverse_ratio(u));
}
CPL_MATH(double, normcdfinv, double x) {
    if (CPL_RARE(x < 0x1p-55)) return CPL_SLOW(normcdfinv)(x);
    double q = 2.0 * x, u = q * (2.0 - q);
    return 0x1.6a09e667f3bcdp+0 * at_ends(q - 1.0, u, inverse_ratio(u));
}
CPL_MATH(float, erfinvf, float x) {
    double u = (1.0 - (double)x) * (1.0 + (double)x);
    return (float)at_ends((double)x, u, inverse_ratio_medium(u));
}
CPL_MATH(float, erfcinvf, float x) {
    double u = (double)x * (2.0 - (double)x);
    return (float)at_ends(1.0 - (double)x, u, inverse_ratio_medium(u));
}
CPL_MATH(float, normcdfinvf, float x) {
    double q = 2.0 * (double)x, u = q * (2.0 - q);
    return (float)(0x1.6a09e667f3bcdp+0 * at_ends(q - 1.0, u, inverse_ratio_medium(u)));
}
