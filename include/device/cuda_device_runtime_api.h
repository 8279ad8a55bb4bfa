/* Kernels may name this header; what device code has of the runtime is in the base header of relocatable code. */
#include "cuda_runtime_api.h"
