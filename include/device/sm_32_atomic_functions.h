/* Kernels may name this header; its names are in the base header. */
