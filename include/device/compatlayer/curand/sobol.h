/* Sobol' sequences in the order of Gray's code (S. Joe and F. Kuo, ACM TOMS 29, 2003), plain and scrambled, of 32 and of 64
 * bits. The direction vectors and the scrambling word come from the program. */
#ifndef CPL_DEVICE_CURAND_SOBOL_H
#define CPL_DEVICE_CURAND_SOBOL_H
#include "../../curand.h"

#define CPL_SOBOL(name, Word, bits, lowest) \
    struct name { Word i, x, c, direction_vectors[bits]; }; \
    typedef struct name name##_t; \
    CPL_RANDOM_FN Word curand(name##_t *state) { \
        Word now = state->x; \
        int bit = lowest(~state->i) - 1; \
        state->x = now ^ state->direction_vectors[bit < 0 ? bits - 1 : bit]; \
        state->i += 1; \
        return now; \
    } \
    CPL_RANDOM_FN void cpl_sobol_place(Word i, name##_t *state) { \
        Word gray = i ^ (i >> 1), x = state->c; \
        for (int bit = 0; bit < bits; ++bit) \
            x ^= gray >> bit & 1 ? state->direction_vectors[bit] : 0; \
        state->i = i; \
        state->x = x; \
    }
CPL_SOBOL(curandStateSobol32, unsigned int, 32, __ffs)
CPL_SOBOL(curandStateScrambledSobol32, unsigned int, 32, __ffs)
CPL_SOBOL(curandStateSobol64, unsigned long long, 64, __ffsll)
CPL_SOBOL(curandStateScrambledSobol64, unsigned long long, 64, __ffsll)
#undef CPL_SOBOL

#define CPL_SOBOL_SKIP(name, Word) \
    CPL_RANDOM_FN void skipahead(Word n, name##_t *state) { cpl_sobol_place(state->i + n, state); }
CPL_SOBOL_SKIP(curandStateSobol32, unsigned int)
CPL_SOBOL_SKIP(curandStateScrambledSobol32, unsigned int)
CPL_SOBOL_SKIP(curandStateSobol64, unsigned long long)
CPL_SOBOL_SKIP(curandStateScrambledSobol64, unsigned long long)
#undef CPL_SOBOL_SKIP

#define CPL_SOBOL_INIT(name, Word, bits, parameter, scramble) \
    CPL_RANDOM_FN void curand_init(curandDirectionVectors##bits##_t vectors, parameter Word offset, name##_t *state) { \
        for (int bit = 0; bit < bits; ++bit) state->direction_vectors[bit] = vectors[bit]; \
        state->c = scramble; \
        cpl_sobol_place(offset, state); \
    }
#define CPL_COMMA ,
CPL_SOBOL_INIT(curandStateSobol32, unsigned int, 32, , 0)
CPL_SOBOL_INIT(curandStateSobol64, unsigned long long, 64, , 0)
CPL_SOBOL_INIT(curandStateScrambledSobol32, unsigned int, 32, unsigned int scramble_c CPL_COMMA, scramble_c)
CPL_SOBOL_INIT(curandStateScrambledSobol64, unsigned long long, 64, unsigned long long scramble_c CPL_COMMA, scramble_c)
#undef CPL_COMMA
#undef CPL_SOBOL_INIT
#endif
