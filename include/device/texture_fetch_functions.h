/* Kernels may name this header; all that device code has of it is in the base header. */
