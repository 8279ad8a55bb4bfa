/* The base header and half precision: precompiled for programs that include cuda_fp16.h. */
#include "../compatlayer_device.h"
#include "../cuda_fp16.h"
