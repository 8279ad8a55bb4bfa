/* Kernels may name this header; all that device code has of it is in the base header. */
#ifndef CPL_CUDA_RUNTIME_H
#define CPL_CUDA_RUNTIME_H
#include "cuda_runtime_api.h"
#endif
