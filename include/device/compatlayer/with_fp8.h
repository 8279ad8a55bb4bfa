/* The base header and the 16-bit and 8-bit types: precompiled for programs that include cuda_fp8.h. */
#include "../compatlayer_device.h"
#include "../cuda_fp8.h"
