/* The base header and the 16-bit types: precompiled for programs that include cuda_bf16.h. */
#include "../compatlayer_device.h"
#include "../cuda_bf16.h"
