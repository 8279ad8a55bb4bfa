/* What the files of the device math library share: how a function is exported, and libm's declarations.
 *
 * The functions are named after libdevice, because that is what device code from every front end calls. They are pure:
 * no thread, no state, no errno that anybody reads. Accuracy is held to CUDA's documented maximum errors by
 * tests/unit/test_math_*.py. */
#ifndef COMPATLAYER_MATH_LIBRARY_H
#define COMPATLAYER_MATH_LIBRARY_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* exp10, sincos, j0f and friends */
#endif
#include <math.h>
#include <stdint.h>
#ifndef CPL_EXPORT
#define CPL_EXPORT __attribute__((visibility("default")))
#endif
/* Exported functions need a prototype under -Wmissing-prototypes; one place makes both. */
#define CPL_MATH(result, name, ...) \
    CPL_EXPORT result __nv_##name(__VA_ARGS__); \
    CPL_EXPORT result __nv_##name(__VA_ARGS__)
#endif
