/* Complex numbers as float2 and double2. Absolute values and quotients are scaled, so that nothing between overflows. */
#ifndef CU_COMPLEX_H_
#define CU_COMPLEX_H_
#define CPL_COMPLEX(type, real, f, make, hypotenuse, absolute) \
    CPL_FN real cuCreal##f(type z) { return z.x; } \
    CPL_FN real cuCimag##f(type z) { return z.y; } \
    CPL_FN type make(real x, real y) { type z = {x, y}; return z; } \
    CPL_FN type cuConj##f(type z) { return make(z.x, -z.y); } \
    CPL_FN type cuCadd##f(type a, type b) { return make(a.x + b.x, a.y + b.y); } \
    CPL_FN type cuCsub##f(type a, type b) { return make(a.x - b.x, a.y - b.y); } \
    CPL_FN type cuCmul##f(type a, type b) { return make(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x); } \
    CPL_FN type cuCdiv##f(type a, type b) { \
        real scale = 1 / (absolute(b.x) + absolute(b.y)); \
        real ax = a.x * scale, ay = a.y * scale, bx = b.x * scale, by = b.y * scale; \
        real size = 1 / (bx * bx + by * by); \
        return make((ax * bx + ay * by) * size, (ay * bx - ax * by) * size); } \
    CPL_FN real cuCabs##f(type z) { return hypotenuse(z.x, z.y); } \
    CPL_FN type cuCfma##f(type a, type b, type c) { \
        return make(a.x * b.x + c.x - a.y * b.y, a.x * b.y + c.y + a.y * b.x); }
typedef float2 cuFloatComplex;
typedef double2 cuDoubleComplex;
typedef cuFloatComplex cuComplex;
CPL_COMPLEX(cuFloatComplex, float, f, make_cuFloatComplex, hypotf, __builtin_fabsf)
CPL_COMPLEX(cuDoubleComplex, double, , make_cuDoubleComplex, hypot, __builtin_fabs)
#undef CPL_COMPLEX
CPL_FN cuComplex make_cuComplex(float x, float y) { return make_cuFloatComplex(x, y); }
CPL_FN cuDoubleComplex cuComplexFloatToDouble(cuFloatComplex z) { return make_cuDoubleComplex((double)z.x, (double)z.y); }
CPL_FN cuFloatComplex cuComplexDoubleToFloat(cuDoubleComplex z) { return make_cuFloatComplex((float)z.x, (float)z.y); }
#endif
