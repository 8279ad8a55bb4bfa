/* The runtime library's state, for the files that choose devices and contexts. Each returns a status. */
#ifndef CPL_CUDART_STATE_H
#define CPL_CUDART_STATE_H
#include "call.h"

int cpl_cudart_initialize(void);
/* The primary context of `device`, retained once for the process. */
int cpl_cudart_retain(int device, CUcontext *context);
/* Makes the primary context of `device` current in this thread. */
int cpl_cudart_enter(int device);
/* The device of the current context, else the one that this thread chose; makes no context. */
int cpl_cudart_device(int *device);
/* 0, or that there is no such device. */
int cpl_cudart_check_device(int device);
/* The device of this thread where no context is current. */
void cpl_cudart_choose(int device);

#endif
