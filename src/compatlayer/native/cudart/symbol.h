/* Kernels and variables by the address of what stands for them on the host. */
#ifndef CPL_CUDART_SYMBOL_H
#define CPL_CUDART_SYMBOL_H
#include "call.h"

/* The kernel that a program registered at `address`; 0, a status, or -1 when none was registered there. */
int cpl_symbol_kernel(const void *address, CUkernel *kernel);
/* The variable that a program registered at `address`, in the current context; 0 or a status. */
int cpl_symbol_variable(const void *address, CUdeviceptr *found, size_t *bytes);
/* Where a copy of `count` bytes at `offset` of that variable begins; 0 or a status. */
int cpl_symbol_place(const void *symbol, size_t count, size_t offset, char **address);
/* Where `kernel` was registered; NULL when it was not. */
const void *cpl_symbol_of(CUkernel kernel);
/* What to launch for `func`: a registered kernel, or the handle that `func` itself is. Returns a status. */
int cpl_symbol_launchable(const void *func, CUfunction *function);
/* The function of the current context for `func`, for what is asked of functions only. Returns a status. */
int cpl_symbol_function(const void *func, CUfunction *function);
/* What a launch of `func` that failed with `status` answers in the runtime's terms. */
int cpl_symbol_failure(int status, const void *func, dim3 grid, dim3 block);
/* The driver's launch description. */
CUlaunchConfig cpl_launch_config(const cudaLaunchConfig_t *config);

#endif
