/* The rounding modes of conversions. */
#ifndef CPL_ROUND_MODE_H
#define CPL_ROUND_MODE_H
enum cudaRoundMode { cudaRoundNearest, cudaRoundZero, cudaRoundPosInf, cudaRoundMinInf };
#endif
